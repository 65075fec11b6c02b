CREATE FUNCTION errand_internal.check_import_source(p_source pg_catalog.regclass)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $check_import_source$
DECLARE
    v_kind "char";
    v_schema pg_catalog.oid;
BEGIN
    SELECT c.relkind, c.relnamespace INTO v_kind, v_schema
    FROM pg_catalog.pg_class c
    WHERE c.oid = p_source;

    -- A view or a foreign table is code of its owner, and would run with the importing function's rights.
    IF v_kind IS NULL OR v_kind NOT IN ('r', 'p') THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = 'p_source is not a table',
            DETAIL = pg_catalog.format('p_source is %s.', coalesce(p_source::pg_catalog.text, 'NULL')),
            HINT = 'Give a table. To import a view, save it as a table first.';
    END IF;

    -- The import runs as the owner of the extension, which may not become a way to read what the caller can't.
    IF NOT pg_catalog.has_table_privilege(errand_internal.caller_role(), p_source, 'SELECT') THEN
        RAISE EXCEPTION USING
            ERRCODE = '42501',
            MESSAGE = pg_catalog.format('permission denied for table %s', p_source),
            DETAIL = 'The caller has no right to read it.',
            HINT = pg_catalog.format('GRANT SELECT ON %s TO the calling role.', p_source);
    END IF;

    IF NOT pg_catalog.has_table_privilege(p_source, 'SELECT') OR NOT pg_catalog.has_schema_privilege(v_schema, 'USAGE') THEN
        RAISE EXCEPTION USING
            ERRCODE = '42501',
            MESSAGE = pg_catalog.format('errand_owner may not read %s', p_source),
            DETAIL = 'The import runs with the rights of errand_owner, which has none on your tables.',
            HINT = pg_catalog.format('GRANT USAGE ON SCHEMA %s TO errand_owner; GRANT SELECT ON %s TO errand_owner; and revoke both after the import.',
                                     v_schema::pg_catalog.regnamespace, p_source);
    END IF;
END
$check_import_source$;

COMMENT ON FUNCTION errand_internal.check_import_source(regclass) IS
    'Raises 22023 unless p_source is a plain table, 42501 unless both the caller and errand_owner may read it.';
