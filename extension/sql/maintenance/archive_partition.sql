CREATE FUNCTION errand_internal.archive_partition(p_name pg_catalog.text, p_line pg_catalog.timestamptz)
RETURNS pg_catalog.text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $archive_partition$
DECLARE
    v_from pg_catalog.timestamptz := pg_catalog.to_date(pg_catalog.right(p_name, 8), 'YYYYMMDD')::pg_catalog.timestamp AT TIME ZONE 'UTC';
    v_to pg_catalog.timestamptz := v_from + pg_catalog.make_interval(hours => 24);
    v_in_use pg_catalog.bool;
BEGIN
    -- Today's partition, and tomorrow's, are waiting for jobs.
    IF v_to > p_line THEN
        RETURN 'in use';
    END IF;
    EXECUTE pg_catalog.format('SELECT EXISTS (SELECT FROM errand_internal.%I p WHERE p.completed_at > $1)', p_name)
    INTO v_in_use USING p_line;
    IF v_in_use THEN
        RETURN 'in use';
    END IF;

    BEGIN
        EXECUTE pg_catalog.format('LOCK TABLE ONLY errand_internal.finished, ONLY errand_internal.%I IN ACCESS EXCLUSIVE MODE', p_name);
        -- A job of that day that still waits or runs will want its place there. Asked under the lock: who is
        -- finishing one has either got the partition locked, or is still in this table for us.
        IF EXISTS (SELECT FROM errand_internal.job j WHERE j.created_at >= v_from AND j.created_at < v_to) THEN
            RAISE EXCEPTION USING ERRCODE = 'lock_not_available'; -- gives the locks back
        END IF;
        EXECUTE pg_catalog.format('ALTER TABLE errand_internal.finished DETACH PARTITION errand_internal.%I', p_name);
        EXECUTE pg_catalog.format('ALTER TABLE errand_internal.%I RENAME TO %I', p_name, 'archived_' || pg_catalog.right(p_name, 8));
        EXECUTE pg_catalog.format('ALTER TABLE errand_internal.archived ATTACH PARTITION errand_internal.%I FOR VALUES FROM (%L) TO (%L)',
                                  'archived_' || pg_catalog.right(p_name, 8), v_from, v_to);
    EXCEPTION
        WHEN lock_not_available THEN
            RETURN 'deferred';
    END;
    RETURN 'moved';
END
$archive_partition$;

COMMENT ON FUNCTION errand_internal.archive_partition(text, timestamptz) IS
    'Moves a partition of errand_internal.finished into the archive when everything in it finished at p_line or before: moved, deferred (a lock, or a job of that day that is not finished), or in use.';
