CREATE VIEW errand.job_queue WITH (security_invoker = true) AS
SELECT j.id,
       j.user_id,
       j.job_type,
       j.params,
       j.status,
       j.job_priority,
       j.scheduled_for,
       j.created_at,
       j.updated_at,
       j.started_at,
       j.completed_at,
       j.expires_at,
       j.worker_id,
       j.retry_count,
       j.result,
       j.last_error
FROM errand_internal.stored_job j
WHERE j.completed_at IS NULL
   OR j.completed_at > coalesce((SELECT r.queue_from FROM errand_internal.retention r), '-infinity');

COMMENT ON VIEW errand.job_queue IS
    'Jobs, read only. A user sees its own rows; trusted roles see all. Page it with WHERE (created_at, id) < (…) ORDER BY created_at DESC, id DESC LIMIT n.';
COMMENT ON COLUMN errand.job_queue.id IS 'UUID version 7, so ids sort by created_at; imported jobs keep the id they had.';
COMMENT ON COLUMN errand.job_queue.user_id IS 'Whose job it is.';
COMMENT ON COLUMN errand.job_queue.job_type IS 'Kind of work, 1 to 128 characters.';
COMMENT ON COLUMN errand.job_queue.params IS 'What to do, as the submitter gave it.';
COMMENT ON COLUMN errand.job_queue.status IS 'pending, processing, completed, failed or cancelled.';
COMMENT ON COLUMN errand.job_queue.job_priority IS 'Higher is picked up first.';
COMMENT ON COLUMN errand.job_queue.scheduled_for IS 'Not picked up before this time.';
COMMENT ON COLUMN errand.job_queue.created_at IS 'When it was submitted.';
COMMENT ON COLUMN errand.job_queue.updated_at IS 'Last change of state.';
COMMENT ON COLUMN errand.job_queue.started_at IS 'When the current or last attempt began.';
COMMENT ON COLUMN errand.job_queue.completed_at IS 'When it became completed, failed for good, or cancelled.';
COMMENT ON COLUMN errand.job_queue.expires_at IS 'Not picked up from this time on; NULL: never expires.';
COMMENT ON COLUMN errand.job_queue.worker_id IS 'The worker of the current or last attempt.';
COMMENT ON COLUMN errand.job_queue.retry_count IS 'Failed attempts so far.';
COMMENT ON COLUMN errand.job_queue.result IS 'What the worker answered.';
COMMENT ON COLUMN errand.job_queue.last_error IS 'Why the last failed attempt failed.';

-- Row types, so that a function that returns jobs names no column twice. A view has one, can be given more
-- columns by an upgrade, and is not called by anybody.
CREATE VIEW errand_internal.counted_job AS
SELECT q.*, NULL::pg_catalog.int8 AS total_count FROM errand.job_queue q WHERE false;
COMMENT ON VIEW errand_internal.counted_job IS 'Row type: a job, and how many jobs match in all.';

CREATE VIEW errand_internal.leased_job AS
SELECT q.*, NULL::pg_catalog.uuid AS lease_token FROM errand.job_queue q WHERE false;
COMMENT ON VIEW errand_internal.leased_job IS 'Row type: a job, and the proof of its lease.';

CREATE VIEW errand_internal.paged_job AS
SELECT q.*, NULL::pg_catalog.text AS "cursor", NULL::pg_catalog.bool AS has_more FROM errand.job_queue q WHERE false;
COMMENT ON VIEW errand_internal.paged_job IS 'Row type: a job, the cursor behind it, and whether there are more.';

DO $comments$
DECLARE
    v_column pg_catalog.record;
BEGIN
    FOR v_column IN
        SELECT a.attrelid::pg_catalog.regclass AS view, a.attname,
               coalesce(pg_catalog.col_description(q.attrelid, q.attnum), CASE a.attname
                   WHEN 'total_count' THEN 'How many jobs match, whatever the page.'
                   WHEN 'lease_token' THEN 'Proof of the lease; finish the job with it.'
                   WHEN 'cursor' THEN 'Give it to the next call to go on behind this job.'
                   WHEN 'has_more' THEN 'Whether there are jobs behind this page.'
               END) AS said
        FROM pg_catalog.pg_attribute a
        LEFT JOIN pg_catalog.pg_attribute q
            ON q.attrelid = 'errand.job_queue'::pg_catalog.regclass AND q.attname = a.attname
        WHERE a.attrelid IN ('errand_internal.counted_job'::pg_catalog.regclass,
                             'errand_internal.leased_job'::pg_catalog.regclass,
                             'errand_internal.paged_job'::pg_catalog.regclass)
          AND a.attnum > 0
    LOOP
        EXECUTE pg_catalog.format('COMMENT ON COLUMN %s.%I IS %L', v_column.view, v_column.attname, v_column.said);
    END LOOP;
END
$comments$;
