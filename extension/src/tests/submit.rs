//! find_or_create_job and cancel_jobs.

use pgrx::prelude::*;

#[pg_schema]
mod tests {
    use crate::tests::{ALICE, BOB, api_roles, refused, run, sign_in, superuser, text, value};
    use pgrx::prelude::*;

    fn submit(arguments: &str) -> String {
        value(&format!(
            "SELECT concat_ws(' ', job_id, is_new, existing_status) FROM errand.find_or_create_job({arguments})"
        ))
    }

    /// Submits and gives the job's id, which must be as new as said.
    fn job(arguments: &str, is_new: bool) -> String {
        let row = submit(arguments);
        let (id, rest) = row.split_once(' ').unwrap();
        assert_eq!(rest.starts_with('t'), is_new, "{arguments}: {row}");
        id.to_owned()
    }

    #[pg_test]
    fn submit_finds_what_is_equal_as_jsonb() {
        let first = job(&format!(r#"'{ALICE}', 't', '{{"a": 1, "b": [1.0]}}'"#), true);
        assert_eq!(submit(&format!(r#"'{ALICE}', 't', '{{"b": [1], "a": 1.00}}'"#)), format!("{first} f pending"));
        job(&format!(r#"'{ALICE}', 't', '{{"a": 1}}'"#), true);
        job(&format!(r#"'{ALICE}', 'u', '{{"a": 1, "b": [1.0]}}'"#), true);
        job(&format!(r#"'{BOB}', 't', '{{"a": 1, "b": [1.0]}}'"#), true);
    }

    #[pg_test]
    fn submit_fills_in_the_defaults() {
        let id = job(&format!("'{ALICE}', 't', 'null'"), true);
        assert_eq!(
            value(&format!(
                "SELECT (status, job_priority, retry_count, scheduled_for = created_at, updated_at = created_at,
                         started_at, completed_at, expires_at, worker_id, result, last_error, params)
                 FROM errand.job_queue WHERE id = '{id}'"
            )),
            "(pending,0,0,t,t,,,,,,,null)"
        );
    }

    #[pg_test]
    fn submit_keeps_what_it_is_given() {
        let id = job(&format!("'{ALICE}', 't', '1', '1 hour', 7, now() + '1 day', now() + '2 days'"), true);
        assert_eq!(
            value(&format!(
                "SELECT (job_priority, scheduled_for = now() + '1 day', expires_at = now() + '2 days')
                 FROM errand.job_queue WHERE id = '{id}'"
            )),
            "(7,t,t)"
        );
    }

    #[pg_test]
    fn submit_window_slides() {
        let old = job(&format!("'{ALICE}', 't', '1'"), true);
        run(&format!("UPDATE errand_internal.job SET created_at = created_at - interval '4 minutes' WHERE id = '{old}'"));
        assert_eq!(job(&format!("'{ALICE}', 't', '1'"), false), old);
        run(&format!("UPDATE errand_internal.job SET created_at = created_at - interval '1 minute' WHERE id = '{old}'"));
        // Five minutes and a little old: outside the default window, inside a longer one.
        assert_eq!(job(&format!("'{ALICE}', 't', '1', '6 minutes'"), false), old);
        let new = job(&format!("'{ALICE}', 't', '1'"), true);
        assert_eq!(job(&format!("'{ALICE}', 't', '1', '6 minutes'"), false), new, "the newest twin");
    }

    #[pg_test]
    fn submit_without_window_is_always_new_and_can_be_found() {
        let first = job(&format!("'{ALICE}', 't', '1', '0'"), true);
        assert_eq!(job(&format!("'{ALICE}', 't', '1'"), false), first);
        let second = job(&format!("'{ALICE}', 't', '1', '0'"), true);
        assert_eq!(job(&format!("'{ALICE}', 't', '1', NULL"), false), second);
    }

    #[pg_test]
    fn submit_finds_running_jobs_but_not_finished_ones() {
        let id = job(&format!("'{ALICE}', 't', '1'"), true);
        run("CREATE TEMP TABLE mine AS SELECT id, lease_token FROM errand.pick_up_jobs('w')");
        assert_eq!(submit(&format!("'{ALICE}', 't', '1'")), format!("{id} f processing"));
        run("SELECT errand.complete_job(id, lease_token) FROM mine");
        let next = job(&format!("'{ALICE}', 't', '1'"), true);
        run(&format!("SELECT errand.cancel_jobs('{ALICE}', '{{{next}}}')"));
        job(&format!("'{ALICE}', 't', '1'"), true);
    }

    #[pg_test]
    fn submit_does_not_rely_on_an_expired_job() {
        let id = job(&format!("'{ALICE}', 't', '1', NULL, 0, NULL, now() + '1 hour'"), true);
        assert_eq!(job(&format!("'{ALICE}', 't', '1'"), false), id);
        run(&format!("UPDATE errand_internal.job SET expires_at = now() WHERE id = '{id}'"));
        job(&format!("'{ALICE}', 't', '1'"), true);
    }

    #[pg_test]
    fn submit_rechecks_equality_behind_the_hash() {
        let id = job(&format!("'{ALICE}', 't', '1'"), true);
        // As if two params had one hash.
        run(&format!("UPDATE errand_internal.job SET params = '2' WHERE id = '{id}'"));
        job(&format!("'{ALICE}', 't', '1'"), true);
    }

    #[pg_test]
    fn submit_refuses_bad_arguments() {
        let user = format!("'{ALICE}'");
        for (arguments, message) in [
            ("NULL, '1'", "p_job_type is missing"),
            ("'', '1'", "p_job_type has a bad length"),
            ("repeat('x', 129), '1'", "p_job_type has a bad length"),
            ("'t', NULL", "p_params is missing"),
            ("'t', '1', '-1 second'", "p_dedupe_window is out of range"),
            ("'t', '1', '11 years'", "p_dedupe_window is out of range"),
            ("'t', '1', NULL, 32768", "p_job_priority is out of range"),
            ("'t', '1', NULL, -32769", "p_job_priority is out of range"),
            ("'t', '1', NULL, 0, 'infinity'", "p_scheduled_for is not finite"),
            ("'t', '1', NULL, 0, '-infinity'", "p_scheduled_for is not finite"),
            ("'t', '1', NULL, 0, NULL, 'infinity'", "p_expires_at is not finite"),
            ("'t', '1', NULL, 0, NULL, now() - interval '1 s'", "the job would expire before it could start"),
            ("'t', '1', NULL, 0, now() + '2 h', now() + '1 h'", "the job would expire before it could start"),
        ] {
            let failure = refused(&format!("SELECT * FROM errand.find_or_create_job({user}, {arguments})"));
            assert_eq!(failure.message, message, "{arguments}");
        }
        assert_eq!(value("SELECT count(*) FROM errand.job_queue"), "0");
        job(&format!("{user}, repeat('é', 128), '1'"), true);
    }

    #[pg_test]
    fn submit_limits_params_of_untrusted_callers() {
        api_roles();
        let call = |bytes: u32| {
            format!("SELECT * FROM errand.find_or_create_job('{ALICE}', 't', to_jsonb(repeat('x', {bytes} - 2)))")
        };
        sign_in(ALICE);
        run(&call(65536));
        let failure = refused(&call(65537));
        assert!(failure.detail.contains("65537") && failure.hint.contains("65536"), "{failure:?}");
        superuser();
        run(&call(65537));
        run("SET LOCAL errand.max_params_bytes = 10");
        sign_in(ALICE);
        refused(&call(11));
    }

    #[pg_test]
    fn cancel_takes_own_active_jobs_only() {
        api_roles();
        let own = job(&format!("'{ALICE}', 't', '1'"), true);
        let others = job(&format!("'{BOB}', 't', '1'"), true);
        sign_in(ALICE);
        let cancel = format!("SELECT job_id FROM errand.cancel_jobs(NULL, '{{{own},{others},{ALICE}}}')");
        assert_eq!(value(&cancel), own);
        assert_eq!(text(&cancel), None, "a cancelled job is not cancelled again");
        refused("SELECT * FROM errand.cancel_jobs(NULL, NULL)");
        refused("SELECT * FROM errand.cancel_jobs(NULL, ARRAY[NULL]::uuid[])");
        superuser();
        assert_eq!(
            value(&format!("SELECT (status, completed_at IS NOT NULL) FROM errand.job_queue WHERE id = '{own}'")),
            "(cancelled,t)"
        );
        assert_eq!(value(&format!("SELECT status FROM errand.job_queue WHERE id = '{others}'")), "pending");
    }
}
