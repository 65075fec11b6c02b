-- One job's way out of errand_internal.job. errand_internal.finish_jobs does the same for many in one
-- statement; for a single job, three plain statements are several times quicker than that one.
CREATE FUNCTION errand_internal.finish_job(p_answer errand_internal.answer, p_status pg_catalog.text)
RETURNS pg_catalog.bool
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan -- as in errand_internal.submit_jobs
SET enable_seqscan = off
SET jit = off
AS $finish_job$
DECLARE
    v_now pg_catalog.timestamptz := pg_catalog.clock_timestamp();
    v_job errand_internal.job;
    v_busy_us pg_catalog.int8;
BEGIN
    DELETE FROM errand_internal.job j
    WHERE j.id = p_answer.job_id
      AND CASE WHEN p_answer.lease_token IS NULL THEN j.user_id = p_answer.user_id ELSE j.lease_token = p_answer.lease_token END
    RETURNING j.* INTO v_job;
    IF NOT FOUND THEN
        RETURN false;
    END IF;

    INSERT INTO errand_internal.stored_job
    SELECT f.* FROM errand_internal.job_finished(v_job, p_status, v_now, p_answer.result, p_answer.error) f;

    v_busy_us := errand_internal.busy_time(v_job, v_now);
    INSERT INTO errand_internal.counter_delta (xid, user_id, job_type, from_status, to_status, minute, busy_bucket, n, busy_us)
    VALUES (pg_catalog.pg_current_xact_id(), v_job.user_id, v_job.job_type, v_job.status, p_status,
            pg_catalog.date_trunc('minute', v_now, 'UTC'),
            CASE WHEN p_status = 'completed' THEN errand_internal.busy_bucket(v_busy_us) END, 1, v_busy_us);

    IF errand_internal.fold_due(1) THEN
        PERFORM errand_internal.fold_counters();
    END IF;
    RETURN true;
END
$finish_job$;

COMMENT ON FUNCTION errand_internal.finish_job(errand_internal.answer, text) IS
    'Finishes a job with a terminal status; false for a stale token or another user''s job.';
