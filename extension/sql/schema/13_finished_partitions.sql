CREATE FUNCTION errand_internal.add_finished_indexes(p_table pg_catalog.regclass)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $add_finished_indexes$
BEGIN
    EXECUTE pg_catalog.format('ALTER TABLE %s ADD PRIMARY KEY (id)', p_table);
    -- A user's list; the second one, because the few that failed are looked for among the many that did not.
    EXECUTE pg_catalog.format('CREATE INDEX ON %s (user_id, created_at DESC, id DESC)', p_table);
    EXECUTE pg_catalog.format($$CREATE INDEX ON %s (user_id, created_at DESC, id DESC) WHERE status IN ('failed', 'cancelled')$$, p_table);
    -- The result cache: the newest identical job that completed.
    EXECUTE pg_catalog.format($$CREATE INDEX ON %s (identity, completed_at DESC) WHERE status = 'completed'$$, p_table);
    -- Cleaning up. Rows come in the order of completed_at, so block ranges are as good as a btree and cost nothing.
    EXECUTE pg_catalog.format('CREATE INDEX ON %s USING brin (completed_at) WITH (pages_per_range = 16, autosummarize = on)', p_table);
    -- Only functions that run as the owner, and the policies of the parent, lead here.
    EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', p_table);
END
$add_finished_indexes$;

COMMENT ON FUNCTION errand_internal.add_finished_indexes(regclass) IS
    'Gives a table for finished jobs its primary key, its indexes and its row-level security.';

SELECT errand_internal.add_finished_indexes('errand_internal.finished_undated');

CREATE FUNCTION errand_internal.add_finished_partitions(p_now pg_catalog.timestamptz)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET default_tablespace = ''             -- the caller's settings may not decide where jobs are stored
SET default_table_access_method = 'heap'
SET lock_timeout = '100ms'              -- a submitter doesn't wait for maintenance of the parent
AS $add_finished_partitions$
DECLARE
    v_day pg_catalog.timestamptz;
    v_name pg_catalog.text;
BEGIN
    -- One session makes them. The others go on: what finishes before they are there goes to finished_undated.
    IF NOT pg_catalog.pg_try_advisory_xact_lock(errand_internal.advisory_key('finished partitions')) THEN
        RETURN;
    END IF;
    FOR v_day IN
        SELECT pg_catalog.date_trunc('day', p_now, 'UTC') + n * pg_catalog.make_interval(hours => 24)
        FROM pg_catalog.generate_series(0, 1) n
    LOOP
        v_name := errand_internal.finished_partition_name(v_day);
        CONTINUE WHEN errand_internal.has_finished_partition(v_day);
        -- Made apart and then attached: that locks the parent against other DDL only, where CREATE TABLE …
        -- PARTITION OF would lock it against everybody.
        EXECUTE pg_catalog.format(
            'CREATE TABLE errand_internal.%I (LIKE errand_internal.finished INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS, CONSTRAINT %I CHECK (created_at >= %L AND created_at < %L))',
            v_name, v_name || '_day', v_day, v_day + pg_catalog.make_interval(hours => 24)); -- said twice, so that the archive can take it without reading it
        EXECUTE pg_catalog.format('COMMENT ON TABLE errand_internal.%I IS %L', v_name, pg_catalog.format('Finished jobs created on %s UTC.', (v_day AT TIME ZONE 'UTC')::pg_catalog.date));
        -- A superuser may call this by hand; jobs are written as the owner of the parent.
        EXECUTE pg_catalog.format('ALTER TABLE errand_internal.%I OWNER TO errand_owner', v_name);
        PERFORM errand_internal.add_finished_indexes(pg_catalog.format('errand_internal.%I', v_name)::pg_catalog.regclass);
        EXECUTE pg_catalog.format(
            'ALTER TABLE errand_internal.finished ATTACH PARTITION errand_internal.%I FOR VALUES FROM (%L) TO (%L)',
            v_name, v_day, v_day + pg_catalog.make_interval(hours => 24));
    END LOOP;
EXCEPTION
    WHEN lock_not_available THEN
        NULL; -- the parent is being altered: the next submitter tries again
END
$add_finished_partitions$;

COMMENT ON FUNCTION errand_internal.add_finished_partitions(timestamptz) IS
    'Makes the partitions of errand_internal.finished for that UTC day and the next, where missing; gives way to whoever is at it.';
