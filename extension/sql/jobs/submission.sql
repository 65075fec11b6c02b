CREATE TYPE errand_internal.submission AS (
    ordinal       pg_catalog.int4,
    user_id       pg_catalog.uuid,
    job_type      pg_catalog.text,
    params        pg_catalog.jsonb,
    dedupe_window pg_catalog.interval,
    job_priority  pg_catalog.int4,
    scheduled_for pg_catalog.timestamptz,
    expires_at    pg_catalog.timestamptz,
    identity      pg_catalog.uuid
);
COMMENT ON TYPE errand_internal.submission IS
    'A checked request for a job, all defaults filled in but the times, which depend on when the job is made. ordinal counts from 1.';
