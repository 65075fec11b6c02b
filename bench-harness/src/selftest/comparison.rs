//! One comparison as a run makes it: rounds of a baseline, its twin and a variant; at each look the interval and the
//! verdict. The figures and the rule are the run's own.

use crate::run::figures::Figures;
use crate::run::options::Effort;
use crate::stats::{Interval, RoundSamples};
use crate::verdict::{Verdict, judge_ratio};

/// The legs of one round.
pub struct RoundLegs {
    pub baseline: RoundSamples,
    pub twin: RoundSamples,
    pub variant: RoundSamples,
}

/// What all looks of a comparison came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Some interval left the truth out.
    pub missed: bool,
    /// Some interval left 1 out: the variants were told apart.
    pub told_apart: bool,
    /// The first verdict on "faster" that decided, else the last.
    pub verdict: Verdict,
    /// Estimate of the last look.
    pub ratio: f64,
}

/// Rounds so far.
pub struct Comparison {
    effort: Effort,
    figures: Figures,
    baseline: Vec<RoundSamples>,
    twin: Vec<RoundSamples>,
    variant: Vec<RoundSamples>,
}

impl Comparison {
    pub fn new(effort: Effort, seed: u64) -> Comparison {
        let figures = Figures::new(&effort, seed);
        Comparison { effort, figures, baseline: Vec::new(), twin: Vec::new(), variant: Vec::new() }
    }

    pub fn add(&mut self, legs: RoundLegs) {
        self.baseline.push(legs.baseline);
        self.twin.push(legs.twin);
        self.variant.push(legs.variant);
    }

    /// What the looks at these rounds come to, when the true ratio lies within `truth`. None with too few rounds for
    /// a look.
    pub fn outcome(&self, truth: Interval) -> Option<Outcome> {
        let mut outcome: Option<Outcome> = None;
        for look in self.effort.looks().looks() {
            let rounds = *look as usize;
            if rounds > self.variant.len() {
                break;
            }
            let baseline = &self.baseline[..rounds];
            let estimate = self.figures.ratio(baseline, &self.variant[..rounds]);
            let noise_floor = self.figures.noise_floor(baseline, &self.twin[..rounds]);
            let verdict = judge_ratio(1.0, estimate.as_ref(), noise_floor, false).verdict;
            let Some(estimate) = estimate else { continue };
            let Interval { low, high } = estimate.interval;
            let missed = low > truth.high || high < truth.low;
            let told_apart = low > 1.0 || high < 1.0;
            outcome = Some(match outcome {
                None => Outcome { missed, told_apart, verdict, ratio: estimate.ratio },
                Some(before) => Outcome {
                    missed: before.missed || missed,
                    told_apart: before.told_apart || told_apart,
                    verdict: if before.verdict == Verdict::Inconclusive { verdict } else { before.verdict },
                    ratio: estimate.ratio,
                },
            });
        }
        outcome
    }
}

/// What many comparisons came to.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub comparisons: u64,
    pub missed: u64,
    pub told_apart: u64,
    pub proven: u64,
    pub refuted: u64,
    ratios: Vec<f64>,
}

impl Tally {
    pub fn add(&mut self, outcome: Outcome) {
        self.comparisons += 1;
        self.missed += u64::from(outcome.missed);
        self.told_apart += u64::from(outcome.told_apart);
        self.proven += u64::from(outcome.verdict == Verdict::Proven);
        self.refuted += u64::from(outcome.verdict == Verdict::Refuted);
        self.ratios.push(outcome.ratio);
    }

    /// Median of the estimates; None without any.
    pub fn median_ratio(&self) -> Option<f64> {
        let mut ratios = self.ratios.clone();
        ratios.sort_by(f64::total_cmp);
        ratios.get(ratios.len() / 2).copied()
    }

    pub fn share(&self, count: u64) -> f64 {
        count as f64 / self.comparisons.max(1) as f64
    }
}
