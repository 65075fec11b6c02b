/*---
summary = "The total counted in the index alone, the page read in index order: still one statement"
---*/
SELECT page.id, page.job_type, page.status, page.params, page.result, page.job_priority,
       page.created_at, page.started_at, page.completed_at, total.total_count
FROM (
    SELECT id, job_type, status, params, result, job_priority, created_at, started_at, completed_at
    FROM job_queue
    WHERE user_id = $1
      AND status = $2
    ORDER BY created_at DESC
    LIMIT $3 OFFSET $4
) AS page
CROSS JOIN (
    SELECT count(*) AS total_count
    FROM job_queue
    WHERE user_id = $1
      AND status = $2
) AS total
ORDER BY page.created_at DESC
