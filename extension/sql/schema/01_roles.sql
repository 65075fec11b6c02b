-- Roles belong to the cluster, not to the database: another database of this cluster, or a session
-- installing at this very moment, may have made them already. That is not an error.
DO $roles$
DECLARE
    v_role pg_catalog.name;
    v_purpose pg_catalog.text;
BEGIN
    FOR v_role, v_purpose IN
        VALUES ('errand_owner',   'Owns every object of the extension pg_errand and nothing else; never log in as it, never grant it'),
               ('errand_worker',  'Grant to the login role of job workers: pick up and finish jobs of any user (pg_errand)'),
               ('errand_admin',   'Grant to operators of the job queue: maintenance and settings, jobs of any user (pg_errand)'),
               ('errand_monitor', 'Grant to monitoring: health and statistics, read only, no jobs (pg_errand)')
    LOOP
        BEGIN
            EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', v_role);
            EXECUTE pg_catalog.format('COMMENT ON ROLE %I IS %L', v_role, v_purpose);
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END LOOP;

    -- Privileged functions run as errand_owner. A role of that name that somebody prepared with more
    -- rights would hand those rights to every caller, so such a role is refused, not adopted.
    IF EXISTS (
        SELECT FROM pg_catalog.pg_roles r
        WHERE r.rolname = 'errand_owner'
          AND (r.rolsuper OR r.rolcanlogin OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls)
    ) THEN
        RAISE EXCEPTION USING
            ERRCODE = '42501',
            MESSAGE = 'role errand_owner exists and has more rights than it may have',
            DETAIL = 'It must be NOLOGIN and have none of SUPERUSER, CREATEROLE, CREATEDB, REPLICATION, BYPASSRLS.',
            HINT = 'Rename or drop that role, or take the rights away, then create the extension again.';
    END IF;
END
$roles$;
