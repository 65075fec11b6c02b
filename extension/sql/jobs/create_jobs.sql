CREATE FUNCTION errand_internal.create_jobs(p_user_id pg_catalog.uuid, p_jobs pg_catalog.jsonb)
RETURNS TABLE (ordinal pg_catalog.int4, job_id pg_catalog.uuid, is_new pg_catalog.bool)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
AS $create_jobs$
#variable_conflict use_column
DECLARE
    v_jobs errand_internal.submission[];
BEGIN
    SELECT pg_catalog.array_agg(
               ROW(
                   s.ordinal, s.user_id, s.job_type, s.params::pg_catalog.jsonb,
                   coalesce(s.dedupe_window, '5 minutes'),
                   coalesce(s.job_priority, 0),
                   s.scheduled_for, s.expires_at,
                   errand_internal.job_identity(s.user_id, s.job_type, s.params)
               )::errand_internal.submission
               ORDER BY s.ordinal)
    INTO v_jobs
    FROM errand_internal.parse_submissions(p_user_id, p_jobs::pg_catalog.text) s;

    IF v_jobs IS NOT NULL THEN
        RETURN QUERY
        SELECT s.ordinal, s.job_id, s.is_new FROM errand_internal.submit_jobs(v_jobs) s;
    END IF;
END
$create_jobs$;

COMMENT ON FUNCTION errand_internal.create_jobs(uuid, jsonb) IS 'Behind errand.create_jobs.';

CREATE FUNCTION errand.create_jobs(p_user_id pg_catalog.uuid, p_jobs pg_catalog.jsonb)
RETURNS TABLE (ordinal pg_catalog.int4, job_id pg_catalog.uuid, is_new pg_catalog.bool)
LANGUAGE c VOLATILE SECURITY INVOKER
AS 'MODULE_PATHNAME', 'errand_forward';

COMMENT ON FUNCTION errand.create_jobs(uuid, jsonb) IS
$$Submits many jobs in one call, all or none; identical ones are found as errand.find_or_create_job does, also within the call.
p_user_id: whose jobs; NULL is the caller. A trusted caller may leave it NULL and give user_id in each element.
p_jobs: an array of objects with job_type and params, and optionally dedupe_window, job_priority, scheduled_for, expires_at, user_id: the arguments of errand.find_or_create_job, with the same defaults.
Returns one row an element, in order: ordinal (from 1), job_id, is_new.
Errors: 22023 and 42501 name the element and the field; 40001 only at REPEATABLE READ or SERIALIZABLE for a lost race.$$;
