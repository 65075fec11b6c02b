//! count_user_jobs, get_job_queue_stats, get_user_jobs_page, get_job, get_job_status, and moving out.

use pgrx::prelude::*;

#[pg_schema]
mod tests {
    use crate::tests::{ALICE, BOB, api_roles, forbidden, refused, run, sign_in, text, value};
    use pgrx::prelude::*;

    /// Five jobs of Alice: one completed, one failed, one cancelled, one running, one waiting; one of Bob.
    fn one_of_each() {
        run(&format!(
            "SELECT errand.create_jobs('{ALICE}', (
                 SELECT jsonb_agg(jsonb_build_object('job_type', 't' || n % 2, 'params', n)) FROM generate_series(1, 5) n));
             SELECT errand.create_jobs('{BOB}', '[{{\"job_type\": \"t1\", \"params\": 1}}]')"
        ));
        run("SELECT errand.complete_job(id, lease_token, '1') FROM errand.pick_up_jobs('w')");
        run("SELECT errand.fail_job(id, lease_token, 'x', false) FROM errand.pick_up_jobs('w')");
        run("SELECT * FROM errand.pick_up_jobs('w')");
        run(&format!(
            "SELECT errand.cancel_jobs('{ALICE}', ARRAY(SELECT id FROM errand.job_queue WHERE params = '5'))"
        ));
    }

    const STATS: &str = "SELECT (total_jobs, pending_jobs, processing_jobs, completed_jobs, failed_jobs, cancelled_jobs,
        completed_ever, failed_ever, recent_error_rate, oldest_pending_age > '0') FROM errand.get_job_queue_stats()";

    #[pg_test]
    fn stats_count_every_status_before_and_after_a_fold() {
        assert_eq!(value(STATS), "(0,0,0,0,0,0,0,0,,)");
        one_of_each();
        for _ in 0..2 {
            assert_eq!(value(STATS), "(6,2,1,1,1,1,1,1,0.5,t)");
            assert_eq!(
                value("SELECT jobs_by_type FROM errand.get_job_queue_stats()"),
                r#"{"t0": {"failed": 1, "pending": 1}, "t1": {"pending": 1, "cancelled": 1, "completed": 1, "processing": 1}}"#
            );
            assert_eq!(
                value(&format!(
                    "SELECT (errand.count_user_jobs('{ALICE}'), errand.count_user_jobs('{ALICE}', 'pending'),
                             errand.count_user_jobs('{ALICE}', NULL, 't1'), errand.count_user_jobs('{BOB}'))"
                )),
                "(5,1,3,1)"
            );
            run("SELECT errand_internal.fold_counters()");
        }
        assert_eq!(value("SELECT count(*) FROM errand_internal.counter_delta"), "0");
    }

    #[pg_test]
    fn stats_know_processing_times() {
        for seconds in [1, 2, 3, 4] {
            run(&format!("SELECT errand.find_or_create_job('{ALICE}', 't', '{seconds}')"));
            run("CREATE TEMP TABLE lease AS SELECT id, lease_token FROM errand.pick_up_jobs('w')");
            run(&format!(
                "UPDATE errand_internal.job SET started_at = clock_timestamp() - interval '{seconds} seconds'"
            ));
            run("SELECT errand.complete_job(id, lease_token) FROM lease; DROP TABLE lease");
        }
        assert_eq!(
            value(
                "SELECT (date_trunc('second', avg_processing_time), date_trunc('second', recent_avg_processing_time),
                         recent_p95_processing_time BETWEEN '3.8 s' AND '4.25 s', recent_error_rate)
                 FROM errand.get_job_queue_stats()"
            ),
            "(00:00:02,00:00:02,t,0)"
        );
    }

    #[pg_test]
    fn pages_walk_hot_and_cold_once() {
        one_of_each();
        let mut cursor = "NULL".to_owned();
        let mut seen = Vec::new();
        loop {
            let page = value(&format!(
                "SELECT concat_ws('|', string_agg(params::text, ' ' ORDER BY created_at DESC),
                                  (array_agg(\"cursor\" ORDER BY created_at))[1], bool_and(has_more))
                 FROM errand.get_user_jobs_page('{ALICE}', {cursor}, p_limit => 2)"
            ));
            let parts: Vec<&str> = page.split('|').collect();
            seen.push(parts[0].to_owned());
            if parts[2] == "f" {
                break;
            }
            cursor = format!("'{}'", parts[1]);
        }
        assert_eq!(seen, ["5 4", "3 2", "1"]);
        for (arguments, message) in [
            ("'yesterday'", "p_cursor is not a cursor"),
            ("NULL, 'done'", "p_status has an unknown value"),
            ("NULL, p_limit => 0", "p_limit is out of range"),
        ] {
            let call = format!("SELECT * FROM errand.get_user_jobs_page('{ALICE}', {arguments})");
            assert_eq!(refused(&call).message, message);
        }
    }

    #[pg_test]
    fn one_job_is_found_wherever_it_is_and_only_by_its_user() {
        api_roles();
        one_of_each();
        let jobs = value(&format!(
            "SELECT string_agg(id || ' ' || status, ',' ORDER BY created_at) FROM errand.job_queue WHERE user_id = '{ALICE}'"
        ));
        for user in [ALICE, BOB] {
            sign_in(user);
            for job in jobs.split(',') {
                let (id, status) = job.split_once(' ').expect("both");
                let expected = (user == ALICE).then(|| status.to_owned());
                assert_eq!(text(&format!("SELECT status FROM errand.get_job(NULL, '{id}')")), expected);
                assert_eq!(
                    text(&format!("SELECT status FROM errand.get_job_status(NULL, '{id}')")),
                    expected
                );
            }
        }
        forbidden(&format!("SELECT * FROM errand.get_job('{ALICE}', gen_random_uuid())"));
        forbidden(&format!("SELECT errand.count_user_jobs('{ALICE}')"));
    }

    #[pg_test]
    fn old_jobs_leave_the_queue_at_the_line() {
        one_of_each();
        run(
            "UPDATE errand_internal.stored_job SET completed_at = now() - interval '7 days 1 second' WHERE status = 'completed'",
        );
        run(
            "UPDATE errand_internal.stored_job SET completed_at = now() - interval '6 days 23:59:50' WHERE status = 'failed'",
        );
        let cleanup = "SELECT (archived, partitions_moved, deferred) FROM errand.cleanup_old_jobs()";
        assert_eq!(value(cleanup), "(1,0,0)");
        assert_eq!(value(cleanup), "(0,0,0)");
        assert_eq!(value(STATS), "(5,2,1,0,1,1,1,1,0.5,t)");
        assert_eq!(value("SELECT count(*) FROM errand.job_queue"), "5");
        assert_eq!(
            value(&format!(
                "SELECT string_agg(DISTINCT total_count::text, ' ') || count(*) FROM errand.get_user_jobs('{ALICE}')"
            )),
            "44"
        );
        assert_eq!(
            refused("SELECT * FROM errand.cleanup_old_jobs('59 minutes')").message,
            "p_older_than is out of range"
        );
    }
}
