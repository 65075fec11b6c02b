CREATE FUNCTION errand_internal.extend_lease(
    p_job_id pg_catalog.uuid,
    p_lease_token pg_catalog.uuid,
    p_lease pg_catalog.interval
)
RETURNS TABLE (
    job_id pg_catalog.uuid,
    extended pg_catalog.bool,
    status pg_catalog.text,
    lease_expires_at pg_catalog.timestamptz
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
SET enable_seqscan = off -- as in errand_internal.submit_jobs
SET jit = off
AS $extend_lease$
#variable_conflict use_column
DECLARE
    v_until pg_catalog.timestamptz;
BEGIN
    job_id := errand_internal.leased_job_id(p_job_id, p_lease_token);
    PERFORM errand_internal.check_lease(p_lease);

    UPDATE errand_internal.job j
    SET lease_expires_at = pg_catalog.clock_timestamp() + p_lease
    WHERE j.id = p_job_id AND j.lease_token = p_lease_token
    RETURNING j.lease_expires_at INTO v_until;

    RETURN QUERY
    SELECT p_job_id, v_until IS NOT NULL,
           CASE WHEN v_until IS NOT NULL THEN 'processing' ELSE errand_internal.job_status(p_job_id) END,
           v_until;
END
$extend_lease$;

COMMENT ON FUNCTION errand_internal.extend_lease(uuid, uuid, interval) IS 'Behind errand.extend_lease.';

CREATE FUNCTION errand.extend_lease(
    p_job_id pg_catalog.uuid,
    p_lease_token pg_catalog.uuid,
    p_lease pg_catalog.interval DEFAULT '30 minutes'
)
RETURNS TABLE (
    job_id pg_catalog.uuid,
    extended pg_catalog.bool,
    status pg_catalog.text,
    lease_expires_at pg_catalog.timestamptz
)
LANGUAGE c VOLATILE SECURITY INVOKER ROWS 1
AS 'MODULE_PATHNAME', 'errand_forward';

COMMENT ON FUNCTION errand.extend_lease(uuid, uuid, interval) IS
$$Tells that a worker is still at a job, and learns whether it may go on: extended is false when the lease was lost or the job was cancelled.
p_job_id, p_lease_token: as errand.pick_up_jobs returned them. p_lease: 1 second to 7 days, from now.
Returns one row: job_id, extended, status (now; NULL when there is no such job), lease_expires_at (NULL unless extended).
Errors: 22023 bad argument.$$;
