CREATE FUNCTION errand_internal.find_or_create_job(
    p_user_id pg_catalog.uuid,
    p_job_type pg_catalog.text,
    p_params pg_catalog.jsonb,
    p_dedupe_window pg_catalog.interval,
    p_job_priority pg_catalog.int4,
    p_scheduled_for pg_catalog.timestamptz,
    p_expires_at pg_catalog.timestamptz
)
RETURNS TABLE (job_id pg_catalog.uuid, is_new pg_catalog.bool, existing_status pg_catalog.text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
AS $find_or_create_job$
#variable_conflict use_column
DECLARE
    v_user_id pg_catalog.uuid := errand_internal.resolve_user(p_user_id);
    v_params pg_catalog.text := p_params::pg_catalog.text;
BEGIN
    PERFORM errand_internal.check_submission(
        p_job_type, v_params, p_dedupe_window, p_job_priority, p_scheduled_for, p_expires_at);

    RETURN QUERY
    SELECT s.job_id, s.is_new, s.existing_status
    FROM errand_internal.submit_jobs(ARRAY[ROW(
        1, v_user_id, p_job_type, p_params,
        coalesce(p_dedupe_window, '5 minutes'),
        coalesce(p_job_priority, 0),
        p_scheduled_for, p_expires_at,
        errand_internal.job_identity(v_user_id, p_job_type, v_params)
    )::errand_internal.submission]) s;
END
$find_or_create_job$;

COMMENT ON FUNCTION errand_internal.find_or_create_job(uuid, text, jsonb, interval, int4, timestamptz, timestamptz) IS
    'Behind errand.find_or_create_job.';

CREATE FUNCTION errand.find_or_create_job(
    p_user_id pg_catalog.uuid,
    p_job_type pg_catalog.text,
    p_params pg_catalog.jsonb,
    p_dedupe_window pg_catalog.interval DEFAULT NULL,
    p_job_priority pg_catalog.int4 DEFAULT 0,
    p_scheduled_for pg_catalog.timestamptz DEFAULT NULL,
    p_expires_at pg_catalog.timestamptz DEFAULT NULL
)
RETURNS TABLE (job_id pg_catalog.uuid, is_new pg_catalog.bool, existing_status pg_catalog.text)
LANGUAGE sql VOLATILE SECURITY INVOKER ROWS 1
BEGIN ATOMIC
    SELECT f.job_id, f.is_new, f.existing_status
    FROM errand_internal.find_or_create_job(
        p_user_id, p_job_type, p_params, p_dedupe_window, p_job_priority, p_scheduled_for, p_expires_at) f;
END;

COMMENT ON FUNCTION errand.find_or_create_job(uuid, text, jsonb, interval, int4, timestamptz, timestamptz) IS
$$Submits a job, or finds the identical one that is pending or processing and was created within the dedupe window. Always one row; exactly one job under any concurrency.
p_user_id: whose job; NULL is the caller, a trusted caller must name a user.
p_job_type: 1 to 128 characters. p_params: any JSON; for untrusted callers at most errand.max_params_bytes bytes as text.
p_dedupe_window: 0 to 10 years; NULL is 5 minutes, 0 always creates a job. p_job_priority: -32768 to 32767, higher first.
p_scheduled_for: not picked up before; NULL is now. p_expires_at: not picked up from then on; NULL is never.
Returns job_id, is_new, and existing_status (NULL for a new job).
Errors: 22023 bad argument, 42501 another user's or no user, 40001 only at REPEATABLE READ or SERIALIZABLE for a lost race.$$;
