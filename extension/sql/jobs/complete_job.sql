CREATE FUNCTION errand_internal.complete_job(
    p_job_id pg_catalog.uuid,
    p_lease_token pg_catalog.uuid,
    p_result pg_catalog.jsonb
)
RETURNS TABLE (job_id pg_catalog.uuid, completed pg_catalog.bool, status pg_catalog.text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
AS $complete_job$
BEGIN
    job_id := errand_internal.leased_job_id(p_job_id, p_lease_token);
    completed := errand_internal.finish_job(ROW(1, p_job_id, p_lease_token, NULL, p_result, NULL)::errand_internal.answer, 'completed');
    status := CASE WHEN completed THEN 'completed' ELSE errand_internal.job_status(p_job_id) END;
    RETURN NEXT;
END
$complete_job$;

COMMENT ON FUNCTION errand_internal.complete_job(uuid, uuid, jsonb) IS 'Behind errand.complete_job.';

CREATE FUNCTION errand.complete_job(
    p_job_id pg_catalog.uuid,
    p_lease_token pg_catalog.uuid,
    p_result pg_catalog.jsonb DEFAULT NULL
)
RETURNS TABLE (job_id pg_catalog.uuid, completed pg_catalog.bool, status pg_catalog.text)
LANGUAGE c VOLATILE SECURITY INVOKER ROWS 1
AS 'MODULE_PATHNAME', 'errand_forward';

COMMENT ON FUNCTION errand.complete_job(uuid, uuid, jsonb) IS
$$Completes one job with its result: errand.complete_jobs for a single one.
p_job_id, p_lease_token: as errand.pick_up_jobs returned them. p_result: what the worker found; NULL is none.
Returns one row: job_id, completed (whether this call completed it), status (now; NULL when there is no such job).
Errors: 22023 bad argument.$$;
