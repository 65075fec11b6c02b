-- All jobs. One parent for the hot and the cold half, so that a list over both is merged from their indexes
-- in order, also behind a policy. Columns are in the order that packs best.
--
-- Parents have no primary key and no index, and no partition of a day is made here: pg_restore could not
-- attach partitions that were made later (errand_internal.add_finished_partitions gives each its own).
CREATE TABLE errand_internal.stored_job (
    created_at       pg_catalog.timestamptz NOT NULL,
    scheduled_for    pg_catalog.timestamptz NOT NULL,
    updated_at       pg_catalog.timestamptz NOT NULL,
    started_at       pg_catalog.timestamptz,
    completed_at     pg_catalog.timestamptz,
    expires_at       pg_catalog.timestamptz,
    lease_expires_at pg_catalog.timestamptz,
    job_priority     pg_catalog.int4        NOT NULL,
    retry_count      pg_catalog.int4        NOT NULL,
    id               pg_catalog.uuid        NOT NULL,
    user_id          pg_catalog.uuid        NOT NULL,
    identity         pg_catalog.uuid        NOT NULL,
    lease_token      pg_catalog.uuid,
    dedupes          pg_catalog.bool        NOT NULL,
    storage          pg_catalog.text        NOT NULL,
    status           pg_catalog.text        NOT NULL,
    job_type         pg_catalog.text        NOT NULL,
    worker_id        pg_catalog.text,
    params           pg_catalog.jsonb       NOT NULL,
    result           pg_catalog.jsonb,
    last_error       pg_catalog.text
) PARTITION BY LIST (storage);

COMMENT ON TABLE errand_internal.stored_job IS 'Every job that has not gone to the archive, one row each.';
COMMENT ON COLUMN errand_internal.stored_job.created_at IS 'When it was submitted, by the clock, not by the start of the submitting transaction.';
COMMENT ON COLUMN errand_internal.stored_job.scheduled_for IS 'Not picked up before this time.';
COMMENT ON COLUMN errand_internal.stored_job.updated_at IS 'Last change of state.';
COMMENT ON COLUMN errand_internal.stored_job.started_at IS 'When the current or last attempt began.';
COMMENT ON COLUMN errand_internal.stored_job.completed_at IS 'When it became completed, failed for good, or cancelled; NULL before.';
COMMENT ON COLUMN errand_internal.stored_job.expires_at IS 'Not picked up from this time on; NULL: never expires.';
COMMENT ON COLUMN errand_internal.stored_job.lease_expires_at IS 'End of the current lease.';
COMMENT ON COLUMN errand_internal.stored_job.job_priority IS 'Higher is picked up first; -32768 to 32767.';
COMMENT ON COLUMN errand_internal.stored_job.retry_count IS 'Failed attempts so far.';
COMMENT ON COLUMN errand_internal.stored_job.id IS 'UUID version 7 of created_at; imported jobs keep the id they had.';
COMMENT ON COLUMN errand_internal.stored_job.user_id IS 'Whose job it is.';
COMMENT ON COLUMN errand_internal.stored_job.identity IS
    '128-bit hash of user, job type and canonical params (src/jobs/params_hash.rs). A uuid only because that is PostgreSQL''s one 16-byte type with an index; equality is always rechecked on the columns themselves.';
COMMENT ON COLUMN errand_internal.stored_job.lease_token IS 'Proof of the current lease; a secret of the worker that holds it.';
COMMENT ON COLUMN errand_internal.stored_job.dedupes IS 'Whether it holds its identity: of the active jobs of it that were created with a dedupe window, the newest.';
COMMENT ON COLUMN errand_internal.stored_job.storage IS 'Which half it is in: active, dated or undated.';
COMMENT ON COLUMN errand_internal.stored_job.status IS 'pending, processing, completed, failed or cancelled.';
COMMENT ON COLUMN errand_internal.stored_job.job_type IS 'Kind of work, 1 to 128 characters.';
COMMENT ON COLUMN errand_internal.stored_job.worker_id IS 'The worker of the current or last attempt.';
COMMENT ON COLUMN errand_internal.stored_job.params IS 'What to do, as the submitter gave it.';
COMMENT ON COLUMN errand_internal.stored_job.result IS 'What the worker answered.';
COMMENT ON COLUMN errand_internal.stored_job.last_error IS 'Why the last failed attempt failed.';
