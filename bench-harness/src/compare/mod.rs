//! Two results held against each other: what changed, and whether it got worse. Pure: result files in, findings out.
//!
//! Three tiers, as everywhere here. **Verdicts** compare as they are. **Exact** figures (buffers, plan shapes, index
//! sizes, what a scenario saw) compare exactly, and only when both runs loaded the same data. **Times** compare by a
//! ratio with an interval from the rounds of both runs, see [`times`] for what it is held against. [`basis`] says
//! which of these can be compared at all, and what else differs between the runs.

pub mod basis;
mod exact;
mod statements;
pub mod times;
mod verdicts;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::result::{LatencyPair, RunResult};
use crate::stats::RatioEstimate;
use crate::workload::model::Scale;
pub use basis::{Basis, Difference, TimeBasis};

/// Version of the comparison's JSON.
pub const SCHEMA_VERSION: u32 = 1;

/// A slowdown that nobody would notice is none, however narrow the interval.
pub const DEFAULT_TOLERANCE: f64 = 1.05;

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    pub schema_version: u32,
    pub old: RunLabel,
    pub new: RunLabel,
    pub basis: Basis,
    /// In the order of the claims, then of the statements.
    pub findings: Vec<Finding>,
}

/// Which run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunLabel {
    /// RFC 3339, UTC.
    pub epoch: String,
    pub git_revision: Option<String>,
    pub tool_version: String,
    pub server_version: String,
    pub scale: Scale,
    pub select_one_ms: Option<LatencyPair>,
    pub interrupted: bool,
}

/// One thing that both runs tell of, or that only one does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    pub tier: Tier,
    /// ID of the claim, or name of the statement when no claim is about it.
    pub of: String,
    pub variant: String,
    /// What was compared: `verdict`, `p95 of pickup`, `buffers of pickup`.
    pub what: String,
    pub old: Option<String>,
    pub new: Option<String>,
    pub change: Change,
    /// What the change rests on, when the figures don't speak for themselves.
    pub says: String,
    /// Times: how many times larger the new figure is; above 1 is worse.
    pub ratio: Option<RatioEstimate>,
    /// Times: what the interval must leave behind to count.
    pub floor: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    Verdict,
    Exact,
    Time,
}

/// What became of it, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Worse,
    /// It was decided and is no longer.
    Lost,
    Disappeared,
    Changed,
    Better,
    Appeared,
    /// Both runs tell of it, but it can't be compared; the finding says why.
    Unknown,
    Same,
}

impl Change {
    pub const ALL: [Change; 8] = [
        Change::Worse,
        Change::Lost,
        Change::Disappeared,
        Change::Changed,
        Change::Better,
        Change::Appeared,
        Change::Unknown,
        Change::Same,
    ];
}

impl Finding {
    fn new(tier: Tier, of: &str, variant: &str, what: impl Into<String>) -> Finding {
        Finding {
            tier,
            of: of.to_owned(),
            variant: variant.to_owned(),
            what: what.into(),
            old: None,
            new: None,
            change: Change::Same,
            says: String::new(),
            ratio: None,
            floor: None,
        }
    }

    fn values(self, old: impl Into<String>, new: impl Into<String>) -> Finding {
        Finding { old: Some(old.into()), new: Some(new.into()), ..self }
    }

    fn is(self, change: Change, says: impl Into<String>) -> Finding {
        Finding { change, says: says.into(), ..self }
    }
}

impl Comparison {
    pub fn count(&self, change: Change) -> usize {
        self.findings.iter().filter(|finding| finding.change == change).count()
    }
}

/// Holds a later result against an earlier one. `tolerance` (≥ 1) is the least ratio of times that counts.
pub fn compare(old: &RunResult, new: &RunResult, tolerance: f64) -> Comparison {
    let basis = basis::of(old, new);
    let mut findings = verdicts::compare(old, new);
    if basis.exact {
        findings.extend(exact::compare(old, new));
        findings.extend(statements::compare(old, new));
    }
    if basis.times != TimeBasis::None {
        findings.extend(times::compare(old, new, basis.times, tolerance));
    }
    let place = |finding: &Finding| new.claims.iter().position(|claim| claim.id == finding.of);
    // Claims first and in their order; what only the old run has, and statements, after them. The sort is stable.
    findings.sort_by_key(|finding| place(finding).unwrap_or(usize::MAX));
    Comparison { schema_version: SCHEMA_VERSION, old: label(old), new: label(new), basis, findings }
}

fn label(result: &RunResult) -> RunLabel {
    RunLabel {
        epoch: result.run.epoch.clone(),
        git_revision: result.tool.git_revision.clone(),
        tool_version: result.tool.version.clone(),
        server_version: result.server.version.clone(),
        scale: result.run.scale,
        select_one_ms: result.run.select_one_ms,
        interrupted: result.run.interrupted,
    }
}

/// The JSON Schema of a comparison, as published in `schema/comparison.schema.json`.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Comparison).to_value()
}
