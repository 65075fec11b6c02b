//! A leg: one statement in one variant during one round.

use std::time::{Duration, Instant};

use super::session::{Arguments, Bound, Session, describe};
use crate::workload::loaded::Query;
use crate::workload::model::{Effect, RowBounds};

/// How many executions a leg makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegSize {
    /// Untimed executions first: the other variants have evicted this one's pages meanwhile.
    pub warm: u32,
    pub timed: u32,
}

impl LegSize {
    /// So many executions that a leg takes about `target`, within `bounds` (fewest, most).
    pub fn for_duration(one: Duration, target: Duration, bounds: (u32, u32)) -> LegSize {
        let (fewest, most) = bounds;
        let fitting = target.as_secs_f64() / one.as_secs_f64().max(1e-6);
        let timed = (fitting.min(f64::from(most)) as u32).clamp(fewest.max(1), most.max(1));
        LegSize { warm: timed.div_ceil(4), timed }
    }
}

/// What a leg gave: times in order of execution.
#[derive(Debug)]
pub struct LegOutcome {
    pub times: Vec<Duration>,
    /// Share of shared-buffer requests served without a read.
    pub buffer_hit_ratio: Option<f64>,
}

#[derive(Debug, thiserror::Error)]
pub enum LegError {
    #[error("{}", describe(.0))]
    Postgres(#[from] tokio_postgres::Error),
    #[error("an execution returned {rows} rows, the query's header allows {min} to {max}")]
    Rows { rows: u64, min: u64, max: u64 },
}

/// What a leg executes; the arguments of execution `n` come from `arguments`.
pub struct Leg<'a> {
    pub session: &'a Session,
    pub query: &'a Query,
    pub bound: &'a Bound,
    pub restore: &'a [String],
    pub size: LegSize,
}

impl Leg<'_> {
    /// Warms, times, and puts the data back.
    pub async fn run(&self, arguments: impl Fn(u32) -> Arguments) -> Result<LegOutcome, LegError> {
        let outcome = self.executions(arguments).await;
        // Put back also after a failure: the next leg must find the data as they were.
        for sql in self.restore {
            self.session.batch(sql).await?;
        }
        outcome
    }

    async fn executions(&self, arguments: impl Fn(u32) -> Arguments) -> Result<LegOutcome, LegError> {
        for n in 0..self.size.warm {
            self.one(&arguments(n)).await?;
        }
        let before = shared_buffers(self.session).await?;
        let mut times = Vec::with_capacity(self.size.timed as usize);
        for n in self.size.warm..self.size.warm + self.size.timed {
            times.push(self.one(&arguments(n)).await?);
        }
        let after = shared_buffers(self.session).await?;
        Ok(LegOutcome { times, buffer_hit_ratio: hit_ratio(before, after) })
    }

    /// One execution under the statement's effect; only the statement itself is inside the time.
    pub async fn one(&self, arguments: &Arguments) -> Result<Duration, LegError> {
        let rollback = self.query.effect() == Effect::Rollback;
        if rollback {
            self.session.batch("BEGIN").await?;
        }
        let answer = self.session.execute(self.bound, arguments).await;
        if rollback {
            self.session.batch("ROLLBACK").await?;
        }
        let answer = answer?;
        if let Some(RowBounds { min, max }) = self.query.rows()
            && !(min..=max).contains(&answer.rows)
        {
            return Err(LegError::Rows { rows: answer.rows, min, max });
        }
        Ok(answer.elapsed)
    }
}

/// Shared buffers (hit, read) of the session's database so far.
pub(super) async fn shared_buffers(session: &Session) -> Result<(i64, i64), tokio_postgres::Error> {
    // The counters of this session reach the shared statistics only when it goes idle; ask for it now.
    session.batch("SELECT pg_stat_force_next_flush()").await?;
    let sql = "SELECT blks_hit, blks_read FROM pg_stat_database WHERE datname = current_database()";
    let rows = session.rows(&Bound { sql: sql.to_owned(), types: Vec::new() }, &Vec::new()).await?;
    Ok(rows.first().map_or((0, 0), |row| (row.get(0), row.get(1))))
}

pub(super) fn hit_ratio(before: (i64, i64), after: (i64, i64)) -> Option<f64> {
    let (hit, read) = (after.0 - before.0, after.1 - before.1);
    (hit + read > 0).then(|| hit as f64 / (hit + read) as f64)
}

/// Median and p95 of `SELECT 1` over an idle connection, in milliseconds: the floor under every latency.
pub async fn select_one(session: &Session) -> Result<(f64, f64), tokio_postgres::Error> {
    let bound = Bound { sql: "SELECT 1".to_owned(), types: Vec::new() };
    let deadline = Instant::now() + Duration::from_millis(300);
    let mut times = Vec::new();
    while Instant::now() < deadline || times.len() < 100 {
        times.push(session.execute(&bound, &Vec::new()).await?.elapsed.as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok((times[times.len() / 2], times[times.len() * 95 / 100]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leg_fits_its_time_and_never_is_empty() {
        let target = Duration::from_millis(100);
        let size = |ms| LegSize::for_duration(Duration::from_millis(ms), target, (2, 50));
        assert_eq!(size(1), LegSize { warm: 13, timed: 50 });
        assert_eq!(size(10), LegSize { warm: 3, timed: 10 });
        assert_eq!(size(5_000), LegSize { warm: 1, timed: 2 });
    }

    #[test]
    fn the_hit_ratio_needs_requests() {
        assert_eq!(hit_ratio((10, 5), (10, 5)), None);
        assert_eq!(hit_ratio((10, 5), (19, 6)), Some(0.9));
    }
}
