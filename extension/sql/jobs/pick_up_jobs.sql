CREATE FUNCTION errand_internal.pick_up_jobs(
    p_worker_id pg_catalog.text,
    p_job_types pg_catalog.text[],
    p_limit pg_catalog.int4,
    p_lease pg_catalog.interval
)
RETURNS TABLE (
    id pg_catalog.uuid,
    user_id pg_catalog.uuid,
    job_type pg_catalog.text,
    params pg_catalog.jsonb,
    status pg_catalog.text,
    job_priority pg_catalog.int4,
    scheduled_for pg_catalog.timestamptz,
    created_at pg_catalog.timestamptz,
    updated_at pg_catalog.timestamptz,
    started_at pg_catalog.timestamptz,
    completed_at pg_catalog.timestamptz,
    expires_at pg_catalog.timestamptz,
    worker_id pg_catalog.text,
    retry_count pg_catalog.int4,
    result pg_catalog.jsonb,
    last_error pg_catalog.text,
    lease_token pg_catalog.uuid
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
AS $pick_up_jobs$
#variable_conflict use_column
DECLARE
    v_now pg_catalog.timestamptz := pg_catalog.clock_timestamp();
BEGIN
    PERFORM errand_internal.check_pickup(p_worker_id, p_job_types, p_limit, p_lease);

    RETURN QUERY
    WITH next AS MATERIALIZED (
        SELECT j.id
        FROM errand_internal.job j
        WHERE j.status = 'pending'
          AND j.scheduled_for <= v_now
          AND (j.expires_at IS NULL OR j.expires_at > v_now)
          AND (p_job_types IS NULL OR j.job_type = ANY (p_job_types))
        ORDER BY j.job_priority DESC, j.scheduled_for, j.id
        LIMIT p_limit
        FOR NO KEY UPDATE SKIP LOCKED
    ), taken AS (
        UPDATE errand_internal.job j
        SET status = 'processing',
            worker_id = p_worker_id,
            started_at = v_now,
            updated_at = v_now,
            lease_token = pg_catalog.gen_random_uuid(),
            lease_expires_at = v_now + p_lease
        FROM next n
        WHERE j.id = n.id
        RETURNING j.*
    )
    SELECT t.id, t.user_id, t.job_type, t.params, t.status, t.job_priority, t.scheduled_for, t.created_at,
           t.updated_at, t.started_at, t.completed_at, t.expires_at, t.worker_id, t.retry_count, t.result,
           t.last_error, t.lease_token
    FROM taken t
    ORDER BY t.job_priority DESC, t.scheduled_for, t.id;
END
$pick_up_jobs$;

COMMENT ON FUNCTION errand_internal.pick_up_jobs(text, text[], int4, interval) IS 'Behind errand.pick_up_jobs.';

CREATE FUNCTION errand.pick_up_jobs(
    p_worker_id pg_catalog.text,
    p_job_types pg_catalog.text[] DEFAULT NULL,
    p_limit pg_catalog.int4 DEFAULT 1,
    p_lease pg_catalog.interval DEFAULT '30 minutes'
)
RETURNS TABLE (
    id pg_catalog.uuid,
    user_id pg_catalog.uuid,
    job_type pg_catalog.text,
    params pg_catalog.jsonb,
    status pg_catalog.text,
    job_priority pg_catalog.int4,
    scheduled_for pg_catalog.timestamptz,
    created_at pg_catalog.timestamptz,
    updated_at pg_catalog.timestamptz,
    started_at pg_catalog.timestamptz,
    completed_at pg_catalog.timestamptz,
    expires_at pg_catalog.timestamptz,
    worker_id pg_catalog.text,
    retry_count pg_catalog.int4,
    result pg_catalog.jsonb,
    last_error pg_catalog.text,
    lease_token pg_catalog.uuid
)
LANGUAGE sql VOLATILE SECURITY INVOKER ROWS 1
BEGIN ATOMIC
    SELECT f.id, f.user_id, f.job_type, f.params, f.status, f.job_priority, f.scheduled_for, f.created_at,
           f.updated_at, f.started_at, f.completed_at, f.expires_at, f.worker_id, f.retry_count, f.result,
           f.last_error, f.lease_token
    FROM errand_internal.pick_up_jobs(p_worker_id, p_job_types, p_limit, p_lease) f;
END;

COMMENT ON FUNCTION errand.pick_up_jobs(text, text[], int4, interval) IS
$$Hands pending jobs to a worker: highest priority first, then oldest scheduled_for. No two workers get one job and none waits for another; expired jobs and jobs scheduled for later are never handed out.
p_worker_id: the worker's name, 1 to 128 characters. p_job_types: only these; NULL is any.
p_limit: 1 to 1000. p_lease: 1 second to 7 days, how long the worker may take.
Returns the jobs and the lease_token that proves each lease; finish with errand.complete_job.
Errors: 22023 bad argument; 40001 only at REPEATABLE READ or SERIALIZABLE, where SKIP LOCKED can't skip.$$;
