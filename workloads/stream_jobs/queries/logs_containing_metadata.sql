/*---
summary = "Log lines with one error code"
uses = ["idx_job_log_metadata_gin"]
compare = "rows"
rows = { min = 1, max = 1000000 }
---*/
SELECT id, job_id, log_level, created_at
FROM job_log
WHERE metadata @> '{"error_code": "RATE_LIMIT"}'
