-- Not IF NOT EXISTS: a schema that is already there belongs to somebody else, who could have put
-- functions or operators into it that privileged code would then call.
CREATE SCHEMA errand;
COMMENT ON SCHEMA errand IS
    'API of pg_errand: the only schema to expose through PostgREST. Everything in it runs with the caller''s own rights.';

-- errand_internal is made by pgrx (src/lib.rs), under the same protection.
COMMENT ON SCHEMA errand_internal IS
    'Storage and privileged functions of pg_errand. Never expose it, never grant USAGE on it: names and columns change without notice.';
