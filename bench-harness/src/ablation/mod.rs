//! What each index of a set is worth: the result of leaving one out at a time, and the rules that name its worth.
//! Types and pure rules; [`crate::run::ablate`] measures.

pub mod rule;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::result::evidence::Rejection;
use crate::result::{DatasetFacts, Machine, ServerFacts, Tool};
use crate::stats::RatioEstimate;
use crate::verdict::Verdict;
use crate::workload::model::Scale;

/// Version of the ablation's JSON.
pub const SCHEMA_VERSION: u32 = 1;

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Ablation {
    pub schema_version: u32,
    pub tool: Tool,
    pub run: AblationRun,
    pub machine: Machine,
    pub server: ServerFacts,
    pub workload: String,
    pub title: String,
    pub variant: String,
    pub datasets: Vec<DatasetFacts>,
    /// In the order of the index file.
    pub indexes: Vec<IndexWorth>,
    /// Statements of the index file that PostgreSQL rejects, and statements that could not be measured.
    pub rejected: Vec<Rejection>,
    pub reduced: ReducedSet,
    /// What a reader must know of this ablation, in sentences.
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AblationRun {
    /// RFC 3339, UTC.
    pub epoch: String,
    pub seed: u64,
    pub scale: Scale,
    pub budget_seconds: u64,
    /// Time that the rounds of the ablation took; those that confirmed the reduced set are not in it.
    pub measuring_seconds: f64,
    pub elapsed_seconds: f64,
    pub interrupted: bool,
    pub confidence: f64,
    /// How much longer a statement may take before it counts as slower.
    pub tolerance: f64,
}

/// What one index is worth in its set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IndexWorth {
    pub name: String,
    pub table: String,
    pub sql: String,
    pub worth: Worth,
    /// What decided it, in a sentence.
    pub reason: String,
    pub size_bytes: Option<u64>,
    pub build_ms: Option<f64>,
    /// Statements whose plan, or whose work, is another without it.
    pub reads: Vec<ReadEffect>,
    /// Statements that write to its table.
    pub writes: Vec<WriteCost>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Worth {
    /// A statement falls short without it, or it enforces a constraint.
    Essential,
    /// Statements use it, and are none the worse without: others of the set serve them.
    Redundant,
    /// No statement uses it, and writers pay for it.
    Harmful,
    /// No statement uses it, and what it costs writers here can't be measured.
    Unused,
    /// The budget ended before it was clear; it is kept.
    Undecided,
}

/// What leaving an index out does to a statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReadEffect {
    pub statement: String,
    pub dataset: String,
    pub outcome: ReadOutcome,
    /// Shared buffers of one warm execution without workers, for the drawn parameters that suffer most.
    pub buffers_with: u64,
    /// None: it did not end within the statement timeout.
    pub buffers_without: Option<u64>,
    /// Rows that scans and joins read and threw away.
    pub rows_removed_with: u64,
    pub rows_removed_without: u64,
    /// Indexes that the plan uses instead.
    pub instead: Vec<String>,
    /// Time without it / time with it, where exact figures alone did not decide.
    pub ratio: Option<RatioEstimate>,
    pub noise_floor: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadOutcome {
    /// It falls short without the index.
    Worse,
    Undecided,
    NoWorse,
}

/// What an index costs a statement that writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WriteCost {
    pub statement: String,
    pub dataset: String,
    /// Rows it writes in one execution, when that is the same each time.
    pub rows: Option<u64>,
    /// Write-ahead log of one execution, all its pages written once before since the last checkpoint.
    pub wal_bytes_with: u64,
    pub wal_bytes_without: u64,
    pub buffers_with: u64,
    pub buffers_without: u64,
    /// Time with it / time without it; above 1 writers pay.
    pub ratio: Option<RatioEstimate>,
    pub noise_floor: Option<f64>,
}

/// The smallest set found that keeps every statement and every verdict.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ReducedSet {
    pub kept: Vec<String>,
    pub dropped: Vec<String>,
    pub size_bytes_full: u64,
    pub size_bytes_reduced: u64,
    /// What writers save by it, measured as a whole set: `with` is the full set.
    pub writes: Vec<WriteCost>,
    pub verdicts: Vec<KeptVerdict>,
    /// Every verdict was measured again with this set, and none is worse. False also when nothing was dropped and so
    /// nothing was to be confirmed, or the run was interrupted.
    pub confirmed: bool,
    /// The set's statements, ready to run.
    pub sql: String,
}

/// A part of a claim under the full and under the reduced set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeptVerdict {
    pub claim: String,
    pub part: String,
    pub full: Verdict,
    pub reduced: Verdict,
    pub worse: bool,
    /// Why the reduced set's is as it is, when it differs.
    pub reason: String,
}

/// The JSON Schema of an ablation, as published in `schema/ablation.schema.json`.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Ablation).to_value()
}
