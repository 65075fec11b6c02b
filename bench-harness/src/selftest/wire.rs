//! The same comparisons over real sessions, against servers whose latency was set: here the machine's own noise takes
//! part, and the harness's own time.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use tokio::runtime::Runtime;

use super::SelftestError;
use super::check::Check;
use super::comparison::{Comparison, RoundLegs, Tally};
use super::synthetic::{STATEMENT, SyntheticServer};
use super::virtual_time::EFFECTS;
use crate::driver::leg::{Leg, LegSize};
use crate::driver::order::balanced_order;
use crate::driver::session::{Bound, Session};
use crate::run::options::{CONFIDENCE, Effort};
use crate::stats::{Interval, LegRecorder, RoundSamples};
use crate::workload::loaded::Query;
use crate::workload::model::QueryHeader;

const GROUP_AA: &str = "A/A over the wire";
const GROUP_EFFECT: &str = "planted effects over the wire";

/// Answers of the variant take this long at the median, and scatter: lognormal, 3 %. Medians of 8 in 12 rounds, and the
/// median of 6 comparisons, then err by 0.3 %.
const VARIANT: Duration = Duration::from_millis(3);
const SCATTER: f64 = 0.03;
/// The servers of A/A comparisons, of which there are hundreds.
const IDENTICAL: Duration = Duration::from_micros(500);
/// The estimates' median may be this far beside what was planted: three times that, and a little for the machine.
const NEAR: f64 = 0.01;

/// Legs are short: what is asked of them is many rounds.
const SIZE: LegSize = LegSize { warm: 2, timed: 8 };
const PATIENCE: Duration = Duration::from_secs(10);

/// A server whose answers take `median`, scattered.
fn scattered(median: Duration, seed: u64) -> io::Result<SyntheticServer> {
    let random = Mutex::new(Xoshiro256PlusPlus::seed_from_u64(seed));
    SyntheticServer::start(Arc::new(move |received| {
        // Whoever panicked while holding it left a sound generator.
        let mut random = random.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let normal: f64 = StandardNormal.sample(&mut *random);
        received + median.mul_f64((SCATTER * normal).exp())
    }))
}

/// Sessions to be compared, and how.
struct Bench {
    query: Query,
    bound: Bound,
    recorder: LegRecorder,
}

impl Bench {
    fn new() -> Bench {
        let query = Query {
            name: "measured".to_owned(),
            header: QueryHeader::default(),
            sql: STATEMENT.to_owned(),
            overrides: BTreeMap::new(),
        };
        let bound = Bound { sql: STATEMENT.to_owned(), types: Vec::new() };
        Bench { query, bound, recorder: LegRecorder::new() }
    }

    async fn leg(&mut self, session: &Session, round: u32) -> Result<Option<RoundSamples>, SelftestError> {
        let leg = Leg { session, query: &self.query, bound: &self.bound, restore: &[], size: SIZE };
        for time in leg.run(|_| Vec::new()).await?.times {
            self.recorder.record(time);
        }
        Ok(self.recorder.finish(round, None))
    }

    /// Legs of one round in balanced order, by their place in `sessions`.
    async fn round<const N: usize>(
        &mut self,
        sessions: &[Session; N],
        round: u32,
        seed: u64,
    ) -> Result<Option<[RoundSamples; N]>, SelftestError> {
        let mut legs: [Option<RoundSamples>; N] = [const { None }; N];
        for place in balanced_order(N, round, seed) {
            legs[place] = self.leg(&sessions[place], round).await?;
        }
        let legs: Vec<_> = legs.into_iter().flatten().collect();
        Ok(legs.try_into().ok())
    }
}

async fn open(server: &SyntheticServer) -> Result<Session, SelftestError> {
    Ok(Session::open(&server.config(), PATIENCE).await?)
}

/// Identical variants on one server, compared over and over.
pub fn identical(
    runtime: &Runtime,
    effort: Effort,
    comparisons: u64,
    seed: u64,
    mut told: impl FnMut(u64),
) -> Result<Vec<Check>, SelftestError> {
    let server = scattered(IDENTICAL, seed)?;
    let mut tally = Tally::default();
    runtime.block_on(async {
        let sessions = [open(&server).await?, open(&server).await?, open(&server).await?];
        let mut bench = Bench::new();
        for number in 0..comparisons {
            let mut comparison = Comparison::new(effort, number);
            for round in 0..effort.rounds {
                if let Some([baseline, twin, variant]) = bench.round(&sessions, round, seed ^ number).await? {
                    comparison.add(RoundLegs { baseline, twin, variant });
                }
            }
            if let Some(outcome) = comparison.outcome(Interval { low: 1.0, high: 1.0 }) {
                tally.add(outcome);
            }
            told(number + 1);
        }
        Ok::<_, SelftestError>(())
    })?;
    let promised = 1.0 - CONFIDENCE;
    let tries = tally.comparisons;
    Ok(vec![
        Check::rarely(GROUP_AA, "intervals that leave 1 out, at any look", promised, tally.told_apart, tries),
        Check::rarely(GROUP_AA, "verdict proven for no effect", promised, tally.proven, tries),
    ])
}

/// Servers that differ by a known effect.
pub fn planted(
    runtime: &Runtime,
    effort: Effort,
    comparisons: u64,
    seed: u64,
    mut told: impl FnMut(u64),
) -> Result<Vec<Check>, SelftestError> {
    let mut checks = Vec::new();
    let (mut missed, mut tries) = (0, 0);
    for (place, effect) in EFFECTS.into_iter().enumerate() {
        // Draws of their own for each server.
        let own = seed ^ (2 * place as u64 + 2);
        let slower = scattered(VARIANT.mul_f64(1.0 + effect), own)?;
        let variant = scattered(VARIANT, own + 1)?;
        // What the wire, both ends and the timer add to a latency that was set.
        let added = runtime.block_on(added_by_the_wire())?.as_secs_f64();
        let set = VARIANT.as_secs_f64();
        let with = (set * (1.0 + effect) + added) / (set + added);
        let truth = Interval { low: with, high: 1.0 + effect };
        let mut tally = Tally::default();
        runtime.block_on(async {
            let sessions = [open(&slower).await?, open(&slower).await?, open(&variant).await?];
            let mut bench = Bench::new();
            for number in 0..comparisons {
                let mut comparison = Comparison::new(effort, number);
                for round in 0..effort.rounds {
                    if let Some([baseline, twin, variant]) =
                        bench.round(&sessions, round, seed ^ number).await?
                    {
                        comparison.add(RoundLegs { baseline, twin, variant });
                    }
                }
                if let Some(outcome) = comparison.outcome(truth) {
                    tally.add(outcome);
                }
                told(place as u64 * comparisons + number + 1);
            }
            Ok::<_, SelftestError>(())
        })?;
        missed += tally.missed;
        tries += tally.comparisons;
        let median = tally.median_ratio().unwrap_or(f64::NAN);
        let percent = |share: f64| format!("{:.0} %", 100.0 * share);
        checks.push(Check::new(
            GROUP_EFFECT,
            format!("{}: median of the estimates", percent(effect)),
            (
                format!("{:.3}–{:.3}", truth.low, truth.high),
                format!("{median:.3}; power {}", percent(tally.share(tally.told_apart))),
                format!("{:.3}–{:.3}", truth.low - NEAR, truth.high + NEAR),
            ),
            (truth.low - NEAR..=truth.high + NEAR).contains(&median),
        ));
    }
    checks.push(Check::rarely(
        GROUP_EFFECT,
        "intervals that leave the truth out, at any look",
        1.0 - CONFIDENCE,
        missed,
        tries,
    ));
    Ok(checks)
}

/// Median of what a constant latency takes beyond what was set.
async fn added_by_the_wire() -> Result<Duration, SelftestError> {
    let server = SyntheticServer::constant(VARIANT)?;
    let session = open(&server).await?;
    Ok(median_time(&session, 100).await?.saturating_sub(VARIANT))
}

/// Median of so many executions.
pub(super) async fn median_time(session: &Session, executions: usize) -> Result<Duration, SelftestError> {
    let mut times = times(session, executions).await?;
    times.sort_unstable();
    Ok(times.get(times.len() / 2).copied().unwrap_or_default())
}

/// Times of so many executions, after some that are not timed.
pub(super) async fn times(session: &Session, executions: usize) -> Result<Vec<Duration>, SelftestError> {
    let bound = Bound { sql: STATEMENT.to_owned(), types: Vec::new() };
    let mut times = Vec::with_capacity(executions);
    for number in 0..executions + executions / 10 {
        let start = Instant::now();
        session.execute(&bound, &Vec::new()).await?;
        if number >= executions / 10 {
            times.push(start.elapsed());
        }
    }
    Ok(times)
}
