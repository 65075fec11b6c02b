-- The two ways that nearly every call goes are done here, in plain statements: the job is found at the first
-- look, or created at the first try. Everything else is left to errand_internal.submit_jobs, which explains them.
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
SET plan_cache_mode = force_generic_plan -- as in errand_internal.submit_jobs
SET enable_seqscan = off
SET jit = off
AS $find_or_create_job$
#variable_conflict use_column
DECLARE
    v_user_id pg_catalog.uuid := errand_internal.resolve_user(p_user_id);
    v_params pg_catalog.text := p_params::pg_catalog.text;
    v_window pg_catalog.interval := coalesce(p_dedupe_window, '5 minutes');
    v_dedupes pg_catalog.bool := v_window > '0'::pg_catalog.interval;
    v_identity pg_catalog.uuid := errand_internal.submitted_identity(
        v_user_id, p_job_type, v_params, p_dedupe_window, p_job_priority, p_scheduled_for, p_expires_at);
    v_now pg_catalog.timestamptz := pg_catalog.clock_timestamp();
BEGIN
    IF v_dedupes THEN
        SELECT j.id, j.status INTO job_id, existing_status
        FROM errand_internal.job j
        WHERE j.identity = v_identity AND j.dedupes
          AND j.created_at > v_now - v_window
          AND (j.status = 'processing' OR j.expires_at IS NULL OR j.expires_at > v_now)
          AND j.user_id = v_user_id AND j.job_type = p_job_type AND j.params = p_params;
        IF FOUND THEN
            is_new := false;
            RETURN NEXT;
            RETURN;
        END IF;
    END IF;

    -- Nothing else may stand in for the request, and nobody else may create it.
    job_id := errand_internal.job_id(v_now);
    IF v_dedupes THEN
        is_new := NOT EXISTS (SELECT FROM errand_internal.job j WHERE j.identity = v_identity AND NOT j.dedupes);
    ELSE
        is_new := true;
    END IF;
    IF is_new THEN
        INSERT INTO errand_internal.job (
            id, user_id, job_type, params, status, job_priority, scheduled_for,
            created_at, updated_at, expires_at, retry_count, identity, dedupes)
        VALUES (job_id, v_user_id, p_job_type, p_params, 'pending', coalesce(p_job_priority, 0), coalesce(p_scheduled_for, v_now),
                v_now, v_now, p_expires_at, 0, v_identity, v_dedupes)
        ON CONFLICT (identity) WHERE dedupes DO NOTHING;
        is_new := FOUND;
    END IF;
    IF NOT is_new THEN
        RETURN QUERY
        SELECT s.job_id, s.is_new, s.existing_status
        FROM errand_internal.submit_jobs(ARRAY[ROW(
            1, v_user_id, p_job_type, p_params, v_window, coalesce(p_job_priority, 0),
            p_scheduled_for, p_expires_at, v_identity
        )::errand_internal.submission]) s;
        RETURN;
    END IF;

    INSERT INTO errand_internal.counter_delta (xid, user_id, job_type, to_status, n, busy_us)
    VALUES (pg_catalog.pg_current_xact_id(), v_user_id, p_job_type, 'pending', 1, 0);
    IF errand_internal.fold_due(1) THEN
        PERFORM errand_internal.fold_counters();
    END IF;
    IF errand_internal.finished_partitions_missing(v_now) THEN
        PERFORM errand_internal.add_finished_partitions(v_now);
    END IF;
    RETURN NEXT;
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
LANGUAGE c VOLATILE SECURITY INVOKER ROWS 1
AS 'MODULE_PATHNAME', 'errand_forward';

COMMENT ON FUNCTION errand.find_or_create_job(uuid, text, jsonb, interval, int4, timestamptz, timestamptz) IS
$$Submits a job, or finds the identical one that is pending or processing and was created within the dedupe window. Always one row; exactly one job under any concurrency.
p_user_id: whose job; NULL is the caller, a trusted caller must name a user.
p_job_type: 1 to 128 characters. p_params: any JSON; for untrusted callers at most errand.max_params_bytes bytes as text.
p_dedupe_window: 0 to 10 years; NULL is 5 minutes, 0 always creates a job. p_job_priority: -32768 to 32767, higher first.
p_scheduled_for: not picked up before; NULL is now. p_expires_at: not picked up from then on; NULL is never.
Returns job_id, is_new, and existing_status (NULL for a new job).
Errors: 22023 bad argument, 42501 another user's or no user, 40001 only at REPEATABLE READ or SERIALIZABLE for a lost race.$$;
