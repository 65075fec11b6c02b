//! `pg_errand`: an in-database job queue. This file is the table of contents.
//!
//! What is only SQL lives under `sql/`, one object a file (a function and the definer function behind it
//! count as one); Rust does what needs computing: who is calling, validation, identities, ids.

mod caller;
mod error;
mod forward;
mod gucs;
mod jobs;

#[cfg(any(test, feature = "pg_test"))]
mod tests;

use pgrx::prelude::*;

pgrx::pg_module_magic!(name, version);

#[pg_guard]
extern "C-unwind" fn _PG_init() {
    gucs::init();
}

/// Storage and privileged functions; declared here because pgrx wants to know the schemas it puts functions
/// into. Its CREATE SCHEMA IF NOT EXISTS refuses, inside an extension script, a schema that is not ours.
#[pg_schema]
mod errand_internal {}

// Roles and schemas come first: everything else is made inside them.
extension_sql_file!("../sql/schema/01_roles.sql", name = "roles");
extension_sql_file!("../sql/schema/02_schemas.sql", name = "schemas", requires = ["roles", errand_internal]);

// Storage, and the one relation that shows it.
extension_sql_file!("../sql/schema/03_advisory_key.sql", name = "advisory_key", requires = ["schemas"]);
extension_sql_file!("../sql/schema/10_stored_job.sql", name = "stored_job", requires = ["schemas"]);
extension_sql_file!("../sql/schema/11_job.sql", name = "job", requires = ["stored_job"]);
extension_sql_file!("../sql/schema/12_finished.sql", name = "finished", requires = ["job"]);
extension_sql_file!(
    "../sql/schema/20_rust_functions.sql",
    name = "rust_functions",
    requires = [
        caller::caller_user_id,
        caller::caller_role,
        caller::resolve_user,
        jobs::identity::job_identity,
        jobs::identity::job_id,
        jobs::storage::finished_partition_name,
        jobs::storage::has_finished_partition,
        jobs::storage::finished_partitions_missing,
        jobs::storage::job_created_at,
        jobs::submission::submitted_identity,
        jobs::submission::parse_submissions,
        jobs::read::check_cache_ttl,
        jobs::read::user_jobs_order,
        jobs::read::page_start,
        jobs::read::page_cursor,
        jobs::read::check_status,
        jobs::work::check_pickup,
        jobs::work::check_answers,
        jobs::work::leased_job_id,
        jobs::work::check_lease,
        jobs::work::check_job_ids,
        jobs::work::check_retention,
        jobs::work::retry_delay,
        jobs::work::max_attempts,
        jobs::counters::busy_bucket,
        jobs::counters::busy_us,
        jobs::counters::fold_due,
        jobs::pickup::pickup_filter,
        jobs::pickup::look_due,
        jobs::pickup::pickup_resync,
        jobs::pickup::adopt_look,
        jobs::pickup::pickup_ranges,
        jobs::pickup::advance_pickup,
    ]
);
extension_sql_file!(
    "../sql/schema/13_finished_partitions.sql",
    name = "finished_partitions",
    requires = ["finished", "rust_functions", "advisory_key"]
);
extension_sql_file!("../sql/schema/19_counters.sql", name = "counters", requires = ["schemas"]);
extension_sql_file!("../sql/schema/16_retention.sql", name = "retention", requires = ["schemas"]);
extension_sql_file!(
    "../sql/schema/14_job_policies.sql",
    name = "job_policies",
    requires = ["job", "finished", "retention", caller::caller_user_id]
);
extension_sql_file!(
    "../sql/schema/15_job_queue.sql",
    name = "job_queue",
    requires = ["job", "finished", "retention"]
);
extension_sql_file!("../sql/schema/17_pickup_look.sql", name = "pickup_look", requires = ["schemas"]);
extension_sql_file!("../sql/schema/18_archived.sql", name = "archived", requires = ["finished"]);

// Counting.
extension_sql_file!("../sql/counters/unfolded_delta.sql", name = "unfolded_delta", requires = ["counters"]);
extension_sql_file!(
    "../sql/counters/fold_counters.sql",
    name = "fold_counters",
    requires = ["counters", "advisory_key"]
);
extension_sql_file!("../sql/counters/count_jobs.sql", name = "count_jobs", requires = ["unfolded_delta"]);
extension_sql_file!(
    "../sql/counters/oldest_pending.sql",
    name = "oldest_pending",
    requires = ["job", "pickup_look"]
);
extension_sql_file!(
    "../sql/counters/get_job_queue_stats.sql",
    name = "get_job_queue_stats",
    requires = ["unfolded_delta", "oldest_pending", "rust_functions"]
);

// Submitting.
extension_sql_file!("../sql/jobs/submission.sql", name = "submission", requires = ["schemas"]);
extension_sql_file!(
    "../sql/jobs/submit_jobs.sql",
    name = "submit_jobs",
    requires = ["submission", "job", "fold_counters", "finished_partitions"]
);
extension_sql_file!(
    "../sql/jobs/find_or_create_job.sql",
    name = "find_or_create_job",
    requires = ["submit_jobs"]
);
extension_sql_file!("../sql/jobs/create_jobs.sql", name = "create_jobs", requires = ["submit_jobs"]);

// Reading.
extension_sql_file!("../sql/jobs/queue_from.sql", name = "queue_from", requires = ["retention"]);
extension_sql_file!(
    "../sql/jobs/get_cached_job_result.sql",
    name = "get_cached_job_result",
    requires = ["job_queue", "queue_from", "count_jobs", "rust_functions"]
);
extension_sql_file!(
    "../sql/jobs/get_user_jobs.sql",
    name = "get_user_jobs",
    requires = ["job_queue", "queue_from", "count_jobs", "rust_functions"]
);
extension_sql_file!(
    "../sql/jobs/get_user_jobs_page.sql",
    name = "get_user_jobs_page",
    requires = ["job_queue", "queue_from", "count_jobs", "rust_functions"]
);
extension_sql_file!(
    "../sql/jobs/count_user_jobs.sql",
    name = "count_user_jobs",
    requires = ["job_queue", "queue_from", "count_jobs", "rust_functions"]
);
extension_sql_file!(
    "../sql/jobs/get_job.sql",
    name = "get_job",
    requires = ["job_queue", "queue_from", "count_jobs", "rust_functions"]
);
extension_sql_file!(
    "../sql/jobs/get_job_status.sql",
    name = "get_job_status",
    requires = ["job_queue", "queue_from", "count_jobs", "rust_functions"]
);

// Working.
extension_sql_file!(
    "../sql/jobs/look_for_jobs.sql",
    name = "look_for_jobs",
    requires = ["job", "pickup_look", "advisory_key", "rust_functions"]
);
extension_sql_file!(
    "../sql/jobs/pick_up_jobs.sql",
    name = "pick_up_jobs",
    requires = ["job_queue", "look_for_jobs", "fold_counters"]
);
extension_sql_file!("../sql/jobs/answer.sql", name = "answer", requires = ["schemas"]);
extension_sql_file!(
    "../sql/jobs/job_status.sql",
    name = "job_status",
    requires = ["job", "finished", "rust_functions"]
);
extension_sql_file!(
    "../sql/jobs/job_finished.sql",
    name = "job_finished",
    requires = ["job", "finished", "rust_functions"]
);
extension_sql_file!(
    "../sql/jobs/finish_job.sql",
    name = "finish_job",
    requires = ["answer", "job_finished", "rust_functions", "fold_counters"]
);
extension_sql_file!(
    "../sql/jobs/finish_jobs.sql",
    name = "finish_jobs",
    requires = ["answer", "job_finished", "rust_functions", "fold_counters"]
);
extension_sql_file!(
    "../sql/jobs/cancel_jobs.sql",
    name = "cancel_jobs",
    requires = ["finish_jobs", "job_status"]
);
extension_sql_file!(
    "../sql/jobs/complete_jobs.sql",
    name = "complete_jobs",
    requires = ["finish_jobs", "job_status"]
);
extension_sql_file!(
    "../sql/jobs/fail_jobs.sql",
    name = "fail_jobs",
    requires = ["finish_jobs", "job_status"]
);
extension_sql_file!(
    "../sql/jobs/complete_job.sql",
    name = "complete_job",
    requires = ["finish_job", "job_status"]
);
extension_sql_file!("../sql/jobs/fail_job.sql", name = "fail_job", requires = ["fail_jobs"]);
extension_sql_file!(
    "../sql/jobs/release_job.sql",
    name = "release_job",
    requires = ["job_status", "fold_counters"]
);
extension_sql_file!("../sql/jobs/extend_lease.sql", name = "extend_lease", requires = ["job_status"]);

// Moving out, and moving in.
extension_sql_file!(
    "../sql/maintenance/finished_partitions.sql",
    name = "list_finished_partitions",
    requires = ["schemas"]
);
extension_sql_file!(
    "../sql/maintenance/finishers_done.sql",
    name = "finishers_done",
    requires = ["finished"]
);
extension_sql_file!(
    "../sql/maintenance/archive_partition.sql",
    name = "archive_partition",
    requires = ["archived", "job"]
);
extension_sql_file!(
    "../sql/maintenance/cleanup_old_jobs.sql",
    name = "cleanup_old_jobs",
    requires =
        ["list_finished_partitions", "finishers_done", "archive_partition", "queue_from", "fold_counters"]
);
extension_sql_file!(
    "../sql/maintenance/archive_jobs.sql",
    name = "archive_jobs",
    requires = ["list_finished_partitions", "archived", "queue_from"]
);
extension_sql_file!("../sql/jobs/import_columns.sql", name = "import_columns", requires = ["schemas"]);
extension_sql_file!(
    "../sql/jobs/drop_indexes_if_empty.sql",
    name = "drop_indexes_if_empty",
    requires = ["schemas"]
);
extension_sql_file!(
    "../sql/jobs/check_import_source.sql",
    name = "check_import_source",
    requires = ["rust_functions"]
);
extension_sql_file!(
    "../sql/jobs/import_jobs.sql",
    name = "import_jobs",
    requires = [
        "job",
        "finished",
        "queue_from",
        "fold_counters",
        "import_columns",
        "check_import_source",
        "drop_indexes_if_empty"
    ]
);

// Last: who may do what, and who owns it all.
extension_sql_file!("../sql/schema/90_function_roles.sql", name = "function_roles", requires = ["schemas"]);
extension_sql_file!(
    "../sql/schema/91_grant_role.sql",
    name = "grant_role",
    requires = ["function_roles", "job_queue"]
);
extension_sql_file!(
    "../sql/schema/92_grant_api_roles.sql",
    name = "grant_api_roles",
    requires = ["grant_role", "job_policies"]
);
extension_sql_file!("../sql/schema/99_ownership.sql", name = "ownership", finalize);

/// Entry points that `cargo pgrx test` looks for in the crate root.
#[cfg(test)]
pub mod pg_test {
    pub fn setup(_options: Vec<&str>) {}

    pub fn postgresql_conf_options() -> Vec<&'static str> {
        vec![]
    }
}
