/*---
summary = "The same without expired jobs, which the extension never picks up"
---*/
SELECT id
FROM errand.job_queue
WHERE status = 'pending'
  AND scheduled_for <= now()
  AND (expires_at IS NULL OR expires_at > now())
ORDER BY job_priority DESC, scheduled_for, id
