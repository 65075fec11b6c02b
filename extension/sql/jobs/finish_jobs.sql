-- The way out of errand_internal.job, for many: deletes there and appends to finished storage, in one statement.
CREATE FUNCTION errand_internal.finish_jobs(p_answers errand_internal.answer[], p_status pg_catalog.text)
RETURNS pg_catalog.int4[]
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan -- as in errand_internal.submit_jobs
SET enable_seqscan = off
SET jit = off
SET enable_hashjoin = off -- a batch probes the primary key, whatever a plan made for an empty queue would do
SET enable_mergejoin = off
AS $finish_jobs$
DECLARE
    v_now pg_catalog.timestamptz := pg_catalog.clock_timestamp();
    v_done pg_catalog.int4[];
    v_appended pg_catalog.int8;
BEGIN
    WITH answer AS (
        -- A job given twice with one token is finished by the first answer; the second comes too late.
        SELECT DISTINCT ON (a.job_id, a.lease_token) a.*
        FROM pg_catalog.unnest(p_answers) a
        ORDER BY a.job_id, a.lease_token, a.position
    ), locked AS MATERIALIZED (
        -- In order of id, so that overlapping batches can't deadlock. A lease that was lost while waiting
        -- for the lock is seen: the row is checked again when it is got.
        SELECT j.id, a.position, a.result, a.error
        FROM answer a
        JOIN errand_internal.job j ON j.id = a.job_id
        WHERE (a.lease_token IS NOT NULL AND j.lease_token = a.lease_token)
           OR (a.lease_token IS NULL AND j.user_id = a.user_id)
        ORDER BY j.id
        FOR UPDATE OF j
    ), gone AS (
        DELETE FROM errand_internal.job j
        USING locked l
        WHERE j.id = l.id -- not by ctid: a version made while this waited is not in the snapshot, and found from the old one only
        RETURNING j.user_id, j.job_type, j.status, errand_internal.busy_time(j, v_now) AS busy_us, l.position,
                  errand_internal.job_finished(j, p_status, v_now, l.result, l.error) AS finished
    ), stored AS (
        INSERT INTO errand_internal.stored_job SELECT (g.finished).* FROM gone g
    ), counted AS (
        INSERT INTO errand_internal.counter_delta (
            xid, user_id, job_type, from_status, to_status, minute, busy_bucket, n, busy_us)
        SELECT pg_catalog.pg_current_xact_id(), c.user_id, c.job_type, c.status, p_status,
               pg_catalog.date_trunc('minute', v_now, 'UTC'),
               CASE WHEN p_status = 'completed' THEN errand_internal.busy_bucket(c.busy_us) END,
               pg_catalog.count(*), pg_catalog.sum(c.busy_us)
        FROM gone c
        GROUP BY 1, 2, 3, 4, 5, 6, 7
        RETURNING 1
    )
    SELECT pg_catalog.array_agg(g.position), (SELECT pg_catalog.count(*) FROM counted)
    INTO v_done, v_appended
    FROM gone g;

    IF errand_internal.fold_due(v_appended) THEN
        PERFORM errand_internal.fold_counters();
    END IF;
    RETURN coalesce(v_done, '{}');
END
$finish_jobs$;

COMMENT ON FUNCTION errand_internal.finish_jobs(errand_internal.answer[], text) IS
    'Finishes jobs with a terminal status and returns the positions of the answers that were taken; a stale token or another user''s job is left out.';
