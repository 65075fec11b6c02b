//! Counting jobs: buckets of working time, and when it is a writer's turn to fold.

use std::cell::Cell;

use pgrx::prelude::*;

use super::busy;

/// Every how many appended rows they are folded, on average. Readers pass over what is unfolded, at about
/// 0.2 µs a row; a fold costs its writer about 10 µs a row. DESIGN.md has the figures.
const FOLD_EVERY: f64 = 1000.0;

/// The logarithmic bucket of a duration in microseconds.
#[pg_extern(schema = "errand_internal", immutable, parallel_safe, requires = ["schemas"])]
pub fn busy_bucket(p_busy_us: i64) -> i16 {
    busy::bucket(p_busy_us)
}

/// The duration that stands for a bucket, in microseconds.
#[pg_extern(schema = "errand_internal", immutable, parallel_safe, requires = ["schemas"])]
pub fn busy_us(p_bucket: i16) -> f64 {
    busy::middle(p_bucket)
}

/// Whether a writer who appended that many rows should fold now. By chance, not by a count: that needs
/// nothing shared between sessions, and holds for sessions that append one row each.
#[pg_extern(schema = "errand_internal", volatile, parallel_restricted, requires = ["schemas"])]
pub fn fold_due(p_appended: i64) -> bool {
    random() * FOLD_EVERY < p_appended as f64
}

/// Evenly in 0..1. Our own generator, because PostgreSQL's random() is the application's: setseed() makes
/// it repeat itself.
pub fn random() -> f64 {
    thread_local!(static STATE: Cell<u64> = const { Cell::new(0) });
    STATE.with(|state| {
        let mut x = state.get();
        if x == 0 {
            let mut seed = [0u8; 8];
            // SAFETY: writes exactly as many bytes as the array has. Without randomness the process id will
            // do: nothing secret hangs on these numbers.
            if !unsafe { pg_sys::pg_strong_random(seed.as_mut_ptr().cast(), seed.len()) } {
                seed[..4].copy_from_slice(&std::process::id().to_le_bytes());
            }
            x = u64::from_le_bytes(seed) | 1;
        }
        // xorshift64: never 0 again.
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        state.set(x);
        (x >> 11) as f64 / (1u64 << 53) as f64
    })
}
