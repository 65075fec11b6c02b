-- The document's set, mended: 9 indexes on job_queue beside a wider primary key, 4 on job_log.
-- An index that stays under its old name has the same purpose; only its definition changed.
--
-- Left out, two of 15:
--   idx_job_queue_stuck_detection  about a hundred jobs run at any time, and all of them stand in
--                                  idx_job_queue_worker_active: reading that one whole costs 2 pages.
--   idx_job_queue_params_gin       meant to find identical waiting jobs, but it indexes the params of every job
--                                  ever made, and containment is not identity: {"a": 1} is contained in
--                                  {"a": 1, "b": 2}. idx_job_queue_user_active finds them by plain equality. The
--                                  pattern `params @> …` without user or state now reads the whole table.
--
-- In partial indexes on one status, the document leads with that status: a column with one value, which
-- orders nothing and is repeated in every entry. It is dropped below wherever the predicate fixes it.

-- For "status by index-only scan": no index of the document holds id and status together. A primary key that
-- carries the two columns is read without the table, as long as the page is all-visible. It costs 26 MB a million
-- jobs and no further index. Both statements belong together; on a live table build the first CONCURRENTLY.
CREATE UNIQUE INDEX job_queue_id_status
    ON job_queue (id) INCLUDE (user_id, status);

-- The second half of the above: the wider index replaces the primary key's own.
ALTER TABLE job_queue
    DROP CONSTRAINT job_queue_pkey,
    ADD CONSTRAINT job_queue_id_status PRIMARY KEY USING INDEX job_queue_id_status;

-- Unchanged: serves the page in order, and the count without the table once the statement asks apart.
CREATE INDEX idx_job_queue_user_status_created
    ON job_queue (user_id, status, created_at DESC);

-- The order of the index is now the ORDER BY of the pickup, with id as tie-break: the first entry that is due is
-- the answer. As written, scheduled_for stands before job_priority, so all 10 000 waiting jobs are read and sorted.
CREATE INDEX idx_job_queue_pending_pickup
    ON job_queue (job_priority DESC, scheduled_for, id)
    WHERE status = 'pending';

-- Without the constant status; also answers the search for stuck jobs (see the top).
CREATE INDEX idx_job_queue_worker_active
    ON job_queue (worker_id, started_at DESC)
    WHERE status = 'processing';

-- Without status: 21 MB instead of 38 MB a million jobs. Nearly all finished jobs are completed, and the rows
-- found are about to be deleted, so looking at the others' status in the table costs nothing that counts.
CREATE INDEX idx_job_queue_cleanup
    ON job_queue (completed_at)
    WHERE status IN ('completed', 'cancelled', 'failed');

-- Without the constant status.
CREATE INDEX idx_job_queue_retry_eligible
    ON job_queue (retry_count, updated_at)
    WHERE status = 'failed';

-- Unchanged: equal entries share a posting list, so it is the smallest of all and is read whole.
CREATE INDEX idx_job_queue_type_status
    ON job_queue (job_type, status)
    WHERE status IN ('pending', 'processing', 'failed');

-- Without status, with type and time: the rate limit counts by the first column as before, and the check for a
-- duplicate reads only the user's active jobs of that type inside the window, newest first, without a sort.
CREATE INDEX idx_job_queue_user_active
    ON job_queue (user_id, job_type, created_at DESC)
    WHERE status IN ('pending', 'processing');

-- Without the constant status. Smallest of the pending indexes; the pickup prefers the one above because only
-- that one spares the sort.
CREATE INDEX idx_job_queue_expiration
    ON job_queue (expires_at)
    WHERE status = 'pending';

-- Unchanged.
CREATE INDEX idx_job_queue_result_gin
    ON job_queue USING gin (result jsonb_path_ops)
    WHERE result IS NOT NULL;

-- Unchanged.
CREATE INDEX idx_job_log_job_time
    ON job_log (job_id, created_at DESC);

-- Unchanged: here the leading column does tell two levels apart.
CREATE INDEX idx_job_log_errors
    ON job_log (log_level, created_at DESC)
    WHERE log_level IN ('error', 'warning');

-- Unchanged.
CREATE INDEX idx_job_log_message_fts
    ON job_log USING gin (to_tsvector('english', message));

-- Unchanged.
CREATE INDEX idx_job_log_metadata_gin
    ON job_log USING gin (metadata jsonb_path_ops)
    WHERE metadata IS NOT NULL;
