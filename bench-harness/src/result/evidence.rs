//! What a verdict rests on: parts with their measurements, statements with plans and rounds, the index audit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::load::LoadEvidence;
use crate::stats::{Interval, RatioEstimate};
use crate::verdict::Verdict;
use crate::workload::model::{Effect, Statistic};

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PartResult {
    pub name: String,
    /// The target as a reader would say it: `p95 < 10 ms`.
    pub target: String,
    pub verdict: Verdict,
    pub reason: String,
    pub measurement: Measurement,
}

/// The figures of one part in one variant.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Measurement {
    /// The part was not measured; the part's reason says why.
    None,
    /// Details stand in the workload's `statements`, under this name, data set and variant.
    Latency {
        statement: String,
        dataset: String,
        statistic: Statistic,
        /// The part's target, milliseconds.
        below_ms: f64,
        estimate_ms: Option<f64>,
        interval_ms: Option<Interval>,
    },
    Ratio {
        statement: String,
        dataset: String,
        baseline: String,
        /// The part's target: how many times faster than the baseline it must be.
        above: f64,
        estimate: RatioEstimate,
        noise_floor: Option<f64>,
    },
    Plan {
        statement: String,
        dataset: String,
        facts: PlanFacts,
    },
    IndexSize {
        index: String,
        bytes: u64,
        full_bytes: u64,
        smaller_by_percent: f64,
    },
    Accepted {
        accepted: u64,
        of: u64,
        rejected: Vec<Rejection>,
    },
    Used {
        used: Vec<String>,
        unused: Vec<UnusedIndex>,
    },
    /// Under load, in an open or a closed loop.
    Load(Box<LoadEvidence>),
    Scenario {
        scenario: String,
        observations: Vec<Observation>,
    },
}

/// What a plan guard looks at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlanFacts {
    /// Node types in plan order, outermost first.
    pub nodes: Vec<String>,
    /// Indexes that the plan uses; of several plans (one for each of the drawn parameters), those that all use.
    pub indexes: Vec<String>,
    /// Every scan of a table is an Index Only Scan.
    pub index_only: bool,
    /// Parallel workers may run it; its buffers are then those of an execution without them, which repeat.
    #[serde(default)]
    pub parallel: bool,
    /// Shared buffers hit + read by one warm execution, the most over the drawn parameters.
    pub buffers: u64,
    /// Rows fetched from the heap by index-only scans, likewise.
    pub heap_fetches: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rejection {
    pub sql: String,
    pub sqlstate: String,
    pub message: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct UnusedIndex {
    pub index: String,
    /// `no query of the workload names it` or what its query uses instead.
    pub why: String,
}

/// One thing a scenario saw: name, value, and whether it is as it must be.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Observation {
    pub name: String,
    pub value: String,
    /// None: a figure without a target.
    pub holds: Option<bool>,
}

/// Everything measured of one statement in one variant of one data set.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StatementEvidence {
    pub name: String,
    pub summary: String,
    pub dataset: String,
    pub variant: String,
    pub sql: String,
    pub effect: Effect,
    /// Absent when the statement was only planned, or was rejected.
    pub latency: Option<LatencyEvidence>,
    /// Paired ratio of medians baseline / this variant; > 1 means this variant is faster.
    pub ratio_to_baseline: Option<RatioEstimate>,
    pub plans: Vec<PlanEvidence>,
    /// Hash of the multiset of rows returned for the first drawn parameters.
    pub rows_hash: Option<String>,
    pub rejection: Option<Rejection>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LatencyEvidence {
    /// How load was applied: `serial` is one connection, one statement after the other.
    pub load: String,
    pub samples: u64,
    pub rounds: Vec<RoundFigure>,
    pub mean_ms: f64,
    pub median_ms: Interval3,
    pub p95_ms: Option<Interval3>,
    pub p99_ms: Option<Interval3>,
    pub min_ms: f64,
    pub max_ms: f64,
    /// A/A: how far two measurements of this same statement lie apart; ratios nearer to 1 are noise.
    pub noise_floor: Option<f64>,
    /// HDR histogram of nanoseconds, V2 deflate, base64.
    pub histogram: String,
}

/// Low end, estimate, high end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval3 {
    pub low: f64,
    pub estimate: f64,
    pub high: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RoundFigure {
    pub round: u32,
    pub samples: u64,
    pub median_ms: f64,
    pub p95_ms: f64,
    /// Share of shared-buffer requests served without a read, in this leg.
    pub buffer_hit_ratio: Option<f64>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PlanEvidence {
    /// `custom` (parameters known) or `generic`.
    pub mode: String,
    pub facts: PlanFacts,
    /// EXPLAIN (FORMAT JSON) output.
    pub plan: serde_json::Value,
    /// The same as indented text, for people.
    pub text: String,
}

/// One statement of a variant's index file.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct IndexAudit {
    pub variant: String,
    pub dataset: String,
    pub name: String,
    pub sql: String,
    /// The comment above the statement: in a corrected set, why it differs.
    pub comment: Option<String>,
    pub created: bool,
    pub rejection: Option<Rejection>,
    pub size_bytes: Option<u64>,
    pub build_ms: Option<f64>,
    /// Queries whose plan used it.
    pub used_by: Vec<String>,
    /// Another index of the set whose leading columns, predicate and method cover this one's.
    pub redundant_with: Vec<String>,
}
