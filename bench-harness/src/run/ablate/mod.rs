//! Measures what each index of a variant's set is worth by leaving one out at a time, then looks for the smallest set
//! that keeps every statement and every verdict, and measures that set again as a whole.

mod confirm;
mod lab;
mod reduce;
mod rounds;
mod setting;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::budget::Budget;
use super::measure::{Bench, Trouble};
use super::options::{self, Effort};
use super::prepare::{Preparation, PrepareError, PreparedDataset};
use super::progress::Step;
use super::{RunOptions, assemble};
use crate::ablation::{
    Ablation, AblationRun, IndexWorth, ReadEffect, ReadOutcome, ReducedSet, SCHEMA_VERSION, WriteCost, rule,
};
use crate::driver::session::{Session, describe};
use crate::result::Tool;
use crate::result::evidence::IndexAudit;
use crate::server::Server;
use crate::workload::loaded::Workload;
use crate::workload::model::Measure;
use lab::{Candidate, Lab, Subject};
use setting::Insert;

/// What is ablated, and how.
pub struct AblateOptions {
    pub run: RunOptions,
    pub variant: String,
    /// How much longer a statement may take before it counts as slower.
    pub tolerance: f64,
}

/// Ablates one variant's index set.
///
/// # Errors
/// A workload whose data or set-up the server refuses, or a server that goes away. A statement that fails is a note.
pub fn ablate(
    workload: &Workload,
    server: &Server,
    options: &AblateOptions,
) -> Result<Ablation, PrepareError> {
    let started = Instant::now();
    let epoch = jiff::Timestamp::now();
    let runtime = super::workload_run::runtime()?;
    let work = Work { workload, server, options, epoch, runtime: &runtime };
    let mut notes = Vec::new();
    let mut prepared = Vec::new();
    for name in datasets(workload, &options.variant) {
        prepared.push(work.prepare(&name, &mut notes)?);
    }
    let audits: Vec<IndexAudit> =
        prepared.first().map(|(dataset, ..)| dataset.audits.clone()).unwrap_or_default();
    let mut budget = Budget::new(options.run.budget);
    let (indexes, reduced) = runtime.block_on(work.measure(&prepared, &audits, &mut budget, &mut notes))?;
    let facts = prepared.iter().map(|(dataset, ..)| dataset.facts.clone()).collect();
    for (dataset, ..) in prepared {
        for (_, database) in &dataset.databases {
            server.drop_database(database)?;
        }
        server.drop_database(&dataset.template)?;
    }
    let reduced = confirm::confirm(&work, reduced, &audits, &indexes, &mut notes)?;
    if cfg!(debug_assertions) {
        notes.push("indexproof is a debug build: its own time is in every figure".to_owned());
    }
    Ok(Ablation {
        schema_version: SCHEMA_VERSION,
        tool: Tool { version: env!("CARGO_PKG_VERSION").to_owned(), git_revision: assemble::git_revision() },
        run: AblationRun {
            epoch: epoch.to_string(),
            seed: options.run.seed,
            scale: options.run.scale,
            budget_seconds: options.run.budget.as_secs(),
            measuring_seconds: budget.spent().as_secs_f64(),
            elapsed_seconds: started.elapsed().as_secs_f64(),
            interrupted: options.run.interrupt.raised(),
            confidence: options::CONFIDENCE,
            tolerance: options.tolerance,
        },
        machine: server.machine(),
        server: server.facts(&[])?,
        workload: workload.name.clone(),
        title: workload.manifest.title.clone(),
        variant: options.variant.clone(),
        datasets: facts,
        indexes,
        rejected: audits.into_iter().filter_map(|audit| audit.rejection).collect(),
        reduced,
        notes,
    })
}

/// Data sets whose statements say something of the variant's indexes; scenarios alone don't.
fn datasets(workload: &Workload, variant: &str) -> BTreeSet<String> {
    let measured: BTreeSet<String> = workload
        .claims
        .iter()
        .filter(|claim| claim.variants.iter().any(|name| name == variant))
        .filter(|claim| claim.parts.iter().any(|part| !matches!(part.measure, Measure::Scenario(_))))
        .map(|claim| claim.dataset.clone())
        .collect();
    if measured.is_empty() { workload.manifest.datasets.keys().cloned().collect() } else { measured }
}

struct Work<'a> {
    workload: &'a Workload,
    server: &'a Server,
    options: &'a AblateOptions,
    epoch: jiff::Timestamp,
    runtime: &'a tokio::runtime::Runtime,
}

type Prepared = (PreparedDataset, Vec<Candidate>, Vec<Insert>);

/// One data set under measurement.
struct Scene<'a> {
    lab: Lab<'a>,
    subjects: Vec<Subject<'a>>,
}

impl Work<'_> {
    fn prepare(&self, name: &str, notes: &mut Vec<String>) -> Result<Prepared, PrepareError> {
        let variants = [self.options.variant.clone()];
        let preparation = Preparation {
            workload: self.workload,
            server: self.server,
            options: &self.options.run,
            epoch: self.epoch,
            variants: &variants,
        };
        let dataset = preparation.dataset(name, &[])?;
        let failed = |message| self.failed("reading the variant's indexes", message);
        let database = dataset
            .database(&self.options.variant)
            .ok_or_else(|| failed("the variant was not prepared".to_owned()))?;
        let mut client = preparation.connect(database)?;
        let names: Vec<String> =
            dataset.audits.iter().filter(|audit| audit.created).map(|audit| audit.name.clone()).collect();
        let candidates =
            setting::candidates(&mut client, &names).map_err(|error| failed(describe(&error)))?;
        let tables: Vec<&str> = candidates.iter().map(|candidate| candidate.table.as_str()).collect();
        let inserts = setting::lay_rows_ready(
            &mut client,
            self.workload,
            &dataset,
            &self.options.run,
            self.epoch,
            &tables,
            notes,
        )
        .map_err(|why| self.failed("laying rows ready", why))?;
        drop(client);
        Ok((dataset, candidates, inserts))
    }

    fn failed(&self, what: &str, message: String) -> PrepareError {
        PrepareError::Sql { workload: self.workload.name.clone(), what: what.to_owned(), message }
    }

    async fn measure(
        &self,
        prepared: &[Prepared],
        audits: &[IndexAudit],
        budget: &mut Budget,
        notes: &mut Vec<String>,
    ) -> Result<(Vec<IndexWorth>, ReducedSet), PrepareError> {
        let config = |database: &str| self.server.connect(database);
        let mut effort = Effort::at(self.options.run.scale);
        // Many statements, many indexes, and ratios alone: more rounds in the same time tell more than longer ones.
        effort.leg /= 2;
        let bench = Bench { options: &self.options.run, effort, config: &config };
        self.server.checkpoint()?;
        let mut scenes = Vec::new();
        for (dataset, _, inserts) in prepared {
            let step = Step::start(&format!("{}: plans with all indexes", dataset.name), None);
            let database = dataset.database(&self.options.variant).unwrap_or_default();
            let session = Session::open(&config(database), effort.statement_timeout).await;
            let session = session.map_err(|error| self.failed("connecting", describe(&error)))?;
            let lab = Lab { bench: &bench, session };
            let subjects =
                setting::subjects(&lab, self.workload, dataset, &self.options.variant, inserts, notes).await;
            drop(step);
            scenes.push(Scene { lab, subjects });
        }
        let candidates = prepared.first().map(|(_, candidates, _)| candidates.as_slice()).unwrap_or_default();
        let mut all: Vec<IndexWorth> = candidates.iter().map(|it| unmeasured(it, audits)).collect();
        let total = self.options.run.budget;
        // What is left goes to the search for the smallest set, and to measuring it.
        self.reads(&scenes, candidates, &mut all, budget, total / 2, notes).await;
        self.writes(&scenes, candidates, &mut all, budget, total / 4, notes).await;
        for (worth, candidate) in all.iter_mut().zip(candidates) {
            (worth.worth, worth.reason) = rule::worth(candidate.enforces, &worth.reads, &worth.writes);
        }
        let reduced = self.reduce(&scenes, candidates, &all, audits, budget, notes).await;
        Ok((all, reduced))
    }

    /// What leaving each index out does to the statements' plans, and where those don't settle it, to their times.
    async fn reads(
        &self,
        scenes: &[Scene<'_>],
        candidates: &[Candidate],
        all: &mut [IndexWorth],
        budget: &mut Budget,
        allowance: Duration,
        notes: &mut Vec<String>,
    ) {
        let step = Step::start("leaving out one index at a time: plans", Some(candidates.len() as u64));
        for (candidate, worth) in candidates.iter().zip(all.iter_mut()) {
            step.say(&format!("without {}: plans", candidate.name));
            worth.reads = read_effects(scenes, &[candidate], notes).await;
            step.advance(1);
        }
        drop(step);
        let left_out: Vec<Vec<&Candidate>> = candidates.iter().map(|candidate| vec![candidate]).collect();
        let mut effects: Vec<&mut Vec<ReadEffect>> = all.iter_mut().map(|worth| &mut worth.reads).collect();
        self.time_undecided(scenes, &left_out, &mut effects, budget, allowance, notes).await;
    }

    /// Times every statement that buffers left undecided, each with all the sets for which they did.
    async fn time_undecided(
        &self,
        scenes: &[Scene<'_>],
        left_out: &[Vec<&Candidate>],
        effects: &mut [&mut Vec<ReadEffect>],
        budget: &mut Budget,
        allowance: Duration,
        notes: &mut Vec<String>,
    ) {
        let open = |effects: &[&mut Vec<ReadEffect>], subject: &Subject<'_>| -> Vec<(usize, usize)> {
            let is_it = |effect: &ReadEffect| {
                effect.outcome == ReadOutcome::Undecided
                    && effect.statement == subject.name
                    && effect.dataset == subject.dataset
            };
            let of_set = effects.iter().enumerate();
            of_set.filter_map(|(set, effects)| Some((set, effects.iter().position(is_it)?))).collect()
        };
        let subjects: Vec<_> = scenes
            .iter()
            .flat_map(|scene| scene.subjects.iter().map(move |subject| (&scene.lab, subject)))
            .filter(|(_, subject)| !open(effects, subject).is_empty())
            .collect();
        let mut left = allowance;
        for (place, (lab, subject)) in subjects.iter().enumerate() {
            let places = open(effects, subject);
            let sets: Vec<Vec<&Candidate>> = places.iter().map(|(set, _)| left_out[*set].clone()).collect();
            let step = Step::start(&format!("measuring {} without {} sets", subject.name, sets.len()), None);
            let share = left / u32::try_from(subjects.len() - place).unwrap_or(1);
            let tolerance = self.options.tolerance;
            let outcome = |timed: &rounds::Timed| rule::by_time(&timed.ratio, timed.noise_floor, tolerance);
            let before = budget.spent();
            let timed = budget
                .measure(share, async |deadline| {
                    let decided = |timed: &rounds::Timed| outcome(timed) != ReadOutcome::Undecided;
                    rounds::compare(lab, subject, &sets, deadline, decided).await
                })
                .await;
            drop(step);
            left = left.saturating_sub(budget.spent() - before);
            match timed {
                Err(trouble) => {
                    notes.push(format!("{} could not be timed: {}", subject.name, setting::said(&trouble)));
                }
                Ok(timed) => {
                    for ((set, effect), timed) in places.into_iter().zip(timed) {
                        let Some(timed) = timed else { continue };
                        let effect = &mut effects[set][effect];
                        effect.outcome = outcome(&timed);
                        effect.noise_floor = Some(timed.noise_floor);
                        effect.ratio = Some(timed.ratio);
                    }
                }
            }
        }
    }

    /// What each index costs the statements that write to its table: log and buffers of one execution, then time.
    async fn writes(
        &self,
        scenes: &[Scene<'_>],
        candidates: &[Candidate],
        all: &mut [IndexWorth],
        budget: &mut Budget,
        allowance: Duration,
        notes: &mut Vec<String>,
    ) {
        let mut writers: Vec<_> = scenes
            .iter()
            .flat_map(|scene| scene.subjects.iter().map(move |subject| (&scene.lab, subject)))
            .filter(|(_, subject)| subject.writes)
            .collect();
        // The generated inserts first: they compare all indexes of a table by the same rows.
        writers.sort_by_key(|(_, subject)| !subject.is_generated());
        let generated = writers.iter().filter(|(_, subject)| subject.is_generated()).count();
        let mut left = allowance;
        for (place, (lab, subject)) in writers.iter().enumerate() {
            let concerned: Vec<usize> = (0..candidates.len())
                .filter(|index| subject.may_write_to(&candidates[*index].table))
                .collect();
            let sets: Vec<Vec<&Candidate>> =
                concerned.iter().map(|index| vec![&candidates[*index]]).collect();
            let sharers = if place < generated { generated - place } else { writers.len() - place };
            let share = left / u32::try_from(sharers).unwrap_or(1);
            let before = budget.spent();
            match write_costs(lab, subject, &sets, budget, share).await {
                Ok(costs) => {
                    for (index, cost) in concerned.into_iter().zip(costs) {
                        all[index].writes.extend(cost);
                    }
                }
                Err(trouble) => notes.push(format!(
                    "what {} pays for indexes was not measured: {}",
                    subject.name,
                    setting::said(&trouble)
                )),
            }
            left = left.saturating_sub(budget.spent() - before);
        }
    }
}

/// What leaving these indexes out does to the plans of all statements.
async fn read_effects(
    scenes: &[Scene<'_>],
    left_out: &[&Candidate],
    notes: &mut Vec<String>,
) -> Vec<ReadEffect> {
    let mut effects = Vec::new();
    for scene in scenes {
        for subject in &scene.subjects {
            match scene.lab.replanned(subject, left_out).await {
                Ok(None) => {}
                Ok(Some(now)) => effects.push(ReadEffect {
                    statement: subject.name.clone(),
                    dataset: subject.dataset.clone(),
                    outcome: now
                        .buffers_without
                        .map_or(ReadOutcome::Worse, |without| rule::by_buffers(now.buffers_with, without)),
                    buffers_with: now.buffers_with,
                    buffers_without: now.buffers_without,
                    instead: now.instead,
                    ratio: None,
                    noise_floor: None,
                }),
                Err(trouble) => notes.push(format!(
                    "{} could not be planned without {}: {}",
                    subject.name,
                    names(left_out),
                    setting::said(&trouble)
                )),
            }
        }
    }
    effects
}

/// What a writer pays for each of the sets; None of a set that it doesn't touch.
async fn write_costs(
    lab: &Lab<'_>,
    subject: &Subject<'_>,
    sets: &[Vec<&Candidate>],
    budget: &mut Budget,
    share: Duration,
) -> Result<Vec<Option<WriteCost>>, Trouble> {
    if sets.is_empty() {
        return Ok(Vec::new());
    }
    let step = Step::start(&format!("what {} pays for indexes", subject.name), Some(sets.len() as u64));
    let tables: BTreeSet<&str> = sets.iter().flatten().map(|index| index.table.as_str()).collect();
    let Some(with) = lab.written(subject, &[], &tables).await? else { return Ok(vec![None; sets.len()]) };
    let mut costs: Vec<Option<WriteCost>> = Vec::new();
    for set in sets {
        let without = lab.written(subject, set, &tables).await?;
        step.advance(1);
        // A statement of the workload that writes nothing to an index says nothing of it. The generated insert may
        // write nothing to a partial index, and that is worth saying.
        let without = without.filter(|without| subject.is_generated() || without.wal_bytes != with.wal_bytes);
        costs.push(without.map(|without| WriteCost {
            statement: subject.name.clone(),
            dataset: subject.dataset.clone(),
            rows: subject.rows,
            wal_bytes_with: with.wal_bytes,
            wal_bytes_without: without.wal_bytes,
            buffers_with: with.buffers,
            buffers_without: without.buffers,
            ratio: None,
            noise_floor: None,
        }));
    }
    let touched: Vec<Vec<&Candidate>> =
        sets.iter().zip(&costs).filter(|(_, cost)| cost.is_some()).map(|(set, _)| set.clone()).collect();
    if touched.is_empty() {
        return Ok(costs);
    }
    let timed = budget
        .measure(share, async |deadline| {
            // Decided when the whole interval lies on one side of the noise.
            let decided = |timed: &rounds::Timed| {
                let (interval, cheaper) = (timed.ratio.interval, 1.0 / timed.noise_floor);
                interval.high < cheaper || interval.low > cheaper
            };
            rounds::compare(lab, subject, &touched, deadline, decided).await
        })
        .await?;
    for (cost, timed) in costs.iter_mut().flatten().zip(timed) {
        cost.noise_floor = timed.as_ref().map(|timed| timed.noise_floor);
        cost.ratio = timed.map(|timed| timed.ratio.inverse());
    }
    Ok(costs)
}

fn names(left_out: &[&Candidate]) -> String {
    left_out.iter().map(|index| index.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn unmeasured(candidate: &Candidate, audits: &[IndexAudit]) -> IndexWorth {
    let audit = audits.iter().find(|audit| audit.name == candidate.name);
    IndexWorth {
        name: candidate.name.clone(),
        table: candidate.table.clone(),
        sql: audit.map(|audit| audit.sql.clone()).unwrap_or_default(),
        worth: crate::ablation::Worth::Undecided,
        reason: String::new(),
        size_bytes: audit.and_then(|audit| audit.size_bytes),
        build_ms: audit.and_then(|audit| audit.build_ms),
        reads: Vec::new(),
        writes: Vec::new(),
    }
}
