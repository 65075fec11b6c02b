//! The proxy: what it adds, and what it counts.

use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use super::SelftestError;
use super::check::Check;
use super::synthetic::SyntheticServer;
use super::wire::{median_time, times};
use crate::driver::session::Session;
use crate::proxy::{Counted, Proxy};

const GROUP: &str = "the proxy";
const ROUND_TRIPS_MS: [u64; 3] = [10, 32, 100];
/// More than asked, by this part, is still as asked; less never is.
const MORE_ALLOWED: f64 = 0.05;
const PATIENCE: Duration = Duration::from_secs(30);

/// `quick`: only what holds however slow the machine is.
pub fn check(runtime: &Runtime, quick: bool) -> Result<Vec<Check>, SelftestError> {
    let server = SyntheticServer::constant(Duration::ZERO)?;
    let executions = if quick { 10 } else { 50 };
    let direct = runtime.block_on(async {
        let session = Session::open(&server.config(), PATIENCE).await?;
        median_time(&session, 200).await
    })?;
    let asked = if quick { &ROUND_TRIPS_MS[..1] } else { &ROUND_TRIPS_MS[..] };
    let mut checks = Vec::new();
    for rtt in asked.iter().map(|ms| Duration::from_millis(*ms)) {
        checks.extend(runtime.block_on(one(&server, rtt, direct, executions, quick))?);
    }
    Ok(checks)
}

async fn one(
    server: &SyntheticServer,
    rtt: Duration,
    direct: Duration,
    executions: usize,
    quick: bool,
) -> Result<Vec<Check>, SelftestError> {
    let proxy = Proxy::in_front_of(&server.config(), rtt)?;
    let start = Instant::now();
    let session = Session::open(&proxy.lead(&server.config()), PATIENCE).await?;
    let opened = start.elapsed();
    let mut times = times(&session, executions).await?;
    times.sort_unstable();
    drop(session);
    let Counted { connections, round_trips, ready_for_query, .. } = proxy.stop();

    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let named = |what: &str| format!("{} ms: {what}", rtt.as_millis());
    let shortest = times.first().copied().unwrap_or_default();
    let mut checks = vec![Check::new(
        GROUP,
        named("shortest execution"),
        (format!("{} ms", ms(rtt)), format!("{:.3} ms", ms(shortest)), format!("≥ {} ms", ms(rtt))),
        shortest >= rtt,
    )];
    // Setting up the connection, then logging in.
    let login = 2 * rtt;
    let most = |asked: Duration| asked.mul_f64(1.0 + MORE_ALLOWED);
    let (allowed, within) = if quick {
        (format!("≥ {} ms", ms(login)), opened >= login)
    } else {
        (
            format!("{}–{:.1} ms", ms(login), ms(most(login) + direct)),
            opened >= login && opened <= most(login) + direct,
        )
    };
    let bounds = (format!("{} ms", ms(login)), format!("{:.2} ms", ms(opened)), allowed);
    checks.push(Check::new(GROUP, named("opening a connection, two round trips"), bounds, within));
    if !quick {
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        let added = median.saturating_sub(direct);
        let bounds = (
            format!("{} ms", ms(rtt)),
            format!("{:.2} ms", ms(added)),
            format!("{}–{:.1} ms", ms(rtt), ms(most(rtt))),
        );
        checks.push(Check::new(
            GROUP,
            named("added to the median"),
            bounds,
            added >= rtt && added <= most(rtt),
        ));
    }
    // Executions, those not timed too, and one for logging in.
    let sent = (executions + executions / 10 + 1) as u64;
    checks.push(Check::new(
        GROUP,
        named("round trips, by who speaks and by the protocol"),
        (
            format!("{sent}, {sent} on 1"),
            format!("{round_trips}, {ready_for_query} on {connections}"),
            "the same",
        ),
        (round_trips, ready_for_query, connections) == (sent, sent, 1),
    ));
    Ok(checks)
}
