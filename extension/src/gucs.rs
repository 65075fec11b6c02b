//! The settings `errand.*`. All are set by superusers only, so that a caller can't lift its own limits.

use std::time::Duration;

use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};

/// 64 KiB: params are read by every worker and compared at every identical request, so they should name
/// the work, not carry its data. Larger payloads belong into a table or a bucket that params refer to.
static MAX_PARAMS_BYTES: GucSetting<i32> = GucSetting::<i32>::new(64 * 1024);

/// How many bytes of params, written as text, an untrusted caller may submit with one job.
pub fn max_params_bytes() -> usize {
    usize::try_from(MAX_PARAMS_BYTES.get()).unwrap_or(0)
}

/// Three attempts, as the documents have it.
static MAX_ATTEMPTS: GucSetting<i32> = GucSetting::<i32>::new(3);

/// How many attempts a job has before it is failed.
pub fn max_attempts() -> i32 {
    MAX_ATTEMPTS.get()
}

/// Ten seconds: longer than a restart of what failed takes, shorter than anybody's patience.
static RETRY_DELAY: GucSetting<i32> = GucSetting::<i32>::new(10_000);

/// How long to wait after a job's first failed attempt.
pub fn retry_delay() -> Duration {
    milliseconds(RETRY_DELAY.get())
}

/// One second. A look over the whole queue costs about 0.15 µs for each entry that VACUUM could not remove
/// yet, in one session for all, and never more than a fiftieth of the time.
static PICKUP_RESYNC: GucSetting<i32> = GucSetting::<i32>::new(1_000);

/// How long a job that comes back late may be overtaken within its priority.
pub fn pickup_resync() -> Duration {
    milliseconds(PICKUP_RESYNC.get())
}

fn milliseconds(value: i32) -> Duration {
    Duration::from_millis(u64::try_from(value).unwrap_or(0))
}

pub fn init() {
    GucRegistry::define_int_guc(
        c"errand.max_attempts",
        c"How many attempts a job has before it is failed.",
        c"A worker that reports a failure with p_retry => false fails the job at once.",
        &MAX_ATTEMPTS,
        1,
        1000,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"errand.retry_delay",
        c"How long to wait after a job's first failed attempt.",
        c"Doubled with each further failure, at most an hour, and spread by a fifth either way.",
        &RETRY_DELAY,
        0,
        3_600_000,
        GucContext::Suset,
        GucFlags::UNIT_MS,
    );
    GucRegistry::define_int_guc(
        c"errand.pickup_resync",
        c"How long a job that comes back late may be overtaken within its priority.",
        c"Late are jobs whose pickup was rolled back, that a worker released, or whose transaction took long to commit.",
        &PICKUP_RESYNC,
        10,
        60_000,
        GucContext::Suset,
        GucFlags::UNIT_MS,
    );
    GucRegistry::define_int_guc(
        c"errand.max_params_bytes",
        c"Longest params, as text, that an untrusted caller may submit with one job, in bytes.",
        c"Trusted callers (service_role, errand_worker, errand_admin, the database owner) are not limited.",
        &MAX_PARAMS_BYTES,
        2,
        256 * 1024 * 1024,
        GucContext::Suset,
        GucFlags::UNIT_BYTE,
    );

    // A misspelt errand.* setting is an error instead of a silent no-op.
    // SAFETY: the argument is a static, NUL-terminated string, and _PG_init runs on the backend's main thread.
    unsafe { pgrx::pg_sys::MarkGUCPrefixReserved(c"errand".as_ptr()) };
}
