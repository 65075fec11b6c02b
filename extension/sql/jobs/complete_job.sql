-- No function behind it in errand_internal: it is complete_jobs for one job, and its caller needs the
-- right to execute that one.
CREATE FUNCTION errand.complete_job(
    p_job_id pg_catalog.uuid,
    p_lease_token pg_catalog.uuid,
    p_result pg_catalog.jsonb DEFAULT NULL
)
RETURNS TABLE (job_id pg_catalog.uuid, completed pg_catalog.bool, status pg_catalog.text)
LANGUAGE sql VOLATILE SECURITY INVOKER ROWS 1
BEGIN ATOMIC
    SELECT f.job_id, f.completed, f.status
    FROM errand_internal.complete_jobs(ARRAY[p_job_id], ARRAY[p_lease_token], ARRAY[p_result]) f;
END;

COMMENT ON FUNCTION errand.complete_job(uuid, uuid, jsonb) IS
$$Completes one job: errand.complete_jobs for a single one.
p_job_id, p_lease_token: as errand.pick_up_jobs returned them. p_result: what the worker found; NULL is none.
Returns one row: job_id, completed (whether this call completed it), status (now; NULL when there is no such job).
Errors: 22023 bad argument.$$;
