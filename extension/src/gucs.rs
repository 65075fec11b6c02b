//! The settings `errand.*`. All are set by superusers only, so that a caller can't lift its own limits.

use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};

/// 64 KiB: params are read by every worker and compared at every identical request, so they should name
/// the work, not carry its data. Larger payloads belong into a table or a bucket that params refer to.
static MAX_PARAMS_BYTES: GucSetting<i32> = GucSetting::<i32>::new(64 * 1024);

/// How many bytes of params, written as text, an untrusted caller may submit with one job.
pub fn max_params_bytes() -> usize {
    usize::try_from(MAX_PARAMS_BYTES.get()).unwrap_or(0)
}

pub fn init() {
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
