//! create_jobs.

use pgrx::prelude::*;

#[pg_schema]
mod tests {
    use crate::tests::{ALICE, BOB, api_roles, forbidden, refused, run, sign_in, superuser, text, value};
    use pgrx::prelude::*;

    fn create(user: &str, jobs: &str) -> String {
        format!("SELECT * FROM errand.create_jobs({user}, $jobs${jobs}$jobs$)")
    }

    /// One character a job: n for new, f for found.
    fn news(user: &str, jobs: &str) -> String {
        value(&format!(
            "SELECT string_agg(CASE WHEN is_new THEN 'n' ELSE 'f' END, '' ORDER BY ordinal) FROM ({}) c",
            create(user, jobs)
        ))
    }

    #[pg_test]
    fn batch_creates_thousands_in_order() {
        assert_eq!(
            value(&format!(
                "SELECT (count(*), count(DISTINCT job_id), min(ordinal), max(ordinal), bool_and(is_new))
                 FROM errand.create_jobs('{ALICE}', (
                     SELECT jsonb_agg(jsonb_build_object('job_type', 't', 'params', n, 'job_priority', n % 5))
                     FROM generate_series(1, 3000) n))"
            )),
            "(3000,3000,1,3000,t)"
        );
        assert_eq!(value("SELECT count(*) FROM errand.job_queue WHERE job_priority = 3"), "600");
    }

    #[pg_test]
    fn batch_of_nothing_is_nothing() {
        assert_eq!(text(&format!("SELECT ordinal FROM errand.create_jobs('{ALICE}', '[]')")), None);
    }

    #[pg_test]
    fn batch_finds_twins_within_and_before() {
        let user = format!("'{ALICE}'");
        run(&format!("SELECT * FROM errand.find_or_create_job({user}, 't', '1')"));
        let jobs = r#"[{"job_type": "t", "params": 1.0}, {"job_type": "t", "params": 2},
                       {"job_type": "t", "params": 2.0}, {"job_type": "t", "params": 3, "dedupe_window": "0"},
                       {"job_type": "t", "params": 3}, {"job_type": "t", "params": 3, "dedupe_window": "0 s"},
                       {"job_type": "t", "params": 3}, {"job_type": "t", "params": 1, "dedupe_window": "0"},
                       {"job_type": "t", "params": 1}]"#;
        assert_eq!(news(&user, jobs), "fnfnfnfnf");
        // What is found is the newest: elements 5 and 7 are the jobs of 4 and 6, 9 that of 8.
        assert_eq!(news(&user, jobs), "fffnfnfnf");
        assert_eq!(value("SELECT count(*) FROM errand.job_queue"), "8");
    }

    #[pg_test]
    fn batch_twins_point_at_the_newest() {
        assert_eq!(
            value(&format!(
                r#"SELECT string_agg((dense)::text, '' ORDER BY ordinal) FROM (
                       SELECT ordinal, dense_rank() OVER (ORDER BY job_id) AS dense
                       FROM errand.create_jobs('{ALICE}', '[
                           {{"job_type": "t", "params": 1}}, {{"job_type": "t", "params": 1}},
                           {{"job_type": "t", "params": 1, "dedupe_window": "0"}}, {{"job_type": "t", "params": 1}}]')) t"#
            )),
            "1122"
        );
    }

    #[pg_test]
    fn batch_takes_every_field() {
        run(&create(
            "NULL",
            &format!(
                r#"[{{"user_id": "{BOB}", "job_type": "t", "params": {{"n": 1.000000000000000000001}}, "job_priority": -3,
                     "scheduled_for": "2099-01-01T00:00:00Z", "expires_at": "2099-01-02 01:00:00+01",
                     "dedupe_window": "1 hour"}}]"#
            ),
        ));
        assert_eq!(
            value(
                "SELECT (user_id, job_type, params, job_priority, scheduled_for = '2099-01-01 00:00+00',
                         expires_at = '2099-01-02 00:00+00') FROM errand.job_queue"
            ),
            format!(r#"({BOB},t,"{{""n"": 1.000000000000000000001}}",-3,t,t)"#)
        );
    }

    #[pg_test]
    fn batch_null_fields_are_left_out() {
        let jobs = r#"[{"job_type": "t", "params": null, "job_priority": null, "scheduled_for": null,
                        "expires_at": null, "dedupe_window": null, "user_id": null}]"#;
        assert_eq!(news(&format!("'{ALICE}'"), jobs), "n");
        assert_eq!(value("SELECT (params, job_priority) FROM errand.job_queue"), "(null,0)");
    }

    #[pg_test]
    fn batch_errors_name_element_and_field_and_create_nothing() {
        let user = format!("'{ALICE}'");
        for (element, message) in [
            ("7", "the element: wrong type"),
            (r#"{"params": 1}"#, "job_type: job_type is missing"),
            (r#"{"job_type": 5, "params": 1}"#, "job_type: wrong type"),
            (r#"{"job_type": "", "params": 1}"#, "job_type: job_type has a bad length"),
            (r#"{"job_type": "t"}"#, "params: params is missing"),
            (r#"{"job_type": "t", "params": 1, "priority": 1}"#, "priority: unknown field"),
            (r#"{"job_type": "t", "params": 1, "job_priority": 1.5}"#, "job_priority: wrong type"),
            (r#"{"job_type": "t", "params": 1, "job_priority": 99999}"#, "job_priority: job_priority is out of range"),
            (r#"{"job_type": "t", "params": 1, "dedupe_window": 300}"#, "dedupe_window: wrong type"),
            (r#"{"job_type": "t", "params": 1, "dedupe_window": "soon"}"#, "dedupe_window: wrong type"),
            (r#"{"job_type": "t", "params": 1, "dedupe_window": "9999999999 years"}"#, "dedupe_window: wrong type"),
            (r#"{"job_type": "t", "params": 1, "dedupe_window": "-1 s"}"#, "dedupe_window: dedupe_window is out of range"),
            (r#"{"job_type": "t", "params": 1, "scheduled_for": "today at noon"}"#, "scheduled_for: wrong type"),
            (r#"{"job_type": "t", "params": 1, "scheduled_for": "infinity"}"#, "scheduled_for: scheduled_for is not finite"),
            (r#"{"job_type": "t", "params": 1, "expires_at": "2001-01-01"}"#, "expires_at: the job would expire before it could start"),
            (r#"{"job_type": "t", "params": 1, "user_id": "alice"}"#, "user_id: wrong type"),
        ] {
            let jobs = format!(r#"[{{"job_type": "t", "params": 1}}, {element}]"#);
            let failure = refused(&create(&user, &jobs));
            assert_eq!(failure.message, format!("element 2 of p_jobs, {message}"), "{element}");
        }
        for (jobs, message) in [("{}", "p_jobs is not a JSON array"), ("null", "p_jobs is not a JSON array")] {
            assert_eq!(refused(&create(&user, jobs)).message, message);
        }
        assert_eq!(refused(&format!("SELECT errand.create_jobs({user}, NULL)")).message, "p_jobs is missing");
        assert_eq!(value("SELECT count(*) FROM errand.job_queue"), "0");
    }

    #[pg_test]
    fn batch_user_is_the_caller_for_a_user() {
        api_roles();
        sign_in(ALICE);
        assert_eq!(news("NULL", r#"[{"job_type": "t", "params": 1}]"#), "n");
        assert_eq!(news(&format!("'{ALICE}'"), &format!(r#"[{{"job_type": "t", "params": 2, "user_id": "{ALICE}"}}]"#)), "n");
        forbidden(&create(&format!("'{BOB}'"), r#"[{"job_type": "t", "params": 1}]"#));
        let failure = forbidden(&create("NULL", &format!(r#"[{{"job_type": "t", "params": 1, "user_id": "{BOB}"}}]"#)));
        assert_eq!(failure.message, "element 1 of p_jobs, user_id: not your user");
        let long = "x".repeat(65535);
        let failure = refused(&create("NULL", &format!(r#"[{{"job_type": "t", "params": "{long}"}}]"#)));
        assert_eq!(failure.message, "element 1 of p_jobs, params: params are too long");
        superuser();
        assert_eq!(value("SELECT count(*) FILTER (WHERE user_id = '00000000-0000-4000-8000-00000000000a') FROM errand.job_queue"), "2");
    }

    #[pg_test]
    fn batch_user_is_named_by_a_trusted_caller() {
        let failure = refused(&create("NULL", &format!(r#"[{{"job_type": "t", "params": 1, "user_id": "{BOB}"}}, {{"job_type": "t", "params": 1}}]"#)));
        assert_eq!(failure.message, "element 2 of p_jobs, user_id: user_id is missing");
        assert_eq!(news(&format!("'{ALICE}'"), &format!(r#"[{{"job_type": "t", "params": 1, "user_id": "{BOB}"}}, {{"job_type": "t", "params": 1}}]"#)), "nn");
    }
}
