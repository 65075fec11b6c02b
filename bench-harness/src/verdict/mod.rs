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

// SHIM: replaced when the rules land
use crate::result::evidence::*; use crate::result::*; use crate::stats::*; use crate::workload::model::*;
fn j(verdict: Verdict, reason: &str) -> Judgement { Judgement { verdict, reason: reason.to_owned() } }
pub fn fell_short(c: &[ClaimResult]) -> bool { c.iter().any(|c| c.variants.iter().any(|v| v.agreement == Agreement::FellShort)) }
pub fn conjunction(p: &[PartResult]) -> Judgement { p.iter().max_by_key(|p| p.verdict).map(|p| j(p.verdict, &p.reason)).unwrap() }
pub fn agreement(v: Verdict, e: Option<Verdict>) -> Agreement { if Some(v) == e { Agreement::AsExpected } else { Agreement::Undecided } }
pub fn skipped(r: &str) -> Judgement { j(Verdict::Skipped, r) }
pub fn invalid(r: &str) -> Judgement { j(Verdict::Invalid, r) }
pub fn inconclusive(r: &str) -> Judgement { j(Verdict::Inconclusive, r) }
pub fn size_guard(_s: &SizeFacts) -> Option<Judgement> { None }
pub fn at_size(x: Judgement, _s: &SizeFacts) -> Judgement { x }
pub fn plan(_f: &PlanFacts, _m: &PlanMeasure) -> Judgement { j(Verdict::Measured, "") }
pub fn not_runnable(r: &Rejection) -> Judgement { j(Verdict::NotRunnable, &r.message) }
pub fn index_size(_a: u64, _b: u64, _t: f64) -> Judgement { j(Verdict::Measured, "") }
pub fn accepted(_a: u64, _w: u64, _r: &[Rejection]) -> Judgement { j(Verdict::Measured, "") }
pub fn used(_a: &[String], _u: &[UnusedIndex], _w: u64) -> Judgement { j(Verdict::Measured, "") }
pub fn scenario(o: &[Observation]) -> Judgement { j(if o.iter().all(|o| o.holds != Some(false)) { Verdict::Proven } else { Verdict::Refuted }, "") }
pub fn latency(b: &StatisticBounds, _s: Statistic, t: f64, _f: f64) -> Judgement { j(if b.high_ms.is_some_and(|h| h < t) { Verdict::Proven } else if b.low_ms.is_some_and(|l| l >= t) { Verdict::Refuted } else { Verdict::Inconclusive }, "") }
pub fn ratio(_e: &RatioEstimate, _a: f64, _f: Option<f64>, _s: bool) -> Judgement { j(Verdict::Measured, "") }
pub fn timed_out(_t: std::time::Duration, _b: Option<f64>) -> Judgement { j(Verdict::Invalid, "") }
