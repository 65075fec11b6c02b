\set n random(1, 1000000000)
INSERT INTO job_queue (user_id, job_type, params) VALUES (md5((:n::int8 % 1000)::text)::uuid, 'sync', jsonb_build_object('channel', :n::int8)) RETURNING id;
UPDATE job_queue SET status = 'processing', worker_id = 'w', started_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE id = (SELECT id FROM job_queue WHERE status = 'pending' AND scheduled_for <= clock_timestamp()
            ORDER BY job_priority DESC, scheduled_for, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id AS picked, params \gset
UPDATE job_queue SET status = 'completed', result = '{"ok": true}', completed_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE id = :picked::uuid AND status = 'processing';
