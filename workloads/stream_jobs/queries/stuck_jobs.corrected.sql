/*---
summary = "The same statement; every running job stands in the index of the workers, there are about a hundred"
uses = ["idx_job_queue_worker_active"]
---*/
SELECT id, worker_id, started_at
FROM job_queue
WHERE status = 'processing'
  AND started_at < now() - interval '30 minutes'
