CREATE FUNCTION errand_internal.grant_api_roles()
RETURNS TABLE (role_name pg_catalog.text, granted pg_catalog.bool)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 2
SET search_path = pg_catalog, pg_temp -- else a caller's own operator or function could be found first, and run with the owner's rights
AS $grant_api_roles$
#variable_conflict use_column
BEGIN
    FOR role_name, granted IN
        SELECT n.name, r.oid IS NOT NULL
        FROM (VALUES ('authenticated'), ('service_role')) AS n (name)
        LEFT JOIN pg_catalog.pg_roles r ON r.rolname = n.name
    LOOP
        IF granted THEN
            PERFORM errand_internal.grant_role(role_name::pg_catalog.name);
            IF role_name = 'service_role' THEN
                ALTER POLICY job_trusted_read ON errand_internal.stored_job
                    TO errand_worker, errand_admin, pg_database_owner, service_role;
            END IF;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$grant_api_roles$;

COMMENT ON FUNCTION errand_internal.grant_api_roles() IS 'Behind errand.grant_api_roles; CREATE EXTENSION runs it once.';

CREATE FUNCTION errand.grant_api_roles()
RETURNS TABLE (role_name pg_catalog.text, granted pg_catalog.bool)
LANGUAGE c VOLATILE SECURITY INVOKER ROWS 2
AS 'MODULE_PATHNAME', 'errand_forward';

COMMENT ON FUNCTION errand.grant_api_roles() IS
$$Grants authenticated and service_role their part of the API. CREATE EXTENSION does it for those that exist; call this after creating one later, or after restoring into a new cluster. Can be repeated.
Returns one row a role: role_name, granted (false: there is no such role).$$;
