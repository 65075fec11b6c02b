-- Filling an empty table row by row through every index takes several times as long as building the indexes
-- afterwards. Only when nobody uses it: the lock is exclusive.
CREATE FUNCTION errand_internal.drop_indexes_if_empty(p_table pg_catalog.regclass)
RETURNS pg_catalog.text[]
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $drop_indexes_if_empty$
DECLARE
    v_in_use pg_catalog.bool;
    v_index pg_catalog.record;
    v_rebuild pg_catalog.text[] := '{}';
BEGIN
    EXECUTE pg_catalog.format('SELECT EXISTS (SELECT FROM %s)', p_table) INTO v_in_use;
    IF v_in_use THEN
        RETURN '{}';
    END IF;
    BEGIN
        EXECUTE pg_catalog.format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE NOWAIT', p_table);
    EXCEPTION
        WHEN lock_not_available THEN
            RETURN '{}'; -- in use: the slow way is the considerate one
    END;
    EXECUTE pg_catalog.format('SELECT EXISTS (SELECT FROM %s)', p_table) INTO v_in_use;
    IF v_in_use THEN
        RETURN '{}';
    END IF;

    FOR v_index IN
        SELECT i.indexrelid::pg_catalog.regclass AS name, pg_catalog.pg_get_indexdef(i.indexrelid) AS definition,
               c.conname, pg_catalog.pg_get_constraintdef(c.oid) AS constraint_definition
        FROM pg_catalog.pg_index i
        LEFT JOIN pg_catalog.pg_constraint c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid
        WHERE i.indrelid = p_table
    LOOP
        IF v_index.conname IS NULL THEN
            EXECUTE pg_catalog.format('DROP INDEX %s', v_index.name);
            v_rebuild := v_rebuild || v_index.definition;
        ELSE
            EXECUTE pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', p_table, v_index.conname);
            v_rebuild := v_rebuild || pg_catalog.format(
                'ALTER TABLE %s ADD CONSTRAINT %I %s', p_table, v_index.conname, v_index.constraint_definition);
        END IF;
    END LOOP;
    RETURN v_rebuild;
END
$drop_indexes_if_empty$;

COMMENT ON FUNCTION errand_internal.drop_indexes_if_empty(regclass) IS
    'Drops the indexes of a table that is empty and not in use, and returns the statements that make them again; none otherwise.';
