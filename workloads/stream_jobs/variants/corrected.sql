-- The document's deduplication with the one thing it lacks: between the check and the insert, nobody else
-- may do the same. Run after documented.sql, whose function does the work.
ALTER FUNCTION find_or_create_job RENAME TO find_or_create_job_unguarded;

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
    -- COMMITTED each statement of a volatile function takes a new snapshot. jsonb_hash_extended agrees with
    -- jsonb equality (1 = 1.0, key order irrelevant), which a hash of the text would not. Different jobs with
    -- the same hash only wait for each other. No unique index can do this: the window slides.
    PERFORM pg_advisory_xact_lock(
        hashtextextended(p_job_type, uuid_hash_extended(p_user_id, jsonb_hash_extended(p_params, 0)))
    );

    -- now() stands still while the transaction waits for the lock: the window is to end at the check.
    RETURN QUERY
    SELECT *
    FROM find_or_create_job_unguarded(
        p_user_id, p_job_type, p_params, p_dedupe_window - (clock_timestamp() - now())
    );
END
$$;
