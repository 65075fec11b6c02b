/*---
summary = "Waiting jobs past their expiry"
uses = ["idx_job_queue_expiration"]
compare = "rows" # the next expiry is hours away, so the answer holds still
---*/
SELECT id, user_id, job_type
FROM job_queue
WHERE status = 'pending'
  AND expires_at < now()
