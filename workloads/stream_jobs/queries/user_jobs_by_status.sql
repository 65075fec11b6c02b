/*---
summary = "A user's newest 50 jobs in one state: the stated pattern of index 1"
uses = ["idx_job_queue_user_status_created"]
compare = "rows" # as in user_jobs_page
rows = { min = 50, max = 50 }
draw = """
SELECT user_id
FROM job_queue
GROUP BY user_id
HAVING count(*) BETWEEN 900 AND 1100
ORDER BY user_id
LIMIT 100
"""

[[params]]
name = "user_id"
type = "uuid"
draw = "user_id"

[[params]]
name = "status"
type = "text"
gen = { constant = "completed" }
---*/
SELECT id, job_type, params, result, created_at
FROM job_queue
WHERE user_id = $1
  AND status = $2
ORDER BY created_at DESC
LIMIT 50
