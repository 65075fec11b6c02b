//! Measures what each index of a variant's set is worth by leaving one out at a time, then looks for the smallest set
//! that keeps every statement and every verdict, and measures that set again as a whole.

mod confirm;
mod lab;
mod reads;
mod reduce;
mod rounds;
mod setting;
mod writes;

use std::collections::BTreeSet;
use std::time::Instant;

use super::budget::Budget;
use super::measure::Bench;
use super::options::{self, Effort};
use super::prepare::{Preparation, PrepareError, PreparedDataset};
use super::progress::Step;
use super::{RunOptions, assemble};
use crate::ablation::{Ablation, AblationRun, IndexWorth, ReducedSet, SCHEMA_VERSION, rule};
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
