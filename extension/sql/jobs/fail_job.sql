CREATE FUNCTION errand_internal.fail_job(
    p_job_id pg_catalog.uuid,
    p_lease_token pg_catalog.uuid,
    p_error pg_catalog.text,
    p_retry pg_catalog.bool
)
RETURNS TABLE (
    job_id pg_catalog.uuid,
    failed pg_catalog.bool,
    status pg_catalog.text,
    retry_at pg_catalog.timestamptz
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
AS $fail_job$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT f.job_id, f.failed, f.status, f.retry_at
    FROM errand_internal.fail_jobs(
        ARRAY[errand_internal.leased_job_id(p_job_id, p_lease_token)], ARRAY[p_lease_token], ARRAY[p_error], p_retry) f;
END
$fail_job$;

COMMENT ON FUNCTION errand_internal.fail_job(uuid, uuid, text, bool) IS 'Behind errand.fail_job.';

CREATE FUNCTION errand.fail_job(
    p_job_id pg_catalog.uuid,
    p_lease_token pg_catalog.uuid,
    p_error pg_catalog.text DEFAULT NULL,
    p_retry pg_catalog.bool DEFAULT true
)
RETURNS TABLE (
    job_id pg_catalog.uuid,
    failed pg_catalog.bool,
    status pg_catalog.text,
    retry_at pg_catalog.timestamptz
)
LANGUAGE c VOLATILE SECURITY INVOKER ROWS 1
AS 'MODULE_PATHNAME', 'errand_forward';

COMMENT ON FUNCTION errand.fail_job(uuid, uuid, text, bool) IS
$$Says that an attempt failed: errand.fail_jobs for a single job.
p_job_id, p_lease_token: as errand.pick_up_jobs returned them. p_error: why. p_retry: false fails it for good.
Returns one row: job_id, failed (whether this call recorded the failure), status (now: pending when it is tried again; NULL when there is no such job), retry_at (NULL unless it is tried again).
Errors: 22023 bad argument.$$;
