//! get_cached_job_result, get_user_jobs and errand.job_queue.

use pgrx::prelude::*;

#[pg_schema]
mod tests {
    use crate::tests::{ALICE, BOB, act_as, api_roles, refused, run, sign_in, superuser, text, value};
    use pgrx::prelude::*;

    /// Completes a job with these params and result, as long ago as said.
    fn completed(user: &str, params: &str, result: &str, ago: &str) {
        run(&format!("SELECT errand.find_or_create_job('{user}', 't', '{params}', '0')"));
        run(&format!(
            "SELECT errand.complete_job(id, lease_token, '{result}') FROM errand.pick_up_jobs('w')"
        ));
        run(&format!(
            "UPDATE errand_internal.stored_job SET completed_at = completed_at - interval '{ago}' WHERE result = '{result}'"
        ));
    }

    fn cached(arguments: &str) -> Option<String> {
        text(&format!("SELECT result FROM errand.get_cached_job_result({arguments})"))
    }

    fn five_jobs_each() {
        run(&format!(
            "SELECT errand.create_jobs(NULL, (
                 SELECT jsonb_agg(jsonb_build_object('user_id', u, 'job_type', 't' || n % 2, 'params', n,
                                                     'job_priority', n % 3))
                 FROM generate_series(1, 5) n, unnest('{{{ALICE},{BOB}}}'::uuid[]) u))"
        ));
    }

    fn page(arguments: &str) -> String {
        text(&format!(
            "SELECT string_agg(params::text, ' ') || '/' || max(total_count) FROM errand.get_user_jobs({arguments})"
        ))
        .unwrap_or_default()
    }

    #[pg_test]
    fn cache_gives_the_newest_of_exactly_these_params() {
        completed(ALICE, r#"{"a": 1}"#, "1", "50 minutes");
        completed(ALICE, r#"{"a": 1}"#, "2", "10 minutes");
        completed(ALICE, r#"{"a": 1, "b": 2}"#, "3", "1 minute");
        completed(BOB, r#"{"a": 1}"#, "4", "1 minute");
        assert_eq!(cached(&format!(r#"'{ALICE}', 't', '{{"a": 1.0}}'"#)), Some("2".into()));
        assert_eq!(cached(&format!(r#"'{ALICE}', 't', '{{"a": 2}}'"#)), None);
        assert_eq!(cached(&format!(r#"'{ALICE}', 'u', '{{"a": 1}}'"#)), None);
        assert_eq!(
            value(&format!(
                "SELECT expires_at - completed_at FROM errand.get_cached_job_result('{ALICE}', 't', '{{\"a\": 1}}', '20 minutes')"
            )),
            "00:20:00"
        );
    }

    #[pg_test]
    fn cache_ends_at_the_ttl() {
        completed(ALICE, "1", "7", "59 minutes");
        let call = |ttl: &str| format!("'{ALICE}', 't', '1'{ttl}");
        assert!(cached(&call("")).is_some());
        assert!(cached(&call(", NULL")).is_some());
        assert!(cached(&call(", '58 minutes'")).is_none());
        assert!(cached(&call(", '0'")).is_none());
        run("UPDATE errand_internal.stored_job SET completed_at = completed_at - interval '1 minute'");
        assert!(cached(&call("")).is_none());
        assert!(cached(&call(", '2 hours'")).is_some());
    }

    #[pg_test]
    fn cache_rechecks_equality_behind_the_hash() {
        completed(ALICE, "1", "7", "0");
        run(&format!("UPDATE errand_internal.stored_job SET user_id = '{BOB}'"));
        assert_eq!(cached(&format!("'{ALICE}', 't', '1'")), None);
    }

    #[pg_test]
    fn cache_is_never_another_users() {
        api_roles();
        completed(BOB, "1", "7", "0");
        sign_in(ALICE);
        assert_eq!(cached("NULL, 't', '1'"), None);
        sign_in(BOB);
        assert_eq!(cached("NULL, 't', '1'"), Some("7".into()));
    }

    #[pg_test]
    fn cache_refuses_bad_arguments() {
        for (arguments, message) in [
            ("NULL, '1'", "p_job_type is missing"),
            ("'t', NULL", "p_params is missing"),
            ("'t', '1', '-1 s'", "p_cache_ttl is out of range"),
            ("'t', '1', '11 years'", "p_cache_ttl is out of range"),
        ] {
            let call = format!("SELECT * FROM errand.get_cached_job_result('{ALICE}', {arguments})");
            assert_eq!(refused(&call).message, message);
        }
    }

    #[pg_test]
    fn list_pages_and_counts() {
        five_jobs_each();
        let user = format!("'{ALICE}'");
        assert_eq!(page(&user), "5 4 3 2 1/5");
        assert_eq!(page(&format!("{user}, p_limit => 2, p_offset => 1")), "4 3/5");
        assert_eq!(page(&format!("{user}, p_limit => 2, p_offset => 5")), "");
        assert_eq!(page(&format!("{user}, p_job_type => 't0'")), "4 2/2");
        assert_eq!(page(&format!("{user}, p_status => 'completed'")), "");
        run("SELECT errand.pick_up_jobs('w', '{t0}')");
        assert_eq!(
            page(&format!("'{BOB}', p_status => 'pending'"))
                + &page(&format!("{user}, p_status => 'processing'")),
            "5 4 3 2 1/52/1"
        );
    }

    #[pg_test]
    fn list_orders_by_listed_columns_and_breaks_ties_by_id() {
        five_jobs_each();
        let user = format!("'{ALICE}'");
        assert_eq!(
            page(&format!("{user}, p_order_by => 'job_priority', p_order_dir => 'DESC'")),
            "5 2 4 1 3/5"
        );
        assert_eq!(
            page(&format!("{user}, p_order_by => 'job_priority', p_order_dir => 'ASC'")),
            "3 1 4 2 5/5"
        );
        assert_eq!(page(&format!("{user}, p_order_by => 'started_at', p_order_dir => 'ASC'")), "1 2 3 4 5/5");
        run(&format!(
            "UPDATE errand_internal.job SET started_at = now() WHERE params = '3' AND user_id = {user}"
        ));
        assert_eq!(
            page(&format!("{user}, p_order_by => 'started_at', p_order_dir => 'DESC'")),
            "3 5 4 2 1/5"
        );
        for column in ["created_at", "updated_at", "scheduled_for", "completed_at", "job_type", "status"] {
            assert!(page(&format!("{user}, p_order_by => '{column}'")).ends_with("/5"), "{column}");
        }
    }

    #[pg_test]
    fn list_refuses_bad_arguments() {
        for (arguments, message) in [
            ("p_status => 'done'", "p_status has an unknown value"),
            ("p_limit => 0", "p_limit is out of range"),
            ("p_limit => 501", "p_limit is out of range"),
            ("p_limit => NULL", "p_limit is missing"),
            ("p_offset => -1", "p_offset is out of range"),
            ("p_offset => 1001", "p_offset is too deep"),
            ("p_offset => NULL", "p_offset is missing"),
            ("p_order_by => 'params'", "p_order_by has an unknown value"),
            ("p_order_by => 'id; DROP TABLE job'", "p_order_by has an unknown value"),
            ("p_order_by => NULL", "p_order_by is missing"),
            ("p_order_dir => 'up'", "p_order_dir has an unknown value"),
        ] {
            let call = format!("SELECT * FROM errand.get_user_jobs('{ALICE}', {arguments})");
            assert_eq!(refused(&call).message, message);
        }
        let failure = refused(&format!("SELECT * FROM errand.get_user_jobs('{ALICE}', p_offset => 1001)"));
        assert!(failure.hint.contains("cursor"), "{failure:?}");
    }

    #[pg_test]
    fn list_and_queue_show_a_user_its_own_jobs() {
        api_roles();
        five_jobs_each();
        for user in [ALICE, BOB] {
            sign_in(user);
            assert_eq!(page("NULL"), "5 4 3 2 1/5");
            assert_eq!(
                value("SELECT (count(*), min(user_id::text), max(user_id::text)) FROM errand.job_queue"),
                format!("(5,{user},{user})")
            );
        }
        act_as("authenticated", "");
        assert_eq!(value("SELECT count(*) FROM errand.job_queue"), "0");
        for role in ["service_role", "errand_worker", "errand_admin", "none"] {
            act_as(role, "");
            assert_eq!(value("SELECT count(*) FROM errand.job_queue"), "10", "{role}");
        }
    }

    #[pg_test]
    fn queue_shows_the_documents_columns_and_no_tokens() {
        assert_eq!(
            value(
                "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute
                 WHERE attrelid = 'errand.job_queue'::regclass AND attnum > 0"
            ),
            "id user_id job_type params status job_priority scheduled_for created_at updated_at started_at \
             completed_at expires_at worker_id retry_count result last_error"
        );
        assert_eq!(
            value(
                "SELECT bool_or(has_column_privilege(r, 'errand_internal.stored_job', c, 'SELECT'))
                 FROM unnest('{errand_worker,errand_admin,errand_monitor,pg_database_owner}'::text[]) r,
                      unnest('{lease_token,lease_expires_at,identity}'::text[]) c"
            ),
            "false"
        );
    }

    #[pg_test]
    fn queue_cursor_query_sorts_nothing() {
        api_roles();
        run(&format!(
            "SELECT errand.create_jobs(NULL, (
                 SELECT jsonb_agg(jsonb_build_object('user_id', u, 'job_type', 't', 'params', n))
                 FROM generate_series(1, 1000) n, unnest('{{{ALICE},{BOB}}}'::uuid[]) u))"
        ));
        run("ANALYZE errand_internal.job");
        sign_in(ALICE);
        for filter in [
            "",
            &format!("WHERE user_id = '{ALICE}'"),
            "WHERE (created_at, id) < (now() + '1 day', gen_random_uuid())",
        ] {
            let query =
                format!("SELECT * FROM errand.job_queue {filter} ORDER BY created_at DESC, id DESC LIMIT 50");
            let plan = plan(&query);
            assert!(plan.contains("job_user_created") && !plan.contains("->  Sort"), "{query}\n{plan}");
            assert!(plan.contains("Index Cond: (") && plan.contains("user_id = "), "{query}\n{plan}");
        }
        superuser();
    }

    fn plan(query: &str) -> String {
        Spi::connect_mut(|client| {
            client
                .update(&format!("EXPLAIN (COSTS OFF) {query}"), None, &[])
                .unwrap()
                .filter_map(|row| row.get::<String>(1).unwrap())
                .collect::<Vec<_>>()
                .join("\n")
        })
    }
}
