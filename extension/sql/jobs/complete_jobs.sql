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
    v_answers errand_internal.answer[];
    v_done pg_catalog.int4[];
BEGIN
    PERFORM errand_internal.check_answers(p_job_ids, p_lease_tokens, 'p_results', pg_catalog.cardinality(p_results));

    SELECT pg_catalog.array_agg(ROW(a.position, a.id, a.token, NULL, a.result, NULL)::errand_internal.answer)
    INTO v_answers
    FROM ROWS FROM (pg_catalog.unnest(p_job_ids), pg_catalog.unnest(p_lease_tokens), pg_catalog.unnest(p_results))
         WITH ORDINALITY AS a (id, token, result, position);
    v_done := errand_internal.finish_jobs(v_answers, 'completed');

    -- A statement of its own, for the statuses as they are now, not as they were before waiting for locks.
    RETURN QUERY
    SELECT a.id, d.done,
           CASE WHEN d.done THEN 'completed' ELSE errand_internal.job_status(a.id) END
    FROM pg_catalog.unnest(p_job_ids) WITH ORDINALITY AS a (id, position)
    CROSS JOIN LATERAL (SELECT a.position = ANY (v_done)) AS d (done)
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
LANGUAGE c VOLATILE SECURITY INVOKER
AS 'MODULE_PATHNAME', 'errand_forward';

COMMENT ON FUNCTION errand.complete_jobs(uuid[], uuid[], jsonb[]) IS
$$Completes jobs with their results. A stale token (the lease was lost, or the job is finished) changes nothing. A lease that ran out still counts until somebody else takes the job.
p_job_ids, p_lease_tokens: as errand.pick_up_jobs returned them, one token a job. p_results: one a job, elements may be NULL; NULL is no results.
Returns one row a job, in order: job_id, completed (whether this call completed it), status (now; NULL when there is no such job).
Errors: 22023 bad argument.$$;
