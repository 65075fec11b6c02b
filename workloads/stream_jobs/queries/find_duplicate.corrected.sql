/*---
summary = "The same by plain equality: the user's few active jobs of the type are found by a B-tree"
uses = ["idx_job_queue_user_active"]
---*/
SELECT id, status
FROM job_queue
WHERE user_id = $1
  AND job_type = $2
  AND params = $3
  AND status IN ('pending', 'processing')
  AND created_at > now() - $4
ORDER BY created_at DESC
LIMIT 1
