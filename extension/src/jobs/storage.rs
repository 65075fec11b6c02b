//! Where jobs are: what the catalogue says about the tables, from its caches.

use pgrx::datum::Uuid;
use pgrx::prelude::*;

use super::{day, uuid_v7};

/// The partition of `errand_internal.finished` for jobs created at that time, whether it exists or not;
/// NULL for times that have none.
#[pg_extern(schema = "errand_internal", stable, parallel_safe, requires = ["schemas"])]
pub fn finished_partition_name(p_created_at: TimestampWithTimeZone) -> Option<String> {
    day::partition_name(i64::from(p_created_at))
}

/// Whether that partition exists. A lookup in the catalogue cache, because every finished job asks.
#[pg_extern(schema = "errand_internal", stable, parallel_restricted, requires = ["schemas"])]
pub fn has_finished_partition(p_created_at: TimestampWithTimeZone) -> bool {
    day::partition_name(i64::from(p_created_at)).is_some_and(|name| relation(&name).is_some())
}

/// Whether the partition of that day, or the one that is needed six hours later, is to be made: so the day's
/// first job finds it there.
#[pg_extern(schema = "errand_internal", stable, parallel_restricted, requires = ["schemas"])]
pub fn finished_partitions_missing(p_now: TimestampWithTimeZone) -> bool {
    let now = i64::from(p_now);
    let missing = |micros| day::partition_name(micros).is_some_and(|name| relation(&name).is_none());
    missing(now) || missing(now.saturating_add(day::MICROS_PER_DAY / 4))
}

/// The time of creation that an id carries; NULL for an id that is not a UUID version 7.
#[pg_extern(schema = "errand_internal", immutable, parallel_safe, requires = ["schemas"])]
pub fn job_created_at(p_job_id: Uuid) -> Option<TimestampWithTimeZone> {
    let micros = uuid_v7::unix_micros(p_job_id.as_bytes())?;
    TimestampWithTimeZone::try_from(micros - super::identity::POSTGRES_EPOCH).ok()
}

/// The table of waiting and running jobs; another one after the extension was dropped and made again.
pub fn job_table() -> Option<pg_sys::Oid> {
    relation("job")
}

fn relation(name: &str) -> Option<pg_sys::Oid> {
    let name = std::ffi::CString::new(name).ok()?;
    // SAFETY: lookups in the catalogue caches, inside a transaction; both answer InvalidOid when there is none.
    let oid = unsafe {
        let schema = pg_sys::get_namespace_oid(c"errand_internal".as_ptr(), true);
        pg_sys::get_relname_relid(name.as_ptr(), schema)
    };
    (oid != pg_sys::InvalidOid).then_some(oid)
}
