//! The result of a run: one JSON file from which every report is drawn, and nothing else.

pub mod evidence;
pub mod load;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::verdict::Verdict;
use crate::workload::model::{ClaimKind, Document, Scale, TargetBy};
use evidence::{IndexAudit, PartResult, StatementEvidence};

/// Version of this format; raised when a field changes its meaning or disappears.
pub const SCHEMA_VERSION: u32 = 1;

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunResult {
    pub schema_version: u32,
    pub tool: Tool,
    pub run: RunFacts,
    pub machine: Machine,
    pub server: ServerFacts,
    pub workloads: Vec<WorkloadResult>,
    pub claims: Vec<ClaimResult>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    pub version: String,
    /// Git revision of the workload folders, when they are in a repository; `-dirty` when changed.
    pub git_revision: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunFacts {
    /// RFC 3339, UTC. Generated timestamps are offsets from it.
    pub epoch: String,
    pub finished_at: String,
    pub seed: u64,
    pub scale: Scale,
    /// Time that the rounds of each workload might take.
    pub budget_seconds: u64,
    /// Time that the rounds of all workloads took; absent in results of versions that did not record it.
    pub measuring_seconds: Option<f64>,
    /// The whole run: loading, index builds, scenarios, plans and rounds.
    pub elapsed_seconds: f64,
    /// The run was ended by hand; what follows is partial.
    pub interrupted: bool,
    /// Confidence of every interval, over all sequential looks together.
    pub confidence: f64,
    /// Milliseconds of a `SELECT 1` round trip on an idle connection: median and p95.
    pub select_one_ms: Option<LatencyPair>,
    /// Doubts about this run as a whole, in sentences.
    pub warnings: Vec<String>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LatencyPair {
    pub median: f64,
    pub p95: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Machine {
    pub cpu: String,
    pub cores: usize,
    pub memory_bytes: u64,
    pub os: String,
    /// Filesystem of the server's data, when it is on this machine.
    pub filesystem: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ServerFacts {
    /// `local`, `docker` or `remote`.
    pub kind: String,
    /// Image, host, or the binaries' folder when it is a system's usual one; no other path of the machine.
    pub origin: String,
    /// `SHOW server_version`.
    pub version: String,
    pub version_num: u32,
    /// All settings that differ from PostgreSQL's defaults.
    pub settings: BTreeMap<String, String>,
    /// Extensions available to CREATE EXTENSION that the workloads ask for, with version.
    pub extensions: BTreeMap<String, String>,
    /// Guards that this server can't give, each with the missing right.
    pub guards_lost: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct WorkloadResult {
    pub name: String,
    pub title: String,
    pub summary: String,
    pub document: Document,
    pub variants: Vec<VariantFacts>,
    pub datasets: Vec<DatasetFacts>,
    pub indexes: Vec<IndexAudit>,
    pub statements: Vec<StatementEvidence>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct VariantFacts {
    pub name: String,
    pub summary: String,
    /// Why it was not run, when it was not.
    pub skipped: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DatasetFacts {
    pub name: String,
    pub summary: String,
    pub rows: BTreeMap<String, u64>,
    pub load_seconds: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ClaimResult {
    pub id: String,
    pub workload: String,
    pub document: String,
    pub title: String,
    pub source: String,
    pub kind: ClaimKind,
    pub target_by: TargetBy,
    pub note: Option<String>,
    pub size: SizeFacts,
    /// The variant whose verdict is the claim's.
    pub decided_on: String,
    pub verdict: Verdict,
    pub reason: String,
    pub variants: Vec<VariantVerdict>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SizeFacts {
    pub of: String,
    pub claimed: Option<u64>,
    /// What the loaded data was meant to hold, and what was counted in it.
    pub held: u64,
    pub counted: Option<u64>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct VariantVerdict {
    pub variant: String,
    pub verdict: Verdict,
    pub reason: String,
    /// What the workload expects; filled after the verdict was given.
    pub expected: Option<Verdict>,
    pub agreement: Agreement,
    pub parts: Vec<PartResult>,
}

/// How a verdict stands to what the workload expects of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// Decided, and as expected.
    AsExpected,
    /// Decided otherwise, or a guard failed: exit code 1.
    FellShort,
    /// Not decided here; says nothing against the expectation.
    Undecided,
    /// Nothing was expected.
    NoExpectation,
}
