-- The document's deduplication with the one thing it lacks: between the check and the insert, nobody else
-- may do the same.
CREATE FUNCTION find_or_create_job(
    p_user_id       uuid,
    p_job_type      text,
    p_params        jsonb,
    p_dedupe_window interval DEFAULT '5 minutes'
)
RETURNS TABLE (job_id uuid, is_new boolean, existing_status text)
LANGUAGE plpgsql
AS $$
BEGIN
    -- Held to the end of the transaction, so whoever waits here sees what the holder committed: at READ
    -- COMMITTED each statement below takes a new snapshot. jsonb_hash_extended agrees with jsonb equality
    -- (1 = 1.0, key order irrelevant), which a hash of the text would not. Different jobs with the same hash
    -- only wait for each other. No unique index can do this: the window slides.
    PERFORM pg_advisory_xact_lock(
        hashtextextended(p_job_type, uuid_hash_extended(p_user_id, jsonb_hash_extended(p_params, 0)))
    );

    -- clock_timestamp(), because now() stands still while the transaction waits for the lock.
    SELECT job.id, job.status INTO job_id, existing_status
    FROM job_queue AS job
    WHERE job.user_id = p_user_id
      AND job.job_type = p_job_type
      AND job.params = p_params
      AND job.status IN ('pending', 'processing')
      AND job.created_at > clock_timestamp() - p_dedupe_window
    ORDER BY job.created_at DESC
    LIMIT 1;

    IF FOUND THEN
        is_new := false;
        RETURN NEXT;
        RETURN;
    END IF;

    INSERT INTO job_queue (user_id, job_type, params)
    VALUES (p_user_id, p_job_type, p_params)
    RETURNING id INTO job_id;
    is_new := true;
    RETURN NEXT;
END
$$;
