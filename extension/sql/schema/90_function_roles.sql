-- The one place that says who may call what; SECURITY.md shows the same table, and a test holds both
-- against the catalogue.
--   authenticated      submits, and reads its own jobs
--   errand_worker      also works; acts for any user, because a job may submit further ones
--   errand_admin       moves jobs in and old ones out, acts for any user; doesn't work
--   errand_monitor     reads figures of the whole queue
--   service_role, pg_database_owner   all
CREATE FUNCTION errand_internal.function_roles()
RETURNS TABLE (function_name pg_catalog.name, role_name pg_catalog.name)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 40
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT f.function_name, r.role_name
    FROM (VALUES
        ('find_or_create_job'::pg_catalog.name, '{authenticated,errand_worker,errand_admin,service_role,pg_database_owner}'::pg_catalog.name[]),
        ('create_jobs',           '{authenticated,errand_worker,errand_admin,service_role,pg_database_owner}'),
        ('cancel_jobs',           '{authenticated,errand_worker,errand_admin,service_role,pg_database_owner}'),
        ('get_cached_job_result', '{authenticated,errand_worker,errand_admin,service_role,pg_database_owner}'),
        ('get_user_jobs',         '{authenticated,errand_worker,errand_admin,service_role,pg_database_owner}'),
        ('get_user_jobs_page',    '{authenticated,errand_worker,errand_admin,service_role,pg_database_owner}'),
        ('count_user_jobs',       '{authenticated,errand_worker,errand_admin,service_role,pg_database_owner}'),
        ('get_job',               '{authenticated,errand_worker,errand_admin,service_role,pg_database_owner}'),
        ('get_job_status',        '{authenticated,errand_worker,errand_admin,service_role,pg_database_owner}'),
        ('pick_up_jobs',          '{errand_worker,service_role,pg_database_owner}'),
        ('complete_job',          '{errand_worker,service_role,pg_database_owner}'),
        ('complete_jobs',         '{errand_worker,service_role,pg_database_owner}'),
        ('fail_job',              '{errand_worker,service_role,pg_database_owner}'),
        ('fail_jobs',             '{errand_worker,service_role,pg_database_owner}'),
        ('release_job',           '{errand_worker,service_role,pg_database_owner}'),
        ('extend_lease',          '{errand_worker,service_role,pg_database_owner}'),
        ('get_job_queue_stats',   '{errand_monitor,errand_admin,service_role,pg_database_owner}'),
        ('cleanup_old_jobs',      '{errand_admin,service_role,pg_database_owner}'),
        ('archive_jobs',          '{errand_admin,service_role,pg_database_owner}'),
        ('import_jobs',           '{errand_admin,service_role,pg_database_owner}'),
        ('grant_api_roles',       '{errand_admin,service_role,pg_database_owner}')
    ) AS f (function_name, role_names)
    CROSS JOIN LATERAL pg_catalog.unnest(f.role_names) AS r (role_name);
END;

COMMENT ON FUNCTION errand_internal.function_roles() IS
    'Which role may execute which function of the schema errand.';
