WITH taken AS (
    UPDATE job_queue SET status = 'processing', worker_id = 'w', started_at = clock_timestamp(), updated_at = clock_timestamp()
    WHERE id IN (SELECT id FROM job_queue WHERE status = 'pending' AND scheduled_for <= clock_timestamp()
                 ORDER BY job_priority DESC, scheduled_for, id LIMIT 100 FOR UPDATE SKIP LOCKED)
    RETURNING id, params
)
SELECT coalesce(array_agg(id), '{}') AS picked FROM taken \gset
UPDATE job_queue SET status = 'completed', result = '{"ok": true}', completed_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE id = ANY (:picked::uuid[]) AND status = 'processing';
