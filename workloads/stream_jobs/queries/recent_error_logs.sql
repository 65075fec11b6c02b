/*---
summary = "Errors of the last hour over all jobs"
uses = ["idx_job_log_errors"]
compare = "none"
compare_why = "the hour moves while the harness works"
---*/
SELECT id, job_id, message, created_at
FROM job_log
WHERE log_level = 'error'
  AND created_at > now() - interval '1 hour'
ORDER BY created_at DESC
