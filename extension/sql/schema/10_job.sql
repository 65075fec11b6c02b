CREATE TABLE errand_internal.job (
    id               pg_catalog.uuid        NOT NULL,
    user_id          pg_catalog.uuid        NOT NULL,
    job_type         pg_catalog.text        NOT NULL,
    params           pg_catalog.jsonb       NOT NULL,
    status           pg_catalog.text        NOT NULL,
    job_priority     pg_catalog.int4        NOT NULL,
    scheduled_for    pg_catalog.timestamptz NOT NULL,
    created_at       pg_catalog.timestamptz NOT NULL,
    updated_at       pg_catalog.timestamptz NOT NULL,
    started_at       pg_catalog.timestamptz,
    completed_at     pg_catalog.timestamptz,
    expires_at       pg_catalog.timestamptz,
    worker_id        pg_catalog.text,
    retry_count      pg_catalog.int4        NOT NULL,
    result           pg_catalog.jsonb,
    last_error       pg_catalog.text,
    identity         pg_catalog.uuid        NOT NULL,
    lease_token      pg_catalog.uuid,
    lease_expires_at pg_catalog.timestamptz,
    CONSTRAINT job_pkey PRIMARY KEY (id),
    CONSTRAINT job_status_known
        CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')),
    -- Only running work can be leased: a token that outlives it would let a stale worker finish the job twice.
    CONSTRAINT job_lease_only_while_processing
        CHECK (lease_token IS NULL OR status = 'processing')
);

-- A user's list and its exact total: ordered like the documents' cursor, and wide enough that counting
-- by status or type is an index-only scan.
CREATE INDEX job_user_created
    ON errand_internal.job (user_id, created_at DESC, id DESC) INCLUDE (status, job_type);

-- Pickup: the index order is the pickup order, so nothing is sorted and LIMIT stops the scan.
CREATE INDEX job_pickup
    ON errand_internal.job (job_priority DESC, scheduled_for, id)
    WHERE status = 'pending';

-- Deduplication: the identical job that is still waiting or running.
CREATE INDEX job_active_identity
    ON errand_internal.job (identity, created_at DESC)
    WHERE status IN ('pending', 'processing');

-- Result cache: the newest identical job that completed.
CREATE INDEX job_completed_identity
    ON errand_internal.job (identity, completed_at DESC)
    WHERE status = 'completed';

SELECT pg_catalog.pg_extension_config_dump('errand_internal.job', '');

COMMENT ON TABLE errand_internal.job IS 'Every job, one row each.';
COMMENT ON COLUMN errand_internal.job.id IS 'UUID version 7, so ids sort by created_at; imported jobs keep the id they had.';
COMMENT ON COLUMN errand_internal.job.user_id IS 'Whose job it is.';
COMMENT ON COLUMN errand_internal.job.job_type IS 'Kind of work, 1 to 128 characters.';
COMMENT ON COLUMN errand_internal.job.params IS 'What to do, as the submitter gave it.';
COMMENT ON COLUMN errand_internal.job.status IS 'pending, processing, completed, failed or cancelled.';
COMMENT ON COLUMN errand_internal.job.job_priority IS 'Higher is picked up first; -32768 to 32767.';
COMMENT ON COLUMN errand_internal.job.scheduled_for IS 'Not picked up before this time.';
COMMENT ON COLUMN errand_internal.job.created_at IS 'When it was submitted, by the clock, not by the start of the submitting transaction.';
COMMENT ON COLUMN errand_internal.job.updated_at IS 'Last change of state.';
COMMENT ON COLUMN errand_internal.job.started_at IS 'When the current or last attempt began.';
COMMENT ON COLUMN errand_internal.job.completed_at IS 'When it became completed, failed for good, or cancelled.';
COMMENT ON COLUMN errand_internal.job.expires_at IS 'Not picked up from this time on; NULL: never expires.';
COMMENT ON COLUMN errand_internal.job.worker_id IS 'The worker of the current or last attempt.';
COMMENT ON COLUMN errand_internal.job.retry_count IS 'Failed attempts so far.';
COMMENT ON COLUMN errand_internal.job.result IS 'What the worker answered.';
COMMENT ON COLUMN errand_internal.job.last_error IS 'Why the last failed attempt failed.';
COMMENT ON COLUMN errand_internal.job.identity IS
    '128-bit hash of user, job type and canonical params (src/jobs/params_hash.rs). A uuid only because that is PostgreSQL''s one 16-byte type with an index; equality is always rechecked on the columns themselves.';
COMMENT ON COLUMN errand_internal.job.lease_token IS 'Proof of the current lease; a secret of the worker that holds it.';
COMMENT ON COLUMN errand_internal.job.lease_expires_at IS 'End of the current lease.';
