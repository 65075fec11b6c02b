-- The document's indexes, letter for letter: 11 on job_queue, 4 on job_log.

-- 1. User Job Listing (Pagination Queries)
CREATE INDEX idx_job_queue_user_status_created
    ON job_queue(user_id, status, created_at DESC);

-- 2. Worker Job Pickup (FIFO with Priority)
CREATE INDEX idx_job_queue_pending_pickup
    ON job_queue(status, scheduled_for, job_priority DESC, id)
    WHERE status = 'pending';

-- 3. Active Job Monitoring
CREATE INDEX idx_job_queue_worker_active
    ON job_queue(worker_id, status, started_at DESC)
    WHERE status = 'processing';

-- 4. Cleanup Old Completed Jobs
CREATE INDEX idx_job_queue_cleanup
    ON job_queue(status, completed_at)
    WHERE status IN ('completed', 'cancelled', 'failed');

-- 5. Auto-Retry Failed Jobs
CREATE INDEX idx_job_queue_retry_eligible
    ON job_queue(status, retry_count, updated_at)
    WHERE status = 'failed';

-- 6. Job Type Analytics
CREATE INDEX idx_job_queue_type_status
    ON job_queue(job_type, status)
    WHERE status IN ('pending', 'processing', 'failed');

-- 7. User Rate Limiting
CREATE INDEX idx_job_queue_user_active
    ON job_queue(user_id, status)
    WHERE status IN ('pending', 'processing');

-- 8. Expire Stale Jobs
CREATE INDEX idx_job_queue_expiration
    ON job_queue(status, expires_at)
    WHERE status = 'pending';

-- 9. Stuck Job Detection
CREATE INDEX idx_job_queue_stuck_detection
    ON job_queue(status, started_at)
    WHERE status = 'processing';

-- 10. JSONB Params Search (Deduplication)
CREATE INDEX idx_job_queue_params_gin
    ON job_queue USING gin(params jsonb_path_ops);

-- 11. JSONB Result Search (Caching)
CREATE INDEX idx_job_queue_result_gin
    ON job_queue USING gin(result jsonb_path_ops)
    WHERE result IS NOT NULL;

-- 1. Job Log Retrieval (Paginated)
CREATE INDEX idx_job_log_job_time
    ON job_log(job_id, created_at DESC);

-- 2. Error Log Monitoring
CREATE INDEX idx_job_log_errors
    ON job_log(log_level, created_at DESC)
    WHERE log_level IN ('error', 'warning');

-- 3. Full-Text Search in Logs
CREATE INDEX idx_job_log_message_fts
    ON job_log USING gin(to_tsvector('english', message));

-- 4. JSONB Metadata Search
CREATE INDEX idx_job_log_metadata_gin
    ON job_log USING gin(metadata jsonb_path_ops)
    WHERE metadata IS NOT NULL;
