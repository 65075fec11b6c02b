CREATE FUNCTION errand_internal.get_user_jobs_page(
    p_user_id pg_catalog.uuid,
    p_cursor pg_catalog.text,
    p_status pg_catalog.text,
    p_job_type pg_catalog.text,
    p_limit pg_catalog.int4
)
RETURNS SETOF errand_internal.paged_job
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
SET enable_bitmapscan = off -- the page comes from the indexes in order; a bitmap would be sorted, and lose the LIMIT
AS $get_user_jobs_page$
DECLARE
    v_user_id pg_catalog.uuid := errand_internal.resolve_user(p_user_id);
    v_start pg_catalog.record;
BEGIN
    SELECT s.created_at, s.id INTO v_start FROM errand_internal.page_start(p_cursor, p_status, p_limit) s;

    -- Dynamic as in errand_internal.get_user_jobs. created_at <= $2 says nothing new, but it prunes partitions.
    RETURN QUERY EXECUTE pg_catalog.concat(
        'SELECT p.*, errand_internal.page_cursor(p.created_at, p.id), pg_catalog.count(*) OVER () > $5
         FROM (
             SELECT q.*
             FROM errand.job_queue q
             WHERE q.user_id = $1',
        CASE WHEN v_start.id IS NOT NULL THEN ' AND q.created_at <= $2 AND (q.created_at, q.id) < ($2, $3)' END,
        ' AND q.status = ' || pg_catalog.quote_literal(p_status),
        CASE WHEN p_job_type IS NOT NULL THEN ' AND q.job_type = $4' END,
        '    ORDER BY q.created_at DESC, q.id DESC
             LIMIT $5 + 1
         ) p
         ORDER BY p.created_at DESC, p.id DESC
         LIMIT $5')
    USING v_user_id, v_start.created_at, v_start.id, p_job_type, p_limit;
END
$get_user_jobs_page$;

COMMENT ON FUNCTION errand_internal.get_user_jobs_page(uuid, text, text, text, int4) IS 'Behind errand.get_user_jobs_page.';

CREATE FUNCTION errand.get_user_jobs_page(
    p_user_id pg_catalog.uuid,
    p_cursor pg_catalog.text DEFAULT NULL,
    p_status pg_catalog.text DEFAULT NULL,
    p_job_type pg_catalog.text DEFAULT NULL,
    p_limit pg_catalog.int4 DEFAULT 50
)
RETURNS SETOF errand_internal.paged_job
LANGUAGE sql STABLE SECURITY INVOKER ROWS 50
BEGIN ATOMIC
    SELECT f.* FROM errand_internal.get_user_jobs_page(p_user_id, p_cursor, p_status, p_job_type, p_limit) f;
END;

COMMENT ON FUNCTION errand.get_user_jobs_page(uuid, text, text, text, int4) IS
$$The next page of a user's jobs, newest first. Costs the same at any depth; a job that is there all the while comes up exactly once.
p_user_id: whose; NULL is the caller, a trusted caller must name a user. p_cursor: of the last row of the page before; NULL is the first page. p_status, p_job_type: only these; NULL is any. p_limit: 1 to 500.
Returns the jobs, each with the cursor behind it, and has_more: whether there are jobs behind this page.
Errors: 22023 bad argument, 42501 another user's or no user.$$;
