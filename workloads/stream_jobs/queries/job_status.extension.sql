/*---
summary = "The same, read from errand.job_queue"
---*/
SELECT status
FROM errand.job_queue
WHERE id = $1
  AND user_id = $2
