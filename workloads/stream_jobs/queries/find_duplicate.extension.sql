/*---
summary = "errand.find_or_create_job, which must answer with the job that is there"
---*/
SELECT job_id AS id, existing_status AS status
FROM errand.find_or_create_job($1, $2, $3, $4)
WHERE NOT is_new
