CREATE FUNCTION errand_internal.get_job_status(p_user_id pg_catalog.uuid, p_job_id pg_catalog.uuid)
RETURNS TABLE (job_id pg_catalog.uuid, status pg_catalog.text, updated_at pg_catalog.timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
SET enable_seqscan = off -- as in errand_internal.submit_jobs
SET jit = off
AS $get_job_status$
#variable_conflict use_column
DECLARE
    v_user_id pg_catalog.uuid := errand_internal.resolve_user(p_user_id);
    v_created_at pg_catalog.timestamptz := errand_internal.job_created_at(p_job_id);
    v_queue_from pg_catalog.timestamptz;
BEGIN
    PERFORM errand_internal.check_job_ids(ARRAY[p_job_id]);

    RETURN QUERY
    SELECT j.id, j.status, j.updated_at FROM errand_internal.job j WHERE j.id = p_job_id AND j.user_id = v_user_id;
    IF FOUND THEN
        RETURN;
    END IF;
    v_queue_from := errand_internal.queue_from();
    IF v_created_at IS NOT NULL THEN
        -- The time leaves one partition to look into.
        RETURN QUERY
        SELECT f.id, f.status, f.updated_at
        FROM errand_internal.finished f
        WHERE f.id = p_job_id AND f.created_at = v_created_at AND f.user_id = v_user_id AND f.completed_at > v_queue_from;
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;
    RETURN QUERY
    SELECT u.id, u.status, u.updated_at
    FROM errand_internal.finished_undated u
    WHERE u.id = p_job_id AND u.user_id = v_user_id AND u.completed_at > v_queue_from;
END
$get_job_status$;

COMMENT ON FUNCTION errand_internal.get_job_status(uuid, uuid) IS 'Behind errand.get_job_status.';

CREATE FUNCTION errand.get_job_status(p_user_id pg_catalog.uuid, p_job_id pg_catalog.uuid)
RETURNS TABLE (job_id pg_catalog.uuid, status pg_catalog.text, updated_at pg_catalog.timestamptz)
LANGUAGE sql STABLE SECURITY INVOKER ROWS 1
BEGIN ATOMIC
    SELECT f.job_id, f.status, f.updated_at FROM errand_internal.get_job_status(p_user_id, p_job_id) f;
END;

COMMENT ON FUNCTION errand.get_job_status(uuid, uuid) IS
$$The status of one job: what a page polls while it waits.
p_user_id: whose; NULL is the caller, a trusted caller must name a user. p_job_id: which.
Returns job_id, status, updated_at; or no row, as errand.get_job.
Errors: 22023 bad argument, 42501 another user's or no user.$$;
