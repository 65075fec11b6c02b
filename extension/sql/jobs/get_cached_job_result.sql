CREATE FUNCTION errand_internal.get_cached_job_result(
    p_user_id pg_catalog.uuid,
    p_job_type pg_catalog.text,
    p_params pg_catalog.jsonb,
    p_cache_ttl pg_catalog.interval
)
RETURNS TABLE (
    job_id pg_catalog.uuid,
    result pg_catalog.jsonb,
    completed_at pg_catalog.timestamptz,
    expires_at pg_catalog.timestamptz
)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
SET plan_cache_mode = force_generic_plan -- as in errand_internal.submit_jobs
SET enable_seqscan = off
SET jit = off
AS $get_cached_job_result$
#variable_conflict use_column
DECLARE
    v_user_id pg_catalog.uuid := errand_internal.resolve_user(p_user_id);
    v_params pg_catalog.text := p_params::pg_catalog.text;
    v_ttl pg_catalog.interval := coalesce(p_cache_ttl, '1 hour');
    v_identity pg_catalog.uuid;
    v_after pg_catalog.timestamptz;
BEGIN
    PERFORM errand_internal.check_cache_ttl(p_job_type, v_params, p_cache_ttl);
    v_identity := errand_internal.job_identity(v_user_id, p_job_type, v_params);

    v_after := GREATEST(pg_catalog.clock_timestamp() - v_ttl, errand_internal.queue_from());
    RETURN QUERY
    SELECT j.id, j.result, j.completed_at, j.completed_at + v_ttl
    FROM errand_internal.stored_job j
    WHERE j.identity = v_identity
      AND j.status = 'completed'
      AND j.completed_at > v_after
      -- The hash found it; these make sure, and the user above all.
      AND j.user_id = v_user_id AND j.job_type = p_job_type AND j.params = p_params
    ORDER BY j.completed_at DESC
    LIMIT 1;
END
$get_cached_job_result$;

COMMENT ON FUNCTION errand_internal.get_cached_job_result(uuid, text, jsonb, interval) IS
    'Behind errand.get_cached_job_result.';

CREATE FUNCTION errand.get_cached_job_result(
    p_user_id pg_catalog.uuid,
    p_job_type pg_catalog.text,
    p_params pg_catalog.jsonb,
    p_cache_ttl pg_catalog.interval DEFAULT NULL
)
RETURNS TABLE (
    job_id pg_catalog.uuid,
    result pg_catalog.jsonb,
    completed_at pg_catalog.timestamptz,
    expires_at pg_catalog.timestamptz
)
LANGUAGE sql STABLE SECURITY INVOKER ROWS 1
BEGIN ATOMIC
    SELECT f.job_id, f.result, f.completed_at, f.expires_at
    FROM errand_internal.get_cached_job_result(p_user_id, p_job_type, p_params, p_cache_ttl) f;
END;

COMMENT ON FUNCTION errand.get_cached_job_result(uuid, text, jsonb, interval) IS
$$The newest completed job of exactly these params, if it completed within the TTL; else no row.
p_user_id: whose; NULL is the caller, a trusted caller must name a user. p_job_type: 1 to 128 characters.
p_params: compared as jsonb, so key order and 1 against 1.0 don't matter. p_cache_ttl: 0 to 10 years; NULL is 1 hour.
Returns job_id, result, completed_at, and expires_at: when the result stops being served.
Errors: 22023 bad argument, 42501 another user's or no user.$$;
