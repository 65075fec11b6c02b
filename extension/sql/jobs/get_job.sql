CREATE FUNCTION errand_internal.get_job(p_user_id pg_catalog.uuid, p_job_id pg_catalog.uuid)
RETURNS SETOF errand.job_queue
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
SET enable_seqscan = off -- as in errand_internal.submit_jobs
SET jit = off
AS $get_job$
DECLARE
    v_user_id pg_catalog.uuid := errand_internal.resolve_user(p_user_id);
    v_created_at pg_catalog.timestamptz := errand_internal.job_created_at(p_job_id);
BEGIN
    PERFORM errand_internal.check_job_ids(ARRAY[p_job_id]);

    -- With the time that its id carries, a job is looked for in one partition.
    RETURN QUERY
    SELECT q.*
    FROM errand.job_queue q
    WHERE q.id = p_job_id AND q.created_at = v_created_at AND q.user_id = v_user_id;
    IF NOT FOUND AND (v_created_at IS NULL OR EXISTS (SELECT FROM errand_internal.finished_undated u WHERE u.id = p_job_id)) THEN
        -- Imported jobs kept ids that say nothing of their time, or something else.
        RETURN QUERY
        SELECT q.*
        FROM errand.job_queue q
        WHERE q.id = p_job_id AND q.created_at IS DISTINCT FROM v_created_at AND q.user_id = v_user_id;
    END IF;
END
$get_job$;

COMMENT ON FUNCTION errand_internal.get_job(uuid, uuid) IS 'Behind errand.get_job.';

CREATE FUNCTION errand.get_job(p_user_id pg_catalog.uuid, p_job_id pg_catalog.uuid)
RETURNS SETOF errand.job_queue
LANGUAGE sql STABLE SECURITY INVOKER ROWS 1
BEGIN ATOMIC
    SELECT f.* FROM errand_internal.get_job(p_user_id, p_job_id) f;
END;

COMMENT ON FUNCTION errand.get_job(uuid, uuid) IS
$$One job.
p_user_id: whose; NULL is the caller, a trusted caller must name a user. p_job_id: which.
Returns the job, or no row: it is another user's, has left the queue, or never was.
Errors: 22023 bad argument, 42501 another user's or no user.$$;
