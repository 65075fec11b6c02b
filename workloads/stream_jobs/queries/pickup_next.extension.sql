/*---
summary = "errand.pick_up_jobs for one job of any type"
---*/
SELECT id, user_id, job_type, params
FROM errand.pick_up_jobs($1, NULL::text[], 1)
