//! Loads: each mix under each load, in all its variants, in interleaved rounds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use tokio_postgres::Config;

use super::measure::{Bench, Trouble, answers, trouble};
use super::prepare::PreparedDataset;
use super::progress::Step;
use crate::driver::leg::LegError;
use crate::driver::load::{LoadError, LoadLeg};
use crate::driver::mix::{Mix, MixStatement, RequestError};
use crate::driver::order::balanced_order;
use crate::driver::session::{Bound, Session};
use crate::proxy::Proxy;
use crate::result::load::LoadRound;
use crate::stats::{LegRecorder, RoundSamples};
use crate::workload::load::{Load, Loop, Target};
use crate::workload::loaded::{Query, Workload};
use crate::workload::model::{Claim, Compare, Effect, Scale};

/// How long `SELECT 1` is sent, to know what is possible at most.
const CEILING: Duration = Duration::from_millis(500);

/// One variant under one load, over all rounds.
pub struct LoadLegRun {
    pub variant: String,
    /// The A/A twin of the baseline: same database, other connections.
    pub twin: bool,
    /// Times of the rounds that count.
    pub rounds: Vec<RoundSamples>,
    /// All rounds, those left out too.
    pub figures: Vec<LoadRound>,
    pub trouble: Option<Trouble>,
    /// Decided: it runs in no further round.
    done: bool,
}

/// One load in all its variants.
pub struct LoadRun {
    pub load: Load,
    pub dataset: String,
    pub weights: BTreeMap<String, u32>,
    pub legs: Vec<LoadLegRun>,
    /// Requests a second of `SELECT 1` in a closed loop on as many connections.
    pub select_one_per_second: f64,
    /// Rounds completed by all legs.
    pub rounds: u32,
    /// Why measuring stopped, when it was not for being decided.
    pub stopped: Option<&'static str>,
}

impl LoadRun {
    /// The leg of a variant, the twin aside.
    pub fn leg(&self, variant: &str) -> Option<&LoadLegRun> {
        self.legs.iter().find(|leg| leg.variant == variant && !leg.twin)
    }

    /// The first variant and its twin, which show the noise.
    pub fn twins(&self) -> Option<(&LoadLegRun, &LoadLegRun)> {
        let twin = self.legs.iter().find(|leg| leg.twin)?;
        Some((self.leg(&twin.variant)?, twin))
    }
}

/// A load with the variants that are to be put under it.
pub struct Planned<'a> {
    pub load: Load,
    weights: Vec<(&'a Query, u32)>,
    pub variants: Vec<String>,
    /// The workload's first variant, whose answers all others must give.
    baseline: String,
    /// Somebody asks for a ratio: the noise must be known.
    ratio: bool,
}

impl Planned<'_> {
    /// Whether what the mix leaves behind asks for copies of the databases.
    pub fn writes(&self) -> bool {
        self.weights.iter().any(|(query, _)| query.effect() != Effect::Read)
    }
}

/// The loads of all claims, each once, in the variants of all parts that ask for it.
pub fn planned<'a>(
    workload: &'a Workload,
    claims: &[&Claim],
    scale: Scale,
    prepared: impl Fn(&str) -> bool,
) -> Vec<Planned<'a>> {
    let mut wanted: Vec<(Load, BTreeSet<&str>, bool)> = Vec::new();
    let parts = claims.iter().flat_map(|claim| claim.parts.iter().map(move |part| (claim, part)));
    for (claim, part) in parts {
        let Some(load) = Load::of(&part.measure, scale) else { continue };
        let place = wanted.iter().position(|(known, ..)| *known == load).unwrap_or_else(|| {
            wanted.push((load, BTreeSet::new(), false));
            wanted.len() - 1
        });
        let (_, variants, ratio) = &mut wanted[place];
        variants.extend(part.variants.as_ref().unwrap_or(&claim.variants).iter().map(String::as_str));
        if let Some(Target::Ratio { baseline, .. }) = part.measure.load_target() {
            variants.extend([workload.baseline()].into_iter().chain(baseline));
            *ratio = true;
        }
    }
    let in_order = |wanted: BTreeSet<&str>| {
        let all = workload.manifest.variants.iter().map(|variant| variant.name.as_str());
        all.filter(|name| wanted.contains(name) && prepared(name)).map(str::to_owned).collect()
    };
    wanted
        .into_iter()
        .filter_map(|(load, variants, ratio)| {
            let weights = workload.manifest.mixes.get(&load.mix)?;
            let weights =
                weights.iter().filter_map(|(name, weight)| Some((workload.queries.get(name)?, *weight)));
            let baseline = workload.baseline().to_owned();
            Some(Planned { load, weights: weights.collect(), variants: in_order(variants), baseline, ratio })
        })
        .collect()
}

/// What a leg is run with.
struct Equipment<'a> {
    config: Config,
    mix: Mix<'a>,
    restore: Vec<String>,
}

/// Puts each variant under a load in each round, until every one is decided, the time is over, or the run is
/// interrupted. `database` gives the database of a variant.
///
/// # Errors
/// The proxy can't be started, or the server does not even answer `SELECT 1`.
pub async fn run(
    bench: &Bench<'_>,
    planned: &Planned<'_>,
    dataset: &PreparedDataset,
    database: impl Fn(&str) -> Option<String>,
    deadline: Instant,
    decided: impl Fn(&LoadRun, &str) -> bool,
) -> Result<LoadRun, String> {
    let Planned { load, weights, variants, baseline, ratio } = planned;
    let mut run = LoadRun {
        load: load.clone(),
        dataset: dataset.name.clone(),
        weights: weights.iter().map(|(query, weight)| (query.name.clone(), *weight)).collect(),
        legs: Vec::new(),
        select_one_per_second: 0.0,
        rounds: 0,
        stopped: None,
    };
    let config = |variant: &str| database(variant).map(|database| (bench.config)(&database));
    let Some(first) = variants.first().and_then(|variant| config(variant)) else { return Ok(run) };
    let proxy = load.rtt_ms.map(|rtt| Proxy::in_front_of(&first, Duration::from_secs_f64(rtt / 1e3)));
    let proxy = proxy.transpose().map_err(|error| error.to_string())?;
    let lead = |config: Config| proxy.as_ref().map_or(config.clone(), |proxy| proxy.lead(&config));

    let mut equipment = Vec::new();
    for (place, variant) in variants.iter().enumerate() {
        let Some(config) = config(variant).map(lead) else { continue };
        let twins = if *ratio && place == 0 { vec![false, true] } else { vec![false] };
        let ready = set_up(bench, weights, dataset, variant, &config).await;
        let mut hashes = None;
        for twin in twins {
            let (equipped, trouble) = match &ready {
                Ok((bounds, answers)) => {
                    hashes = Some(answers.clone());
                    let equipped = equip(bench, weights, bounds, dataset, variant, config.clone());
                    equipped.map_or_else(|trouble| (None, Some(trouble)), |equipped| (Some(equipped), None))
                }
                Err(trouble) => (None, Some(trouble.clone())),
            };
            equipment.push((equipped, hashes.clone()));
            run.legs.push(LoadLegRun {
                variant: variant.clone(),
                twin,
                rounds: Vec::new(),
                figures: Vec::new(),
                trouble,
                done: false,
            });
        }
    }
    // The baseline's answers, also where the load leaves it in peace. What it can't answer is no yardstick.
    let reference = config(baseline).map(lead);
    if let Some(reference) = reference
        && let Ok((_, expected)) = set_up(bench, weights, dataset, baseline, &reference).await
    {
        compare_answers(&mut run.legs, weights, &equipment, (baseline, &expected));
    }
    run.select_one_per_second = ceiling(bench, load, &lead(first), proxy.as_ref()).await?;
    rounds(bench, &mut run, &equipment, proxy.as_ref(), deadline, decided).await;
    Ok(run)
}

type Answers = Vec<u128>;

/// Binds the mix's statements in a variant and hashes what they answer.
async fn set_up(
    bench: &Bench<'_>,
    weights: &[(&Query, u32)],
    dataset: &PreparedDataset,
    variant: &str,
    config: &Config,
) -> Result<(Vec<Bound>, Answers), Trouble> {
    let refuse = |sql: &str, error| trouble(bench, sql, error);
    let session = Session::open(config, bench.effort.statement_timeout);
    let session = session.await.map_err(|error| refuse("", error))?;
    let (mut bounds, mut hashes) = (Vec::new(), Vec::new());
    for (query, _) in weights {
        let pool = match dataset.pools.get(&query.name) {
            Some(Ok(pool)) => pool,
            Some(Err(why)) => return Err(Trouble::Guard(why.clone())),
            None => return Err(Trouble::Guard(format!("no arguments were drawn for `{}`", query.name))),
        };
        let types: Vec<_> = query.params().iter().map(|parameter| parameter.sql_type.clone()).collect();
        let sql = query.sql_in(variant);
        let bound = session.bind(sql, &types).await.map_err(|error| refuse(sql, error))?;
        hashes.push(answers(&session, query, &bound, pool).await.map_err(|error| refuse(sql, error))?);
        bounds.push(bound);
    }
    Ok((bounds, hashes))
}

fn equip<'a>(
    bench: &Bench<'_>,
    weights: &[(&'a Query, u32)],
    bounds: &[Bound],
    dataset: &'a PreparedDataset,
    variant: &str,
    config: Config,
) -> Result<Equipment<'a>, Trouble> {
    let mut restore = Vec::new();
    let mut statements = Vec::new();
    for ((query, weight), bound) in weights.iter().zip(bounds) {
        let Some(Ok(pool)) = dataset.pools.get(&query.name) else { continue };
        let split = query.restore_in(variant).map(crate::workload::split_sql).transpose();
        let split =
            split.map_err(|error| Trouble::Guard(format!("the restore of {}: {error}", query.name)))?;
        restore.extend(split.unwrap_or_default());
        statements.push(MixStatement {
            name: query.name.clone(),
            bound: bound.clone(),
            weight: *weight,
            rows: query.rows(),
            arguments: Box::new(|round, n| pool.at(round, n)),
        });
    }
    let mix = Mix::new(statements, bench.options.seed).map_err(|error| Trouble::Guard(error.to_string()))?;
    Ok(Equipment { config, mix, restore })
}

/// The guard: every variant answers as the baseline does, statement by statement.
fn compare_answers(
    legs: &mut [LoadLegRun],
    weights: &[(&Query, u32)],
    equipment: &[(Option<Equipment<'_>>, Option<Answers>)],
    (baseline, expected): (&str, &Answers),
) {
    for (leg, (_, found)) in legs.iter_mut().zip(equipment) {
        let Some(found) = found else { continue };
        let compared = weights.iter().zip(found.iter().zip(expected));
        let differing = compared
            .filter(|((query, _), (found, expected))| {
                query.header.compare != Some(Compare::None) && found != expected
            })
            .map(|((query, _), _)| query.name.as_str())
            .collect::<Vec<_>>();
        if !differing.is_empty() {
            let names = differing.join(", ");
            let why = format!("{names} does not return the rows that variant `{baseline}` returns");
            leg.trouble = Some(Trouble::Guard(why));
        }
    }
}

/// What `SELECT 1` reaches in a closed loop on the load's connections.
async fn ceiling(
    bench: &Bench<'_>,
    load: &Load,
    config: &Config,
    proxy: Option<&Proxy>,
) -> Result<f64, String> {
    let select_one = MixStatement {
        name: "SELECT 1".to_owned(),
        bound: Bound { sql: "SELECT 1".to_owned(), types: Vec::new() },
        weight: 1,
        rows: None,
        arguments: Box::new(|_, _| Vec::new()),
    };
    let mix = Mix::new(vec![select_one], bench.options.seed).map_err(|error| error.to_string())?;
    let leg = LoadLeg { how: Loop::Closed, duration: CEILING, ..leg(bench, load, config, &mix, proxy, &[]) };
    match leg.run(0, &mut LegRecorder::new()).await {
        Ok(outcome) => Ok(outcome.map_or(0.0, |outcome| outcome.figures.per_second)),
        // The rounds find out by themselves, and say so.
        Err(LoadError::Interrupted) => Ok(0.0),
        Err(error) => Err(format!("measuring SELECT 1 on {} connections: {error}", load.connections)),
    }
}

fn leg<'a>(
    bench: &'a Bench<'_>,
    load: &Load,
    config: &'a Config,
    mix: &'a Mix<'a>,
    proxy: Option<&'a Proxy>,
    restore: &'a [String],
) -> LoadLeg<'a> {
    LoadLeg {
        config,
        mix,
        how: load.how,
        connections: load.connections,
        duration: Duration::from_secs_f64(load.seconds),
        statement_timeout: bench.effort.statement_timeout,
        proxy,
        restore,
        seed: bench.options.seed,
        interrupt: &bench.options.interrupt,
    }
}

async fn rounds(
    bench: &Bench<'_>,
    run: &mut LoadRun,
    equipment: &[(Option<Equipment<'_>>, Option<Answers>)],
    proxy: Option<&Proxy>,
    deadline: Instant,
    decided: impl Fn(&LoadRun, &str) -> bool,
) {
    let mut recorder = LegRecorder::new();
    let step = Step::start(&format!("mix {}", run.load.mix), Some(u64::from(bench.effort.rounds)));
    for round in 0..bench.effort.rounds {
        for place in balanced_order(run.legs.len(), round, bench.options.seed) {
            if Instant::now() >= deadline {
                run.stopped = Some("the budget ended first");
                return;
            }
            if bench.options.interrupt.raised() {
                run.stopped = Some("the run was interrupted");
                return;
            }
            let (one, Some(equipped)) = (&mut run.legs[place], &equipment[place].0) else { continue };
            if one.done || one.trouble.is_some() {
                continue;
            }
            step.say(&format!("mix {} in {} (round {})", run.load.mix, one.variant, round + 1));
            let Equipment { config, mix, restore } = equipped;
            let outcome = leg(bench, &run.load, config, mix, proxy, restore).run(round, &mut recorder).await;
            match outcome {
                Ok(Some(outcome)) => {
                    if outcome.figures.invalid.is_none() {
                        one.rounds.push(outcome.samples);
                    }
                    one.figures.push(outcome.figures);
                }
                // Few arrivals in a short leg may all have fallen outside it.
                Ok(None) | Err(LoadError::Interrupted) => {}
                Err(error) => one.trouble = Some(load_trouble(bench, error)),
            }
        }
        run.rounds = round + 1;
        step.advance(1);
        if bench.effort.looks().is_look(run.rounds) {
            let verdicts: Vec<_> = run.legs.iter().map(|leg| decided(run, &leg.variant)).collect();
            for (leg, decided) in run.legs.iter_mut().zip(verdicts) {
                leg.done |= decided;
            }
        }
        if run.legs.iter().all(|leg| leg.done || leg.trouble.is_some()) {
            return;
        }
    }
}

fn load_trouble(bench: &Bench<'_>, error: LoadError) -> Trouble {
    match error {
        LoadError::Request(RequestError { sql, error: LegError::Postgres(error), .. }) => {
            trouble(bench, &sql, error)
        }
        error => Trouble::Guard(error.to_string()),
    }
}
