/*---
summary = "The newest 100 log lines of a job"
uses = ["idx_job_log_job_time"]
compare = "rows" # no two lines of a job share a microsecond
rows = { min = 1, max = 100 }
draw = """
SELECT job_id
FROM job_log
GROUP BY job_id
ORDER BY count(*) DESC, job_id
LIMIT 100
"""

[[params]]
name = "job_id"
type = "uuid"
draw = "job_id"
---*/
SELECT id, log_level, message, metadata, created_at
FROM job_log
WHERE job_id = $1
ORDER BY created_at DESC
LIMIT 100
