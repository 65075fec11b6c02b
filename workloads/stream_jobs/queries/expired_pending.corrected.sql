/*---
summary = "The same, the longest expired first and at most 1000 at a time: an order the index has, which settles the plan"
uses = ["idx_job_queue_expiration"]
---*/
SELECT id, user_id, job_type
FROM job_queue
WHERE status = 'pending'
  AND expires_at < now()
ORDER BY expires_at
LIMIT 1000
