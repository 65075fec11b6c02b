//! Puts what was found into the result's shape.

use std::collections::BTreeMap;
use std::time::Duration;

use super::judge::Evidence;
use super::measure::{StatementRun, Trouble};
use super::plans::{PlanKey, Plans};
use super::prepare::PreparedDataset;
use super::workload_run::WorkloadOutcome;
use super::{RunOptions, options};
use crate::result::evidence::{IndexAudit, StatementEvidence};
use crate::result::{LatencyPair, RunFacts, RunResult, SCHEMA_VERSION, Tool, VariantFacts, WorkloadResult};
use crate::server::{Server, ServerError};
use crate::workload::loaded::Workload;
use crate::workload::model::Requirement;

/// A workload's result before anything was measured.
pub fn workload(workload: &Workload, variants: &[VariantFacts]) -> WorkloadResult {
    WorkloadResult {
        name: workload.name.clone(),
        title: workload.manifest.title.clone(),
        summary: workload.manifest.summary.clone(),
        document: workload.manifest.document.clone(),
        variants: variants.to_vec(),
        datasets: Vec::new(),
        indexes: Vec::new(),
        statements: Vec::new(),
    }
}

/// Evidence of every statement that was timed or planned on a data set.
pub fn statements(
    evidence: &Evidence,
    dataset: &PreparedDataset,
    runs: &[StatementRun<'_>],
    workload: &Workload,
) -> Vec<StatementEvidence> {
    let mut found = Vec::new();
    for (PlanKey { query: name, variant }, plans) in &evidence.plans {
        let Some(query) = workload.queries.get(name) else { continue };
        let run = runs.iter().find(|run| run.query.name == *name);
        let leg = run.and_then(|run| run.leg(variant));
        let floor = run.and_then(|run| evidence.figures.noise_floor_of(run));
        let rejection = match (plans, leg.and_then(|leg| leg.trouble.as_ref())) {
            (Err(Trouble::Rejected(rejection)), _) | (_, Some(Trouble::Rejected(rejection))) => {
                Some(rejection.clone())
            }
            _ => None,
        };
        found.push(StatementEvidence {
            name: name.clone(),
            summary: query.summary_in(variant).to_owned(),
            dataset: dataset.name.clone(),
            variant: variant.clone(),
            sql: query.sql_in(variant).to_owned(),
            effect: query.effect(),
            latency: leg
                .and_then(|leg| Some(evidence.figures.latency(&leg.rounds)?.evidence("serial", floor))),
            ratio_to_baseline: run.and_then(|run| {
                let (baseline, leg) = (run.baseline()?, leg?);
                if baseline.variant == leg.variant {
                    None
                } else {
                    evidence.figures.ratio(&baseline.rounds, &leg.rounds)
                }
            }),
            plans: plans.as_ref().map_or_else(|_| Vec::new(), |plans| plans.shown.clone()),
            rows_hash: leg.and_then(|leg| leg.rows_hash).map(|hash| format!("{hash:032x}")),
            rejection,
        });
    }
    found
}

/// Fills which queries' plans used each index.
pub fn used_by(audits: &mut [IndexAudit], plans: &BTreeMap<PlanKey, Result<Plans, Trouble>>) {
    for audit in audits {
        for (key, plans) in plans {
            if let Ok(plans) = plans
                && key.variant == audit.variant
                && plans.used_by_any.contains(&audit.name)
            {
                audit.used_by.push(key.query.clone());
            }
        }
    }
}

/// What there is to say of the run itself.
pub fn run_facts(
    options: &RunOptions,
    epoch: jiff::Timestamp,
    (elapsed, measuring): (Duration, Duration),
    floor: LatencyPair,
) -> RunFacts {
    let mut warnings = Vec::new();
    if cfg!(debug_assertions) {
        warnings.push("indexproof is a debug build: its own time is in every figure".to_owned());
    }
    RunFacts {
        epoch: epoch.to_string(),
        finished_at: jiff::Timestamp::now().to_string(),
        seed: options.seed,
        scale: options.scale,
        budget_seconds: options.budget.as_secs(),
        elapsed_seconds: elapsed.as_secs_f64(),
        measuring_seconds: Some(measuring.as_secs_f64()),
        interrupted: options.interrupt.raised(),
        confidence: options::CONFIDENCE,
        select_one_ms: Some(floor),
        warnings,
    }
}

/// The whole run.
pub fn result(
    server: &Server,
    requirements: &[Requirement],
    run: RunFacts,
    outcomes: Vec<WorkloadOutcome>,
) -> Result<RunResult, ServerError> {
    let (workloads, claims): (Vec<_>, Vec<_>) =
        outcomes.into_iter().map(|outcome| (outcome.result, outcome.claims)).unzip();
    Ok(RunResult {
        schema_version: SCHEMA_VERSION,
        tool: Tool { version: env!("CARGO_PKG_VERSION").to_owned(), git_revision: git_revision() },
        run,
        machine: server.machine(),
        server: server.facts(requirements)?,
        workloads,
        claims: claims.into_iter().flatten().collect(),
    })
}

/// Revision of the repository the run was started in, when git and a repository are there.
pub fn git_revision() -> Option<String> {
    let output = std::process::Command::new("git")
        .args(["describe", "--always", "--dirty", "--abbrev=12"])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}
