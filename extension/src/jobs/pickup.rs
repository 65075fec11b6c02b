//! Where each session goes on picking up.
//!
//! Jobs are picked up from one end of an index, and what was picked up stays there as dead entries until
//! VACUUM may remove them: for as long as the oldest snapshot of the whole cluster lives. A scan from the
//! beginning would pass over all of them at each pickup. So a session remembers, for each list of job types
//! it was asked for and for each priority, the schedule before which it has nothing more to find.
//!
//! A job can come up behind that position: its pickup was rolled back, a worker gave it back, its
//! transaction committed late. Looks over the whole index (`look_for_jobs`) find it; their findings move
//! positions back. DESIGN.md has the figures.

mod positions;

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use pgrx::datum::Array;
use pgrx::prelude::*;
use pgrx::{PgXactCallbackEvent, register_xact_callback};

use self::positions::{Positions, Range};
use super::storage;
use crate::gucs;

/// A session that asks for more different lists of types than this forgets them and begins anew.
const MAX_FILTERS: usize = 64;

/// Jobs become visible a little after the time they are scheduled for, when their transaction commits; so
/// a position is never nearer to now than this. Long enough for a commit that waits for its disk, short
/// enough that the entries passed over again at each pickup are few (100 at 1 000 jobs a second).
const SETTLE: Duration = Duration::from_millis(100);

#[derive(Default)]
struct Session {
    /// The table the positions are about; another one after the extension was dropped and made again.
    table: Option<pg_sys::Oid>,
    filters: HashMap<i64, Filter>,
}

#[derive(Default)]
struct Filter {
    positions: Positions,
    /// By this clock and not by the wall's, which may be set back.
    looked: Option<Instant>,
    /// Positions as they were before the current transaction moved them.
    before: Option<Positions>,
}

thread_local!(static SESSION: RefCell<Session> = RefCell::default());

fn with_filter<T>(filter: i64, then: impl FnOnce(&mut Filter) -> T) -> T {
    SESSION.with_borrow_mut(|session| {
        let table = storage::job_table();
        if session.table != table || session.filters.len() > MAX_FILTERS {
            *session = Session { table, filters: HashMap::new() };
        }
        then(session.filters.entry(filter).or_default())
    })
}

/// Has the end of the current transaction decide about the positions it moved.
fn on_transaction_end(id: i64, event: PgXactCallbackEvent, then: fn(&mut Filter)) {
    register_xact_callback(event, move || {
        // An error inside with_filter leaves nothing borrowed; and a callback must not panic.
        SESSION.with(|session| {
            if let Ok(mut session) = session.try_borrow_mut()
                && let Some(filter) = session.filters.get_mut(&id)
            {
                then(filter);
            }
        });
    });
}

/// Stands for a list of job types: the same number for the same types in any order, 0 for NULL.
#[pg_extern(schema = "errand_internal", immutable, parallel_safe, requires = ["schemas"])]
pub fn pickup_filter(p_job_types: Option<Array<&str>>) -> i64 {
    let Some(types) = p_job_types else { return 0 };
    let mut types: Vec<&str> = types.iter().flatten().collect();
    types.sort_unstable();
    types.dedup();
    // Types contain no NUL: PostgreSQL's text can't.
    match xxhash_rust::xxh3::xxh3_64(types.join("\0").as_bytes()).cast_signed() {
        0 => 1,
        hash => hash,
    }
}

/// Whether it is time to learn what positions have passed over: twice in errand.pickup_resync, because half
/// of it may go by until somebody looks, and the other half until this session hears of it.
#[pg_extern(schema = "errand_internal", volatile, parallel_restricted, requires = ["schemas"])]
pub fn look_due(p_filter: i64) -> bool {
    with_filter(p_filter, |filter| {
        let due = filter.looked.is_none_or(|looked| looked.elapsed() >= gucs::pickup_resync() / 2);
        if due {
            filter.looked = Some(Instant::now());
        }
        due
    })
}

/// errand.pickup_resync as an interval.
#[pg_extern(schema = "errand_internal", stable, parallel_safe, requires = ["schemas"])]
pub fn pickup_resync() -> pgrx::datum::Interval {
    super::work::interval_from(gucs::pickup_resync())
}

/// The latest time before which everything that will ever be visible should be by `now`.
fn settled(now: TimestampWithTimeZone) -> i64 {
    i64::from(now).saturating_sub(i64::try_from(SETTLE.as_micros()).unwrap_or(i64::MAX))
}

/// Moves positions back to what a look found; nothing, if that look is known already.
#[pg_extern(schema = "errand_internal", volatile, parallel_restricted, requires = ["schemas"])]
pub fn adopt_look(
    p_filter: i64,
    p_looked_at: TimestampWithTimeZone,
    p_priorities: Array<i32>,
    p_earliest: Array<TimestampWithTimeZone>,
) {
    let settled = settled(p_looked_at);
    let earliest = p_earliest.iter().flatten().map(|at| i64::from(at).min(settled));
    let found = p_priorities.iter().flatten().zip(earliest);
    with_filter(p_filter, |filter| filter.positions.adopt(i64::from(p_looked_at), found));
}

/// What to go through, from the highest priority to the lowest. scheduled_from is NULL for priorities of
/// which nothing is known.
#[pg_extern(schema = "errand_internal", volatile, parallel_restricted, requires = ["schemas"])]
pub fn pickup_ranges(
    p_filter: i64,
) -> TableIterator<
    'static,
    (name!(highest, i32), name!(lowest, i32), name!(scheduled_from, Option<TimestampWithTimeZone>)),
> {
    let ranges = with_filter(p_filter, |filter| filter.positions.ranges());
    TableIterator::new(ranges.into_iter().map(|Range { highest, lowest, from }| {
        (highest, lowest, from.and_then(|micros| TimestampWithTimeZone::try_from(micros).ok()))
    }))
}

/// Says that this session has nothing more to find before `p_passed` at a priority.
#[pg_extern(schema = "errand_internal", volatile, parallel_restricted, requires = ["schemas"])]
pub fn advance_pickup(
    p_filter: i64,
    p_priority: i32,
    p_passed: TimestampWithTimeZone,
    p_now: TimestampWithTimeZone,
) {
    let settled = settled(p_now);
    let first = with_filter(p_filter, |filter| {
        let first = filter.before.is_none();
        if first {
            filter.before = Some(filter.positions.clone());
        }
        filter.positions.advance(p_priority, i64::from(p_passed).min(settled));
        first
    });
    if first {
        // What was picked up is there again if the transaction is rolled back. (Of a savepoint's rollback
        // nobody hears; the next look does.)
        on_transaction_end(p_filter, PgXactCallbackEvent::Abort, |filter| {
            if let Some(before) = filter.before.take() {
                filter.positions = before;
            }
        });
        on_transaction_end(p_filter, PgXactCallbackEvent::Commit, |filter| filter.before = None);
        on_transaction_end(p_filter, PgXactCallbackEvent::Prepare, |filter| filter.before = None);
    }
}
