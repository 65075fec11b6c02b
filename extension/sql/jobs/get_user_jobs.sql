CREATE FUNCTION errand_internal.get_user_jobs(
    p_user_id pg_catalog.uuid,
    p_status pg_catalog.text,
    p_job_type pg_catalog.text,
    p_limit pg_catalog.int4,
    p_offset pg_catalog.int4,
    p_order_by pg_catalog.text,
    p_order_dir pg_catalog.text
)
RETURNS SETOF errand_internal.counted_job
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
SET enable_bitmapscan = off -- the page comes from the indexes in order; a bitmap would be sorted, and lose the LIMIT
AS $get_user_jobs$
DECLARE
    v_user_id pg_catalog.uuid := errand_internal.resolve_user(p_user_id);
    v_order pg_catalog.text := errand_internal.user_jobs_order(p_status, p_limit, p_offset, p_order_by, p_order_dir);
BEGIN
    -- Dynamic because an ORDER BY that computes which column it means can't be read from an index, and
    -- because a status that is written out tells the planner which tables to leave alone. v_order and the
    -- status are put together from fixed words; every other value is a parameter.
    RETURN QUERY EXECUTE pg_catalog.concat(
        'SELECT q.*, $1
         FROM errand.job_queue q
         WHERE q.user_id = $2',
        ' AND q.status = ' || pg_catalog.quote_literal(p_status),
        CASE WHEN p_job_type IS NOT NULL THEN ' AND q.job_type = $3' END,
        ' ORDER BY ', v_order, ' LIMIT $4 OFFSET $5')
    USING errand_internal.count_jobs(v_user_id, p_status, p_job_type), v_user_id, p_job_type, p_limit, p_offset;
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
RETURNS SETOF errand_internal.counted_job
LANGUAGE sql STABLE SECURITY INVOKER ROWS 50
BEGIN ATOMIC
    SELECT f.*
    FROM errand_internal.get_user_jobs(
        p_user_id, p_status, p_job_type, p_limit, p_offset, p_order_by, p_order_dir) f;
END;

COMMENT ON FUNCTION errand.get_user_jobs(uuid, text, text, int4, int4, text, text) IS
$$One page of a user's jobs, with the exact number of all that match in total_count. Past the end: no rows (errand.count_user_jobs has the number).
p_user_id: whose; NULL is the caller, a trusted caller must name a user. p_status, p_job_type: only these; NULL is any.
p_limit: 1 to 500. p_offset: 0 to 1000; page deeper with errand.get_user_jobs_page.
p_order_by: created_at, updated_at, scheduled_for, started_at, completed_at, job_priority, job_type or status; NULLs come last, ties go by id. p_order_dir: ASC or DESC.
Errors: 22023 bad argument, 42501 another user's or no user.$$;
