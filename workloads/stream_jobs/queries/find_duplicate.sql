/*---
summary = "The identical job of the user that still waits or runs: steps 1 to 4 of the document's deduplication"
# Nothing is changed, but the extension's answer comes from a function that may take a lock.
effect = "rollback"
compare = "rows"
rows = { min = 1, max = 1 }
# Jobs of users with about 100 waiting ones, each the only one of its kind: the right answer is one row. Expired ones
# are left out: the document's check finds them, the extension does not, because they will never run.
draw = """
WITH active AS (
    SELECT id, user_id, job_type, params, expires_at
    FROM job_queue
    WHERE status IN ('pending', 'processing')
), crowded AS (
    SELECT user_id
    FROM active
    GROUP BY user_id
    HAVING count(*) BETWEEN 80 AND 120
)
SELECT user_id, job_type, params
FROM active
JOIN crowded USING (user_id)
WHERE expires_at IS NULL OR expires_at > now() + interval '1 hour'
GROUP BY user_id, job_type, params
HAVING count(*) = 1
ORDER BY min(id::text)
LIMIT 500
"""

[[params]]
name = "user_id"
type = "uuid"
draw = "user_id"

[[params]]
name = "job_type"
type = "text"
draw = "job_type"

[[params]]
name = "params"
type = "jsonb"
draw = "params"

# The document's default is 5 minutes. The data age while the harness runs, and a hit must stay a hit.
[[params]]
name = "dedupe_window"
type = "interval"
gen = { constant = "3 days" }
---*/
SELECT id, status
FROM job_queue
WHERE user_id = $1
  AND job_type = $2
  AND params @> $3 -- what the document's GIN index can find …
  AND params = $3  -- … and what "identical" means
  AND status IN ('pending', 'processing')
  AND created_at > now() - $4
ORDER BY created_at DESC
LIMIT 1
