/*---
summary = "A worker takes the next job: highest priority, then oldest schedule, skipping what others hold"
effect = "rollback"
uses = ["idx_job_queue_pending_pickup"]
# Which job comes first among equals is open (the document's order has no tie-break); SJ-36 checks the order.
compare = "count"
rows = { min = 1, max = 1 }

[[params]]
name = "worker_id"
type = "text"
gen = { constant = "worker-under-test" }
---*/
UPDATE job_queue
SET status = 'processing', worker_id = $1, started_at = now(), updated_at = now()
WHERE id = (
    SELECT id
    FROM job_queue
    WHERE status = 'pending'
      AND scheduled_for <= now()
    ORDER BY job_priority DESC, scheduled_for
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING id, user_id, job_type, params
