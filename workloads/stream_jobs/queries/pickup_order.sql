/*---
summary = "All jobs due now in the order the document wants them picked up, id last where all else is equal"
---*/
SELECT id
FROM job_queue
WHERE status = 'pending'
  AND scheduled_for <= now()
ORDER BY job_priority DESC, scheduled_for, id
