CREATE FUNCTION errand_internal.get_user_jobs(
    p_user_id pg_catalog.uuid,
    p_status pg_catalog.text,
    p_job_type pg_catalog.text,
    p_limit pg_catalog.int4,
    p_offset pg_catalog.int4,
    p_order_by pg_catalog.text,
    p_order_dir pg_catalog.text
)
RETURNS TABLE (
    id pg_catalog.uuid,
    user_id pg_catalog.uuid,
    job_type pg_catalog.text,
    params pg_catalog.jsonb,
    status pg_catalog.text,
    job_priority pg_catalog.int4,
    scheduled_for pg_catalog.timestamptz,
    created_at pg_catalog.timestamptz,
    updated_at pg_catalog.timestamptz,
    started_at pg_catalog.timestamptz,
    completed_at pg_catalog.timestamptz,
    expires_at pg_catalog.timestamptz,
    worker_id pg_catalog.text,
    retry_count pg_catalog.int4,
    result pg_catalog.jsonb,
    last_error pg_catalog.text,
    total_count pg_catalog.int8
)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
AS $get_user_jobs$
DECLARE
    v_user_id pg_catalog.uuid := errand_internal.resolve_user(p_user_id);
    v_order pg_catalog.text := errand_internal.user_jobs_order(p_status, p_limit, p_offset, p_order_by, p_order_dir);
BEGIN
    -- Dynamic because an ORDER BY that computes which column it means can't be read from an index.
    -- v_order is put together from fixed words; every value is a parameter.
    RETURN QUERY EXECUTE pg_catalog.concat(
        'SELECT j.id, j.user_id, j.job_type, j.params, j.status, j.job_priority, j.scheduled_for, j.created_at,
                j.updated_at, j.started_at, j.completed_at, j.expires_at, j.worker_id, j.retry_count, j.result,
                j.last_error,
                (SELECT pg_catalog.count(*)
                 FROM errand_internal.job c
                 WHERE c.user_id = $1 AND ($2 IS NULL OR c.status = $2) AND ($3 IS NULL OR c.job_type = $3))
         FROM errand_internal.job j
         WHERE j.user_id = $1 AND ($2 IS NULL OR j.status = $2) AND ($3 IS NULL OR j.job_type = $3)
         ORDER BY ', v_order, ' LIMIT $4 OFFSET $5')
    USING v_user_id, p_status, p_job_type, p_limit, p_offset;
END
$get_user_jobs$;

COMMENT ON FUNCTION errand_internal.get_user_jobs(uuid, text, text, int4, int4, text, text) IS
    'Behind errand.get_user_jobs.';

CREATE FUNCTION errand.get_user_jobs(
    p_user_id pg_catalog.uuid,
    p_status pg_catalog.text DEFAULT NULL,
    p_job_type pg_catalog.text DEFAULT NULL,
    p_limit pg_catalog.int4 DEFAULT 50,
    p_offset pg_catalog.int4 DEFAULT 0,
    p_order_by pg_catalog.text DEFAULT 'created_at',
    p_order_dir pg_catalog.text DEFAULT 'DESC'
)
RETURNS TABLE (
    id pg_catalog.uuid,
    user_id pg_catalog.uuid,
    job_type pg_catalog.text,
    params pg_catalog.jsonb,
    status pg_catalog.text,
    job_priority pg_catalog.int4,
    scheduled_for pg_catalog.timestamptz,
    created_at pg_catalog.timestamptz,
    updated_at pg_catalog.timestamptz,
    started_at pg_catalog.timestamptz,
    completed_at pg_catalog.timestamptz,
    expires_at pg_catalog.timestamptz,
    worker_id pg_catalog.text,
    retry_count pg_catalog.int4,
    result pg_catalog.jsonb,
    last_error pg_catalog.text,
    total_count pg_catalog.int8
)
LANGUAGE sql STABLE SECURITY INVOKER ROWS 50
BEGIN ATOMIC
    SELECT f.id, f.user_id, f.job_type, f.params, f.status, f.job_priority, f.scheduled_for, f.created_at,
           f.updated_at, f.started_at, f.completed_at, f.expires_at, f.worker_id, f.retry_count, f.result,
           f.last_error, f.total_count
    FROM errand_internal.get_user_jobs(
        p_user_id, p_status, p_job_type, p_limit, p_offset, p_order_by, p_order_dir) f;
END;

COMMENT ON FUNCTION errand.get_user_jobs(uuid, text, text, int4, int4, text, text) IS
$$One page of a user's jobs, with the exact number of all that match in total_count. Past the end: no rows.
p_user_id: whose; NULL is the caller, a trusted caller must name a user. p_status, p_job_type: only these; NULL is any.
p_limit: 1 to 500. p_offset: 0 to 1000; page deeper by cursor on errand.job_queue.
p_order_by: created_at, updated_at, scheduled_for, started_at, completed_at, job_priority, job_type or status; NULLs come last, ties go by id. p_order_dir: ASC or DESC.
Errors: 22023 bad argument, 42501 another user's or no user.$$;
