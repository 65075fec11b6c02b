-- The tables of document 003. It shows statements and indexes but no CREATE TABLE: columns are the ones its
-- statements name, types and checks what those statements need.

CREATE TABLE job_queue (
    id            uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id       uuid        NOT NULL,
    job_type      text        NOT NULL,
    params        jsonb       NOT NULL DEFAULT '{}',
    status        text        NOT NULL DEFAULT 'pending'
                  CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')),
    job_priority  integer     NOT NULL DEFAULT 0,
    scheduled_for timestamptz NOT NULL DEFAULT now(),
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    started_at    timestamptz,
    completed_at  timestamptz,
    expires_at    timestamptz,
    worker_id     text,
    retry_count   integer     NOT NULL DEFAULT 0 CHECK (retry_count >= 0),
    result        jsonb,
    last_error    text
);

-- No foreign key to job_queue: the document states none, and the clean-up it describes deletes jobs in bulk.
-- With ON DELETE CASCADE that delete would search this table once for every job.
CREATE TABLE job_log (
    id         uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    job_id     uuid        NOT NULL,
    log_level  text        NOT NULL CHECK (log_level IN ('debug', 'info', 'warning', 'error')),
    message    text        NOT NULL,
    metadata   jsonb,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- "Query Planning" of the document: part of its design, no matter which indexes there are.
ALTER TABLE job_queue ALTER COLUMN status SET STATISTICS 1000;
ALTER TABLE job_queue ALTER COLUMN job_type SET STATISTICS 1000;
