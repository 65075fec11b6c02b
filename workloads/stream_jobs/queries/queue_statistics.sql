/*---
summary = "The dashboard: totals per state, mean processing time, failure rate, jobs by type, in one pass"
compare = "rows"
rows = { min = 1, max = 1 }
---*/
WITH tally AS (
    SELECT job_type, status, count(*) AS jobs, sum(extract(epoch FROM completed_at - started_at)) AS seconds
    FROM job_queue
    GROUP BY job_type, status
)
SELECT sum(jobs) AS total,
       sum(jobs) FILTER (WHERE status = 'pending') AS pending,
       sum(jobs) FILTER (WHERE status = 'processing') AS processing,
       sum(jobs) FILTER (WHERE status = 'completed') AS completed,
       sum(jobs) FILTER (WHERE status = 'failed') AS failed,
       round(sum(seconds) FILTER (WHERE status = 'completed') / sum(jobs) FILTER (WHERE status = 'completed'), 3)
           AS mean_processing_seconds,
       round(100 * sum(jobs) FILTER (WHERE status = 'failed') / sum(jobs), 3) AS failed_percent,
       (SELECT jsonb_object_agg(job_type, jobs)
        FROM (SELECT job_type, sum(jobs) AS jobs FROM tally GROUP BY job_type) AS by_type) AS jobs_by_type
FROM tally
