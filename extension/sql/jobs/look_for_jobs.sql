-- The look over the whole pickup index, which finds what positions have passed over. It passes every dead
-- entry there is, so one session does it for all of them, and it may take no more than a fiftieth of the time.
CREATE FUNCTION errand_internal.look_for_jobs(p_filter pg_catalog.int8, p_job_types pg_catalog.text[])
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan -- as in errand_internal.submit_jobs
SET enable_seqscan = off
SET jit = off
SET enable_bitmapscan = off
AS $look_for_jobs$
DECLARE
    v_now pg_catalog.timestamptz := pg_catalog.clock_timestamp();
    v_resync pg_catalog.interval := errand_internal.pickup_resync();
    v_last errand_internal.pickup_look;
    v_mine pg_catalog.bool;      -- whether it is this session's turn
    v_priority pg_catalog.int4 := 32768;
    v_first pg_catalog.timestamptz;
    v_free pg_catalog.timestamptz;
    v_priorities pg_catalog.int4[] := '{}';
    v_earliest pg_catalog.timestamptz[] := '{}';
BEGIN
    SELECT l.* INTO v_last FROM errand_internal.pickup_look l WHERE l.filter = p_filter ORDER BY l.looked_at DESC LIMIT 1;
    -- A row from the future was written before the clock was set back.
    IF v_last.next_at > v_now AND v_last.looked_at <= v_now THEN
        PERFORM errand_internal.adopt_look(p_filter, v_last.looked_at, v_last.priorities, v_last.earliest);
        RETURN;
    END IF;

    -- Above READ COMMITTED the snapshot may be an old one: good enough for oneself, not for others.
    v_mine := pg_catalog.current_setting('transaction_isolation') = 'read committed'
        AND pg_catalog.pg_try_advisory_xact_lock(errand_internal.advisory_key('look ' || p_filter));
    IF NOT v_mine AND v_last.next_at > v_now - v_resync / 4 THEN
        RETURN; -- somebody is at it; but perhaps in a transaction that goes on for long
    END IF;

    LOOP
        -- The next lower priority that any job has, and its first one.
        SELECT j.job_priority, j.scheduled_for INTO v_priority, v_first
        FROM errand_internal.job j
        WHERE j.job_priority < v_priority
        ORDER BY j.job_priority DESC, j.scheduled_for
        LIMIT 1;
        EXIT WHEN NOT FOUND OR pg_catalog.cardinality(v_priorities) = 64;

        SELECT j.scheduled_for INTO v_free
        FROM errand_internal.job j
        WHERE j.job_priority = v_priority
          AND j.scheduled_for BETWEEN v_first AND v_now
          AND j.status = 'pending'
          AND (j.expires_at IS NULL OR j.expires_at > v_now)
          AND (p_job_types IS NULL OR j.job_type = ANY (p_job_types))
        ORDER BY j.scheduled_for
        LIMIT 1;
        v_priorities := v_priorities || v_priority;
        v_earliest := v_earliest || coalesce(v_free, v_now);
    END LOOP;
    PERFORM errand_internal.adopt_look(p_filter, v_now, v_priorities, v_earliest);

    IF v_mine THEN
        INSERT INTO errand_internal.pickup_look (filter, looked_at, next_at, priorities, earliest)
        VALUES (p_filter, v_now,
                v_now + GREATEST(v_resync / 2, 50 * (pg_catalog.clock_timestamp() - v_now)),
                v_priorities, v_earliest);
        IF errand_internal.fold_due(20) THEN -- one time in fifty
            DELETE FROM errand_internal.pickup_look l WHERE l.looked_at < v_now - pg_catalog.make_interval(mins => 1);
        END IF;
    END IF;
END
$look_for_jobs$;

COMMENT ON FUNCTION errand_internal.look_for_jobs(int8, text[]) IS
    'Corrects this session''s pickup positions by the newest look, and makes a new one when it is due.';
