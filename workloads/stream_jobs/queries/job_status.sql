/*---
summary = "The state of one job of a user"
compare = "rows"
rows = { min = 1, max = 1 }
# Ids spread evenly over the whole key range, found by the primary key.
draw = """
SELECT job.id, job.user_id
FROM generate_series(0, 999) AS step
CROSS JOIN LATERAL (
    SELECT id, user_id
    FROM job_queue
    WHERE id >= rpad(lpad(to_hex(step * 65), 4, '0'), 32, '0')::uuid
    ORDER BY id
    LIMIT 1
) AS job
ORDER BY job.id
"""

[[params]]
name = "job_id"
type = "uuid"
draw = "id"

[[params]]
name = "user_id"
type = "uuid"
draw = "user_id"
---*/
SELECT status
FROM job_queue
WHERE id = $1
  AND user_id = $2
