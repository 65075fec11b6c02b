CREATE FUNCTION errand_internal.cleanup_old_jobs(p_older_than pg_catalog.interval)
RETURNS TABLE (archived pg_catalog.int8, partitions_moved pg_catalog.int4, deferred pg_catalog.int4)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
SET lock_timeout = '200ms' -- while it waits for a partition, everybody who comes after waits too
AS $cleanup_old_jobs$
#variable_conflict use_column
DECLARE
    v_line pg_catalog.timestamptz;
    v_before pg_catalog.timestamptz;
    v_partition pg_catalog.record;
BEGIN
    PERFORM errand_internal.check_retention(p_older_than);
    archived := 0;
    partitions_moved := 0;
    deferred := 0;

    -- One at a time; and a job that is being finished right now must be counted before the line can pass it.
    IF NOT pg_catalog.pg_try_advisory_xact_lock(errand_internal.advisory_key('maintenance'))
        OR NOT errand_internal.finishers_done()
    THEN
        deferred := 1;
        RETURN NEXT;
        RETURN;
    END IF;

    -- Read under the lock: else what the cleanup before this one has counted out would be counted out again.
    v_before := errand_internal.queue_from();
    v_line := GREATEST(v_before, pg_catalog.clock_timestamp() - p_older_than);
    WITH leaving AS (
        SELECT j.user_id, j.job_type, j.status, pg_catalog.count(*) AS n
        FROM errand_internal.stored_job j
        WHERE j.status IN ('completed', 'failed', 'cancelled')
          AND j.completed_at > v_before AND j.completed_at <= v_line
        GROUP BY j.user_id, j.job_type, j.status
    ), counted AS (
        INSERT INTO errand_internal.counter_delta (xid, user_id, job_type, from_status, n, busy_us)
        SELECT pg_catalog.pg_current_xact_id(), l.user_id, l.job_type, l.status, l.n, 0 FROM leaving l
    ), moved AS (
        INSERT INTO errand_internal.retention AS r (queue_from) VALUES (v_line)
        ON CONFLICT (one) DO UPDATE SET queue_from = EXCLUDED.queue_from
    )
    SELECT coalesce(pg_catalog.sum(l.n), 0) INTO archived FROM leaving l;
    PERFORM errand_internal.fold_counters();

    -- Storage follows by whole partitions. What can't be locked in time is left for the next call.
    FOR v_partition IN SELECT p.* FROM errand_internal.finished_partitions('errand_internal.finished') p LOOP
        CASE errand_internal.archive_partition(v_partition.name, v_line)
            WHEN 'moved' THEN partitions_moved := partitions_moved + 1;
            WHEN 'deferred' THEN deferred := deferred + 1;
            ELSE NULL; -- still in use
        END CASE;
    END LOOP;
    RETURN NEXT;
END
$cleanup_old_jobs$;

COMMENT ON FUNCTION errand_internal.cleanup_old_jobs(interval) IS 'Behind errand.cleanup_old_jobs.';

CREATE FUNCTION errand.cleanup_old_jobs(p_older_than pg_catalog.interval DEFAULT '7 days')
RETURNS TABLE (archived pg_catalog.int8, partitions_moved pg_catalog.int4, deferred pg_catalog.int4)
LANGUAGE c VOLATILE SECURITY INVOKER ROWS 1
AS 'MODULE_PATHNAME', 'errand_forward';

COMMENT ON FUNCTION errand.cleanup_old_jobs(interval) IS
$$Takes finished jobs out of the queue into the archive. No row is copied or deleted: a line is moved, and whole partitions follow.
p_older_than: jobs that finished longer ago than this, to the microsecond; at least 1 hour. The line never moves back.
Returns archived (jobs that left the queue), partitions_moved, deferred: what could not be locked in time, or is being done by another session; call again later. Safe twice at once.
Errors: 22023 bad argument.$$;
