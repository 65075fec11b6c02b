/*---
summary = "How many jobs of a user wait or run: the check of the rate limit"
uses = ["idx_job_queue_user_active"]
compare = "rows"
draw = """
SELECT user_id
FROM job_queue
WHERE status IN ('pending', 'processing')
GROUP BY user_id
ORDER BY count(*) DESC, user_id
LIMIT 200
"""

[[params]]
name = "user_id"
type = "uuid"
draw = "user_id"
---*/
SELECT count(*) AS active_jobs
FROM job_queue
WHERE user_id = $1
  AND status IN ('pending', 'processing')
