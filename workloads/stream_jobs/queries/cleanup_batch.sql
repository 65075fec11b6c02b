/*---
summary = "The first thousand jobs due for clean-up: the stated pattern of index 4, as a clean-up in batches asks it"
# delete_old_completed takes all 100 000 at once; where those are most of the table, no plan would use an index.
uses = ["idx_job_queue_cleanup"]
compare = "rows" # no two of the jobs share a microsecond at the cut
rows = { min = 1000, max = 1000 }
---*/
SELECT id, completed_at
FROM job_queue
WHERE status = 'completed'
  AND completed_at < now() - interval '7 days'
ORDER BY completed_at
LIMIT 1000
