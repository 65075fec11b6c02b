//! What a workload folder says. These types *are* the file format; `workloads/README.md` explains it to authors.

use std::collections::BTreeMap;
use std::path::PathBuf;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::files::Files;
use super::generator::Generator;
use super::load::{ClosedLoop, OpenLoop, Weights};
use crate::verdict::Verdict;

/// How much data a run loads and how long it may take.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// Minutes on two cores; decides what counts exactly (plans, buffers, rows, semantics).
    Ci,
    /// The sizes the documents speak of, as far as a laptop holds them.
    Small,
    /// The documents' largest sizes.
    Full,
}

/// A number that may differ per scale: `10_000`, or `{ ci = 1_000, small = 10_000, full = 10_000 }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Scaled<T> {
    Same(T),
    PerScale { ci: T, small: T, full: T },
}

impl<T: Clone> Scaled<T> {
    pub fn at(&self, scale: Scale) -> T {
        match (self, scale) {
            (Scaled::Same(value), _) => value.clone(),
            (Scaled::PerScale { ci, .. }, Scale::Ci) => ci.clone(),
            (Scaled::PerScale { small, .. }, Scale::Small) => small.clone(),
            (Scaled::PerScale { full, .. }, Scale::Full) => full.clone(),
        }
    }
}

/// `workload.toml`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// One line, shown as the heading of the workload's part of the report.
    pub title: String,
    /// The document whose claims these are.
    pub document: Document,
    /// What the workload models, in a sentence or two.
    pub summary: String,
    /// Column generators per table, in load order: `[tables.job_queue]`, then `column = generator`.
    /// A column whose name starts with `_` is virtual: other columns may refer to it, it is not loaded.
    pub tables: IndexMap<String, IndexMap<String, Generator>>,
    /// Named data sets: `[datasets.queue]`.
    pub datasets: IndexMap<String, Dataset>,
    /// Variants in the order of presentation; the first is the baseline of every ratio.
    #[serde(rename = "variant")]
    pub variants: Vec<Variant>,
    /// Statements with weights, by name, for loads: `[mixes]`, then `name = { statement = weight }`.
    #[serde(default)]
    pub mixes: IndexMap<String, Weights>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Short number by which the ledger and the report call it, e.g. `003`.
    pub id: String,
    /// The document's own title.
    pub title: String,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    pub summary: String,
    /// Rows per table; a table not named is left empty.
    pub rows: IndexMap<String, Scaled<u64>>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    pub name: String,
    pub summary: String,
    /// File of CREATE INDEX (or other) statements, one each; a rejected one is a finding, not an abort.
    pub indexes: Option<PathBuf>,
    /// SQL run in the variant's database after the data is there and before the indexes are built; must succeed.
    /// Several files run in the order in which they are named.
    pub setup: Option<Files>,
    /// What the server must offer, else the variant is skipped by name.
    #[serde(default)]
    pub requires: Vec<Requirement>,
}

/// Something a server may lack: written `extension:NAME`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum Requirement {
    Extension(String),
}

impl TryFrom<String> for Requirement {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("extension", name)) if !name.is_empty() => Ok(Requirement::Extension(name.to_owned())),
            _ => Err(format!("unknown requirement `{text}`, expected `extension:NAME`")),
        }
    }
}

impl From<Requirement> for String {
    fn from(requirement: Requirement) -> String {
        match requirement {
            Requirement::Extension(name) => format!("extension:{name}"),
        }
    }
}

/// What executing a statement leaves behind, and so how it is repeated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Changes nothing.
    #[default]
    Read,
    /// Each execution commits; `restore` puts the data back after each leg, untimed.
    Commit,
    /// Each execution runs in a transaction that is rolled back, untimed; the figure leaves the commit out and says so.
    Rollback,
}

/// How the answers of a statement are held against each other across variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compare {
    /// The same multiset of rows (needs a unique tie-break under LIMIT).
    Rows,
    /// The same number of rows.
    Count,
    /// Not comparable; the header must say why in `compare_why`.
    None,
}

/// The TOML block `/*--- … ---*/` that opens `queries/<name>.sql`.
/// `queries/<name>.<variant>.sql` replaces the statement for one variant; its header may set only
/// `summary`, `uses` and `restore`, all else is inherited, the parameters above all.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryHeader {
    /// What the statement does for the application, one line.
    pub summary: String,
    #[serde(default)]
    pub effect: Option<Effect>,
    /// SELECT run once on the loaded data (no index set, no variant); each execution takes one of its rows,
    /// the same row in every variant. It must ORDER BY something unique.
    pub draw: Option<String>,
    /// `$1`, `$2`, … in order.
    #[serde(default)]
    pub params: Vec<Param>,
    /// Indexes the document says this statement uses (as-written names).
    #[serde(default)]
    pub uses: Vec<String>,
    /// Bounds on the number of rows an execution must return; outside them the measurement is invalid.
    pub rows: Option<RowBounds>,
    pub compare: Option<Compare>,
    pub compare_why: Option<String>,
    /// SQL run untimed after each leg of an `effect = "commit"` statement.
    pub restore: Option<String>,
    /// Why a repeated `effect = "commit"` statement may do without `restore`: what it leaves behind doesn't change
    /// what the next execution costs.
    pub restore_why: Option<String>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Param {
    pub name: String,
    /// PostgreSQL type name, e.g. `uuid`, `text`, `jsonb`, `int4`, `interval`.
    #[serde(rename = "type")]
    pub sql_type: String,
    /// Column of the `draw` row to take.
    pub draw: Option<String>,
    /// Or: a generator, evaluated with the execution number as the row number.
    #[serde(rename = "gen")]
    pub generator: Option<Generator>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowBounds {
    pub min: u64,
    pub max: u64,
}

/// `claims.toml`
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimsFile {
    #[serde(rename = "claim")]
    pub claims: Vec<Claim>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The ledger's ID, unique over all workloads.
    pub id: String,
    /// The claim in our words.
    pub title: String,
    /// Where the document says so (heading, table row).
    pub source: String,
    pub kind: ClaimKind,
    /// Whose figure the target is: the document's unless it says nothing and we set one.
    #[serde(default)]
    pub target_by: TargetBy,
    /// The data set it is measured on.
    pub dataset: String,
    /// What the document's figure is about, and what each scale loads. Smaller than claimed: never `proven`.
    pub size: Size,
    /// Variants it is measured in.
    pub variants: Vec<String>,
    /// The variant whose verdict is the claim's verdict: what the document itself recommends.
    pub decided_on: String,
    /// What this repository expects, per variant; compared with the verdict afterwards, never an input to it.
    #[serde(default)]
    pub expect: BTreeMap<String, Verdict>,
    /// Known facts a reader of the verdict should have (Markdown).
    pub note: Option<String>,
    #[serde(rename = "part")]
    pub parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ClaimKind {
    Latency,
    Ratio,
    Plan,
    Size,
    Throughput,
    Runs,
    Semantics,
    Ops,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TargetBy {
    #[default]
    Document,
    Us,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// What is counted, e.g. `pending jobs`.
    pub of: String,
    /// The number the document names; absent when it names none.
    pub claimed: Option<u64>,
    /// What this workload's data set holds of it.
    pub held: Scaled<u64>,
    /// SQL returning one bigint that counts it in the loaded data; the run fails the guard when it differs
    /// from `held` by more than a tenth.
    pub count: String,
}

/// One measurable half-sentence of a claim.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub name: String,
    /// Variants this part applies to; all of the claim's when absent.
    pub variants: Option<Vec<String>>,
    pub measure: Measure,
}

/// How a part is measured, and its target.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Measure {
    /// Client-observed time of one statement, serially on one connection.
    Latency {
        statement: String,
        #[serde(default)]
        statistic: Statistic,
        below_ms: f64,
    },
    /// Paired ratio of medians: baseline variant / this variant.
    Ratio {
        statement: String,
        #[serde(default)]
        baseline: Option<String>,
        above: f64,
    },
    /// Shape and cost of the statement's plan.
    Plan(PlanMeasure),
    /// Size of a named index of the variant against the same index built as `full`.
    IndexSize {
        index: String,
        /// CREATE INDEX statement of the index it is compared with; built in a scratch transaction, rolled back.
        full: String,
        smaller_by_percent: f64,
    },
    /// How many statements of the variant's index file the server accepts.
    Accepted { statements: u64 },
    /// How many indexes of the variant's set are used by a query whose header names them in `uses`.
    Used { indexes: u64 },
    /// Latency of a mix of statements while requests arrive at a rate.
    OpenLoop(OpenLoop),
    /// Throughput of a mix of statements that many connections send as fast as they can.
    ClosedLoop(ClosedLoop),
    /// Anything a single statement can't express.
    Scenario(Scenario),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Statistic {
    Mean,
    Median,
    #[default]
    P95,
    P99,
}

impl Statistic {
    pub fn name(self) -> &'static str {
        match self {
            Statistic::Mean => "mean",
            Statistic::Median => "median",
            Statistic::P95 => "p95",
            Statistic::P99 => "p99",
        }
    }
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanMeasure {
    pub statement: String,
    /// Every scan of a table is an Index Only Scan.
    pub index_only: Option<bool>,
    /// This index appears in the plan.
    pub index: Option<String>,
    /// These node types do not appear, e.g. `["Sort", "Seq Scan"]`.
    #[serde(default)]
    pub without: Vec<String>,
    /// Shared buffers hit + read by one warm execution, at the worst of the drawn parameters.
    pub buffers_at_most: Option<u64>,
}

/// A scenario with its arguments; each runs in a scratch copy of the variant's database.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Scenario {
    /// Many connections send the same call at the same instant, over and over with fresh arguments.
    Storm {
        statement: String,
        connections: u32,
        /// How often the volley is repeated, each time with the next parameters.
        volleys: Scaled<u32>,
        /// SQL with the statement's parameters; its single bigint must equal `expected` after each volley.
        check: String,
        expected: i64,
        /// Every call must return exactly this many rows; absent: not checked.
        rows_per_call: Option<u64>,
        /// Share of calls whose transaction is rolled back, 0 to 1.
        #[serde(default)]
        rollback_share: f64,
    },
    /// One connection repeats the statement; what it returns must follow the order of an oracle query taken before.
    Drain {
        statement: String,
        /// Name of a query without parameters whose first column lists the identities in the right order.
        oracle: String,
        /// How many calls.
        calls: Scaled<u32>,
    },
}
