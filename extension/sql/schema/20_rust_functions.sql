COMMENT ON FUNCTION errand_internal.caller_user_id() IS
    'The user of the caller''s token: request.jwt.claims ->> sub. NULL without one; 22023 for malformed claims or a sub that is not a UUID.';
COMMENT ON FUNCTION errand_internal.caller_role() IS
    'The role the session acts as: never the owner of the privileged function that asks.';
COMMENT ON FUNCTION errand_internal.resolve_user(uuid) IS
    'The user a call is for. Untrusted callers: themselves; 42501 for another''s id or without a sub. Trusted callers: whom they name; 22023 for NULL.';
COMMENT ON FUNCTION errand_internal.job_identity(uuid, text, text) IS
    '128-bit hash of user, job type and the canonical form of params (a jsonb as text).';
COMMENT ON FUNCTION errand_internal.job_id(timestamptz) IS
    'A new UUID version 7 for that instant.';
COMMENT ON FUNCTION errand_internal.check_submission(text, text, interval, int4, timestamptz, timestamptz) IS
    'Raises 22023 for arguments of errand.find_or_create_job that can''t be accepted; params as text.';
COMMENT ON FUNCTION errand_internal.parse_submissions(uuid, text) IS
    'The elements of p_jobs (a jsonb as text), checked; 22023 and 42501 name the element and the field.';
COMMENT ON FUNCTION errand_internal.check_cache_ttl(text, text, interval) IS
    'Raises 22023 for arguments of errand.get_cached_job_result that can''t be accepted; params as text.';
COMMENT ON FUNCTION errand_internal.user_jobs_order(text, int4, int4, text, text) IS
    'The ORDER BY list of a page of errand.get_user_jobs; raises 22023 for arguments that can''t be accepted.';
COMMENT ON FUNCTION errand_internal.check_pickup(text, text[], int4, interval) IS
    'Raises 22023 for arguments of errand.pick_up_jobs that can''t be accepted.';
COMMENT ON FUNCTION errand_internal.check_completion(uuid[], uuid[], int4) IS
    'Raises 22023 for arrays given to errand.complete_jobs that don''t belong together; the last argument is how many results there are.';
COMMENT ON FUNCTION errand_internal.check_job_ids(uuid[]) IS
    'Raises 22023 for a list of job ids that is NULL or contains NULL.';
