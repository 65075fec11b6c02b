CREATE FUNCTION errand_internal.release_job(p_job_id pg_catalog.uuid, p_lease_token pg_catalog.uuid)
RETURNS TABLE (job_id pg_catalog.uuid, released pg_catalog.bool, status pg_catalog.text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
SET enable_seqscan = off -- as in errand_internal.submit_jobs
SET jit = off
AS $release_job$
#variable_conflict use_column
DECLARE
    v_released pg_catalog.bool;
BEGIN
    job_id := errand_internal.leased_job_id(p_job_id, p_lease_token);

    WITH released AS (
        UPDATE errand_internal.job j
        SET status = 'pending', updated_at = pg_catalog.clock_timestamp(), lease_token = NULL, lease_expires_at = NULL
        WHERE j.id = p_job_id AND j.lease_token = p_lease_token
        RETURNING j.user_id, j.job_type
    )
    INSERT INTO errand_internal.counter_delta (xid, user_id, job_type, from_status, to_status, n, busy_us)
    SELECT pg_catalog.pg_current_xact_id(), r.user_id, r.job_type, 'processing', 'pending', 1, 0
    FROM released r;
    v_released := FOUND;

    IF v_released AND errand_internal.fold_due(1) THEN
        PERFORM errand_internal.fold_counters();
    END IF;
    RETURN QUERY
    SELECT p_job_id, v_released, CASE WHEN v_released THEN 'pending' ELSE errand_internal.job_status(p_job_id) END;
END
$release_job$;

COMMENT ON FUNCTION errand_internal.release_job(uuid, uuid) IS 'Behind errand.release_job.';

CREATE FUNCTION errand.release_job(p_job_id pg_catalog.uuid, p_lease_token pg_catalog.uuid)
RETURNS TABLE (job_id pg_catalog.uuid, released pg_catalog.bool, status pg_catalog.text)
LANGUAGE c VOLATILE SECURITY INVOKER ROWS 1
AS 'MODULE_PATHNAME', 'errand_forward';

COMMENT ON FUNCTION errand.release_job(uuid, uuid) IS
$$Gives a job back unworked, as a worker does that shuts down: it is pending again at its old place, and no failure is counted.
p_job_id, p_lease_token: as errand.pick_up_jobs returned them. A stale token changes nothing.
Returns one row: job_id, released (whether this call did it), status (now; NULL when there is no such job).
Errors: 22023 bad argument.$$;
