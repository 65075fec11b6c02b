-- The 11 indexes of the document (workloads/stream_jobs/indexes/as-written.sql), beside the primary key.

CREATE INDEX idx_job_queue_user_status_created
    ON job_queue(user_id, status, created_at DESC);
CREATE INDEX idx_job_queue_pending_pickup
    ON job_queue(status, scheduled_for, job_priority DESC, id)
    WHERE status = 'pending';
CREATE INDEX idx_job_queue_worker_active
    ON job_queue(worker_id, status, started_at DESC)
    WHERE status = 'processing';
CREATE INDEX idx_job_queue_cleanup
    ON job_queue(status, completed_at)
    WHERE status IN ('completed', 'cancelled', 'failed');
CREATE INDEX idx_job_queue_retry_eligible
    ON job_queue(status, retry_count, updated_at)
    WHERE status = 'failed';
CREATE INDEX idx_job_queue_type_status
    ON job_queue(job_type, status)
    WHERE status IN ('pending', 'processing', 'failed');
CREATE INDEX idx_job_queue_user_active
    ON job_queue(user_id, status)
    WHERE status IN ('pending', 'processing');
CREATE INDEX idx_job_queue_expiration
    ON job_queue(status, expires_at)
    WHERE status = 'pending';
CREATE INDEX idx_job_queue_stuck_detection
    ON job_queue(status, started_at)
    WHERE status = 'processing';
CREATE INDEX idx_job_queue_params_gin
    ON job_queue USING gin(params jsonb_path_ops);
CREATE INDEX idx_job_queue_result_gin
    ON job_queue USING gin(result jsonb_path_ops)
    WHERE result IS NOT NULL;
