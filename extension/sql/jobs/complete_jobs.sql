CREATE FUNCTION errand_internal.complete_jobs(
    p_job_ids pg_catalog.uuid[],
    p_lease_tokens pg_catalog.uuid[],
    p_results pg_catalog.jsonb[]
)
RETURNS TABLE (job_id pg_catalog.uuid, completed pg_catalog.bool, status pg_catalog.text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
AS $complete_jobs$
#variable_conflict use_column
DECLARE
    v_now pg_catalog.timestamptz := pg_catalog.clock_timestamp();
    v_done pg_catalog.int8[]; -- positions of the answers that were taken
BEGIN
    PERFORM errand_internal.check_completion(p_job_ids, p_lease_tokens, pg_catalog.cardinality(p_results));

    WITH answer AS (
        -- A job given twice with one token is completed by the first answer; the second comes too late.
        SELECT DISTINCT ON (a.id, a.token) a.id, a.token, a.result, a.position
        FROM ROWS FROM (
                 pg_catalog.unnest(p_job_ids), pg_catalog.unnest(p_lease_tokens), pg_catalog.unnest(p_results)
             ) WITH ORDINALITY AS a (id, token, result, position)
        ORDER BY a.id, a.token, a.position
    ), locked AS MATERIALIZED (
        -- In order of id, as cancel_jobs does, so that overlapping batches can't deadlock. A lease that
        -- was lost while waiting for the lock is seen: the row is checked again when it is got.
        SELECT j.id, a.result, a.position
        FROM errand_internal.job j
        JOIN answer a ON a.id = j.id AND a.token = j.lease_token
        WHERE j.status = 'processing'
        ORDER BY j.id
        FOR NO KEY UPDATE OF j
    ), done AS (
        UPDATE errand_internal.job j
        SET status = 'completed', result = l.result, completed_at = v_now, updated_at = v_now,
            lease_token = NULL, lease_expires_at = NULL
        FROM locked l
        WHERE j.id = l.id
        RETURNING l.position
    )
    SELECT pg_catalog.array_agg(d.position) INTO v_done FROM done d;

    -- A statement of its own, for the statuses as they are now, not as they were before waiting for locks.
    RETURN QUERY
    SELECT a.id, d.position IS NOT NULL, j.status
    FROM pg_catalog.unnest(p_job_ids) WITH ORDINALITY AS a (id, position)
    LEFT JOIN pg_catalog.unnest(v_done) AS d (position) ON d.position = a.position
    LEFT JOIN errand_internal.job j ON j.id = a.id
    ORDER BY a.position;
END
$complete_jobs$;

COMMENT ON FUNCTION errand_internal.complete_jobs(uuid[], uuid[], jsonb[]) IS 'Behind errand.complete_jobs.';

CREATE FUNCTION errand.complete_jobs(
    p_job_ids pg_catalog.uuid[],
    p_lease_tokens pg_catalog.uuid[],
    p_results pg_catalog.jsonb[] DEFAULT NULL
)
RETURNS TABLE (job_id pg_catalog.uuid, completed pg_catalog.bool, status pg_catalog.text)
LANGUAGE sql VOLATILE SECURITY INVOKER
BEGIN ATOMIC
    SELECT f.job_id, f.completed, f.status
    FROM errand_internal.complete_jobs(p_job_ids, p_lease_tokens, p_results) f;
END;

COMMENT ON FUNCTION errand.complete_jobs(uuid[], uuid[], jsonb[]) IS
$$Completes jobs with their results. A stale token (the lease was lost, or the job is finished) changes nothing. A lease that ran out still counts until somebody else takes the job.
p_job_ids, p_lease_tokens: as errand.pick_up_jobs returned them, one token a job. p_results: one a job, elements may be NULL; NULL is no results.
Returns one row a job, in order: job_id, completed (whether this call completed it), status (now; NULL when there is no such job).
Errors: 22023 bad argument.$$;
