//! Interleaved rounds: every statement under measurement runs in all its variants in each round.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::RunOptions;
use super::options::Effort;
use super::prepare::PreparedDataset;
use super::progress::Step;
use crate::driver::arguments::ArgumentPool;
use crate::driver::leg::{Leg, LegError, LegSize};
use crate::driver::order::balanced_order;
use crate::driver::session::{Bound, Session, describe, multiset_hash, rejection};
use crate::result::evidence::Rejection;
use crate::stats::{LegRecorder, RoundSamples};
use crate::workload::model::Compare;
use crate::workload::{self, loaded::Query};

/// Why a statement has no figures in a variant.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// PostgreSQL refuses it.
    Rejected(Rejection),
    /// It did not end within the statement timeout.
    TimedOut(Duration),
    /// It ran, but something about it makes its figures untrustworthy.
    Guard(String),
}

/// One statement in one variant, over all rounds.
pub struct LegRun {
    pub variant: String,
    /// The A/A twin of the baseline: same database, another connection.
    pub twin: bool,
    pub sql: String,
    pub rounds: Vec<RoundSamples>,
    pub rows_hash: Option<u128>,
    pub trouble: Option<Trouble>,
    /// Decided: it runs in no further round.
    done: bool,
    bound: Option<Bound>,
    restore: Vec<String>,
    size: LegSize,
}

/// One statement on one data set.
pub struct StatementRun<'a> {
    pub query: &'a Query,
    pub dataset: &'a PreparedDataset,
    pub legs: Vec<LegRun>,
    /// Rounds completed by all legs.
    pub rounds: u32,
    /// Why measuring stopped, when it was not for being decided.
    pub stopped: Option<&'static str>,
}

impl StatementRun<'_> {
    /// The leg of a variant, the twin aside.
    pub fn leg(&self, variant: &str) -> Option<&LegRun> {
        self.legs.iter().find(|leg| leg.variant == variant && !leg.twin)
    }

    /// The leg every ratio is taken to.
    pub fn baseline(&self) -> Option<&LegRun> {
        self.legs.iter().find(|leg| !leg.twin)
    }

    pub fn twin(&self) -> Option<&LegRun> {
        self.legs.iter().find(|leg| leg.twin)
    }
}

/// Connections by (database, twin).
pub struct Sessions {
    open: BTreeMap<(String, bool), Session>,
}

/// What opening or measuring needs besides the statement.
pub struct Bench<'a> {
    pub options: &'a RunOptions,
    pub effort: Effort,
    pub config: &'a dyn Fn(&str) -> tokio_postgres::Config,
}

impl Sessions {
    pub async fn open<'a>(
        bench: &Bench<'_>,
        databases: impl Iterator<Item = (&'a str, bool)>,
    ) -> Result<Sessions, tokio_postgres::Error> {
        let mut open = BTreeMap::new();
        for (database, twin) in databases.collect::<BTreeSet<_>>() {
            let session = Session::open(&(bench.config)(database), bench.effort.statement_timeout).await?;
            open.insert((database.to_owned(), twin), session);
        }
        Ok(Sessions { open })
    }

    pub fn get(&self, database: &str, twin: bool) -> Option<&Session> {
        self.open.get(&(database.to_owned(), twin))
    }
}

/// Binds a statement in its variants, tries it once in each, hashes its rows and sizes its legs.
pub async fn set_up<'a>(
    bench: &Bench<'_>,
    sessions: &Sessions,
    query: &'a Query,
    dataset: &'a PreparedDataset,
    variants: &[String],
) -> StatementRun<'a> {
    let mut legs = Vec::new();
    for (place, variant) in variants.iter().enumerate() {
        if dataset.database(variant).is_none() {
            continue;
        }
        legs.push(set_up_leg(bench, sessions, query, dataset, variant, false).await);
        if place == 0 {
            legs.push(set_up_leg(bench, sessions, query, dataset, variant, true).await);
        }
    }
    let mut run = StatementRun { query, dataset, legs, rounds: 0, stopped: None };
    compare_rows(&mut run);
    run
}

async fn set_up_leg(
    bench: &Bench<'_>,
    sessions: &Sessions,
    query: &Query,
    dataset: &PreparedDataset,
    variant: &str,
    twin: bool,
) -> LegRun {
    let mut leg = LegRun {
        variant: variant.to_owned(),
        twin,
        sql: query.sql_in(variant).to_owned(),
        rounds: Vec::new(),
        rows_hash: None,
        trouble: None,
        done: false,
        bound: None,
        restore: Vec::new(),
        size: LegSize { warm: 1, timed: 1 },
    };
    let session = dataset.database(variant).and_then(|database| sessions.get(database, twin));
    let (Some(session), Some(Ok(pool))) = (session, dataset.pools.get(&query.name)) else {
        let why = match dataset.pools.get(&query.name) {
            Some(Err(why)) => why.clone(),
            _ => format!("no connection to variant `{variant}`"),
        };
        leg.trouble = Some(Trouble::Guard(why));
        return leg;
    };
    if let Err(trouble) = try_once(bench, session, query, pool, &mut leg).await {
        leg.trouble = Some(trouble);
    }
    leg
}

async fn try_once(
    bench: &Bench<'_>,
    session: &Session,
    query: &Query,
    pool: &ArgumentPool,
    leg: &mut LegRun,
) -> Result<(), Trouble> {
    let refuse = |error: tokio_postgres::Error| trouble(bench, &leg.sql, error);
    let types: Vec<_> = query.params().iter().map(|parameter| parameter.sql_type.clone()).collect();
    let bound = session.bind(&leg.sql, &types).await.map_err(refuse)?;
    let hash = answers(session, query, &bound, pool).await.map_err(refuse)?;
    // One at a time: VACUUM wants to be alone.
    let restore = query.restore_in(&leg.variant).map(workload::split_sql).transpose();
    leg.restore =
        restore.map_err(|error| Trouble::Guard(format!("its restore: {error}")))?.unwrap_or_default();
    // Two executions tell how many fit a leg.
    let size = LegSize { warm: 1, timed: 1 };
    let probe = Leg { session, query, bound: &bound, restore: &leg.restore, size };
    let outcome = probe.run(|n| pool.at(u32::MAX, n)).await;
    let times = outcome.map_err(|error| leg_trouble(bench, &leg.sql, error))?.times;
    let one = times.iter().min().copied().unwrap_or_default();
    leg.size = LegSize::for_duration(one, bench.effort.leg, (bench.effort.fewest, bench.effort.most));
    leg.rows_hash = Some(hash);
    leg.bound = Some(bound);
    Ok(())
}

/// Hash of the rows of some executions, undone: whatever the statement changes, all variants answer from the same data.
pub(super) async fn answers(
    session: &Session,
    query: &Query,
    bound: &Bound,
    pool: &ArgumentPool,
) -> Result<u128, tokio_postgres::Error> {
    let mut hash = 0_u128;
    for arguments in pool.first(3) {
        session.batch("BEGIN").await?;
        let rows = session.rows(bound, &arguments).await;
        session.batch("ROLLBACK").await?;
        let rows = rows?;
        let of_these = match query.header.compare {
            Some(Compare::None) => 0,
            Some(Compare::Count) => rows.len() as u128,
            Some(Compare::Rows) | None => multiset_hash(&rows)?,
        };
        hash = hash.rotate_left(1) ^ of_these;
    }
    Ok(hash)
}

/// The guard: every variant answers as the baseline does.
fn compare_rows(run: &mut StatementRun) {
    if run.query.header.compare == Some(Compare::None) {
        return;
    }
    let Some((baseline, expected)) =
        run.legs.first().and_then(|leg| Some((leg.variant.clone(), leg.rows_hash?)))
    else {
        return;
    };
    for leg in &mut run.legs {
        if leg.rows_hash.is_some_and(|hash| hash != expected) {
            leg.trouble = Some(Trouble::Guard(format!(
                "it does not return the rows that variant `{baseline}` returns"
            )));
        }
    }
}

pub(super) fn trouble(bench: &Bench<'_>, sql: &str, error: tokio_postgres::Error) -> Trouble {
    match error.code() {
        Some(&tokio_postgres::error::SqlState::QUERY_CANCELED) => {
            Trouble::TimedOut(bench.effort.statement_timeout)
        }
        Some(_) => Trouble::Rejected(rejection(sql, &error)),
        None => Trouble::Guard(describe(&error)),
    }
}

fn leg_trouble(bench: &Bench<'_>, sql: &str, error: LegError) -> Trouble {
    match error {
        LegError::Postgres(error) => trouble(bench, sql, error),
        LegError::Rows { .. } => Trouble::Guard(error.to_string()),
    }
}

/// Runs rounds until every statement is decided, the budget is over, or the run is interrupted.
///
/// `decided` is asked at each look whether a statement needs more rounds in a variant; the twin goes with the
/// baseline. What is decided drops out, so that the budget goes to what is not.
pub async fn rounds(
    bench: &Bench<'_>,
    sessions: &Sessions,
    runs: &mut [StatementRun<'_>],
    deadline: Instant,
    mut decided: impl FnMut(&StatementRun<'_>, &str) -> bool,
) {
    let most = bench.effort.rounds;
    let mut recorder = LegRecorder::new();
    let step = Step::start("measuring", Some(u64::from(most) * runs.len() as u64));
    let mut open: Vec<usize> = (0..runs.len()).collect();
    for round in 0..most {
        let mut next = Vec::new();
        for &place in &open {
            let run = &mut runs[place];
            if Instant::now() >= deadline {
                run.stopped = Some("the budget ended first");
                continue;
            }
            if bench.options.interrupt.raised() {
                run.stopped = Some("the run was interrupted");
                continue;
            }
            step.say(&format!("measuring {} (round {})", run.query.name, round + 1));
            one_round(bench, sessions, run, round, &mut recorder).await;
            run.rounds = round + 1;
            step.advance(1);
            if bench.effort.looks().is_look(round + 1) {
                let verdicts: Vec<_> = run.legs.iter().map(|leg| decided(run, &leg.variant)).collect();
                for (leg, decided) in run.legs.iter_mut().zip(verdicts) {
                    leg.done |= decided;
                }
            }
            if run.legs.iter().all(|leg| leg.done || leg.trouble.is_some()) {
                step.advance(u64::from(most - round - 1));
            } else {
                next.push(place);
            }
        }
        open = next;
        if open.is_empty() {
            break;
        }
    }
}

async fn one_round(
    bench: &Bench<'_>,
    sessions: &Sessions,
    run: &mut StatementRun<'_>,
    round: u32,
    recorder: &mut LegRecorder,
) {
    let (query, dataset) = (run.query, run.dataset);
    let Some(Ok(pool)) = dataset.pools.get(&query.name) else { return };
    for place in balanced_order(run.legs.len(), round, bench.options.seed) {
        let leg = &mut run.legs[place];
        if leg.done || leg.trouble.is_some() {
            continue;
        }
        let session = dataset.database(&leg.variant).and_then(|database| sessions.get(database, leg.twin));
        let (Some(session), Some(bound)) = (session, &leg.bound) else { continue };
        let outcome = Leg { session, query, bound, restore: &leg.restore, size: leg.size }
            .run(|n| pool.at(round, n))
            .await;
        match outcome {
            Ok(outcome) => {
                for time in outcome.times {
                    recorder.record(time);
                }
                leg.rounds.extend(recorder.finish(round, outcome.buffer_hit_ratio));
            }
            Err(error) => leg.trouble = Some(leg_trouble(bench, &leg.sql, error)),
        }
    }
}
