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
    v_index pg_catalog.record;
    v_rebuild pg_catalog.text[] := '{}'; -- CREATE INDEX statements to run after the copy
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

    -- Filling an empty queue row by row through every index takes several times as long as building the
    -- indexes afterwards. Only when the table is empty and nobody uses it: the lock is exclusive.
    IF NOT EXISTS (SELECT FROM errand_internal.job) THEN
        BEGIN
            LOCK TABLE errand_internal.job IN ACCESS EXCLUSIVE MODE NOWAIT;
            IF NOT EXISTS (SELECT FROM errand_internal.job) THEN
                FOR v_index IN
                    SELECT i.indexrelid::pg_catalog.regclass AS name, pg_catalog.pg_get_indexdef(i.indexrelid) AS definition,
                           c.conname, pg_catalog.pg_get_constraintdef(c.oid) AS constraint_definition
                    FROM pg_catalog.pg_index i
                    LEFT JOIN pg_catalog.pg_constraint c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid
                    WHERE i.indrelid = 'errand_internal.job'::pg_catalog.regclass
                LOOP
                    IF v_index.conname IS NULL THEN
                        EXECUTE pg_catalog.format('DROP INDEX %s', v_index.name);
                        v_rebuild := v_rebuild || v_index.definition;
                    ELSE
                        EXECUTE pg_catalog.format('ALTER TABLE errand_internal.job DROP CONSTRAINT %I', v_index.conname);
                        v_rebuild := v_rebuild || pg_catalog.format(
                            'ALTER TABLE errand_internal.job ADD CONSTRAINT %I %s', v_index.conname, v_index.constraint_definition);
                    END IF;
                END LOOP;
            END IF;
        EXCEPTION
            WHEN lock_not_available THEN v_rebuild := '{}'; -- in use: the slow way is the considerate one
        END;
    END IF;

    EXECUTE pg_catalog.format(
        $query$INSERT INTO errand_internal.job (
                   id, user_id, job_type, params, status, job_priority, scheduled_for, created_at, updated_at,
                   started_at, completed_at, expires_at, worker_id, retry_count, result, last_error,
                   identity, lease_expires_at)
               SELECT j.id, j.user_id, j.job_type, coalesce(j.params, '{}'), j.status, coalesce(j.job_priority, 0),
                      coalesce(j.scheduled_for, j.created_at), j.created_at, coalesce(j.updated_at, j.created_at),
                      j.started_at, j.completed_at, j.expires_at, j.worker_id, coalesce(j.retry_count, 0),
                      j.result, j.last_error,
                      errand_internal.job_identity(
                          j.user_id, j.job_type, coalesce(j.params, '{}')::pg_catalog.text),
                      -- Its worker has no token, so it can't finish the job: the lease is over already.
                      CASE WHEN j.status = 'processing' THEN coalesce(j.started_at, j.created_at) END
               FROM (%s) j
               ON CONFLICT DO NOTHING$query$, v_query);
    GET DIAGNOSTICS imported = ROW_COUNT;

    FOREACH v_query IN ARRAY v_rebuild LOOP
        EXECUTE v_query;
    END LOOP;
    -- Else the first queries would be planned for the table as it was.
    ANALYZE errand_internal.job;

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
LANGUAGE sql VOLATILE SECURITY INVOKER ROWS 1
BEGIN ATOMIC
    SELECT f.imported, f.already_there, f.ignored_columns
    FROM errand_internal.import_jobs(p_source) f;
END;

COMMENT ON FUNCTION errand.import_jobs(regclass) IS
$$Copies the jobs of an existing table, with their ids and times; all or none. The table itself is left alone.
p_source: a table with at least id uuid, user_id uuid, job_type text, status (text or enum) and created_at timestamptz; any other column of errand.job_queue that it has is taken too. The caller must be able to read it, and so must errand_owner: GRANT SELECT ON … TO errand_owner.
Running jobs come as processing, with their lease over.
Returns imported, already_there (rows whose id was here before), ignored_columns (that mean nothing here).
Errors: 22023 not a table, a column's type, a row that is no job; 42501 a missing right.$$;
