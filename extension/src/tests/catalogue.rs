//! What the catalogue says about rights: the function × role table, paths, owners.

use pgrx::prelude::*;

#[pg_schema]
mod tests {
    use crate::tests::{api_roles, run, text, value};
    use pgrx::prelude::*;

    const SECURITY: &str = include_str!("../../../SECURITY.md");

    /// Rows of the table in SECURITY.md, the heading first; each row its cells.
    fn function_roles() -> Vec<Vec<&'static str>> {
        let lines = SECURITY.lines().skip_while(|line| !line.starts_with("| function |"));
        let rows = lines.take_while(|line| line.starts_with('|')).filter(|line| !line.starts_with("|--"));
        rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
    }

    #[pg_test]
    fn rights_are_the_table_of_security_md() {
        api_roles();
        let table = function_roles();
        let (heading, rows) = table.split_first().expect("SECURITY.md has the table");
        let mut expected = Vec::new();
        for row in rows {
            for (role, cell) in heading.iter().zip(row).skip(1) {
                match *cell {
                    "yes" => expected.push(format!("{} {role}", row[0])),
                    "–" => {}
                    other => panic!("{}, {role}: {other} is neither yes nor –", row[0]),
                }
            }
        }
        expected.sort();
        let actual = value(
            "SELECT string_agg(f, chr(10) ORDER BY f COLLATE \"C\")
             FROM (SELECT p.proname || ' ' || coalesce(r.rolname, 'PUBLIC') AS f
                   FROM pg_proc p
                   CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                   LEFT JOIN pg_roles r ON r.oid = a.grantee
                   WHERE p.pronamespace = 'errand'::regnamespace AND a.grantee <> p.proowner) t",
        );
        assert_eq!(actual.lines().collect::<Vec<_>>(), expected);
        let functions = "SELECT string_agg(proname, ' ' ORDER BY proname COLLATE \"C\") FROM pg_proc WHERE pronamespace = 'errand'::regnamespace";
        let mut listed: Vec<&str> = rows.iter().map(|row| row[0]).collect();
        listed.sort_unstable();
        assert_eq!(value(functions), listed.join(" "), "every function is in the table");
    }

    #[pg_test]
    fn rights_behind_the_facades_are_the_same_and_no_more() {
        api_roles();
        // A role that may execute a function of errand_internal may execute the one of its name in errand;
        // caller_user_id is what the policy of errand.job_queue needs.
        assert_eq!(
            text(
                "SELECT string_agg(i.proname || ' ' || a.grantee::regrole, ', ')
                 FROM pg_proc i
                 CROSS JOIN LATERAL aclexplode(coalesce(i.proacl, acldefault('f', i.proowner))) a
                 WHERE i.pronamespace = 'errand_internal'::regnamespace AND a.grantee <> i.proowner
                   AND i.proname <> 'caller_user_id'
                   AND NOT EXISTS (
                       SELECT FROM pg_proc f, aclexplode(f.proacl) fa
                       WHERE f.pronamespace = 'errand'::regnamespace AND f.proname = i.proname AND fa.grantee = a.grantee)"
            ),
            None
        );
        for role in [
            "authenticated",
            "service_role",
            "errand_worker",
            "errand_admin",
            "errand_monitor",
            "anon",
            "public",
        ] {
            assert_eq!(
                value(&format!("SELECT has_schema_privilege('{role}', 'errand_internal', 'USAGE')")),
                "false",
                "{role}"
            );
        }
    }

    #[pg_test]
    fn nothing_is_open_to_public() {
        assert_eq!(
            text(
                "SELECT string_agg(name, ', ') FROM (
                     SELECT p.oid::regprocedure::text AS name, coalesce(p.proacl, acldefault('f', p.proowner)) AS acl
                     FROM pg_proc p WHERE p.pronamespace IN ('errand'::regnamespace, 'errand_internal'::regnamespace)
                     UNION ALL
                     SELECT c.oid::regclass::text, coalesce(c.relacl, acldefault('r', c.relowner))
                     FROM pg_class c
                     WHERE c.relnamespace IN ('errand'::regnamespace, 'errand_internal'::regnamespace) AND c.relkind IN ('r', 'p', 'v')
                     UNION ALL
                     SELECT n.nspname::text, coalesce(n.nspacl, acldefault('n', n.nspowner))
                     FROM pg_namespace n WHERE n.nspname IN ('errand', 'errand_internal')
                     UNION ALL
                     SELECT t.typname::text, coalesce(t.typacl, acldefault('T', t.typowner))
                     FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'
                     WHERE t.typnamespace IN ('errand'::regnamespace, 'errand_internal'::regnamespace)
                 ) o WHERE EXISTS (SELECT FROM aclexplode(o.acl) a WHERE a.grantee = 0)"
            ),
            None
        );
    }

    #[pg_test]
    fn definer_functions_pin_their_path_and_are_not_exposed() {
        assert_eq!(
            text(
                "SELECT string_agg(p.oid::regprocedure::text, ', ') FROM pg_proc p
                 WHERE p.pronamespace IN ('errand'::regnamespace, 'errand_internal'::regnamespace)
                   AND p.prosecdef
                   AND (p.pronamespace = 'errand'::regnamespace
                        OR NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (p.proconfig), false))"
            ),
            None
        );
        // Every function inside errand_internal pins it, definer or not; but for those whose names were bound
        // when they were made.
        assert_eq!(
            text(
                "SELECT string_agg(p.oid::regprocedure::text, ', ') FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
                 WHERE p.pronamespace = 'errand_internal'::regnamespace AND l.lanname <> 'c'
                   AND p.prosqlbody IS NULL
                   AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (p.proconfig), false)"
            ),
            None
        );
    }

    #[pg_test]
    fn the_owner_is_errand_owner_and_can_do_nothing_else() {
        assert_eq!(
            text(
                "SELECT string_agg(name, ', ') FROM (
                     SELECT p.oid::regprocedure::text AS name, p.proowner AS owner FROM pg_proc p
                     WHERE p.pronamespace IN ('errand'::regnamespace, 'errand_internal'::regnamespace)
                     UNION ALL
                     SELECT c.oid::regclass::text, c.relowner FROM pg_class c
                     WHERE c.relnamespace IN ('errand'::regnamespace, 'errand_internal'::regnamespace)
                     UNION ALL
                     SELECT n.nspname::text, n.nspowner FROM pg_namespace n WHERE n.nspname IN ('errand', 'errand_internal')
                 ) o WHERE o.owner <> 'errand_owner'::regrole"
            ),
            None
        );
        assert_eq!(
            value(
                "SELECT (rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,
                         (SELECT count(*) FROM pg_auth_members m WHERE m.member = r.oid OR m.roleid = r.oid))
                 FROM pg_roles r WHERE rolname = 'errand_owner'"
            ),
            "(f,f,f,f,f,f,0)"
        );
    }

    #[pg_test]
    fn everything_is_commented() {
        assert_eq!(
            text(
                "SELECT string_agg(name, ', ') FROM (
                     SELECT p.oid::regprocedure::text AS name, obj_description(p.oid, 'pg_proc') AS said FROM pg_proc p
                     WHERE p.pronamespace IN ('errand'::regnamespace, 'errand_internal'::regnamespace)
                     UNION ALL
                     SELECT c.oid::regclass::text, obj_description(c.oid, 'pg_class') FROM pg_class c
                     WHERE c.relnamespace IN ('errand'::regnamespace, 'errand_internal'::regnamespace) AND c.relkind IN ('r', 'p', 'v')
                     UNION ALL
                     SELECT a.attrelid::regclass || '.' || a.attname, col_description(a.attrelid, a.attnum)
                     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                     WHERE c.relnamespace IN ('errand'::regnamespace, 'errand_internal'::regnamespace)
                       AND c.relkind IN ('r', 'p', 'v') AND a.attnum > 0
                     UNION ALL
                     SELECT t.typname::text, obj_description(t.oid, 'pg_type') FROM pg_type t
                     JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'
                     WHERE t.typnamespace = 'errand_internal'::regnamespace
                     UNION ALL
                     SELECT n.nspname::text, obj_description(n.oid, 'pg_namespace') FROM pg_namespace n
                     WHERE n.nspname IN ('errand', 'errand_internal')
                 ) o WHERE o.said IS NULL"
            ),
            None
        );
    }

    #[pg_test]
    fn reading_functions_can_be_served_as_get() {
        assert_eq!(
            value(
                "SELECT string_agg(proname, ' ' ORDER BY proname) FROM pg_proc
                 WHERE pronamespace = 'errand'::regnamespace AND provolatile <> 'v'"
            ),
            "count_user_jobs get_cached_job_result get_job get_job_queue_stats get_job_status get_user_jobs get_user_jobs_page"
        );
    }

    #[pg_test]
    fn every_argument_has_a_name_and_no_function_an_overload() {
        assert_eq!(
            text(
                "SELECT string_agg(proname, ', ') FROM pg_proc p WHERE pronamespace = 'errand'::regnamespace
                 AND (EXISTS (SELECT FROM unnest(proargnames[1:pronargs]) n WHERE n NOT LIKE 'p\\_%')
                      OR EXISTS (SELECT FROM pg_proc o WHERE o.pronamespace = p.pronamespace AND o.proname = p.proname AND o.oid <> p.oid))"
            ),
            None
        );
    }

    #[pg_test]
    fn granting_api_roles_twice_changes_nothing() {
        api_roles();
        let rights = "SELECT md5(string_agg(proname || proacl::text, ',' ORDER BY oid)) FROM pg_proc WHERE pronamespace IN ('errand'::regnamespace, 'errand_internal'::regnamespace)";
        let before = value(rights);
        run("SELECT * FROM errand.grant_api_roles()");
        assert_eq!(value(rights), before);
    }
}
