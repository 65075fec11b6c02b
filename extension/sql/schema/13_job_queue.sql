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
FROM errand_internal.job j;

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
