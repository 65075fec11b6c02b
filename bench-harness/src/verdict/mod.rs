//! The verdict rules: pure functions from figures to verdicts. Nothing here knows a server or an expectation.
//!
//! One file per kind of target: [`latency`], [`throughput`], [`ratio`], [`range`], [`plan`], [`index`], [`scenario`]. Around them:
//! [`guard`] rejects figures that can't be trusted, [`size`] weakens what was measured on less data than claimed,
//! [`combine`] makes one verdict of several parts. [`mod@agreement`] comes after all of these and gives nothing back.

pub mod agreement;
pub mod combine;
mod figures;
pub mod guard;
pub mod index;
pub mod latency;
pub mod plan;
pub mod range;
pub mod ratio;
pub mod scenario;
pub mod size;
pub mod target;
pub mod throughput;

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use agreement::{agreement, fell_short};
pub use combine::{claim_verdict, combine_parts};
pub use guard::GuardFailure;
pub use index::{judge_accepted, judge_index_size, judge_used};
pub use latency::{judge_latency, judge_timeout};
pub use plan::judge_plan;
pub use range::{Figure, judge_range, judge_transition};
pub use ratio::judge_ratio;
pub use scenario::judge_scenario;
pub use size::{apply_size, miss_at_smaller_size};
pub use target::target_text;
pub use throughput::judge_throughput;

use crate::result::evidence::Rejection;

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

impl Verdict {
    /// In the order in which reports count and explain them.
    pub const ALL: [Verdict; 8] = [
        Verdict::Proven,
        Verdict::Refuted,
        Verdict::Inconclusive,
        Verdict::Infeasible,
        Verdict::NotRunnable,
        Verdict::Skipped,
        Verdict::Invalid,
        Verdict::Measured,
    ];

    /// The word for people; the result file writes `not_runnable`.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Proven => "proven",
            Verdict::Refuted => "refuted",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Infeasible => "infeasible",
            Verdict::NotRunnable => "not runnable",
            Verdict::Skipped => "skipped",
            Verdict::Invalid => "invalid",
            Verdict::Measured => "measured",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// A word that is no verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown verdict `{0}`, expected one of: {names}", names = Verdict::ALL.map(Verdict::name).join(", "))]
pub struct UnknownVerdict(pub String);

impl FromStr for Verdict {
    type Err = UnknownVerdict;

    /// Accepts the name in any case, with `_` or `-` for the space too.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = text.trim().to_ascii_lowercase().replace(['_', '-'], " ");
        let found = Verdict::ALL.into_iter().find(|verdict| verdict.name() == wanted);
        found.ok_or_else(|| UnknownVerdict(text.to_owned()))
    }
}

/// A verdict and the sentence that justifies it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Judgement {
    pub verdict: Verdict,
    pub reason: String,
}

impl Judgement {
    pub fn new(verdict: Verdict, reason: impl Into<String>) -> Self {
        Self { verdict, reason: reason.into() }
    }

    /// Something the measurement needs is missing: `missing` names it, e.g. `extension pg_errand`.
    pub fn skipped(variant: &str, missing: &str) -> Self {
        Self::new(Verdict::Skipped, format!("variant {variant} can't run here: missing {missing}"))
    }

    /// PostgreSQL rejects the statement to be measured.
    pub fn rejected(statement: &str, rejection: &Rejection) -> Self {
        let Rejection { sqlstate, message, .. } = rejection;
        Self::new(Verdict::NotRunnable, format!("PostgreSQL rejects {statement}: {message} ({sqlstate})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_in_each_spelling() {
        for verdict in Verdict::ALL {
            let written = serde_json::to_value(verdict).unwrap();
            assert_eq!(written.as_str().unwrap().parse(), Ok(verdict));
            assert_eq!(verdict.to_string().to_uppercase().parse(), Ok(verdict));
            assert_eq!(verdict.name().replace(' ', "-").parse(), Ok(verdict));
        }
        assert_eq!(format!("{:>14}|", Verdict::NotRunnable), "  not runnable|");
    }

    #[test]
    fn an_unknown_verdict_is_told_the_allowed_ones() {
        assert_eq!(
            "true".parse::<Verdict>().unwrap_err().to_string(),
            "unknown verdict `true`, expected one of: proven, refuted, inconclusive, infeasible, not runnable, \
             skipped, invalid, measured"
        );
    }

    #[test]
    fn rejection_gives_postgresqls_own_words() {
        let rejection = Rejection {
            sql: "CREATE INDEX …".into(),
            sqlstate: "42P17".into(),
            message: "functions in index predicate must be marked IMMUTABLE".into(),
        };
        let judgement = Judgement::rejected("pickup", &rejection);
        assert_eq!(judgement.verdict, Verdict::NotRunnable);
        assert_eq!(
            judgement.reason,
            "PostgreSQL rejects pickup: functions in index predicate must be marked IMMUTABLE (42P17)"
        );
    }

    #[test]
    fn a_missing_requirement_is_named() {
        let judgement = Judgement::skipped("extension", "extension pg_errand");
        assert_eq!(judgement.verdict, Verdict::Skipped);
        assert_eq!(judgement.reason, "variant extension can't run here: missing extension pg_errand");
    }
}
