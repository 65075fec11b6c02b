//! Jobs: what Rust does for the functions in `sql/jobs/`.

pub mod identity;
pub mod read;
pub mod submission;
pub mod work;

// Pure: no pgrx inside, so that they are tested without a server.
mod params_hash;
pub mod uuid_text;
mod uuid_v7;
