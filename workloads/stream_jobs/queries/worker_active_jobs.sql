/*---
summary = "What one worker is processing, newest first"
uses = ["idx_job_queue_worker_active"]
compare = "rows"
draw = """
SELECT DISTINCT worker_id
FROM job_queue
WHERE status = 'processing'
ORDER BY worker_id
"""

[[params]]
name = "worker_id"
type = "text"
draw = "worker_id"
---*/
SELECT id, job_type, started_at
FROM job_queue
WHERE worker_id = $1
  AND status = 'processing'
ORDER BY started_at DESC
