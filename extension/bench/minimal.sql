-- What the plain queue needs, beside the primary key: one index to pick up by, one for a user's list.
CREATE INDEX job_queue_pickup ON job_queue (job_priority DESC, scheduled_for, id) WHERE status = 'pending';
CREATE INDEX job_queue_user ON job_queue (user_id, created_at DESC, id DESC);
