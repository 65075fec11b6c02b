-- Find or create, for one job or thousands: the only place that creates jobs.
--
--  1. A look without locks. Most repeated requests end here.
--  2. What was not found: its slot is taken, which waits for whoever is creating the same job right now.
--     Slots are taken in order, so two batches can't deadlock.
--  3. A second look. Each statement of a VOLATILE function has a new snapshot at READ COMMITTED, so it
--     sees the winner's job if the winner committed, and nothing if the winner rolled back or the job has
--     finished meanwhile. At REPEATABLE READ and above the snapshot is the old one, but there step 2
--     already failed with 40001 if somebody else took the slot since.
--  4. What is still not found is created. The slots stay taken until the transaction ends.
CREATE FUNCTION errand_internal.submit_jobs(p_jobs errand_internal.submission[])
RETURNS TABLE (ordinal pg_catalog.int4, job_id pg_catalog.uuid, is_new pg_catalog.bool, existing_status pg_catalog.text)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan -- planning takes many times as long as running, and the plan is the same for 1 job and 10 000
AS $submit_jobs$
#variable_conflict use_column
DECLARE
    v_now pg_catalog.timestamptz;
    v_found pg_catalog.uuid[];    -- by ordinal: the job that is already there, or NULL
    v_status pg_catalog.text[];   -- by ordinal: its status
    v_taken pg_catalog.int8;
BEGIN
    LOOP
        v_now := pg_catalog.clock_timestamp();

        -- LATERAL with LIMIT 1 leaves the planner no choice but one index probe a job.
        SELECT pg_catalog.array_agg(coalesce(s.found_id, e.id) ORDER BY s.ordinal),
               pg_catalog.array_agg(coalesce(s.found_status, e.status) ORDER BY s.ordinal)
        INTO v_found, v_status
        FROM ROWS FROM (
                 pg_catalog.unnest(p_jobs), pg_catalog.unnest(v_found), pg_catalog.unnest(v_status)
             ) AS s (ordinal, user_id, job_type, params, dedupe_window, job_priority, scheduled_for, expires_at,
                     identity, found_id, found_status)
        LEFT JOIN LATERAL (
            SELECT j.id, j.status
            FROM errand_internal.job j
            WHERE j.identity = s.identity
              AND j.status IN ('pending', 'processing')
              AND j.created_at > v_now - s.dedupe_window
              -- A pending job that has expired will never run, so it can't stand in for this request.
              AND (j.status = 'processing' OR j.expires_at IS NULL OR j.expires_at > v_now)
              -- The hash found it; these make sure.
              AND j.user_id = s.user_id AND j.job_type = s.job_type AND j.params = s.params
            ORDER BY j.created_at DESC, j.id DESC
            LIMIT 1
        ) e ON s.found_id IS NULL AND s.dedupe_window > '0'::pg_catalog.interval;

        IF pg_catalog.array_position(v_found, NULL) IS NULL THEN
            RETURN QUERY
            SELECT f.ordinality::pg_catalog.int4, f.id, false, f.status
            FROM ROWS FROM (pg_catalog.unnest(v_found), pg_catalog.unnest(v_status))
                 WITH ORDINALITY AS f (id, status, ordinality);
            RETURN;
        END IF;
        EXIT WHEN v_taken IS NOT NULL;

        INSERT INTO errand_internal.dedupe_slot AS d (identity, taken_at)
        SELECT DISTINCT s.identity, v_now
        FROM ROWS FROM (pg_catalog.unnest(p_jobs), pg_catalog.unnest(v_found))
             AS s (ordinal, user_id, job_type, params, dedupe_window, job_priority, scheduled_for, expires_at,
                   identity, found_id)
        WHERE s.found_id IS NULL AND s.dedupe_window > '0'::pg_catalog.interval
        ORDER BY s.identity
        ON CONFLICT (identity) DO UPDATE SET taken_at = EXCLUDED.taken_at;
        GET DIAGNOSTICS v_taken = ROW_COUNT;
        EXIT WHEN v_taken = 0; -- only jobs with window 0, which nothing can stand in for
    END LOOP;

    RETURN QUERY
    WITH decided AS (
        -- New is what has no window, and of each kind in this batch the first that matched nothing.
        SELECT s.*,
               s.dedupe_window = '0'::pg_catalog.interval
                   OR s.ordinal IS NOT DISTINCT FROM
                      pg_catalog.min(s.ordinal) FILTER (WHERE s.found_id IS NULL) OVER kind AS is_new
        FROM ROWS FROM (
                 pg_catalog.unnest(p_jobs), pg_catalog.unnest(v_found), pg_catalog.unnest(v_status)
             ) AS s (ordinal, user_id, job_type, params, dedupe_window, job_priority, scheduled_for, expires_at,
                     identity, found_id, found_status)
        WINDOW kind AS (PARTITION BY s.identity, s.user_id, s.job_type, s.params)
    ), timed AS (
        -- Each row has its own instant, so ids and created_at follow the order of the batch.
        SELECT o.*, pg_catalog.clock_timestamp() AS created_at
        FROM (SELECT d.* FROM decided d ORDER BY d.ordinal) o
        OFFSET 0
    ), named AS MATERIALIZED (
        SELECT t.*, CASE WHEN t.is_new THEN errand_internal.job_id(t.created_at) END AS new_id
        FROM timed t
    ), inserted AS (
        INSERT INTO errand_internal.job (
            id, user_id, job_type, params, status, job_priority, scheduled_for,
            created_at, updated_at, expires_at, retry_count, identity
        )
        SELECT n.new_id, n.user_id, n.job_type, n.params, 'pending', n.job_priority,
               coalesce(n.scheduled_for, n.created_at),
               n.created_at, n.created_at, n.expires_at, 0, n.identity
        FROM named n
        WHERE n.is_new
        ORDER BY n.ordinal
    ), answered AS (
        -- A request after a new one of its kind in this batch gets that job: it is the newest, and so the
        -- one with the greatest id. As text, because PostgreSQL has no max(uuid) before 18.
        SELECT n.ordinal, n.is_new, n.found_id, n.found_status,
               pg_catalog.max(n.new_id::pg_catalog.text COLLATE "C") OVER (
                   PARTITION BY n.identity, n.user_id, n.job_type, n.params ORDER BY n.ordinal
               )::pg_catalog.uuid AS new_id
        FROM named n
    )
    SELECT a.ordinal,
           coalesce(a.new_id, a.found_id),
           a.is_new,
           CASE WHEN a.is_new THEN NULL WHEN a.new_id IS NOT NULL THEN 'pending' ELSE a.found_status END
    FROM answered a
    ORDER BY a.ordinal;
END
$submit_jobs$;

COMMENT ON FUNCTION errand_internal.submit_jobs(errand_internal.submission[]) IS
    'Finds or creates the given checked jobs. One row each, in order: the job, whether this call made it, and the status of one that was already there. 40001 only at REPEATABLE READ and above, for a lost race.';
