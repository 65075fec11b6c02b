/*---
summary = "errand.get_user_jobs, whose rows carry the total"
---*/
SELECT id, job_type, status, params, result, job_priority, created_at, started_at, completed_at,
       total_count
FROM errand.get_user_jobs(p_user_id => $1, p_status => $2, p_limit => $3, p_offset => $4)
