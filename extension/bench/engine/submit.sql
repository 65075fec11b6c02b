\set n random(1, 1000000000)
SELECT job_id FROM errand.find_or_create_job(md5((:n::int8 % 1000)::text)::uuid, 'sync', jsonb_build_object('channel', :n::int8));
