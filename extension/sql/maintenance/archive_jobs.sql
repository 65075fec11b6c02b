CREATE FUNCTION errand_internal.archive_jobs(p_older_than pg_catalog.interval)
RETURNS TABLE (deleted pg_catalog.int8, partitions_dropped pg_catalog.int4, deferred pg_catalog.int4)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
SET lock_timeout = '200ms' -- as in errand_internal.cleanup_old_jobs
AS $archive_jobs$
#variable_conflict use_column
DECLARE
    v_line pg_catalog.timestamptz;
    v_partition pg_catalog.record;
    v_rows pg_catalog.int8;
BEGIN
    PERFORM errand_internal.check_retention(p_older_than);
    deleted := 0;
    partitions_dropped := 0;
    deferred := 0;
    -- Only what has left the queue: the line of errand.cleanup_old_jobs comes first.
    v_line := LEAST(pg_catalog.clock_timestamp() - p_older_than, errand_internal.queue_from());
    IF NOT pg_catalog.pg_try_advisory_xact_lock(errand_internal.advisory_key('maintenance')) THEN
        deferred := 1;
        RETURN NEXT;
        RETURN;
    END IF;

    FOR v_partition IN SELECT p.* FROM errand_internal.finished_partitions('errand_internal.archived') p LOOP
        EXECUTE pg_catalog.format(
            'SELECT pg_catalog.count(*) FROM errand_internal.%I p
             HAVING NOT EXISTS (SELECT FROM errand_internal.%I q WHERE q.completed_at > $1)', v_partition.name, v_partition.name)
        INTO v_rows USING v_line;
        CONTINUE WHEN v_rows IS NULL;
        BEGIN
            EXECUTE pg_catalog.format('DROP TABLE errand_internal.%I', v_partition.name);
            partitions_dropped := partitions_dropped + 1;
            deleted := deleted + v_rows;
        EXCEPTION
            WHEN lock_not_available THEN deferred := deferred + 1;
        END;
    END LOOP;

    -- A batch at a time: what is left is for the next call.
    DELETE FROM errand_internal.finished_undated u
    WHERE u.ctid = ANY (ARRAY(
        SELECT o.ctid FROM errand_internal.finished_undated o WHERE o.completed_at <= v_line LIMIT 10000));
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    deleted := deleted + v_rows;
    deferred := deferred + (v_rows = 10000)::pg_catalog.int4;
    RETURN NEXT;
END
$archive_jobs$;

COMMENT ON FUNCTION errand_internal.archive_jobs(interval) IS 'Behind errand.archive_jobs.';

CREATE FUNCTION errand.archive_jobs(p_older_than pg_catalog.interval DEFAULT '30 days')
RETURNS TABLE (deleted pg_catalog.int8, partitions_dropped pg_catalog.int4, deferred pg_catalog.int4)
LANGUAGE c VOLATILE SECURITY INVOKER ROWS 1
AS 'MODULE_PATHNAME', 'errand_forward';

COMMENT ON FUNCTION errand.archive_jobs(interval) IS
$$Removes jobs from the archive: drops partitions in which everything finished longer ago than p_older_than, and deletes up to 10 000 of the jobs that are in no partition.
p_older_than: at least 1 hour. Jobs that errand.cleanup_old_jobs has not taken out of the queue yet stay, whatever their age.
Returns deleted, partitions_dropped, deferred: what could not be locked in time or is left over; call again later. Safe twice at once.
Errors: 22023 bad argument.$$;
