-- The move a user of the extension makes: adopt the table, then drop it, so that nothing reads the old one by mistake.
CREATE EXTENSION pg_errand;
SELECT errand.import_jobs('public.job_queue');
DROP TABLE public.job_queue;
