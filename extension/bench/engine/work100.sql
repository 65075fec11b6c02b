SELECT coalesce(array_agg(id), '{}') AS picked, coalesce(array_agg(lease_token), '{}') AS tokens, count(params) FROM errand.pick_up_jobs('w', NULL, 100) \gset
SELECT count(*) FROM errand.complete_jobs(:picked::uuid[], :tokens::uuid[]);
