CREATE FUNCTION errand_internal.cancel_jobs(p_user_id pg_catalog.uuid, p_job_ids pg_catalog.uuid[])
RETURNS TABLE (job_id pg_catalog.uuid)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
AS $cancel_jobs$
#variable_conflict use_column
DECLARE
    v_user_id pg_catalog.uuid := errand_internal.resolve_user(p_user_id);
    v_answers errand_internal.answer[];
    v_done pg_catalog.int4[];
BEGIN
    PERFORM errand_internal.check_job_ids(p_job_ids);

    SELECT pg_catalog.array_agg(ROW(a.position, a.id, NULL, v_user_id, NULL, NULL)::errand_internal.answer)
    INTO v_answers
    FROM pg_catalog.unnest(p_job_ids) WITH ORDINALITY AS a (id, position);
    v_done := errand_internal.finish_jobs(v_answers, 'cancelled');

    RETURN QUERY
    SELECT a.id
    FROM pg_catalog.unnest(p_job_ids) WITH ORDINALITY AS a (id, position)
    WHERE a.position = ANY (v_done)
    ORDER BY a.position;
END
$cancel_jobs$;

COMMENT ON FUNCTION errand_internal.cancel_jobs(uuid, uuid[]) IS 'Behind errand.cancel_jobs.';

CREATE FUNCTION errand.cancel_jobs(p_user_id pg_catalog.uuid, p_job_ids pg_catalog.uuid[])
RETURNS TABLE (job_id pg_catalog.uuid)
LANGUAGE c VOLATILE SECURITY INVOKER
AS 'MODULE_PATHNAME', 'errand_forward';

COMMENT ON FUNCTION errand.cancel_jobs(uuid, uuid[]) IS
$$Cancels jobs of one user that are pending or processing. A worker that holds one loses its lease: its answer is refused.
p_user_id: whose jobs; NULL is the caller, a trusted caller must name a user. p_job_ids: which.
Returns the ids that were cancelled; another user's, unknown and finished jobs are left out.
Errors: 22023 bad argument, 42501 another user's or no user.$$;
