-- The document's deduplication, its five steps one after the other and nothing else.
-- Used by the variants `bare` and `as-written`; `corrected` puts a lock around it.
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
    -- 1. identical job (same user, type, params), 2. within the window, 3. pending or processing
    SELECT job.id, job.status INTO job_id, existing_status
    FROM job_queue AS job
    WHERE job.user_id = p_user_id
      AND job.job_type = p_job_type
      AND job.params @> p_params
      AND job.params = p_params
      AND job.status IN ('pending', 'processing')
      AND job.created_at > now() - p_dedupe_window
    ORDER BY job.created_at DESC
    LIMIT 1;

    -- 4. return it if found
    IF FOUND THEN
        is_new := false;
        RETURN NEXT;
        RETURN;
    END IF;

    -- 5. else create one
    INSERT INTO job_queue (user_id, job_type, params)
    VALUES (p_user_id, p_job_type, p_params)
    RETURNING id INTO job_id;
    is_new := true;
    RETURN NEXT;
END
$$;
