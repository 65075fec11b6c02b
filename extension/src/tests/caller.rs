//! Who is calling: every kind of caller against every user it may ask for.

use pgrx::prelude::*;

#[pg_schema]
mod tests {
    use crate::tests::{ALICE, BOB, act_as, api_roles, forbidden, refused, run, sign_in, superuser, value};
    use pgrx::prelude::*;

    /// Submits for a user (an SQL expression) and says whose job it became.
    fn submit_for(user: &str) -> String {
        value(&format!(
            "SELECT j.user_id FROM errand.find_or_create_job({user}, 't', '1') f
             JOIN LATERAL errand_internal_owner_of(f.job_id) AS j (user_id) ON true"
        ))
    }

    /// A way to see whose a job is, whatever the caller may read.
    fn setup() {
        api_roles();
        run("CREATE FUNCTION public.errand_internal_owner_of(uuid) RETURNS uuid LANGUAGE sql VOLATILE
             SECURITY DEFINER AS 'SELECT user_id FROM errand_internal.job WHERE id = $1'");
        run("GRANT USAGE ON SCHEMA public TO PUBLIC");
    }

    fn call_for(user: &str) -> String {
        format!("SELECT * FROM errand.find_or_create_job({user}, 't', '1')")
    }

    #[pg_test]
    fn caller_user_acts_for_itself_only() {
        setup();
        sign_in(ALICE);
        assert_eq!(submit_for("NULL"), ALICE);
        assert_eq!(submit_for(&format!("'{ALICE}'")), ALICE);
        let failure = forbidden(&call_for(&format!("'{BOB}'")));
        assert!(failure.detail.contains(BOB) && failure.detail.contains(ALICE), "{failure:?}");
    }

    #[pg_test]
    fn caller_without_sub_is_refused() {
        setup();
        for claims in ["", "{}", r#"{"role":"authenticated"}"#, r#"{"sub":null}"#] {
            act_as("authenticated", claims);
            assert_eq!(forbidden(&call_for("NULL")).message, "not signed in");
            assert_eq!(forbidden(&call_for(&format!("'{ALICE}'"))).message, "not signed in");
        }
    }

    #[pg_test]
    fn caller_claims_must_be_well_formed() {
        setup();
        for (claims, message) in [
            ("{", "request.jwt.claims is not a JSON object"),
            ("[1]", "request.jwt.claims is not a JSON object"),
            (r#"{"sub":"alice"}"#, "the claim sub is not a UUID"),
            (r#"{"sub":7}"#, "the claim sub is not a UUID"),
        ] {
            act_as("authenticated", claims);
            assert_eq!(refused(&call_for("NULL")).message, message, "{claims}");
            assert_eq!(refused("SELECT * FROM errand.job_queue").message, message, "{claims}");
        }
    }

    #[pg_test]
    fn caller_legacy_setting_is_ignored() {
        setup();
        act_as("authenticated", "");
        run(&format!("SELECT set_config('request.jwt.claim.sub', '{BOB}', true)"));
        forbidden(&call_for("NULL"));
        forbidden(&call_for(&format!("'{BOB}'")));

        sign_in(ALICE);
        run(&format!("SELECT set_config('request.jwt.claim.sub', '{BOB}', true)"));
        assert_eq!(submit_for("NULL"), ALICE);
        forbidden(&call_for(&format!("'{BOB}'")));
    }

    #[pg_test]
    fn caller_role_claim_gives_nothing() {
        setup();
        act_as("authenticated", &format!(r#"{{"role":"service_role","sub":"{ALICE}"}}"#));
        forbidden(&call_for(&format!("'{BOB}'")));
    }

    #[pg_test]
    fn caller_trusted_roles_name_any_user() {
        setup();
        for role in ["service_role", "errand_worker", "errand_admin", "none"] {
            act_as(role, "");
            assert_eq!(submit_for(&format!("'{BOB}'")), BOB, "{role}");
            assert_eq!(refused(&call_for("NULL")).message, "p_user_id is missing", "{role}");
        }
    }

    #[pg_test]
    fn caller_trusted_role_does_not_become_its_token_user() {
        setup();
        act_as("service_role", &format!(r#"{{"sub":"{ALICE}"}}"#));
        refused(&call_for("NULL"));
        assert_eq!(submit_for(&format!("'{BOB}'")), BOB);
    }

    #[pg_test]
    fn caller_member_of_a_trusted_role_is_trusted() {
        setup();
        run("CREATE ROLE test_backend; GRANT errand_worker TO test_backend");
        act_as("test_backend", "");
        assert_eq!(submit_for(&format!("'{BOB}'")), BOB);
    }

    #[pg_test]
    fn caller_member_that_does_not_inherit_is_not_trusted() {
        setup();
        // As PostgREST's login role: it may become service_role, but is not.
        run("CREATE ROLE test_login NOINHERIT; GRANT service_role TO test_login; GRANT authenticated TO test_login");
        run("GRANT USAGE ON SCHEMA errand TO test_login");
        run("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA errand, errand_internal TO test_login");
        act_as("test_login", "");
        assert_eq!(forbidden(&call_for(&format!("'{BOB}'"))).message, "not signed in");
    }

    #[pg_test]
    fn caller_database_owner_is_trusted() {
        setup();
        run("CREATE ROLE test_owner");
        run(&format!("ALTER DATABASE {} OWNER TO test_owner", value("SELECT quote_ident(current_database())")));
        act_as("test_owner", "");
        assert_eq!(submit_for(&format!("'{BOB}'")), BOB);
        assert_eq!(value("SELECT count(*) FROM errand.job_queue"), "1");
    }

    #[pg_test]
    fn caller_inside_somebody_elses_definer_function_keeps_its_limits() {
        setup();
        // Owned by the superuser: a check of current_user would trust whoever calls it.
        run("CREATE FUNCTION public.test_wrapper(u uuid) RETURNS SETOF uuid LANGUAGE sql VOLATILE SECURITY DEFINER
             AS 'SELECT job_id FROM errand.find_or_create_job(u, ''t'', ''1'')'");
        sign_in(ALICE);
        forbidden(&format!("SELECT test_wrapper('{BOB}')"));
        run("SELECT test_wrapper(NULL)");
        superuser();
        assert_eq!(value("SELECT user_id FROM errand.job_queue"), ALICE);
    }

    #[pg_test]
    fn caller_plain_role_anon_and_monitor_reach_nothing() {
        setup();
        run("CREATE ROLE test_plain");
        for role in ["test_plain", "anon", "errand_monitor"] {
            act_as(role, &format!(r#"{{"sub":"{ALICE}"}}"#));
            forbidden(&call_for("NULL"));
            forbidden("SELECT * FROM errand.job_queue");
            forbidden("SELECT * FROM errand.pick_up_jobs('w')");
            forbidden("SELECT * FROM errand_internal.job");
        }
    }

    #[pg_test]
    fn caller_user_reaches_only_submission_and_reading() {
        setup();
        sign_in(ALICE);
        for call in [
            "SELECT * FROM errand.pick_up_jobs('w')",
            "SELECT * FROM errand.complete_job(gen_random_uuid(), gen_random_uuid())",
            "SELECT * FROM errand.complete_jobs('{}', '{}')",
            "SELECT * FROM errand.import_jobs('pg_class')",
            "SELECT * FROM errand.grant_api_roles()",
            "SELECT * FROM errand_internal.find_or_create_job(NULL, 't', '1', NULL, 0, NULL, NULL)",
            "SELECT errand_internal.caller_user_id()",
            "SELECT * FROM errand_internal.job",
            "INSERT INTO errand.job_queue (id) VALUES (gen_random_uuid())",
            "UPDATE errand.job_queue SET status = 'completed'",
            "DELETE FROM errand.job_queue",
        ] {
            forbidden(call);
        }
    }

    #[pg_test]
    fn caller_can_not_lift_its_own_limits() {
        setup();
        sign_in(ALICE);
        forbidden("SET errand.max_params_bytes = '1MB'");
    }
}
