-- The move a user of the extension makes: adopt the table, then drop it, so that nothing reads the old one by mistake.
CREATE EXTENSION pg_errand;
-- The import runs with the rights of the extension's own role, which sees nothing it is not given.
GRANT SELECT ON public.job_queue TO errand_owner;
SELECT errand.import_jobs('public.job_queue');
DROP TABLE public.job_queue;
