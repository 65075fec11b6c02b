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
COMMENT ON FUNCTION errand_internal.submitted_identity(uuid, text, text, interval, int4, timestamptz, timestamptz) IS
    'The identity of a job with the arguments of errand.find_or_create_job, params as text; raises 22023 for what can''t be accepted.';
COMMENT ON FUNCTION errand_internal.parse_submissions(uuid, text) IS
    'The elements of p_jobs (a jsonb as text), checked; 22023 and 42501 name the element and the field.';
COMMENT ON FUNCTION errand_internal.check_cache_ttl(text, text, interval) IS
    'Raises 22023 for arguments of errand.get_cached_job_result that can''t be accepted; params as text.';
COMMENT ON FUNCTION errand_internal.user_jobs_order(text, int4, int4, text, text) IS
    'The ORDER BY list of a page of errand.get_user_jobs; raises 22023 for arguments that can''t be accepted.';
COMMENT ON FUNCTION errand_internal.check_pickup(text, text[], int4, interval) IS
    'Raises 22023 for arguments of errand.pick_up_jobs that can''t be accepted.';
COMMENT ON FUNCTION errand_internal.check_answers(uuid[], uuid[], text, int4) IS
    'Raises 22023 for arrays of answers that don''t belong together; the last two are the name and the length of a third array.';
COMMENT ON FUNCTION errand_internal.check_lease(interval) IS
    'Raises 22023 for a lease shorter than a second or longer than a week.';
COMMENT ON FUNCTION errand_internal.check_status(text) IS
    'Raises 22023 for a status that no job has.';
COMMENT ON FUNCTION errand_internal.check_retention(interval) IS
    'Raises 22023 for a p_older_than shorter than an hour.';
COMMENT ON FUNCTION errand_internal.page_start(text, text, int4) IS
    'Where a page begins: what its cursor says, or NULLs. Raises 22023 for arguments of errand.get_user_jobs_page that can''t be accepted.';
COMMENT ON FUNCTION errand_internal.page_cursor(timestamptz, uuid) IS
    'The cursor behind a job.';
COMMENT ON FUNCTION errand_internal.retry_delay(int4) IS
    'How long to wait after so many failed attempts: errand.retry_delay, doubled with each, at most an hour, spread by a fifth either way.';
COMMENT ON FUNCTION errand_internal.max_attempts() IS
    'The setting errand.max_attempts.';
COMMENT ON FUNCTION errand_internal.finished_partition_name(timestamptz) IS
    'The partition of errand_internal.finished for jobs created at that time, whether it exists or not; NULL for times that have none.';
COMMENT ON FUNCTION errand_internal.has_finished_partition(timestamptz) IS
    'Whether that partition exists.';
COMMENT ON FUNCTION errand_internal.finished_partitions_missing(timestamptz) IS
    'Whether errand_internal.add_finished_partitions has something to do.';
COMMENT ON FUNCTION errand_internal.leased_job_id(uuid, uuid) IS
    'The first argument; raises 22023 when it or the lease token is missing.';
COMMENT ON FUNCTION errand_internal.job_created_at(uuid) IS
    'The time of creation that an id carries; NULL unless it is a UUID version 7.';
COMMENT ON FUNCTION errand_internal.busy_bucket(int8) IS
    'The logarithmic bucket of a duration in microseconds.';
COMMENT ON FUNCTION errand_internal.busy_us(int2) IS
    'The duration that stands for a bucket, in microseconds; at most 4.8 % off.';
COMMENT ON FUNCTION errand_internal.fold_due(int8) IS
    'Whether a writer who appended so many rows to counter_delta should fold now; decided by chance.';
COMMENT ON FUNCTION errand_internal.pickup_filter(text[]) IS
    'Stands for a list of job types: the same number whatever their order; 0 for NULL.';
COMMENT ON FUNCTION errand_internal.look_due(int8) IS
    'Whether this session should learn what its positions have passed over.';
COMMENT ON FUNCTION errand_internal.pickup_resync() IS
    'The setting errand.pickup_resync.';
COMMENT ON FUNCTION errand_internal.adopt_look(int8, timestamptz, int4[], timestamptz[]) IS
    'Moves this session''s positions back to what a look found.';
COMMENT ON FUNCTION errand_internal.pickup_ranges(int8) IS
    'The priorities to go through, highest first, with this session''s position in those it knows.';
COMMENT ON FUNCTION errand_internal.advance_pickup(int8, int4, timestamptz, timestamptz) IS
    'Says that this session has nothing more to find before a time at a priority.';
COMMENT ON FUNCTION errand_internal.check_job_ids(uuid[]) IS
    'Raises 22023 for a list of job ids that is NULL or contains NULL.';
