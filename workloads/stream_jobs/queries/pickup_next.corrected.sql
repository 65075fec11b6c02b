/*---
summary = "The same with id as tie-break, so that the order is total and is the order of the index"
uses = ["idx_job_queue_pending_pickup"]
---*/
UPDATE job_queue
SET status = 'processing', worker_id = $1, started_at = now(), updated_at = now()
WHERE id = (
    SELECT id
    FROM job_queue
    WHERE status = 'pending'
      AND scheduled_for <= now()
    ORDER BY job_priority DESC, scheduled_for, id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING id, user_id, job_type, params
