/*---
summary = "Jobs whose params contain an account: the stated pattern of index 10"
uses = ["idx_job_queue_params_gin"]
compare = "rows"
rows = { min = 1, max = 10000 }
draw = """
SELECT DISTINCT params
FROM job_queue
WHERE status = 'pending'
  AND params ? 'social_account_id'
ORDER BY params
LIMIT 100
"""

[[params]]
name = "contained"
type = "jsonb"
draw = "params"
---*/
SELECT id, user_id, job_type, status
FROM job_queue
WHERE params @> $1
