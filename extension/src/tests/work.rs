//! pick_up_jobs, complete_job and complete_jobs.

use pgrx::prelude::*;

#[pg_schema]
mod tests {
    use crate::tests::{ALICE, act_as, api_roles, refused, run, text, value};
    use pgrx::prelude::*;

    /// Submits a job named by its params; `more` are the arguments after the window.
    fn submit(params: u32, more: &str) {
        run(&format!("SELECT errand.find_or_create_job('{ALICE}', 't{params}', '{params}', '0', {more})"));
    }

    /// The params of the jobs picked up, in the order they came.
    fn pick_up(arguments: &str) -> String {
        text(&format!(
            "SELECT string_agg(params::text, ' ') FROM errand.pick_up_jobs({arguments})"
        ))
        .unwrap_or_default()
    }

    /// Picks up one job into the temporary table `mine`.
    fn lease() {
        run("DROP TABLE IF EXISTS mine; CREATE TEMP TABLE mine AS SELECT id, lease_token FROM errand.pick_up_jobs('w')");
        assert_eq!(value("SELECT count(*) FROM mine"), "1");
    }

    #[pg_test]
    fn pickup_is_by_priority_then_schedule() {
        submit(1, "0, now() - interval '1 minute'");
        submit(2, "5, now() - interval '1 minute'");
        submit(3, "0, now() - interval '2 minutes'");
        submit(4, "5, now() - interval '3 minutes'");
        submit(5, "-1, now() - interval '9 minutes'");
        assert_eq!(pick_up("'w', NULL, 2"), "4 2");
        assert_eq!(pick_up("'w', NULL, 10"), "3 1 5");
        assert_eq!(pick_up("'w', NULL, 10"), "");
    }

    #[pg_test]
    fn pickup_leaves_what_is_not_due_or_expired() {
        submit(1, "0, now() + interval '1 minute'");
        submit(2, "0, NULL, now() + interval '1 hour'");
        submit(3, "0, NULL, now() + interval '1 hour'");
        run("UPDATE errand_internal.job SET expires_at = now() - interval '1 s' WHERE params = '3'");
        assert_eq!(pick_up("'w', NULL, 10"), "2");
    }

    #[pg_test]
    fn pickup_by_type() {
        submit(1, "0");
        submit(2, "0");
        submit(3, "0");
        assert_eq!(pick_up("'w', '{t3,t1}', 10"), "1 3");
        assert_eq!(pick_up("'w', '{}', 10"), "");
        assert_eq!(pick_up("'w', NULL, 10"), "2");
    }

    #[pg_test]
    fn pickup_records_worker_and_lease() {
        submit(1, "0");
        run("CREATE TEMP TABLE mine AS SELECT * FROM errand.pick_up_jobs('worker 1', NULL, 1, '10 minutes')");
        assert_eq!(
            value(
                "SELECT (m.status, m.worker_id, j.status, j.worker_id, j.started_at = j.updated_at, j.retry_count,
                         j.lease_token = m.lease_token, j.lease_expires_at - j.started_at)
                 FROM mine m JOIN errand_internal.job j USING (id)"
            ),
            r#"(processing,"worker 1",processing,"worker 1",t,0,t,00:10:00)"#
        );
    }

    #[pg_test]
    fn pickup_refuses_bad_arguments() {
        for (arguments, message) in [
            ("NULL", "p_worker_id is missing"),
            ("''", "p_worker_id has a bad length"),
            ("'w', '{a,NULL}'", "p_job_types contains NULL"),
            ("'w', NULL, 0", "p_limit is out of range"),
            ("'w', NULL, 1001", "p_limit is out of range"),
            ("'w', NULL, NULL", "p_limit is missing"),
            ("'w', NULL, 1, '0'", "p_lease is out of range"),
            ("'w', NULL, 1, '-5 minutes'", "p_lease is out of range"),
            ("'w', NULL, 1, '8 days'", "p_lease is out of range"),
            ("'w', NULL, 1, NULL", "p_lease is missing"),
        ] {
            assert_eq!(refused(&format!("SELECT * FROM errand.pick_up_jobs({arguments})")).message, message);
        }
    }

    #[pg_test]
    fn complete_needs_the_token() {
        submit(1, "0");
        lease();
        let complete = |token: &str| {
            value(&format!("SELECT (f.completed, f.status) FROM mine, errand.complete_job(id, {token}, '{{\"x\": 1}}') f"))
        };
        assert_eq!(complete("gen_random_uuid()"), "(f,processing)");
        assert_eq!(value("SELECT result FROM errand.job_queue UNION ALL SELECT '0' LIMIT 1 OFFSET 1"), "0");
        assert_eq!(complete("lease_token"), "(t,completed)");
        assert_eq!(complete("lease_token"), "(f,completed)", "a token is good for one answer");
        assert_eq!(
            value("SELECT (status, result, completed_at = updated_at, worker_id) FROM errand.job_queue"),
            r#"(completed,"{""x"": 1}",t,w)"#
        );
    }

    #[pg_test]
    fn complete_of_a_cancelled_or_unknown_job_says_so() {
        submit(1, "0");
        lease();
        run(&format!("SELECT errand.cancel_jobs('{ALICE}', ARRAY(SELECT id FROM mine))"));
        assert_eq!(value("SELECT (f.completed, f.status) FROM mine, errand.complete_job(id, lease_token) f"), "(f,cancelled)");
        assert_eq!(
            value("SELECT (f.completed, f.status) FROM errand.complete_job(gen_random_uuid(), gen_random_uuid()) f"),
            "(f,)"
        );
    }

    #[pg_test]
    fn complete_many_answers_in_order() {
        for params in 1..=4 {
            submit(params, "0");
        }
        run("CREATE TEMP TABLE mine AS SELECT id, params, CASE WHEN params = '3' THEN gen_random_uuid() ELSE lease_token END AS token
             FROM errand.pick_up_jobs('w', NULL, 4)");
        // In reverse, one with a stale token, one without result, one of them twice.
        assert_eq!(
            value(
                "SELECT string_agg(f.completed::text || ':' || f.status, ' ' ORDER BY f.ordinality)
                 FROM (SELECT array_agg(id ORDER BY params DESC) || (array_agg(id ORDER BY params))[1] AS ids,
                              array_agg(token ORDER BY params DESC) || (array_agg(token ORDER BY params))[1] AS tokens,
                              array_agg(nullif(params, '2') ORDER BY params DESC) || '99'::jsonb AS results FROM mine) a,
                      ROWS FROM (errand.complete_jobs(a.ids, a.tokens, a.results)) WITH ORDINALITY f"
            ),
            "true:completed false:processing true:completed true:completed false:completed"
        );
        assert_eq!(
            value("SELECT string_agg(coalesce(result::text, '-'), ' ' ORDER BY params) FROM errand.job_queue"),
            "1 - - 4"
        );
    }

    #[pg_test]
    fn complete_refuses_arrays_that_do_not_match() {
        let one = "ARRAY[gen_random_uuid()]";
        for (arguments, message) in [
            (format!("NULL, {one}"), "p_job_ids is missing"),
            (format!("{one}, NULL"), "p_lease_tokens is missing"),
            (format!("{one}, '{{}}'"), "p_job_ids and p_lease_tokens differ in length"),
            (format!("{one}, {one}, '{{}}'"), "p_job_ids and p_results differ in length"),
            (format!("ARRAY[NULL]::uuid[], {one}"), "p_job_ids contains NULL"),
            (format!("{one}, ARRAY[NULL]::uuid[]"), "p_lease_tokens contains NULL"),
        ] {
            let call = format!("SELECT * FROM errand.complete_jobs({arguments})");
            assert_eq!(refused(&call).message, message, "{call}");
        }
        assert_eq!(text("SELECT job_id FROM errand.complete_jobs('{}', '{}')"), None);
    }

    #[pg_test]
    fn a_worker_role_works() {
        api_roles();
        submit(1, "0");
        act_as("errand_worker", "");
        lease();
        assert_eq!(value("SELECT f.completed FROM mine, errand.complete_job(id, lease_token) f"), "true");
        assert_eq!(value("SELECT status FROM errand.job_queue"), "completed");
    }
}
