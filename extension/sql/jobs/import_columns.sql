CREATE FUNCTION errand_internal.import_columns()
RETURNS TABLE ("position" pg_catalog.int4, name pg_catalog.text, types pg_catalog.text[], missing pg_catalog.text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 16
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    VALUES (1,  'id',            '{uuid}'::pg_catalog.text[],                     NULL),
           (2,  'user_id',       '{uuid}',                                        NULL),
           (3,  'job_type',      '{text,character varying}',                      NULL),
           (4,  'params',        '{jsonb}',                                       'NULL::pg_catalog.jsonb'),
           (5,  'status',        '{text,character varying,an enum}',              NULL),
           (6,  'job_priority',  '{integer,smallint}',                            'NULL::pg_catalog.int4'),
           (7,  'scheduled_for', '{timestamp with time zone}',                    'NULL::pg_catalog.timestamptz'),
           (8,  'created_at',    '{timestamp with time zone}',                    NULL),
           (9,  'updated_at',    '{timestamp with time zone}',                    'NULL::pg_catalog.timestamptz'),
           (10, 'started_at',    '{timestamp with time zone}',                    'NULL::pg_catalog.timestamptz'),
           (11, 'completed_at',  '{timestamp with time zone}',                    'NULL::pg_catalog.timestamptz'),
           (12, 'expires_at',    '{timestamp with time zone}',                    'NULL::pg_catalog.timestamptz'),
           (13, 'worker_id',     '{text,character varying,uuid}',                 'NULL::pg_catalog.text'),
           (14, 'retry_count',   '{integer,smallint}',                            'NULL::pg_catalog.int4'),
           (15, 'result',        '{jsonb}',                                       'NULL::pg_catalog.jsonb'),
           (16, 'last_error',    '{text,character varying}',                      'NULL::pg_catalog.text');
END;

COMMENT ON FUNCTION errand_internal.import_columns() IS
    'The columns errand.import_jobs reads: the types each may have, and what stands in when the source lacks it (NULL: it must be there).';
