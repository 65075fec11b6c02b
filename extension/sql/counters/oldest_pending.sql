CREATE FUNCTION errand_internal.oldest_pending(p_now pg_catalog.timestamptz)
RETURNS pg_catalog.timestamptz
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan -- as in errand_internal.submit_jobs
SET enable_seqscan = off
SET jit = off
SET enable_bitmapscan = off
AS $oldest_pending$
DECLARE
    v_look errand_internal.pickup_look;
    v_priority pg_catalog.int4 := 32768;
    v_first pg_catalog.timestamptz;
    v_free pg_catalog.timestamptz;
    v_oldest pg_catalog.timestamptz;
BEGIN
    -- Workers look for what can be picked up; what they passed over is dead, and may be much.
    SELECT l.* INTO v_look FROM errand_internal.pickup_look l WHERE l.filter = 0 ORDER BY l.looked_at DESC LIMIT 1;
    LOOP
        SELECT j.job_priority INTO v_priority
        FROM errand_internal.job j
        WHERE j.job_priority < v_priority
        ORDER BY j.job_priority DESC
        LIMIT 1;
        EXIT WHEN NOT FOUND;
        v_first := coalesce(
            (SELECT k.earliest FROM ROWS FROM (pg_catalog.unnest(v_look.priorities), pg_catalog.unnest(v_look.earliest)) AS k (priority, earliest)
             WHERE k.priority = v_priority), '-infinity');
        SELECT j.scheduled_for INTO v_free
        FROM errand_internal.job j
        WHERE j.job_priority = v_priority
          AND j.scheduled_for BETWEEN v_first AND p_now
          AND j.status = 'pending'
          AND (j.expires_at IS NULL OR j.expires_at > p_now)
        ORDER BY j.scheduled_for
        LIMIT 1;
        v_oldest := LEAST(v_oldest, v_free);
    END LOOP;
    RETURN v_oldest;
END
$oldest_pending$;

COMMENT ON FUNCTION errand_internal.oldest_pending(timestamptz) IS
    'The earliest schedule among jobs that could be picked up; NULL when there is none.';
