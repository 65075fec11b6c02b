//! One workload from prepared databases to judged claims; and the run over all of them.

mod loads;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::assemble;
use super::budget::Budget;
use super::figures::Figures;
use super::judge::{self, Evidence, PartKey, Played};
use super::measure::{self, Bench, Sessions, StatementRun};
use super::options::Effort;
use super::plans;
use super::prepare::{Preparation, PrepareError, PreparedDataset, variant_facts};
use super::progress::Step;
use super::scratch::Theatre;
use super::{RunOptions, indexes};
use crate::driver::leg::select_one;
use crate::driver::session::{Session, describe};
use crate::result::{ClaimResult, LatencyPair, RunResult, VariantFacts, WorkloadResult};
use crate::server::Server;
use crate::workload::load::{ClosedLoop, OpenLoop};
use crate::workload::loaded::{Query, Workload};
use crate::workload::model::{Claim, Effect, Measure};

/// What one workload came to.
pub struct WorkloadOutcome {
    pub result: WorkloadResult,
    pub claims: Vec<ClaimResult>,
    /// Time that its rounds took.
    pub measuring: Duration,
}

/// Runs the workloads on a server and gives back what was found.
///
/// # Errors
/// A workload whose data or set-up the server refuses, or a server that goes away. A claim that fails is no error.
pub fn run(workloads: &[Workload], server: &Server, options: &RunOptions) -> Result<RunResult, PrepareError> {
    run_with(workloads, server, options, &runtime()?)
}

/// The runtime that sessions are driven from: one thread, so that no wake-up of another is in a figure.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, PrepareError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| PrepareError::Sql {
        workload: "-".to_owned(),
        what: "starting a runtime".to_owned(),
        message: error.to_string(),
    })
}

/// [`run`] on a runtime that is there already.
///
/// # Errors
/// As [`run`].
pub fn run_with(
    workloads: &[Workload],
    server: &Server,
    options: &RunOptions,
    runtime: &tokio::runtime::Runtime,
) -> Result<RunResult, PrepareError> {
    let started = Instant::now();
    let epoch = jiff::Timestamp::now();
    let floor = select_one_floor(runtime, server)?;
    let mut outcomes = Vec::new();
    for workload in workloads {
        let one = OneWorkload { workload, server, options, runtime, epoch, floor };
        outcomes.extend(one.run()?);
        if options.interrupt.raised() {
            break;
        }
    }
    let requirements: Vec<_> = workloads
        .iter()
        .flat_map(|workload| &workload.manifest.variants)
        .flat_map(|variant| variant.requires.iter().cloned())
        .collect();
    let measuring = outcomes.iter().map(|outcome| outcome.measuring).sum();
    let run = assemble::run_facts(options, epoch, (started.elapsed(), measuring), floor);
    Ok(assemble::result(server, &requirements, run, outcomes)?)
}

fn select_one_floor(runtime: &tokio::runtime::Runtime, server: &Server) -> Result<LatencyPair, PrepareError> {
    let failed = |error: tokio_postgres::Error| PrepareError::Sql {
        workload: "-".to_owned(),
        what: "measuring SELECT 1".to_owned(),
        message: describe(&error),
    };
    let name = "floor";
    server.create_database(name, None)?;
    let config = server.connect(name);
    let floor = runtime.block_on(async {
        let session = Session::open(&config, Duration::from_secs(30)).await?;
        select_one(&session).await
    });
    server.drop_database(name)?;
    let (median, p95) = floor.map_err(failed)?;
    Ok(LatencyPair { median, p95 })
}

struct OneWorkload<'a> {
    workload: &'a Workload,
    server: &'a Server,
    options: &'a RunOptions,
    runtime: &'a tokio::runtime::Runtime,
    epoch: jiff::Timestamp,
    floor: LatencyPair,
}

impl OneWorkload<'_> {
    fn run(&self) -> Result<Option<WorkloadOutcome>, PrepareError> {
        let claims = self.claims();
        if claims.is_empty() {
            return Ok(None);
        }
        let facts = variant_facts(self.workload, self.server);
        let mut result = assemble::workload(self.workload, &facts);
        let mut judged = Vec::new();
        let datasets: BTreeSet<&str> = claims.iter().map(|claim| claim.dataset.as_str()).collect();
        let mut budget = Budget::new(self.options.budget);
        let mut sharers = datasets.len();
        // One data set after the other, each dropped when done: disk holds one at a time.
        for dataset in datasets {
            let share = budget.share(sharers);
            sharers -= 1;
            let of_it: Vec<&Claim> =
                claims.iter().copied().filter(|claim| claim.dataset == dataset).collect();
            match self.dataset(dataset, &of_it, &facts, (&mut budget, share), &mut result, &mut judged) {
                // What other data sets gave is kept.
                Err(PrepareError::Interrupted) => break,
                outcome => outcome?,
            }
        }
        // In the order of the claims file, whatever the data sets.
        judged.sort_by_key(|claim: &ClaimResult| {
            self.workload.claims.iter().position(|other| other.id == claim.id).unwrap_or(usize::MAX)
        });
        Ok(Some(WorkloadOutcome { result, claims: judged, measuring: budget.spent() }))
    }

    fn claims(&self) -> Vec<&Claim> {
        let wanted = &self.options.claims;
        self.workload.claims.iter().filter(|claim| wanted.is_empty() || wanted.contains(&claim.id)).collect()
    }

    /// Variants to prepare: those the claims are measured in, that were asked for, and that this server can have.
    fn variants(&self, claims: &[&Claim], facts: &[VariantFacts]) -> Vec<String> {
        let baseline = self.workload.baseline();
        let wanted = |name: &str| {
            (claims.iter().any(|claim| claim.variants.iter().any(|variant| variant == name))
                || name == baseline)
                && (self.options.variants.is_empty()
                    || self.options.variants.iter().any(|v| v == name)
                    || name == baseline)
        };
        facts
            .iter()
            .filter(|variant| variant.skipped.is_none() && wanted(&variant.name))
            .map(|v| v.name.clone())
            .collect()
    }

    fn dataset(
        &self,
        name: &str,
        claims: &[&Claim],
        facts: &[VariantFacts],
        (budget, share): (&mut Budget, Duration),
        result: &mut WorkloadResult,
        judged: &mut Vec<ClaimResult>,
    ) -> Result<(), PrepareError> {
        let effort = Effort::at(self.options.scale);
        let variants = self.variants(claims, facts);
        let preparation = Preparation {
            workload: self.workload,
            server: self.server,
            options: self.options,
            epoch: self.epoch,
            variants: &variants,
        };
        let mut dataset = preparation.dataset(name, claims)?;
        let mut evidence =
            Evidence::new(self.floor, Figures::new(&effort, self.options.seed), self.options.scale);
        evidence.scenarios = self.scenarios(claims, &dataset);
        let before = budget.spent();
        self.loads(claims, &dataset, &mut evidence, (&mut *budget, share))?;
        let share = share.saturating_sub(budget.spent() - before);
        evidence.sizes = self.sizes(&preparation, claims, &dataset)?;
        // Where the right is missing, the server's facts name the lost guard.
        self.server.checkpoint()?;

        let config = |database: &str| self.server.connect(database);
        let bench = Bench { options: self.options, effort, config: &config };
        let failed = |error: tokio_postgres::Error| PrepareError::Sql {
            workload: self.workload.name.clone(),
            what: "connecting for the measurement".to_owned(),
            message: describe(&error),
        };
        self.runtime.block_on(async {
            let sessions = Sessions::open(&bench, sessions_of(&dataset)).await.map_err(failed)?;
            let mut runs = Vec::new();
            let mut left = share;
            // Reads first: a rolled-back bulk write clears the visibility map and leaves dead versions, and reads
            // measured after it would be measured on another table than the one that was loaded.
            for phase in [Phase::Reads, Phase::Writes] {
                let planned = phase.of(self.planned(claims));
                evidence.plans.append(&mut plans::gather(&bench, &sessions, &dataset, &planned).await);
                let mut of_phase = Vec::new();
                let step = Step::start(&format!("{}/{name}: comparing answers", self.workload.name), None);
                for (query, variants) in phase.of(self.timed(claims)) {
                    let variants: Vec<_> =
                        variants.into_iter().filter(|v| dataset.database(v).is_some()).collect();
                    of_phase.push(measure::set_up(&bench, &sessions, query, &dataset, &variants).await);
                }
                drop(step);
                let before = budget.spent();
                let allowance = phase.allowance(left, !Phase::Writes.of(self.timed(claims)).is_empty());
                budget
                    .measure(allowance, async |deadline| {
                        let decided = |run: &StatementRun<'_>, variant: &str| {
                            judge::decided(&evidence, run, claims, variant)
                        };
                        measure::rounds(&bench, &sessions, &mut of_phase, deadline, decided).await;
                    })
                    .await;
                left = left.saturating_sub(budget.spent() - before);
                runs.append(&mut of_phase);
            }
            judged.extend(judge::claims(&evidence, self.workload, &dataset, &runs, claims, facts));
            result.statements.extend(assemble::statements(&evidence, &dataset, &runs, self.workload));
            Ok::<_, PrepareError>(())
        })?;
        assemble::used_by(&mut dataset.audits, &evidence.plans);
        result.indexes.append(&mut dataset.audits);
        result.datasets.push(dataset.facts.clone());
        for (_, database) in &dataset.databases {
            self.server.drop_database(database)?;
        }
        self.server.drop_database(&dataset.template)?;
        Ok(())
    }

    /// Plays every scenario of the claims in every variant it applies to.
    fn scenarios(&self, claims: &[&Claim], dataset: &PreparedDataset) -> BTreeMap<PartKey, Played> {
        let theatre = Theatre {
            workload: self.workload,
            server: self.server,
            options: self.options,
            runtime: self.runtime,
        };
        let mut played = BTreeMap::new();
        for (key, measure) in parts(claims) {
            if let Measure::Scenario(scenario) = measure
                && dataset.database(&key.variant).is_some()
            {
                let outcome = theatre.play(scenario, dataset, &key.variant);
                played.insert(key, outcome);
            }
        }
        played
    }

    /// Sizes of indexes and of what they are compared with.
    fn sizes(
        &self,
        preparation: &Preparation,
        claims: &[&Claim],
        dataset: &PreparedDataset,
    ) -> Result<BTreeMap<PartKey, judge::Sizes>, PrepareError> {
        let mut sizes = BTreeMap::new();
        for (key, measure) in parts(claims) {
            let (Measure::IndexSize { index, full, .. }, Some(database)) =
                (measure, dataset.database(&key.variant))
            else {
                continue;
            };
            let mut client = preparation.connect(database)?;
            let bytes = indexes::size(&mut client, index).map_err(|error| PrepareError::Sql {
                workload: self.workload.name.clone(),
                what: format!("measuring index {index}"),
                message: describe(&error),
            })?;
            sizes.insert(key, judge::Sizes { bytes, full_bytes: indexes::size_if_built(&mut client, full) });
        }
        Ok(sizes)
    }

    /// Queries to time, each with its variants in the manifest's order, the baseline first.
    fn timed<'s>(&'s self, claims: &[&'s Claim]) -> Vec<(&'s Query, Vec<String>)> {
        self.queries(claims, |measure| match measure {
            Measure::Latency { statement, .. } | Measure::Ratio { statement, .. } => vec![statement],
            _ => Vec::new(),
        })
    }

    /// Queries to plan: the timed ones, those of a mix, those a plan part names, and those that say which index they
    /// use.
    fn planned<'s>(&'s self, claims: &[&'s Claim]) -> Vec<(&'s Query, Vec<String>)> {
        self.queries(claims, |measure| match measure {
            Measure::Latency { statement, .. } | Measure::Ratio { statement, .. } => vec![statement],
            Measure::Plan(plan) => vec![&plan.statement],
            Measure::OpenLoop(OpenLoop { mix, .. }) | Measure::ClosedLoop(ClosedLoop { mix, .. }) => {
                self.workload.manifest.mixes.get(mix).into_iter().flat_map(|weights| weights.keys()).collect()
            }
            Measure::Used { .. } => {
                let queries = self.workload.queries.values();
                queries.filter(|query| !query.header.uses.is_empty()).map(|query| &query.name).collect()
            }
            _ => Vec::new(),
        })
    }

    fn queries<'s>(
        &'s self,
        claims: &[&'s Claim],
        statements: impl Fn(&'s Measure) -> Vec<&'s String>,
    ) -> Vec<(&'s Query, Vec<String>)> {
        let mut wanted: BTreeMap<&String, BTreeSet<String>> = BTreeMap::new();
        for claim in claims {
            for part in &claim.parts {
                for statement in statements(&part.measure) {
                    let variants = wanted.entry(statement).or_default();
                    variants.extend(part.variants.as_ref().unwrap_or(&claim.variants).iter().cloned());
                    variants.insert(self.workload.baseline().to_owned());
                }
            }
        }
        let order = |variants: &BTreeSet<String>| {
            let all = self.workload.manifest.variants.iter().map(|variant| variant.name.clone());
            all.filter(|name| variants.contains(name)).collect()
        };
        wanted
            .iter()
            .filter_map(|(name, variants)| Some((self.workload.queries.get(*name)?, order(variants))))
            .collect()
    }
}

/// Statements that leave no trace, and those that do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Reads,
    Writes,
}

impl Phase {
    fn of(self, queries: Vec<(&Query, Vec<String>)>) -> Vec<(&Query, Vec<String>)> {
        let is_read = |query: &Query| query.effect() == Effect::Read;
        queries.into_iter().filter(|(query, _)| is_read(query) == (self == Phase::Reads)).collect()
    }

    /// What a phase may use of the time that is left: reads two thirds of it where writes are to come, so that
    /// undecided reads leave something for them.
    fn allowance(self, left: Duration, writes_too: bool) -> Duration {
        match self {
            Phase::Reads if writes_too => left * 2 / 3,
            Phase::Reads | Phase::Writes => left,
        }
    }
}

/// Every (claim, part, variant) with its measure.
fn parts<'a>(claims: &[&'a Claim]) -> impl Iterator<Item = (PartKey, &'a Measure)> {
    let claims = claims.to_vec();
    claims.into_iter().flat_map(|claim| {
        claim.parts.iter().flat_map(move |part| {
            part.variants.as_ref().unwrap_or(&claim.variants).iter().map(move |variant| {
                (
                    PartKey { claim: claim.id.clone(), part: part.name.clone(), variant: variant.clone() },
                    &part.measure,
                )
            })
        })
    })
}

/// A connection to each variant, and a second one to the baseline for the A/A twin.
fn sessions_of(dataset: &PreparedDataset) -> impl Iterator<Item = (&str, bool)> {
    let twin = dataset.databases.first().map(|(_, database)| (database.as_str(), true));
    dataset.databases.iter().map(|(_, database)| (database.as_str(), false)).chain(twin)
}
