//! fail_job(s), release_job, extend_lease.

use pgrx::prelude::*;

#[pg_schema]
mod tests {
    use crate::tests::{ALICE, failure, refused, run, text, value};
    use pgrx::prelude::*;

    const STALE: &str = "00000000-0000-4000-8000-0000000000ff";

    fn submitted() -> String {
        value(&format!("SELECT job_id FROM errand.find_or_create_job('{ALICE}', 't', '1', '0')"))
    }

    /// Picks up the only job and gives its token.
    fn picked_up() -> String {
        value("SELECT lease_token FROM errand.pick_up_jobs('w')")
    }

    #[pg_test]
    fn attempts_fail_and_are_retried_until_they_are_used_up() {
        let job = submitted();
        for (attempt, delay) in [(1, 10.0), (2, 20.0)] {
            let token = picked_up();
            assert_eq!(
                value(&format!(
                    "SELECT (failed, status) FROM errand.fail_job('{job}', '{token}', 'attempt {attempt}')"
                )),
                "(t,pending)"
            );
            let row = format!("FROM errand.job_queue WHERE id = '{job}'");
            assert_eq!(
                value(&format!("SELECT (retry_count, last_error) {row}")),
                format!("({attempt},\"attempt {attempt}\")")
            );
            let waits: f64 = value(&format!("SELECT extract(epoch FROM scheduled_for - updated_at) {row}"))
                .parse()
                .expect("a number");
            assert!((delay * 0.79..delay * 1.21).contains(&waits), "{waits}");
            assert_eq!(text("SELECT id FROM errand.pick_up_jobs('w')"), None, "not before its time");
            run(&format!(
                "UPDATE errand_internal.job SET scheduled_for = now() - interval '1 hour' WHERE id = '{job}'"
            ));
            run("SELECT pg_sleep(0.6)"); // half of errand.pickup_resync, and then some
        }
        let token = picked_up();
        assert_eq!(
            value(&format!(
                "SELECT (failed, status, retry_at) FROM errand.fail_job('{job}', '{token}', 'last')"
            )),
            "(t,failed,)"
        );
        assert_eq!(
            value(&format!(
                "SELECT (status, retry_count, last_error, completed_at IS NOT NULL) FROM errand.get_job('{ALICE}', '{job}')"
            )),
            "(failed,3,last,t)"
        );
    }

    #[pg_test]
    fn attempts_that_must_not_be_retried_fail_at_once() {
        let job = submitted();
        let token = picked_up();
        assert_eq!(
            value(&format!(
                "SELECT (failed, status) FROM errand.fail_job('{job}', '{token}', 'no such channel', p_retry => false)"
            )),
            "(t,failed)"
        );
        assert_eq!(value("SELECT count(*) FROM errand_internal.job"), "0");
    }

    #[pg_test]
    fn attempts_in_a_batch_each_go_their_way() {
        run(&format!(
            "SELECT errand.create_jobs('{ALICE}', '[{{\"job_type\": \"t\", \"params\": 1}}, {{\"job_type\": \"t\", \"params\": 2}}]')"
        ));
        run("UPDATE errand_internal.job SET retry_count = 2 WHERE params = '2'");
        assert_eq!(
            value(&format!(
                "SELECT string_agg(concat_ws(' ', f.failed, f.status, f.retry_at IS NOT NULL), ', ')
                 FROM (SELECT array_agg(id) || '{STALE}'::uuid AS ids, array_agg(lease_token) || '{STALE}'::uuid AS tokens
                       FROM errand.pick_up_jobs('w', NULL, 2)) p,
                      errand.fail_jobs(p.ids, p.tokens) f"
            )),
            "t pending t, t failed f, f f"
        );
    }

    #[pg_test]
    fn attempts_given_back_count_for_nothing() {
        let job = submitted();
        let token = picked_up();
        let release = format!("SELECT (released, status) FROM errand.release_job('{job}', '{token}')");
        assert_eq!(value(&release), "(t,pending)");
        assert_eq!(value(&release), "(f,pending)");
        assert_eq!(value("SELECT (status, retry_count) FROM errand.job_queue"), "(pending,0)");
        run("SELECT pg_sleep(0.6)"); // half of errand.pickup_resync, and then some
        assert_eq!(value("SELECT id FROM errand.pick_up_jobs('w')"), job);
    }

    #[pg_test]
    fn leases_are_extended_until_they_are_lost() {
        let job = submitted();
        let token = picked_up();
        assert_eq!(
            value(&format!(
                "SELECT (extended, status, lease_expires_at > now() + interval '59 minutes')
                 FROM errand.extend_lease('{job}', '{token}', '1 hour')"
            )),
            "(t,processing,t)"
        );
        run(&format!("SELECT errand.cancel_jobs('{ALICE}', ARRAY['{job}']::uuid[])"));
        assert_eq!(
            value(&format!(
                "SELECT (extended, status, lease_expires_at) FROM errand.extend_lease('{job}', '{token}')"
            )),
            "(f,cancelled,)"
        );
    }

    #[pg_test]
    fn stale_tokens_change_nothing() {
        let job = submitted();
        picked_up();
        for call in [
            "complete_job('{job}', '{token}')",
            "fail_job('{job}', '{token}')",
            "release_job('{job}', '{token}')",
            "extend_lease('{job}', '{token}')",
        ] {
            let call = call.replace("{job}", &job).replace("{token}", STALE);
            let answer = value(&format!("SELECT f FROM errand.{call} f"));
            assert!(answer.starts_with(&format!("({job},f,processing")), "{call}: {answer}");
        }
        assert_eq!(value("SELECT (status, retry_count) FROM errand.job_queue"), "(processing,0)");
    }

    #[pg_test]
    fn attempts_refuse_bad_arguments() {
        for (call, message) in [
            (format!("complete_job(NULL, '{STALE}')"), "p_job_id is missing"),
            (format!("fail_job('{STALE}', NULL)"), "p_lease_token is missing"),
            (format!("release_job('{STALE}', NULL)"), "p_lease_token is missing"),
            (format!("extend_lease('{STALE}', '{STALE}', '0')"), "p_lease is out of range"),
            (
                format!("fail_jobs(ARRAY['{STALE}']::uuid[], '{{}}')"),
                "p_job_ids and p_lease_tokens differ in length",
            ),
            (
                format!("fail_jobs(ARRAY['{STALE}']::uuid[], ARRAY['{STALE}']::uuid[], '{{}}')"),
                "p_job_ids and p_errors differ in length",
            ),
        ] {
            assert_eq!(refused(&format!("SELECT * FROM errand.{call}")).message, message);
        }
    }

    #[pg_test]
    fn forwarded_calls_need_the_callers_right() {
        run("CREATE ROLE errand_test_stranger");
        run("GRANT USAGE ON SCHEMA errand TO errand_test_stranger");
        // On the facade alone, as a careless GRANT would.
        run("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA errand TO errand_test_stranger");
        run("SET LOCAL ROLE errand_test_stranger");
        let refused = failure("SELECT * FROM errand.pick_up_jobs('w')");
        assert_eq!(
            (refused.sqlstate.as_str(), refused.message.as_str()),
            ("42501", "permission denied for function errand_internal.pick_up_jobs")
        );
    }
}
