CREATE FUNCTION errand_internal.job_status(p_job_id pg_catalog.uuid)
RETURNS pg_catalog.text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off -- as in errand_internal.submit_jobs
SET jit = off
AS $job_status$
DECLARE
    v_status pg_catalog.text;
    v_created_at pg_catalog.timestamptz := errand_internal.job_created_at(p_job_id);
BEGIN
    SELECT j.status INTO v_status FROM errand_internal.job j WHERE j.id = p_job_id;
    IF v_status IS NULL AND v_created_at IS NOT NULL THEN
        -- The time leaves one partition to look into.
        SELECT f.status INTO v_status FROM errand_internal.finished f WHERE f.id = p_job_id AND f.created_at = v_created_at;
    END IF;
    IF v_status IS NULL THEN
        SELECT u.status INTO v_status FROM errand_internal.finished_undated u WHERE u.id = p_job_id;
    END IF;
    RETURN v_status;
END
$job_status$;

COMMENT ON FUNCTION errand_internal.job_status(uuid) IS 'The status of a job, waiting, running or finished; NULL when there is none.';
