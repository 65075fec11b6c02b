//! A server that stalls: the open loop must show it, and the closed loop shows why there is an open one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use super::SelftestError;
use super::check::Check;
use super::load::{self, Plan};
use super::synthetic::SyntheticServer;
use crate::workload::load::{Arrivals, Loop};

const GROUP: &str = "a stall of 200 ms every 5 s";
const SERVICE: Duration = Duration::from_millis(1);
const STALL: Duration = Duration::from_millis(200);
const EVERY: Duration = Duration::from_secs(5);
const CONNECTIONS: u32 = 8;

/// Answers after [`SERVICE`], but nothing for [`STALL`] out of [`EVERY`].
fn stalling() -> Result<SyntheticServer, SelftestError> {
    let start = Instant::now();
    let stalls_until = move |moment: Instant| {
        let since = moment.saturating_duration_since(start);
        let into = Duration::from_nanos((since.as_nanos() % EVERY.as_nanos()) as u64);
        // The stall comes at the end of each period.
        let begins = EVERY - STALL;
        (into >= begins).then(|| moment + (EVERY - into))
    };
    Ok(SyntheticServer::start(Arc::new(move |received| {
        let due = received + SERVICE;
        stalls_until(due).map_or(due, |resumes| resumes + SERVICE)
    }))?)
}

/// `quick`: one stall or two, and only what holds however slow the machine.
pub fn check(runtime: &Runtime, quick: bool) -> Result<Vec<Check>, SelftestError> {
    let server = stalling()?;
    let (rate, seconds) = if quick { (50.0, 5.5) } else { (200.0, 20.0) };
    let open = Plan {
        how: Loop::Open { rate, arrivals: Arrivals::Constant },
        connections: CONNECTIONS,
        duration: Duration::from_secs_f64(seconds),
    };
    let outcome = load::run(runtime, &server, open)?;
    let p99 = outcome.samples.quantile_ms(0.99);
    // Of the arrivals, 4 % fall into a stall and wait for what is left of it; the slowest of each four of those are
    // the slowest hundredth, and have waited for three quarters of the stall at least.
    let share = STALL.as_secs_f64() / EVERY.as_secs_f64();
    let waited = STALL.as_secs_f64() * 1e3 * (1.0 - 0.01 / share);
    let asked = format!("{waited:.0} ms");
    let seen = format!("{p99:.0} ms");
    if quick {
        let least = waited / 2.0;
        let bounds = (asked, seen, format!("≥ {least:.0} ms"));
        return Ok(vec![Check::new(GROUP, "p99 of the open loop", bounds, p99 >= least)]);
    }
    let (least, most) = (0.85 * waited, 1.15 * waited);
    let mut checks = vec![Check::new(
        GROUP,
        "p99 of the open loop",
        (asked, seen, format!("{least:.0}–{most:.0} ms")),
        (least..=most).contains(&p99),
    )];
    let figures = outcome.figures;
    let lag = figures.lag_p99_ms.unwrap_or(f64::INFINITY);
    checks.push(Check::new(
        GROUP,
        "lag of the load generator, p99",
        ("little", format!("{lag:.2} ms"), "≤ 1 ms"),
        lag <= 1.0 && figures.invalid.is_none(),
    ));
    let closed = Plan { how: Loop::Closed, connections: CONNECTIONS, duration: Duration::from_secs(10) };
    let hidden = load::run(runtime, &server, closed)?.samples.quantile_ms(0.99);
    checks.push(Check::new(
        GROUP,
        "p99 of a closed loop, which hides it",
        ("no stall", format!("{hidden:.1} ms"), format!("< {:.0} ms", waited / 10.0)),
        hidden < waited / 10.0,
    ));
    Ok(checks)
}
