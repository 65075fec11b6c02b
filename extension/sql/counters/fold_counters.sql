-- Moves rows of counter_delta into the totals. Every so many changes (errand_internal.fold_due) a writer
-- does it, inside its own transaction, so nothing grows without maintenance.
CREATE FUNCTION errand_internal.fold_counters()
RETURNS pg_catalog.int8
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off -- as for errand_internal.unfolded_delta
SET jit = off
AS $fold_counters$
DECLARE
    v_fold errand_internal.counter_fold;
    v_folded pg_catalog.int8;
BEGIN
    -- With an older snapshot the rows may be folded already, which would be an error of serialization.
    IF pg_catalog.current_setting('transaction_isolation') <> 'read committed' THEN
        RETURN 0;
    END IF;
    -- One at a time; nobody waits. The lock is held until the fold is committed, so the next fold sees it.
    IF NOT pg_catalog.pg_try_advisory_xact_lock(errand_internal.advisory_key('fold counters')) THEN
        RETURN 0;
    END IF;
    SELECT f.* INTO v_fold FROM errand_internal.counter_fold f ORDER BY f.fold_id DESC LIMIT 1;
    v_fold := ROW(coalesce(v_fold.fold_id, 0), coalesce(v_fold.next_xid, '0'::pg_catalog.xid8), coalesce(v_fold.open_xids, '{}'));

    -- One statement, one snapshot: what it deletes, what it adds up, and what it says is covered.
    WITH gone AS (
        DELETE FROM errand_internal.counter_delta d
        WHERE d.xid >= v_fold.next_xid OR d.xid = ANY (v_fold.open_xids)
        RETURNING d.*
    ), change AS (
        SELECT g.user_id, g.job_type, c.status, c.sign, g.n, g.busy_us
        FROM gone g
        CROSS JOIN LATERAL (VALUES (g.from_status, -1), (g.to_status, 1)) AS c (status, sign)
        WHERE c.status IS NOT NULL
    ), users AS (
        INSERT INTO errand_internal.user_total AS t (user_id, job_type, status, n)
        SELECT c.user_id, c.job_type, c.status, pg_catalog.sum(c.sign * c.n)
        FROM change c
        GROUP BY c.user_id, c.job_type, c.status
        HAVING pg_catalog.sum(c.sign * c.n) <> 0
        ON CONFLICT (user_id, job_type, status) DO UPDATE SET n = t.n + EXCLUDED.n
    ), types AS (
        INSERT INTO errand_internal.type_total AS t (job_type, status, n, ever, busy_us)
        SELECT c.job_type, c.status, pg_catalog.sum(c.sign * c.n),
               coalesce(pg_catalog.sum(c.n) FILTER (WHERE c.sign = 1), 0),
               coalesce(pg_catalog.sum(c.busy_us) FILTER (WHERE c.sign = 1), 0)
        FROM change c
        GROUP BY c.job_type, c.status
        ON CONFLICT (job_type, status) DO UPDATE
            SET n = t.n + EXCLUDED.n, ever = t.ever + EXCLUDED.ever, busy_us = t.busy_us + EXCLUDED.busy_us
    ), minutes AS (
        INSERT INTO errand_internal.minute_total AS t (minute, job_type, status, busy_bucket, n, busy_us)
        SELECT g.minute, g.job_type, g.to_status, coalesce(g.busy_bucket, -1), pg_catalog.sum(g.n), pg_catalog.sum(g.busy_us)
        FROM gone g
        WHERE g.to_status IN ('completed', 'failed') AND g.minute > pg_catalog.clock_timestamp() - pg_catalog.make_interval(hours => 2)
        GROUP BY 1, 2, 3, 4
        ON CONFLICT (minute, job_type, status, busy_bucket) DO UPDATE
            SET n = t.n + EXCLUDED.n, busy_us = t.busy_us + EXCLUDED.busy_us
    ), covered AS (
        INSERT INTO errand_internal.counter_fold (fold_id, next_xid, open_xids)
        SELECT v_fold.fold_id + 1, pg_catalog.pg_snapshot_xmax(s.now),
               -- A snapshot does not list its own transaction, which may go on to append.
               ARRAY(SELECT pg_catalog.pg_snapshot_xip(s.now)) || pg_catalog.pg_current_xact_id()
        FROM pg_catalog.pg_current_snapshot() AS s (now)
    )
    SELECT pg_catalog.count(*) INTO v_folded FROM gone;

    DELETE FROM errand_internal.counter_fold f WHERE f.fold_id = v_fold.fold_id;
    DELETE FROM errand_internal.minute_total m WHERE m.minute < pg_catalog.clock_timestamp() - pg_catalog.make_interval(hours => 2);
    RETURN v_folded;
END
$fold_counters$;

COMMENT ON FUNCTION errand_internal.fold_counters() IS
    'Moves unfolded changes of state into the totals and returns how many; 0 when another session is at it, and above READ COMMITTED.';
