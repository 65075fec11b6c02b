CREATE FUNCTION errand_internal.finished_partitions(p_parent pg_catalog.regclass)
RETURNS TABLE (name pg_catalog.text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $finished_partitions$
BEGIN
    RETURN QUERY
    SELECT c.relname::pg_catalog.text
    FROM pg_catalog.pg_inherits i
    JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = p_parent
    ORDER BY c.relname; -- the names sort by day
END
$finished_partitions$;

COMMENT ON FUNCTION errand_internal.finished_partitions(regclass) IS 'The partitions of a parent, oldest first.';
