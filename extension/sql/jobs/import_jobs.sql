CREATE FUNCTION errand_internal.import_jobs(p_source pg_catalog.regclass)
RETURNS TABLE (imported pg_catalog.int8, already_there pg_catalog.int8, ignored_columns pg_catalog.text[])
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
SET row_security = off                -- a policy that would hide some of the source's rows is an error, not a smaller import
AS $import_jobs$
#variable_conflict use_column
DECLARE
    v_columns pg_catalog.jsonb;  -- the source's columns: name to type
    v_list pg_catalog.text;      -- the select list that reads a job out of the source
    v_query pg_catalog.text;
    v_bad pg_catalog.text;
    v_read pg_catalog.int8;
    v_finished pg_catalog.int8;
    v_index pg_catalog.text;
    v_rebuild pg_catalog.text[]; -- statements that make indexes again after the copy
BEGIN
    PERFORM errand_internal.check_import_source(p_source);

    SELECT pg_catalog.jsonb_object_agg(
               a.attname,
               CASE WHEN t.typtype = 'e' THEN 'an enum' ELSE pg_catalog.format_type(a.atttypid, NULL) END)
    INTO v_columns
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = p_source AND a.attnum > 0 AND NOT a.attisdropped;

    -- A column the source lacks gets the value a job without it has. A type that doesn't fit is refused,
    -- not cast: a cast made by the source's owner would run with this function's rights. format('%s') prints
    -- an enum by the type's own output function, where a cast of the owner's can't come in.
    SELECT pg_catalog.string_agg(
               CASE
                   WHEN v_columns -> w.name IS NULL THEN pg_catalog.format('%s AS %I', w.missing, w.name)
                   WHEN w.types @> '{text}' AND v_columns ->> w.name IN ('an enum', 'uuid') THEN pg_catalog.format('CASE WHEN s.%I IS NOT NULL THEN pg_catalog.format(''%%s'', s.%I) END AS %I', w.name, w.name, w.name)
                   ELSE pg_catalog.format('s.%I', w.name)
               END, ', ' ORDER BY w.position),
           pg_catalog.string_agg(
               pg_catalog.format('%s is %s, not %s', w.name, coalesce(v_columns ->> w.name, 'missing'),
                                 pg_catalog.array_to_string(w.types, ' or ')), '; ' ORDER BY w.position)
               FILTER (WHERE NOT coalesce(v_columns ->> w.name = ANY (w.types), w.missing IS NOT NULL))
    INTO v_list, v_bad
    FROM errand_internal.import_columns() w;

    IF v_bad IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = pg_catalog.format('%s does not have the shape of a job queue', p_source),
            DETAIL = pg_catalog.concat(v_bad, '.'),
            HINT = 'Alter the columns, or import from a table that was filled with the right types.';
    END IF;

    -- The first row that could not be a job stops the import, by name, before anything is written.
    v_query := pg_catalog.format('SELECT %s FROM %s s', v_list, p_source);
    EXECUTE pg_catalog.format(
        $query$SELECT pg_catalog.format('job %%s: %%s', coalesce(j.id::pg_catalog.text, 'without id'), p.problem)
               FROM (%s) j
               CROSS JOIN LATERAL (SELECT CASE
                   WHEN j.id IS NULL THEN 'id is NULL'
                   WHEN j.user_id IS NULL THEN 'user_id is NULL'
                   WHEN j.job_type IS NULL OR pg_catalog.length(j.job_type) NOT BETWEEN 1 AND 128
                       THEN pg_catalog.format('job_type is %%L', pg_catalog.left(j.job_type, 140))
                   WHEN j.status IS NULL OR j.status NOT IN ('pending', 'processing', 'completed', 'failed', 'cancelled')
                       THEN pg_catalog.format('status is %%L', j.status)
                   WHEN j.job_priority NOT BETWEEN -32768 AND 32767
                       THEN pg_catalog.format('job_priority is %%s', j.job_priority)
                   WHEN j.created_at IS NULL OR NOT pg_catalog.isfinite(j.created_at)
                       THEN pg_catalog.format('created_at is %%L', j.created_at)
                   WHEN NOT pg_catalog.isfinite(j.scheduled_for)
                       THEN pg_catalog.format('scheduled_for is %%L', j.scheduled_for)
                   WHEN j.status = 'completed' AND (j.completed_at IS NULL OR NOT pg_catalog.isfinite(j.completed_at))
                       THEN pg_catalog.format('status is completed and completed_at is %%L', j.completed_at)
               END AS problem) p
               WHERE p.problem IS NOT NULL
               LIMIT 1$query$, v_query)
    INTO v_bad;

    IF v_bad IS NULL THEN
        EXECUTE pg_catalog.format(
            $query$SELECT pg_catalog.format('id %%s occurs twice', s.id) FROM %s s GROUP BY s.id HAVING pg_catalog.count(*) > 1 LIMIT 1$query$,
            p_source)
        INTO v_bad;
    END IF;
    IF v_bad IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = pg_catalog.format('%s contains a row that is no job', p_source),
            DETAIL = pg_catalog.concat(v_bad, '.'),
            HINT = 'Correct or delete such rows, then import again. Nothing was imported.';
    END IF;

    -- What is read once goes two ways. An id that is here already is left out, wherever it is.
    v_query := pg_catalog.format(
        $query$SELECT j.id, j.user_id, j.job_type, coalesce(j.params, '{}') AS params, j.status,
                      coalesce(j.job_priority, 0) AS job_priority, coalesce(j.scheduled_for, j.created_at) AS scheduled_for,
                      j.created_at, coalesce(j.updated_at, j.created_at) AS updated_at, j.started_at, j.completed_at,
                      j.expires_at, j.worker_id, coalesce(j.retry_count, 0) AS retry_count, j.result, j.last_error,
                      errand_internal.job_identity(
                          j.user_id, j.job_type, coalesce(j.params, '{}')::pg_catalog.text) AS identity
               FROM (%s) j
               WHERE NOT EXISTS (SELECT FROM errand_internal.stored_job o WHERE o.id = j.id)$query$, v_query);

    v_rebuild := errand_internal.drop_indexes_if_empty('errand_internal.job');
    EXECUTE pg_catalog.format(
        $query$WITH made AS (
                   INSERT INTO errand_internal.job (
                       id, user_id, job_type, params, status, job_priority, scheduled_for, created_at, updated_at,
                       started_at, expires_at, worker_id, retry_count, last_error, identity, lease_expires_at, dedupes)
                   SELECT j.id, j.user_id, j.job_type, j.params, j.status, j.job_priority, j.scheduled_for, j.created_at,
                          j.updated_at, j.started_at, j.expires_at, j.worker_id, j.retry_count, j.last_error, j.identity,
                          -- Its worker has no token, so it can't finish the job: the lease is over already.
                          CASE WHEN j.status = 'processing' THEN coalesce(j.started_at, j.created_at) END,
                          -- The newest of its kind holds the identity, unless somebody here does.
                          pg_catalog.row_number() OVER (PARTITION BY j.identity ORDER BY j.created_at DESC, j.id DESC) = 1
                              AND NOT EXISTS (SELECT FROM errand_internal.job o WHERE o.identity = j.identity AND o.dedupes)
                   FROM (%s) j
                   WHERE j.status IN ('pending', 'processing')
                   RETURNING user_id, job_type, status
               ), counted AS (
                   INSERT INTO errand_internal.counter_delta (xid, user_id, job_type, to_status, n, busy_us)
                   SELECT pg_catalog.pg_current_xact_id(), m.user_id, m.job_type, m.status, pg_catalog.count(*), 0
                   FROM made m
                   GROUP BY m.user_id, m.job_type, m.status
               )
               SELECT pg_catalog.count(*) FROM made$query$, v_query)
    INTO imported;
    FOREACH v_index IN ARRAY v_rebuild LOOP
        EXECUTE v_index;
    END LOOP;

    v_rebuild := errand_internal.drop_indexes_if_empty('errand_internal.finished_undated');
    EXECUTE pg_catalog.format(
        $query$WITH made AS (
                   INSERT INTO errand_internal.finished_undated (
                       id, user_id, job_type, params, status, job_priority, scheduled_for, created_at, updated_at,
                       started_at, completed_at, expires_at, worker_id, retry_count, result, last_error, identity, dedupes)
                   SELECT j.id, j.user_id, j.job_type, j.params, j.status, j.job_priority, j.scheduled_for, j.created_at,
                          j.updated_at, j.started_at,
                          -- When a job failed or was cancelled, some queues don't say.
                          coalesce(j.completed_at, j.updated_at),
                          j.expires_at, j.worker_id, j.retry_count, j.result, j.last_error, j.identity, false
                   FROM (%s) j
                   WHERE j.status NOT IN ('pending', 'processing')
                   ORDER BY coalesce(j.completed_at, j.updated_at) -- the order that block ranges are about
                   RETURNING user_id, job_type, status, started_at, completed_at
               ), counted AS (
                   -- What finished behind the line is in the archive at once.
                   INSERT INTO errand_internal.counter_delta (xid, user_id, job_type, to_status, n, busy_us)
                   SELECT pg_catalog.pg_current_xact_id(), m.user_id, m.job_type, m.status, pg_catalog.count(*),
                          coalesce(pg_catalog.sum(GREATEST(0, (extract(epoch FROM m.completed_at - m.started_at) * 1000000)::pg_catalog.int8)), 0)
                   FROM made m
                   WHERE m.completed_at > errand_internal.queue_from()
                   GROUP BY m.user_id, m.job_type, m.status
               )
               SELECT pg_catalog.count(*) FROM made$query$, v_query)
    INTO v_finished;
    FOREACH v_index IN ARRAY v_rebuild LOOP
        EXECUTE v_index;
    END LOOP;
    imported := imported + v_finished;

    PERFORM errand_internal.fold_counters();
    -- Else the first queries would be planned for the tables as they were.
    ANALYZE errand_internal.job, errand_internal.finished_undated;

    EXECUTE pg_catalog.format('SELECT pg_catalog.count(*) FROM %s', p_source) INTO v_read;
    already_there := v_read - imported;

    SELECT coalesce(pg_catalog.array_agg(c.name ORDER BY c.name), '{}')
    INTO ignored_columns
    FROM pg_catalog.jsonb_object_keys(v_columns) AS c (name)
    WHERE c.name NOT IN (SELECT w.name FROM errand_internal.import_columns() w);

    RETURN NEXT;
END
$import_jobs$;

COMMENT ON FUNCTION errand_internal.import_jobs(regclass) IS 'Behind errand.import_jobs.';

CREATE FUNCTION errand.import_jobs(p_source pg_catalog.regclass)
RETURNS TABLE (imported pg_catalog.int8, already_there pg_catalog.int8, ignored_columns pg_catalog.text[])
LANGUAGE c VOLATILE SECURITY INVOKER ROWS 1
AS 'MODULE_PATHNAME', 'errand_forward';

COMMENT ON FUNCTION errand.import_jobs(regclass) IS
$$Copies the jobs of an existing table, with their ids and times; all or none. The table itself is left alone.
p_source: a table with at least id uuid, user_id uuid, job_type text, status (text or enum) and created_at timestamptz; any other column of errand.job_queue that it has is taken too. The caller must be able to read it, and so must errand_owner: GRANT SELECT ON … TO errand_owner.
Running jobs come as processing, with their lease over.
Returns imported, already_there (rows whose id was here before), ignored_columns (that mean nothing here).
Errors: 22023 not a table, a column's type, a row that is no job; 42501 a missing right.$$;
