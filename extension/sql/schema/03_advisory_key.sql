CREATE FUNCTION errand_internal.advisory_key(p_purpose pg_catalog.text)
RETURNS pg_catalog.int8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
-- The prefix keeps us out of the way of an application that uses small numbers.
RETURN pg_catalog.hashtextextended('pg_errand ' || p_purpose, 0);

COMMENT ON FUNCTION errand_internal.advisory_key(text) IS 'The key of an advisory lock of this extension.';
