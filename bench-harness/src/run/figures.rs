//! Figures of a statement's rounds: latency, ratio to the baseline, noise floor. The same ones go into verdicts and
//! into the result.

use super::measure::{LegRun, StatementRun};
use super::options::Effort;
use crate::stats::{LatencySummary, RatioEstimate, noise_floor, paired_ratio};

/// Figures with the confidence that sequential looks leave to each.
#[derive(Clone, Debug)]
pub struct Figures {
    confidence: f64,
    seed: u64,
}

impl Figures {
    pub fn new(effort: &Effort, seed: u64) -> Figures {
        Figures { confidence: effort.looks().confidence_per_look(), seed }
    }

    /// Latency in a variant; None when it was not timed there.
    pub fn latency(&self, leg: &LegRun) -> Option<LatencySummary> {
        LatencySummary::from_rounds(&leg.rounds, self.confidence, self.seed)
    }

    /// A/A: how far two measurements of the baseline lie apart.
    pub fn noise_floor(&self, run: &StatementRun<'_>) -> Option<f64> {
        let (baseline, twin) = (run.baseline()?, run.twin()?);
        noise_floor(&medians(baseline, twin), self.confidence, self.seed)
    }

    /// Paired ratio of medians, baseline / variant.
    pub fn ratio(&self, baseline: &LegRun, variant: &LegRun) -> Option<RatioEstimate> {
        paired_ratio(&medians(baseline, variant), self.confidence, self.seed)
    }
}

/// Medians of the rounds that both legs completed.
fn medians(left: &LegRun, right: &LegRun) -> Vec<(f64, f64)> {
    let of = |round: u32| right.rounds.iter().find(|other| other.round() == round);
    left.rounds.iter().filter_map(|leg| Some((leg.median_ms(), of(leg.round())?.median_ms()))).collect()
}
