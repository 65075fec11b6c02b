//! The verdict rules: pure functions from figures to verdicts. Nothing here knows a server or an expectation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is said of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The interval's far end meets the target.
    Proven,
    /// The interval's near end misses the target.
    Refuted,
    /// The budget ended first, or the size falls short of the claimed one.
    Inconclusive,
    /// Contradicts arithmetic or the machine's measured ceiling.
    Infeasible,
    /// PostgreSQL rejects the statement.
    NotRunnable,
    /// Something the measurement needs is missing here.
    Skipped,
    /// A guard failed: the figures can't be trusted.
    Invalid,
    /// A claim without a target.
    Measured,
}

/// A verdict and the sentence that justifies it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Judgement {
    pub verdict: Verdict,
    pub reason: String,
}
