//! Figures of a statement's rounds: latency, ratio to the baseline, noise floor. The same ones go into verdicts and
//! into the result.

use super::measure::StatementRun;
use super::options::Effort;
use crate::result::load::LoadRound;
use crate::stats::{
    LatencySummary, RatioEstimate, RoundSamples, Throughput, noise_floor, paired_ratio, throughput,
    throughput_ratio,
};

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
    pub fn latency(&self, rounds: &[RoundSamples]) -> Option<LatencySummary> {
        LatencySummary::from_rounds(rounds, self.confidence, self.seed)
    }

    /// A/A: how far two measurements of the baseline lie apart.
    pub fn noise_floor(&self, baseline: &[RoundSamples], twin: &[RoundSamples]) -> Option<f64> {
        noise_floor(&medians(baseline, twin), self.confidence, self.seed)
    }

    /// The noise floor of a statement.
    pub fn noise_floor_of(&self, run: &StatementRun) -> Option<f64> {
        self.noise_floor(&run.baseline()?.rounds, &run.twin()?.rounds)
    }

    /// Paired ratio of medians, baseline / variant.
    pub fn ratio(&self, baseline: &[RoundSamples], variant: &[RoundSamples]) -> Option<RatioEstimate> {
        paired_ratio(&medians(baseline, variant), self.confidence, self.seed)
    }

    /// Requests a second in a variant.
    pub fn throughput(&self, rounds: &[LoadRound]) -> Option<Throughput> {
        let rates: Vec<f64> = valid(rounds).map(|round| round.per_second).collect();
        throughput(&rates, self.confidence, self.seed)
    }

    /// Paired ratio of throughputs, variant / baseline.
    pub fn throughput_ratio(&self, baseline: &[LoadRound], variant: &[LoadRound]) -> Option<RatioEstimate> {
        throughput_ratio(&rates(baseline, variant), self.confidence, self.seed)
    }

    /// A/A: how far two throughputs of the baseline lie apart.
    pub fn throughput_noise_floor(&self, baseline: &[LoadRound], twin: &[LoadRound]) -> Option<f64> {
        noise_floor(&rates(baseline, twin), self.confidence, self.seed)
    }
}

/// Medians of the rounds that both legs completed.
fn medians(left: &[RoundSamples], right: &[RoundSamples]) -> Vec<(f64, f64)> {
    let of = |round: u32| right.iter().find(|other| other.round() == round);
    left.iter().filter_map(|leg| Some((leg.median_ms(), of(leg.round())?.median_ms()))).collect()
}

/// Requests a second of the rounds in which both legs are valid.
fn rates(left: &[LoadRound], right: &[LoadRound]) -> Vec<(f64, f64)> {
    let of = |round: u32| valid(right).find(|other| other.round == round);
    valid(left).filter_map(|leg| Some((leg.per_second, of(leg.round)?.per_second))).collect()
}

fn valid(rounds: &[LoadRound]) -> impl Iterator<Item = &LoadRound> {
    rounds.iter().filter(|round| round.invalid.is_none())
}
