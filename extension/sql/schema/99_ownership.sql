-- Runs after everything else is made. PostgreSQL lets PUBLIC execute every new function, and a database's
-- default privileges may hand new objects to more roles (Supabase's do); and everything belongs to the
-- superuser who runs this script, as whom no privileged function may run. So: one owner without rights of
-- its own, nobody else, and then the grants that are meant.
DO $ownership$
DECLARE
    v_object pg_catalog.record;
    v_grantee pg_catalog.text;
BEGIN
    FOR v_object IN
        WITH member AS (
            SELECT d.classid, d.objid
            FROM pg_catalog.pg_depend d
            JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'pg_errand'
            WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
        ), ours AS (
            SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname IN ('errand', 'errand_internal')
        )
        SELECT 'SCHEMA' AS kind, pg_catalog.quote_ident(n.nspname) AS name, n.nspacl AS acl
        FROM member m JOIN pg_catalog.pg_namespace n ON n.oid = m.objid
        WHERE m.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND n.oid IN (SELECT o.oid FROM ours o)
        UNION ALL
        SELECT 'TABLE', c.oid::pg_catalog.regclass::pg_catalog.text, c.relacl
        FROM member m JOIN pg_catalog.pg_class c ON c.oid = m.objid
        WHERE m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.relkind IN ('r', 'p', 'v')
          AND c.relnamespace IN (SELECT o.oid FROM ours o)
        UNION ALL
        SELECT 'TYPE', t.oid::pg_catalog.regtype::pg_catalog.text, t.typacl
        FROM member m JOIN pg_catalog.pg_type t ON t.oid = m.objid
        JOIN pg_catalog.pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'
        WHERE m.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.typnamespace IN (SELECT o.oid FROM ours o)
        UNION ALL
        SELECT 'FUNCTION', p.oid::pg_catalog.regprocedure::pg_catalog.text, p.proacl
        FROM member m JOIN pg_catalog.pg_proc p ON p.oid = m.objid
        WHERE m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.pronamespace IN (SELECT o.oid FROM ours o)
    LOOP
        EXECUTE pg_catalog.format('ALTER %s %s OWNER TO errand_owner', v_object.kind, v_object.name);
        EXECUTE pg_catalog.format('REVOKE ALL ON %s %s FROM PUBLIC', v_object.kind, v_object.name);
        FOR v_grantee IN
            SELECT DISTINCT pg_catalog.quote_ident(r.rolname)
            FROM pg_catalog.aclexplode(v_object.acl) a
            JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
            WHERE r.rolname NOT IN ('errand_owner', current_user)
        LOOP
            EXECUTE pg_catalog.format('REVOKE ALL ON %s %s FROM %s', v_object.kind, v_object.name, v_grantee);
        END LOOP;
    END LOOP;

    PERFORM errand_internal.grant_role('errand_worker');
    PERFORM errand_internal.grant_role('errand_admin');
    PERFORM errand_internal.grant_role('errand_monitor');
    PERFORM errand_internal.grant_role('pg_database_owner');
    PERFORM errand_internal.grant_api_roles();
END
$ownership$;
