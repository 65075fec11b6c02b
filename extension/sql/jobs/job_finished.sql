-- How a job looks when it is finished; where it goes is part of that.
CREATE FUNCTION errand_internal.job_finished(
    p_job errand_internal.job,
    p_status pg_catalog.text,
    p_at pg_catalog.timestamptz,
    p_result pg_catalog.jsonb,
    p_error pg_catalog.text
)
RETURNS errand_internal.stored_job
LANGUAGE sql STABLE PARALLEL RESTRICTED -- as what it calls; no SET clause, so that it becomes part of the query
RETURN ROW(
    p_job.created_at, p_job.scheduled_for, p_at, p_job.started_at, p_at, p_job.expires_at, NULL,
    p_job.job_priority, p_job.retry_count + (p_status = 'failed')::pg_catalog.int4,
    p_job.id, p_job.user_id, p_job.identity, NULL, false,
    CASE WHEN errand_internal.has_finished_partition(p_job.created_at) THEN 'dated' ELSE 'undated' END,
    p_status, p_job.job_type, p_job.worker_id, p_job.params, p_result, coalesce(p_error, p_job.last_error)
)::errand_internal.stored_job;

COMMENT ON FUNCTION errand_internal.job_finished(errand_internal.job, text, timestamptz, jsonb, text) IS
    'A job as it is stored when it is finished.';

CREATE FUNCTION errand_internal.busy_time(p_job errand_internal.job, p_at pg_catalog.timestamptz)
RETURNS pg_catalog.int8
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN p_job.status = 'processing'
            THEN GREATEST(0, (extract(epoch FROM p_at - p_job.started_at) * 1000000)::pg_catalog.int8)
            ELSE 0
       END;

COMMENT ON FUNCTION errand_internal.busy_time(errand_internal.job, timestamptz) IS
    'How long the current attempt of a job has taken, in microseconds; 0 when none is running.';
