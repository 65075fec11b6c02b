/*---
summary = "Failed jobs with attempts left"
uses = ["idx_job_queue_retry_eligible"]
compare = "rows"
---*/
SELECT id, job_type, retry_count, updated_at
FROM job_queue
WHERE status = 'failed'
  AND retry_count < 3
