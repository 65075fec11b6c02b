/*---
summary = "A thousand jobs in one statement, as the document's batch creation writes it"
effect = "rollback"
compare = "count" # the ids are new each time
rows = { min = 1000, max = 1000 }
# Twenty batches, each for 50 users; no two jobs alike.
draw = """
SELECT batch,
       jsonb_agg(
           jsonb_build_object(
               'user_id', md5(format('user %s of batch %s', job % 50, batch))::uuid,
               'job_type', 'sync_youtube',
               'params', jsonb_build_object('social_account_id', md5(format('account %s of batch %s', job, batch))::uuid)
           ) ORDER BY job
       ) AS jobs
FROM generate_series(1, 20) AS batch
CROSS JOIN generate_series(1, 1000) AS job
GROUP BY batch
ORDER BY batch
"""

[[params]]
name = "jobs"
type = "jsonb"
draw = "jobs"
---*/
WITH job_params AS (
    SELECT * FROM jsonb_to_recordset($1)
    AS x(user_id uuid, job_type text, params jsonb)
)
INSERT INTO job_queue (user_id, job_type, params)
SELECT user_id, job_type, params FROM job_params
RETURNING id
