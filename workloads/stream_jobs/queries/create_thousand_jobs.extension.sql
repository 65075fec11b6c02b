/*---
summary = "errand.create_jobs; each element names its user, which a trusted caller may"
---*/
SELECT job_id AS id
FROM errand.create_jobs(($1 -> 0 ->> 'user_id')::uuid, $1)
WHERE is_new
