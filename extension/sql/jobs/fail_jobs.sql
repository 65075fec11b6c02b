CREATE FUNCTION errand_internal.fail_jobs(
    p_job_ids pg_catalog.uuid[],
    p_lease_tokens pg_catalog.uuid[],
    p_errors pg_catalog.text[],
    p_retry pg_catalog.bool
)
RETURNS TABLE (
    job_id pg_catalog.uuid,
    failed pg_catalog.bool,
    status pg_catalog.text,
    retry_at pg_catalog.timestamptz
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
SET plan_cache_mode = force_generic_plan -- as in errand_internal.submit_jobs
SET enable_seqscan = off
SET jit = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $fail_jobs$
#variable_conflict use_column
DECLARE
    v_now pg_catalog.timestamptz := pg_catalog.clock_timestamp();
    v_last errand_internal.answer[];       -- answers that were the last attempt
    v_again pg_catalog.int4[];             -- positions of those that are tried again
    v_at pg_catalog.timestamptz[];         -- when, in the same order
    v_done pg_catalog.int4[];
    v_appended pg_catalog.int8;
BEGIN
    PERFORM errand_internal.check_answers(p_job_ids, p_lease_tokens, 'p_errors', pg_catalog.cardinality(p_errors));

    WITH answer AS (
        SELECT DISTINCT ON (a.id, a.token) a.id, a.token, a.error, a.position::pg_catalog.int4 AS position
        FROM ROWS FROM (pg_catalog.unnest(p_job_ids), pg_catalog.unnest(p_lease_tokens), pg_catalog.unnest(p_errors))
             WITH ORDINALITY AS a (id, token, error, position)
        ORDER BY a.id, a.token, a.position
    ), locked AS MATERIALIZED (
        -- As in errand_internal.finish_jobs.
        SELECT j.id, j.lease_token, j.retry_count, a.position, a.error
        FROM answer a
        JOIN errand_internal.job j ON j.id = a.id AND j.lease_token = a.token
        ORDER BY j.id
        FOR UPDATE OF j
    ), again AS (
        UPDATE errand_internal.job j
        SET status = 'pending', retry_count = j.retry_count + 1, last_error = l.error, updated_at = v_now,
            scheduled_for = v_now + errand_internal.retry_delay(j.retry_count + 1),
            lease_token = NULL, lease_expires_at = NULL
        FROM locked l
        WHERE j.id = l.id AND p_retry AND l.retry_count + 1 < errand_internal.max_attempts()
        RETURNING l.position, j.user_id, j.job_type, j.scheduled_for
    ), counted AS (
        INSERT INTO errand_internal.counter_delta (xid, user_id, job_type, from_status, to_status, n, busy_us)
        SELECT pg_catalog.pg_current_xact_id(), a.user_id, a.job_type, 'processing', 'pending', pg_catalog.count(*), 0
        FROM again a
        GROUP BY a.user_id, a.job_type
        RETURNING 1
    )
    SELECT (SELECT pg_catalog.array_agg(a.position ORDER BY a.position) FROM again a),
           (SELECT pg_catalog.array_agg(a.scheduled_for ORDER BY a.position) FROM again a),
           (SELECT pg_catalog.array_agg(ROW(l.position, l.id, l.lease_token, NULL, NULL, l.error)::errand_internal.answer)
            FROM locked l
            WHERE NOT (p_retry AND l.retry_count + 1 < errand_internal.max_attempts())),
           (SELECT pg_catalog.count(*) FROM counted)
    INTO v_again, v_at, v_last, v_appended;

    IF errand_internal.fold_due(v_appended) THEN
        PERFORM errand_internal.fold_counters();
    END IF;
    v_done := errand_internal.finish_jobs(v_last, 'failed');

    RETURN QUERY
    SELECT a.id, t.at IS NOT NULL OR d.done,
           CASE WHEN t.at IS NOT NULL THEN 'pending' WHEN d.done THEN 'failed' ELSE errand_internal.job_status(a.id) END,
           t.at
    FROM pg_catalog.unnest(p_job_ids) WITH ORDINALITY AS a (id, position)
    LEFT JOIN ROWS FROM (pg_catalog.unnest(v_again), pg_catalog.unnest(v_at)) AS t (position, at) ON t.position = a.position
    CROSS JOIN LATERAL (SELECT a.position = ANY (v_done)) AS d (done)
    ORDER BY a.position;
END
$fail_jobs$;

COMMENT ON FUNCTION errand_internal.fail_jobs(uuid[], uuid[], text[], bool) IS 'Behind errand.fail_jobs.';

CREATE FUNCTION errand.fail_jobs(
    p_job_ids pg_catalog.uuid[],
    p_lease_tokens pg_catalog.uuid[],
    p_errors pg_catalog.text[] DEFAULT NULL,
    p_retry pg_catalog.bool DEFAULT true
)
RETURNS TABLE (
    job_id pg_catalog.uuid,
    failed pg_catalog.bool,
    status pg_catalog.text,
    retry_at pg_catalog.timestamptz
)
LANGUAGE c VOLATILE SECURITY INVOKER
AS 'MODULE_PATHNAME', 'errand_forward';

COMMENT ON FUNCTION errand.fail_jobs(uuid[], uuid[], text[], bool) IS
$$Says that attempts failed. A job is tried again after errand.retry_delay, doubled with each failure, spread by a fifth either way and at most an hour, until errand.max_attempts; then it is failed. A stale token changes nothing.
p_job_ids, p_lease_tokens: as errand.pick_up_jobs returned them, one token a job. p_errors: one a job, elements may be NULL; NULL is no messages. p_retry: false fails them for good.
Returns one row a job, in order: job_id, failed (whether this call recorded the failure), status (now: pending when it is tried again; NULL when there is no such job), retry_at (NULL unless it is tried again).
Errors: 22023 bad argument.$$;
