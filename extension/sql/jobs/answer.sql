CREATE TYPE errand_internal.answer AS (
    "position"  pg_catalog.int4,
    job_id      pg_catalog.uuid,
    lease_token pg_catalog.uuid,
    user_id     pg_catalog.uuid,
    result      pg_catalog.jsonb,
    error       pg_catalog.text
);
COMMENT ON TYPE errand_internal.answer IS
    'What is to become of a job. Either lease_token, from the worker that holds it, or user_id, from its owner, must be the job''s.';
