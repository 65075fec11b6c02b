-- Takes jobs in the order of the index job_pickup, beginning at this session's position for each priority
-- (src/jobs/pickup.rs): what lies before it was picked up already and is, at most, not vacuumed yet.
CREATE FUNCTION errand_internal.pick_up_jobs(
    p_worker_id pg_catalog.text,
    p_job_types pg_catalog.text[],
    p_limit pg_catalog.int4,
    p_lease pg_catalog.interval
)
RETURNS SETOF errand_internal.leased_job
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
SET plan_cache_mode = force_generic_plan -- as in errand_internal.submit_jobs
SET enable_seqscan = off
SET jit = off
SET enable_bitmapscan = off
AS $pick_up_jobs$
DECLARE
    v_now pg_catalog.timestamptz := pg_catalog.clock_timestamp();
    v_filter pg_catalog.int8;
    v_left pg_catalog.int4 := p_limit;
    v_range pg_catalog.record;
    v_priority pg_catalog.int4;
    v_from pg_catalog.timestamptz;
    v_last pg_catalog.timestamptz;
    v_taken pg_catalog.int4;
    v_job errand_internal.leased_job;
BEGIN
    PERFORM errand_internal.check_pickup(p_worker_id, p_job_types, p_limit, p_lease);
    v_filter := errand_internal.pickup_filter(p_job_types);
    IF errand_internal.look_due(v_filter) THEN
        PERFORM errand_internal.look_for_jobs(v_filter, p_job_types);
    END IF;

    -- From the highest priority to the lowest: those this session knows, with its position in each, and the
    -- gaps between them, in which a job may have come up that it doesn't know yet.
    FOR v_range IN SELECT r.highest, r.lowest, r.scheduled_from FROM errand_internal.pickup_ranges(v_filter) r LOOP
        v_priority := v_range.highest;
        LOOP
            v_from := v_range.scheduled_from;
            IF v_from IS NULL THEN
                SELECT j.job_priority INTO v_priority
                FROM errand_internal.job j
                WHERE j.job_priority BETWEEN v_range.lowest AND v_priority
                ORDER BY j.job_priority DESC
                LIMIT 1;
                EXIT WHEN NOT FOUND;
                v_from := '-infinity';
            END IF;

            v_taken := 0;
            v_last := NULL;
            FOR v_job IN
                WITH next AS MATERIALIZED (
                    SELECT j.ctid AS place
                    FROM errand_internal.job j
                    WHERE j.job_priority = v_priority
                      AND j.scheduled_for BETWEEN v_from AND v_now
                      AND j.status = 'pending'
                      AND (j.expires_at IS NULL OR j.expires_at > v_now)
                      AND (p_job_types IS NULL OR j.job_type = ANY (p_job_types))
                    ORDER BY j.scheduled_for
                    LIMIT v_left
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
                    WHERE j.ctid = n.place -- a version made since the snapshot is not found so; the next look has it
                    RETURNING j.*
                ), counted AS (
                    INSERT INTO errand_internal.counter_delta (xid, user_id, job_type, from_status, to_status, n, busy_us)
                    SELECT pg_catalog.pg_current_xact_id(), t.user_id, t.job_type, 'pending', 'processing', pg_catalog.count(*), 0
                    FROM taken t
                    GROUP BY t.user_id, t.job_type
                )
                SELECT t.id, t.user_id, t.job_type, t.params, t.status, t.job_priority, t.scheduled_for, t.created_at,
                       t.updated_at, t.started_at, NULL, t.expires_at, t.worker_id, t.retry_count, NULL,
                       t.last_error, t.lease_token
                FROM taken t
                ORDER BY t.scheduled_for
            LOOP
                v_taken := v_taken + 1;
                v_last := v_job.scheduled_for;
                RETURN NEXT v_job;
            END LOOP;

            v_left := v_left - v_taken;
            -- With fewer than asked for, everything up to now is passed.
            PERFORM errand_internal.advance_pickup(v_filter, v_priority, CASE WHEN v_left = 0 THEN v_last ELSE v_now END, v_now);
            EXIT WHEN v_left = 0 OR v_range.scheduled_from IS NOT NULL OR v_priority = v_range.lowest;
            v_priority := v_priority - 1;
        END LOOP;
        EXIT WHEN v_left = 0;
    END LOOP;

    IF errand_internal.fold_due(p_limit - v_left) THEN
        PERFORM errand_internal.fold_counters();
    END IF;
END
$pick_up_jobs$;

COMMENT ON FUNCTION errand_internal.pick_up_jobs(text, text[], int4, interval) IS 'Behind errand.pick_up_jobs.';

CREATE FUNCTION errand.pick_up_jobs(
    p_worker_id pg_catalog.text,
    p_job_types pg_catalog.text[] DEFAULT NULL,
    p_limit pg_catalog.int4 DEFAULT 1,
    p_lease pg_catalog.interval DEFAULT '30 minutes'
)
RETURNS SETOF errand_internal.leased_job
LANGUAGE c VOLATILE SECURITY INVOKER ROWS 1
AS 'MODULE_PATHNAME', 'errand_forward';

COMMENT ON FUNCTION errand.pick_up_jobs(text, text[], int4, interval) IS
$$Hands pending jobs to a worker: highest priority first, then oldest scheduled_for. No two workers get one job and none waits for another; expired jobs and jobs scheduled for later are never handed out. A job that comes back late (a rollback, errand.release_job, a transaction that took long) may be overtaken within its priority for errand.pickup_resync.
p_worker_id: the worker's name, 1 to 128 characters. p_job_types: only these; NULL is any.
p_limit: 1 to 1000. p_lease: 1 second to 7 days, how long the worker may take.
Returns the jobs and the lease_token that proves each lease; finish with errand.complete_job, errand.fail_job or errand.release_job.
Errors: 22023 bad argument; 40001 only at REPEATABLE READ or SERIALIZABLE, where SKIP LOCKED can't skip.$$;
