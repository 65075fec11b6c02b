/*---
summary = "The same figures from errand.get_job_queue_stats, which reads counters"
---*/
SELECT total_jobs::numeric AS total,
       pending_jobs::numeric AS pending,
       processing_jobs::numeric AS processing,
       completed_jobs::numeric AS completed,
       failed_jobs::numeric AS failed,
       round(extract(epoch FROM avg_processing_time), 3) AS mean_processing_seconds,
       round(100.0 * failed_jobs / total_jobs, 3) AS failed_percent,
       (SELECT jsonb_object_agg(t.job_type, (SELECT sum(s.n::bigint) FROM jsonb_each_text(t.counts) AS s (status, n)))
        FROM jsonb_each(jobs_by_type) AS t (job_type, counts)) AS jobs_by_type
FROM errand.get_job_queue_stats()
