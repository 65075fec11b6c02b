/*---
summary = "One page of a user's jobs in one state, newest first, with the total beside each row"
compare = "rows" # the order is unique in practice: no two jobs of a user share a microsecond
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

[[params]]
name = "limit"
type = "int4"
gen = { constant = 50 }

# Most readers stay on the first page.
[[params]]
name = "offset"
type = "int4"
gen = { weighted = [
    { weight = 8, value = 0 },
    { weight = 1, value = 50 },
    { weight = 1, value = 450 },
] }
---*/
SELECT id, job_type, status, params, result, job_priority, created_at, started_at, completed_at,
       count(*) OVER () AS total_count
FROM job_queue
WHERE user_id = $1
  AND status = $2
ORDER BY created_at DESC
LIMIT $3 OFFSET $4
