CREATE FUNCTION errand_internal.grant_role(p_role pg_catalog.name)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $grant_role$
DECLARE
    v_function pg_catalog.regprocedure;
BEGIN
    EXECUTE pg_catalog.format('GRANT USAGE ON SCHEMA errand TO %I', p_role);

    -- The function in errand, and the one behind it: a facade runs with its caller's rights, so the caller
    -- must be able to execute what it calls. Without USAGE on errand_internal nobody can name that one.
    FOR v_function IN
        SELECT p.oid
        FROM errand_internal.function_roles() r
        JOIN pg_catalog.pg_proc p ON p.proname = r.function_name
        WHERE r.role_name = p_role
          AND p.pronamespace IN ('errand'::pg_catalog.regnamespace, 'errand_internal'::pg_catalog.regnamespace)
    LOOP
        EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO %I', v_function, p_role);
    END LOOP;

    -- Who may list jobs may read them from the view too.
    IF EXISTS (SELECT FROM errand_internal.function_roles() r WHERE r.role_name = p_role AND r.function_name = 'get_user_jobs') THEN
        -- errand.job_queue reads with its reader's rights: they must cover the columns it shows, and no more,
        -- so that lease tokens stay with the workers. Policies choose the rows, by this function.
        EXECUTE pg_catalog.format('GRANT SELECT ON errand.job_queue, errand_internal.retention TO %I', p_role);
        EXECUTE pg_catalog.format(
            'GRANT SELECT (%s) ON errand_internal.stored_job TO %I',
            (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum)
             FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = 'errand.job_queue'::pg_catalog.regclass AND a.attnum > 0),
            p_role);
        EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION errand_internal.caller_user_id() TO %I', p_role);
    END IF;
END
$grant_role$;

COMMENT ON FUNCTION errand_internal.grant_role(name) IS
    'Grants a role what errand_internal.function_roles() says, and reading errand.job_queue if it may list jobs. Can be repeated.';
