/*---
summary = "Jobs in processing for more than 30 minutes"
uses = ["idx_job_queue_stuck_detection"]
compare = "none"
compare_why = "running jobs pass the 30 minutes while the harness works"
---*/
SELECT id, worker_id, started_at
FROM job_queue
WHERE status = 'processing'
  AND started_at < now() - interval '30 minutes'
