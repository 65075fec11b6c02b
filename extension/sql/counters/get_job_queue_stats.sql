CREATE FUNCTION errand_internal.get_job_queue_stats()
RETURNS TABLE (
    total_jobs pg_catalog.int8,
    pending_jobs pg_catalog.int8,
    processing_jobs pg_catalog.int8,
    completed_jobs pg_catalog.int8,
    failed_jobs pg_catalog.int8,
    cancelled_jobs pg_catalog.int8,
    jobs_by_type pg_catalog.jsonb,
    completed_ever pg_catalog.int8,
    failed_ever pg_catalog.int8,
    avg_processing_time pg_catalog.interval,
    recent_avg_processing_time pg_catalog.interval,
    recent_p95_processing_time pg_catalog.interval,
    recent_error_rate pg_catalog.float8,
    oldest_pending_age pg_catalog.interval
)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off -- as for errand_internal.unfolded_delta
SET jit = off
AS $get_job_queue_stats$
#variable_conflict use_column
DECLARE
    v_now pg_catalog.timestamptz := pg_catalog.clock_timestamp();
    v_since pg_catalog.timestamptz := v_now - pg_catalog.make_interval(hours => 1);
BEGIN
    RETURN QUERY
    WITH total AS MATERIALIZED (
        SELECT c.job_type, c.status, pg_catalog.sum(c.n) AS n, pg_catalog.sum(c.ever) AS ever, pg_catalog.sum(c.busy_us) AS busy_us
        FROM (
            SELECT t.job_type, t.status, t.n, t.ever, t.busy_us FROM errand_internal.type_total t
            UNION ALL
            SELECT d.job_type, d.to_status, d.n, d.n, d.busy_us
            FROM errand_internal.unfolded_delta d
            WHERE d.to_status IS NOT NULL
            UNION ALL
            SELECT d.job_type, d.from_status, -d.n, 0, 0
            FROM errand_internal.unfolded_delta d
            WHERE d.from_status IS NOT NULL
        ) c
        GROUP BY c.job_type, c.status
    ), recent AS MATERIALIZED (
        SELECT c.status, c.busy_bucket, pg_catalog.sum(c.n) AS n, pg_catalog.sum(c.busy_us) AS busy_us
        FROM (
            SELECT m.status, m.busy_bucket, m.n, m.busy_us FROM errand_internal.minute_total m WHERE m.minute > v_since
            UNION ALL
            SELECT d.to_status, coalesce(d.busy_bucket, -1), d.n, d.busy_us
            FROM errand_internal.unfolded_delta d
            WHERE d.to_status IN ('completed', 'failed') AND d.minute > v_since
        ) c
        GROUP BY c.status, c.busy_bucket
    ), ranked AS (
        SELECT r.busy_bucket, pg_catalog.sum(r.n) OVER (ORDER BY r.busy_bucket) AS up_to, pg_catalog.sum(r.n) OVER () AS n
        FROM recent r
        WHERE r.status = 'completed'
    )
    SELECT s.*, r.*, o.age
    FROM (
        SELECT coalesce(pg_catalog.sum(t.n), 0)::pg_catalog.int8,
               coalesce(pg_catalog.sum(t.n) FILTER (WHERE t.status = 'pending'), 0)::pg_catalog.int8,
               coalesce(pg_catalog.sum(t.n) FILTER (WHERE t.status = 'processing'), 0)::pg_catalog.int8,
               coalesce(pg_catalog.sum(t.n) FILTER (WHERE t.status = 'completed'), 0)::pg_catalog.int8,
               coalesce(pg_catalog.sum(t.n) FILTER (WHERE t.status = 'failed'), 0)::pg_catalog.int8,
               coalesce(pg_catalog.sum(t.n) FILTER (WHERE t.status = 'cancelled'), 0)::pg_catalog.int8,
               (SELECT coalesce(pg_catalog.jsonb_object_agg(b.job_type, b.counts), '{}')
                FROM (
                    SELECT t.job_type, pg_catalog.jsonb_object_agg(t.status, t.n) AS counts
                    FROM total t
                    WHERE t.n <> 0
                    GROUP BY t.job_type
                ) b),
               coalesce(pg_catalog.sum(t.ever) FILTER (WHERE t.status = 'completed'), 0)::pg_catalog.int8,
               coalesce(pg_catalog.sum(t.ever) FILTER (WHERE t.status = 'failed'), 0)::pg_catalog.int8,
               pg_catalog.make_interval(secs => (
                   pg_catalog.sum(t.busy_us) FILTER (WHERE t.status = 'completed')
                   / NULLIF(pg_catalog.sum(t.ever) FILTER (WHERE t.status = 'completed'), 0) / 1000000)::pg_catalog.float8)
        FROM total t
    ) s
    CROSS JOIN (
        SELECT pg_catalog.make_interval(secs => (
                   pg_catalog.sum(r.busy_us) FILTER (WHERE r.status = 'completed')
                   / pg_catalog.sum(r.n) FILTER (WHERE r.status = 'completed') / 1000000)::pg_catalog.float8),
               (SELECT pg_catalog.make_interval(secs => errand_internal.busy_us(pg_catalog.min(k.busy_bucket)::pg_catalog.int2) / 1000000)
                FROM ranked k
                WHERE k.up_to >= 0.95 * k.n),
               (coalesce(pg_catalog.sum(r.n) FILTER (WHERE r.status = 'failed'), 0) / pg_catalog.sum(r.n))::pg_catalog.float8
        FROM recent r
    ) r
    CROSS JOIN (SELECT v_now - errand_internal.oldest_pending(v_now)) AS o (age);
END
$get_job_queue_stats$;

COMMENT ON FUNCTION errand_internal.get_job_queue_stats() IS 'Behind errand.get_job_queue_stats.';

CREATE FUNCTION errand.get_job_queue_stats()
RETURNS TABLE (
    total_jobs pg_catalog.int8,
    pending_jobs pg_catalog.int8,
    processing_jobs pg_catalog.int8,
    completed_jobs pg_catalog.int8,
    failed_jobs pg_catalog.int8,
    cancelled_jobs pg_catalog.int8,
    jobs_by_type pg_catalog.jsonb,
    completed_ever pg_catalog.int8,
    failed_ever pg_catalog.int8,
    avg_processing_time pg_catalog.interval,
    recent_avg_processing_time pg_catalog.interval,
    recent_p95_processing_time pg_catalog.interval,
    recent_error_rate pg_catalog.float8,
    oldest_pending_age pg_catalog.interval
)
LANGUAGE sql STABLE SECURITY INVOKER ROWS 1
BEGIN ATOMIC
    SELECT f.* FROM errand_internal.get_job_queue_stats() f;
END;

COMMENT ON FUNCTION errand.get_job_queue_stats() IS
$$Figures of the whole queue, from counters: the same time at any number of jobs.
Returns one row. total_jobs and the five after it: jobs in the queue now, exact. jobs_by_type: for each type its numbers by status.
completed_ever, failed_ever, avg_processing_time: since the extension was created, whatever was removed since, exact; a processing time is that of the last attempt.
recent_…: what finished within the last hour, by whole minutes; NULL when nothing did. recent_avg_processing_time is exact, recent_p95_processing_time at most 5 % off; recent_error_rate: failed for good among completed and failed, 0 to 1.
oldest_pending_age: how long the job that waits longest could have been picked up; NULL when none waits.$$;
