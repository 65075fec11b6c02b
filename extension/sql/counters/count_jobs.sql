CREATE FUNCTION errand_internal.count_jobs(
    p_user_id pg_catalog.uuid,
    p_status pg_catalog.text,
    p_job_type pg_catalog.text
)
RETURNS pg_catalog.int8
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off -- as for errand_internal.unfolded_delta
SET jit = off
AS $count_jobs$
BEGIN
    RETURN (
        SELECT coalesce(pg_catalog.sum(c.n), 0)
        FROM (
            SELECT t.n
            FROM errand_internal.user_total t
            WHERE t.user_id = p_user_id
              AND (p_status IS NULL OR t.status = p_status)
              AND (p_job_type IS NULL OR t.job_type = p_job_type)
            UNION ALL
            SELECT CASE WHEN d.to_status IS NOT NULL AND (p_status IS NULL OR d.to_status = p_status) THEN d.n ELSE 0 END
                 - CASE WHEN d.from_status IS NOT NULL AND (p_status IS NULL OR d.from_status = p_status) THEN d.n ELSE 0 END
            FROM errand_internal.unfolded_delta d
            WHERE d.user_id = p_user_id AND (p_job_type IS NULL OR d.job_type = p_job_type)
        ) c
    );
END
$count_jobs$;

COMMENT ON FUNCTION errand_internal.count_jobs(uuid, text, text) IS
    'How many jobs of a user are in the queue, by the counters; NULL as status or type is any.';
