\set n random(1, 1000000000)
INSERT INTO job_queue (user_id, job_type, params)
SELECT md5((:n::int8 % 1000)::text)::uuid, 'sync', jsonb_build_object('channel', :n::int8, 'video', i) FROM generate_series(1, 100) i RETURNING id;
