//! import_jobs.

use pgrx::prelude::*;

#[pg_schema]
mod tests {
    use crate::tests::{ALICE, act_as, forbidden, refused, run, value};
    use pgrx::prelude::*;

    const IMPORT: &str = "SELECT * FROM errand.import_jobs('public.old_queue')";

    /// A queue of the documents' shape with one job of each status.
    fn old_queue() {
        run(
            "CREATE TYPE public.old_status AS ENUM ('pending', 'processing', 'completed', 'failed', 'cancelled')",
        );
        run("CREATE TABLE public.old_queue (
                 id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid, job_type varchar(50), params jsonb,
                 status old_status, job_priority integer, scheduled_for timestamptz, created_at timestamptz,
                 updated_at timestamptz, started_at timestamptz, completed_at timestamptz, expires_at timestamptz,
                 worker_id text, retry_count integer, result jsonb, last_error text, error_message text)");
        run(&format!(
            "INSERT INTO old_queue (user_id, job_type, params, status, job_priority, scheduled_for, created_at,
                                    started_at, completed_at, retry_count, result)
             SELECT '{ALICE}', 'sync', jsonb_build_object('s', s), s, 3, now(), now() - interval '1 minute', now(),
                    CASE WHEN s = 'completed' THEN now() END, 1, CASE WHEN s = 'completed' THEN '5'::jsonb END
             FROM unnest(enum_range(NULL::old_status)) s"
        ));
        run("GRANT SELECT ON old_queue TO errand_owner; GRANT USAGE ON SCHEMA public TO errand_owner");
    }

    #[pg_test]
    fn import_keeps_ids_times_and_state() {
        old_queue();
        assert_eq!(value(&format!("SELECT i FROM ({IMPORT}) i")), "(5,0,{error_message})");
        assert_eq!(
            value(
                "SELECT count(*) FROM old_queue o JOIN errand.job_queue n USING
                     (id, user_id, params, job_priority, scheduled_for, created_at, started_at, retry_count)
                 WHERE o.status::text = n.status AND o.job_type = n.job_type AND o.result IS NOT DISTINCT FROM n.result
                   AND n.updated_at = o.created_at
                   -- A source that doesn't say when a job failed or was cancelled: when it last changed.
                   AND n.completed_at IS NOT DISTINCT FROM CASE
                       WHEN n.status IN ('completed', 'failed', 'cancelled') THEN coalesce(o.completed_at, n.updated_at) END"
            ),
            "5"
        );
        assert_eq!(value(&format!("SELECT i FROM ({IMPORT}) i")), "(0,5,{error_message})");
    }

    #[pg_test]
    fn import_jobs_are_found_cached_and_picked_up() {
        old_queue();
        run(IMPORT);
        let found = |params: &str| {
            value(&format!(
                "SELECT existing_status FROM errand.find_or_create_job('{ALICE}', 'sync', '{params}')"
            ))
        };
        assert_eq!(found(r#"{"s": "pending"}"#), "pending");
        assert_eq!(found(r#"{"s": "processing"}"#), "processing");
        assert_eq!(
            value(&format!(
                "SELECT result FROM errand.get_cached_job_result('{ALICE}', 'sync', '{{\"s\": \"completed\"}}')"
            )),
            "5"
        );
        assert_eq!(value("SELECT params ->> 's' FROM errand.pick_up_jobs('w')"), "pending");
    }

    #[pg_test]
    fn import_into_an_empty_queue_leaves_every_index() {
        old_queue();
        let indexes = "SELECT string_agg(indexdef, chr(10) ORDER BY indexname) FROM pg_indexes WHERE schemaname = 'errand_internal'";
        let before = value(indexes);
        run(IMPORT);
        assert_eq!(value(indexes), before);
        assert!(before.contains("job_pkey") && before.contains("job_pickup"), "{before}");
    }

    #[pg_test]
    fn import_fills_in_missing_columns() {
        run("CREATE TABLE public.old_queue AS
             SELECT gen_random_uuid() AS id, gen_random_uuid() AS user_id, 't' AS job_type, 'pending' AS status, now() AS created_at");
        run("GRANT SELECT ON old_queue TO errand_owner; GRANT USAGE ON SCHEMA public TO errand_owner");
        assert_eq!(value(&format!("SELECT i FROM ({IMPORT}) i")), "(1,0,{})");
        assert_eq!(
            value(
                "SELECT (params, job_priority, retry_count, scheduled_for = created_at) FROM errand.job_queue"
            ),
            "({},0,0,t)"
        );
    }

    #[pg_test]
    fn import_names_the_row_that_is_no_job() {
        old_queue();
        for (change, problem) in [
            ("user_id = NULL", "user_id is NULL"),
            ("job_type = ''", "job_type is ''"),
            ("status = NULL", "status is NULL"),
            ("job_priority = 99999", "job_priority is 99999"),
            ("created_at = NULL", "created_at is NULL"),
            ("scheduled_for = 'infinity'", "scheduled_for is 'infinity'"),
            ("completed_at = NULL", "status is completed and completed_at is NULL"),
        ] {
            run("CREATE TEMP TABLE kept AS TABLE old_queue");
            run(&format!("UPDATE old_queue SET {change} WHERE status = 'completed'"));
            let failure = refused(IMPORT);
            assert!(failure.detail.ends_with(&format!(": {problem}.")), "{failure:?}");
            run("TRUNCATE old_queue; INSERT INTO old_queue TABLE kept; DROP TABLE kept");
        }
        assert_eq!(value("SELECT count(*) FROM errand.job_queue"), "0");
    }

    #[pg_test]
    fn import_refuses_what_is_no_job_table() {
        run(
            "CREATE TABLE public.old_queue (id uuid, user_id uuid, job_type text, status text, created_at timestamp, params json)",
        );
        run("GRANT SELECT ON old_queue TO errand_owner; GRANT USAGE ON SCHEMA public TO errand_owner");
        let failure = refused(IMPORT);
        assert_eq!(
            failure.detail,
            "params is json, not jsonb; created_at is timestamp without time zone, not timestamp with time zone."
        );
        run("CREATE VIEW public.old_view AS SELECT 1");
        assert_eq!(
            refused("SELECT errand.import_jobs('public.old_view')").message,
            "p_source is not a table"
        );
        assert_eq!(refused("SELECT errand.import_jobs(NULL)").message, "p_source is not a table");
    }

    #[pg_test]
    fn import_needs_the_callers_right_and_the_owners() {
        old_queue();
        act_as("errand_admin", "");
        assert!(forbidden(IMPORT).message.starts_with("permission denied"));
        act_as("none", "");
        run("REVOKE SELECT ON old_queue FROM errand_owner");
        let failure = forbidden(IMPORT);
        assert!(failure.hint.contains("TO errand_owner"), "{failure:?}");
        run("GRANT SELECT ON old_queue TO errand_owner, errand_admin");
        act_as("errand_admin", "");
        assert_eq!(value(&format!("SELECT imported FROM ({IMPORT}) i")), "5");
    }

    #[pg_test]
    fn import_does_not_take_part_of_a_table_behind_policies() {
        old_queue();
        run(
            "ALTER TABLE old_queue ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON old_queue USING (status = 'pending')",
        );
        assert!(forbidden(IMPORT).message.contains("row-level security"));
    }
}
