\set n random(1, 1000000000)
SELECT job_id FROM errand.create_jobs(md5((:n::int8 % 1000)::text)::uuid,
    (SELECT jsonb_agg(jsonb_build_object('job_type', 'sync', 'params', jsonb_build_object('channel', :n::int8, 'video', i))) FROM generate_series(1, 100) i));
