//! Identities and ids, as SQL functions.

use pgrx::datum::Uuid;
use pgrx::prelude::*;

use super::{params_hash, uuid_v7};
use crate::error::{Error, OrRaise};

/// Microseconds between 1970, where UUIDs count from, and 2000, where PostgreSQL does.
pub const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

/// The 128-bit identity of a job; `p_params` is a jsonb as text.
#[pg_extern(schema = "errand_internal", immutable, parallel_safe, requires = ["schemas"])]
pub fn job_identity(p_user_id: Uuid, p_job_type: &str, p_params: &str) -> Uuid {
    Uuid::from_bytes(params_hash::identity(&p_user_id, p_job_type, p_params))
}

/// A new job id for the instant `p_at`.
#[pg_extern(schema = "errand_internal", volatile, parallel_safe, requires = ["schemas"])]
pub fn job_id(p_at: TimestampWithTimeZone) -> Uuid {
    new_id(p_at).or_raise()
}

fn new_id(at: TimestampWithTimeZone) -> Result<Uuid, Error> {
    let mut random = [0u8; uuid_v7::RANDOM_BYTES];
    // SAFETY: writes exactly as many bytes as the array has.
    let filled = unsafe { pg_sys::pg_strong_random(random.as_mut_ptr().cast(), random.len()) };
    // An id guessed from bad randomness would be a leak, so this is not survived; it never happens with a
    // working operating system.
    assert!(filled, "the operating system gave no random numbers");

    let shown = at.to_string();
    i64::from(at)
        .checked_add(POSTGRES_EPOCH)
        .and_then(|micros| uuid_v7::from_unix_micros(micros, random))
        .map(Uuid::from_bytes)
        .ok_or(Error::NotFinite { argument: "p_at", value: shown })
}
