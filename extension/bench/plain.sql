-- A job queue in one table, as one of the documents has it; its indexes are the document's (workloads/stream_jobs/indexes/as-written.sql), or those of minimal.sql.
CREATE TABLE job_queue (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL,
    job_type text NOT NULL,
    params jsonb NOT NULL,
    status text NOT NULL DEFAULT 'pending',
    job_priority integer NOT NULL DEFAULT 0,
    scheduled_for timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    completed_at timestamptz,
    expires_at timestamptz,
    worker_id text,
    retry_count integer NOT NULL DEFAULT 0,
    result jsonb,
    last_error text
);
