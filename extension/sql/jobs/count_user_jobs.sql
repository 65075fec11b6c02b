CREATE FUNCTION errand_internal.count_user_jobs(
    p_user_id pg_catalog.uuid,
    p_status pg_catalog.text,
    p_job_type pg_catalog.text
)
RETURNS pg_catalog.int8
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
AS $count_user_jobs$
BEGIN
    PERFORM errand_internal.check_status(p_status);
    RETURN errand_internal.count_jobs(errand_internal.resolve_user(p_user_id), p_status, p_job_type);
END
$count_user_jobs$;

COMMENT ON FUNCTION errand_internal.count_user_jobs(uuid, text, text) IS 'Behind errand.count_user_jobs.';

CREATE FUNCTION errand.count_user_jobs(
    p_user_id pg_catalog.uuid,
    p_status pg_catalog.text DEFAULT NULL,
    p_job_type pg_catalog.text DEFAULT NULL
)
RETURNS pg_catalog.int8
LANGUAGE sql STABLE SECURITY INVOKER
RETURN errand_internal.count_user_jobs(p_user_id, p_status, p_job_type);

COMMENT ON FUNCTION errand.count_user_jobs(uuid, text, text) IS
$$How many jobs a user has in the queue. Exact, and takes the same time for ten jobs and ten million.
p_user_id: whose; NULL is the caller, a trusted caller must name a user. p_status, p_job_type: only these; NULL is any.
Errors: 22023 bad argument, 42501 another user's or no user.$$;
