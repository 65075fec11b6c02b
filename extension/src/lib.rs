//! `pg_errand`: an in-database job queue. This file is the table of contents.
//!
//! What is only SQL lives under `sql/`, one object a file (a function and the definer function behind it
//! count as one); Rust does what needs computing: who is calling, validation, identities, ids.

mod caller;
mod error;
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
extension_sql_file!("../sql/schema/10_job.sql", name = "job", requires = ["schemas"]);
extension_sql_file!("../sql/schema/11_dedupe_slot.sql", name = "dedupe_slot", requires = ["schemas"]);
extension_sql_file!(
    "../sql/schema/12_job_policies.sql",
    name = "job_policies",
    requires = ["job", caller::caller_user_id]
);
extension_sql_file!("../sql/schema/13_job_queue.sql", name = "job_queue", requires = ["job"]);
extension_sql_file!(
    "../sql/schema/20_rust_functions.sql",
    name = "rust_functions",
    requires = [
        caller::caller_user_id,
        caller::caller_role,
        caller::resolve_user,
        jobs::identity::job_identity,
        jobs::identity::job_id,
        jobs::submission::check_submission,
        jobs::submission::parse_submissions,
        jobs::read::check_cache_ttl,
        jobs::read::user_jobs_order,
        jobs::work::check_pickup,
        jobs::work::check_completion,
        jobs::work::check_job_ids,
    ]
);

// Submitting.
extension_sql_file!("../sql/jobs/submission.sql", name = "submission", requires = ["schemas"]);
extension_sql_file!(
    "../sql/jobs/submit_jobs.sql",
    name = "submit_jobs",
    requires = ["submission", "job", "dedupe_slot", "rust_functions"]
);
extension_sql_file!(
    "../sql/jobs/find_or_create_job.sql",
    name = "find_or_create_job",
    requires = ["submit_jobs"]
);
extension_sql_file!("../sql/jobs/create_jobs.sql", name = "create_jobs", requires = ["submit_jobs"]);
extension_sql_file!(
    "../sql/jobs/cancel_jobs.sql",
    name = "cancel_jobs",
    requires = ["job", "rust_functions"]
);

// Reading.
extension_sql_file!(
    "../sql/jobs/get_cached_job_result.sql",
    name = "get_cached_job_result",
    requires = ["job", "rust_functions"]
);
extension_sql_file!(
    "../sql/jobs/get_user_jobs.sql",
    name = "get_user_jobs",
    requires = ["job", "rust_functions"]
);

// Working.
extension_sql_file!(
    "../sql/jobs/pick_up_jobs.sql",
    name = "pick_up_jobs",
    requires = ["job", "rust_functions"]
);
extension_sql_file!(
    "../sql/jobs/complete_jobs.sql",
    name = "complete_jobs",
    requires = ["job", "rust_functions"]
);
extension_sql_file!("../sql/jobs/complete_job.sql", name = "complete_job", requires = ["complete_jobs"]);

// Moving in.
extension_sql_file!("../sql/jobs/import_columns.sql", name = "import_columns", requires = ["schemas"]);
extension_sql_file!(
    "../sql/jobs/check_import_source.sql",
    name = "check_import_source",
    requires = ["rust_functions"]
);
extension_sql_file!(
    "../sql/jobs/import_jobs.sql",
    name = "import_jobs",
    requires = ["job", "import_columns", "check_import_source"]
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
