-- Find or create, for one job or thousands. What happens in a pass:
--
--  1. A look without locks. Most repeated requests end here.
--  2. A job that holds the identity of a request but can't stand in for it (it is older than the window,
--     say) gives the identity up.
--  3. What was not found is inserted, in the order of its identity, so that two batches can't deadlock. The
--     unique index job_identity makes one of two sessions wait for the other, and keeps the loser's row out.
--  4. Who lost goes on with another pass. Each statement of a VOLATILE function has a new snapshot at READ
--     COMMITTED, so the look finds the winner's job; or nothing, if that has finished meanwhile, and then
--     the insert succeeds.
--
-- At REPEATABLE READ and above the snapshot is the old one. There PostgreSQL itself raises 40001 when the
-- insert meets a row that the snapshot can't see.
CREATE FUNCTION errand_internal.submit_jobs(p_jobs errand_internal.submission[])
RETURNS TABLE (ordinal pg_catalog.int4, job_id pg_catalog.uuid, is_new pg_catalog.bool, existing_status pg_catalog.text)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan -- planning takes many times as long as running, and the plan is the same for 1 job and 10 000
SET enable_seqscan = off -- a plan made while the queue was empty is kept when it isn't any more
SET jit = off -- the cost of a plan with that setting says nothing
AS $submit_jobs$
#variable_conflict use_column
DECLARE
    v_now pg_catalog.timestamptz;
    v_job pg_catalog.uuid[];     -- by ordinal: the answer, or NULL
    v_new pg_catalog.bool[];     -- by ordinal: whether this call made it
    v_status pg_catalog.text[];  -- by ordinal: the status of a job that was there
    v_appended pg_catalog.int8;
BEGIN
    LOOP
        v_now := pg_catalog.clock_timestamp();

        -- LATERAL with LIMIT 1 leaves the planner no choice but index probes for each job.
        SELECT pg_catalog.array_agg(coalesce(s.answer, e.id) ORDER BY s.ordinal),
               pg_catalog.array_agg(coalesce(s.answer_is_new, false) ORDER BY s.ordinal),
               pg_catalog.array_agg(coalesce(s.answer_status, e.status) ORDER BY s.ordinal)
        INTO v_job, v_new, v_status
        FROM ROWS FROM (
                 pg_catalog.unnest(p_jobs), pg_catalog.unnest(v_job), pg_catalog.unnest(v_new), pg_catalog.unnest(v_status)
             ) AS s (ordinal, user_id, job_type, params, dedupe_window, job_priority, scheduled_for, expires_at,
                     identity, answer, answer_is_new, answer_status)
        LEFT JOIN LATERAL (
            SELECT j.id, j.status
            FROM (
                SELECT o.* FROM errand_internal.job o WHERE o.identity = s.identity AND o.dedupes
                UNION ALL
                SELECT o.* FROM errand_internal.job o WHERE o.identity = s.identity AND NOT o.dedupes
            ) j
            WHERE j.created_at > v_now - s.dedupe_window
              -- A pending job that has expired will never run, so it can't stand in for this request.
              AND (j.status = 'processing' OR j.expires_at IS NULL OR j.expires_at > v_now)
              -- The hash found it; these make sure.
              AND j.user_id = s.user_id AND j.job_type = s.job_type AND j.params = s.params
            ORDER BY j.created_at DESC, j.id DESC
            LIMIT 1
        ) e ON s.answer IS NULL AND s.dedupe_window > '0'::pg_catalog.interval;

        EXIT WHEN pg_catalog.array_position(v_job, NULL) IS NULL;

        -- What holds an identity and was not accepted gives it up. All of these before any insert: who waits
        -- here holds nothing that somebody who inserts could wait for. The conditions are checked again on
        -- the row as it is when its lock is got.
        WITH holder AS MATERIALIZED (
            SELECT j.id
            FROM ROWS FROM (pg_catalog.unnest(p_jobs), pg_catalog.unnest(v_job))
                 AS s (ordinal, user_id, job_type, params, dedupe_window, job_priority, scheduled_for,
                       expires_at, identity, answer)
            JOIN errand_internal.job j ON j.identity = s.identity AND j.dedupes
            WHERE s.answer IS NULL AND s.dedupe_window > '0'::pg_catalog.interval
              AND NOT (j.created_at > v_now - s.dedupe_window
                       AND (j.status = 'processing' OR j.expires_at IS NULL OR j.expires_at > v_now)
                       AND j.user_id = s.user_id AND j.job_type = s.job_type AND j.params = s.params)
            ORDER BY j.id -- as everybody who locks several jobs
            FOR UPDATE OF j
        )
        UPDATE errand_internal.job j SET dedupes = false FROM holder h WHERE j.id = h.id;

        WITH decided AS (
            -- New is what has no window, and of each kind in this batch the first that found nothing.
            SELECT s.*,
                   s.answer IS NULL AND (
                       s.dedupe_window = '0'::pg_catalog.interval
                       OR s.ordinal = pg_catalog.min(s.ordinal) FILTER (WHERE s.answer IS NULL OR s.answer_is_new) OVER kind
                   ) AS to_make
            FROM ROWS FROM (
                     pg_catalog.unnest(p_jobs), pg_catalog.unnest(v_job), pg_catalog.unnest(v_new), pg_catalog.unnest(v_status)
                 ) AS s (ordinal, user_id, job_type, params, dedupe_window, job_priority, scheduled_for, expires_at,
                         identity, answer, answer_is_new, answer_status)
            WINDOW kind AS (PARTITION BY s.identity, s.user_id, s.job_type, s.params)
        ), timed AS (
            -- Each row has its own instant, so ids and created_at follow the order of the batch.
            SELECT o.*, pg_catalog.clock_timestamp() AS created_at
            FROM (SELECT d.* FROM decided d WHERE d.to_make ORDER BY d.ordinal) o
            OFFSET 0
        ), named AS MATERIALIZED (
            SELECT t.*, errand_internal.job_id(t.created_at) AS new_id
            FROM timed t
        ), made AS (
            INSERT INTO errand_internal.job (
                id, user_id, job_type, params, status, job_priority, scheduled_for,
                created_at, updated_at, expires_at, retry_count, identity, dedupes
            )
            SELECT n.new_id, n.user_id, n.job_type, n.params, 'pending', n.job_priority,
                   coalesce(n.scheduled_for, n.created_at),
                   n.created_at, n.created_at, n.expires_at, 0, n.identity, n.dedupe_window > '0'::pg_catalog.interval
            FROM named n
            ORDER BY n.identity, n.ordinal
            ON CONFLICT (identity) WHERE dedupes DO NOTHING
            RETURNING id, user_id, job_type
        ), counted AS (
            INSERT INTO errand_internal.counter_delta (xid, user_id, job_type, to_status, n, busy_us)
            SELECT pg_catalog.pg_current_xact_id(), m.user_id, m.job_type, 'pending', pg_catalog.count(*), 0
            FROM made m
            GROUP BY m.user_id, m.job_type
            RETURNING 1
        ), answered AS (
            -- A request after a new one of its kind in this batch gets that job: it is the newest, and so the
            -- one with the greatest id. As text, because PostgreSQL has no max(uuid) before 18.
            SELECT d.ordinal, d.answer, d.answer_is_new, d.answer_status, m.id AS made_id,
                   pg_catalog.max(m.id::pg_catalog.text COLLATE "C") OVER (
                       PARTITION BY d.identity, d.user_id, d.job_type, d.params ORDER BY d.ordinal
                   )::pg_catalog.uuid AS kind_id
            FROM decided d
            LEFT JOIN named n ON n.ordinal = d.ordinal
            LEFT JOIN made m ON m.id = n.new_id
        )
        SELECT pg_catalog.array_agg(CASE WHEN a.answer_is_new THEN a.answer ELSE coalesce(a.kind_id, a.answer) END ORDER BY a.ordinal),
               pg_catalog.array_agg(a.answer_is_new OR a.made_id IS NOT NULL ORDER BY a.ordinal),
               pg_catalog.array_agg(CASE
                   WHEN a.answer_is_new OR a.made_id IS NOT NULL THEN NULL
                   WHEN a.kind_id IS NOT NULL THEN 'pending'
                   ELSE a.answer_status
               END ORDER BY a.ordinal),
               (SELECT pg_catalog.count(*) FROM counted)
        INTO v_job, v_new, v_status, v_appended
        FROM answered a;

        IF errand_internal.fold_due(v_appended) THEN
            PERFORM errand_internal.fold_counters();
        END IF;
        EXIT WHEN pg_catalog.array_position(v_job, NULL) IS NULL;
    END LOOP;

    IF errand_internal.finished_partitions_missing(v_now) THEN
        PERFORM errand_internal.add_finished_partitions(v_now);
    END IF;

    RETURN QUERY
    SELECT a.ordinality::pg_catalog.int4, a.id, a.is_new, a.status
    FROM ROWS FROM (pg_catalog.unnest(v_job), pg_catalog.unnest(v_new), pg_catalog.unnest(v_status))
         WITH ORDINALITY AS a (id, is_new, status, ordinality);
END
$submit_jobs$;

COMMENT ON FUNCTION errand_internal.submit_jobs(errand_internal.submission[]) IS
    'Finds or creates the given checked jobs. One row each, in order: the job, whether this call made it, and the status of one that was already there. 40001 only at REPEATABLE READ and above, for a lost race.';
