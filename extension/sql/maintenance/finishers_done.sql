CREATE FUNCTION errand_internal.finishers_done()
RETURNS pg_catalog.bool
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $finishers_done$
DECLARE
    v_finishers pg_catalog.text[];
    v_now pg_catalog.timestamptz := pg_catalog.clock_timestamp();
BEGIN
    -- Whoever appends finished jobs holds this lock until it commits. Those that begin later don't matter:
    -- their jobs finish now, far behind any line that may be drawn.
    LOOP
        SELECT pg_catalog.array_agg(l.virtualtransaction) INTO v_finishers
        FROM pg_catalog.pg_locks l
        WHERE l.locktype = 'relation'
          AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
          AND l.relation = 'errand_internal.stored_job'::pg_catalog.regclass
          AND l.mode = 'RowExclusiveLock' AND l.granted
          AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
          AND (v_finishers IS NULL OR l.virtualtransaction = ANY (v_finishers));
        IF v_finishers IS NULL THEN
            RETURN true;
        END IF;
        IF pg_catalog.clock_timestamp() > v_now + pg_catalog.make_interval(secs => 2) THEN
            RETURN false;
        END IF;
        PERFORM pg_catalog.pg_sleep(0.01);
    END LOOP;
END
$finishers_done$;

COMMENT ON FUNCTION errand_internal.finishers_done() IS
    'Waits up to two seconds for the transactions that are finishing jobs right now; false when one of them takes longer.';
