CREATE FUNCTION errand_internal.cancel_jobs(p_user_id pg_catalog.uuid, p_job_ids pg_catalog.uuid[])
RETURNS TABLE (job_id pg_catalog.uuid)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
AS $cancel_jobs$
#variable_conflict use_column
DECLARE
    v_user_id pg_catalog.uuid := errand_internal.resolve_user(p_user_id);
    v_now pg_catalog.timestamptz := pg_catalog.clock_timestamp();
BEGIN
    PERFORM errand_internal.check_job_ids(p_job_ids);

    RETURN QUERY
    WITH locked AS MATERIALIZED (
        -- In order of id, as complete_jobs does, so that overlapping batches can't deadlock.
        SELECT j.id
        FROM errand_internal.job j
        WHERE j.id = ANY (p_job_ids)
          AND j.user_id = v_user_id
          AND j.status IN ('pending', 'processing')
        ORDER BY j.id
        FOR NO KEY UPDATE
    )
    UPDATE errand_internal.job j
    SET status = 'cancelled', completed_at = v_now, updated_at = v_now, lease_token = NULL, lease_expires_at = NULL
    FROM locked l
    WHERE j.id = l.id
    RETURNING j.id;
END
$cancel_jobs$;

COMMENT ON FUNCTION errand_internal.cancel_jobs(uuid, uuid[]) IS 'Behind errand.cancel_jobs.';

CREATE FUNCTION errand.cancel_jobs(p_user_id pg_catalog.uuid, p_job_ids pg_catalog.uuid[])
RETURNS TABLE (job_id pg_catalog.uuid)
LANGUAGE sql VOLATILE SECURITY INVOKER
BEGIN ATOMIC
    SELECT f.job_id FROM errand_internal.cancel_jobs(p_user_id, p_job_ids) f;
END;

COMMENT ON FUNCTION errand.cancel_jobs(uuid, uuid[]) IS
$$Cancels jobs of one user that are pending or processing. A worker that holds one loses its lease: its answer is refused.
p_user_id: whose jobs; NULL is the caller, a trusted caller must name a user. p_job_ids: which.
Returns the ids that were cancelled; another user's, unknown and finished jobs are left out.
Errors: 22023 bad argument, 42501 another user's or no user.$$;
