//! Jobs: what Rust does for the functions in `sql/jobs/`.

pub mod counters;
pub mod identity;
pub mod pickup;
pub mod read;
pub mod storage;
pub mod submission;
pub mod work;

// Pure: no pgrx inside, so that they are tested without a server.
mod backoff;
mod busy;
mod cursor;
mod day;
mod params_hash;
pub mod uuid_text;
mod uuid_v7;
