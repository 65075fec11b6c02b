/*---
summary = "Daily clean-up: completed jobs older than 7 days"
effect = "rollback"
uses = ["idx_job_queue_cleanup"]
compare = "count" # no job's completion lies within a day of the limit, so every execution deletes the same
---*/
DELETE FROM job_queue
WHERE status = 'completed'
  AND completed_at < now() - interval '7 days'
