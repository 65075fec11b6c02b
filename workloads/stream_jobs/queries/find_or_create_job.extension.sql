/*---
summary = "The extension's function of the same name and arguments"
---*/
SELECT job_id, is_new, existing_status
FROM errand.find_or_create_job($1, $2, $3, $4)
