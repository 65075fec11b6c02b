//! The statistics and the rule in virtual time: hundreds of comparisons of times drawn from known distributions. The
//! seed is fixed, so the same figures come out everywhere.

use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::check::Check;
use super::comparison::{Comparison, Outcome, RoundLegs, Tally};
use crate::run::figures::Figures;
use crate::run::options::{CONFIDENCE, Effort};
use crate::stats::{Interval, LegRecorder, RoundSamples};
use crate::verdict::ratio::LEAST_EFFECT;

/// Requests of one leg.
const REQUESTS: u32 = 20;
/// Time of a request of the variant, at the median.
const MEDIAN_MS: f64 = 2.0;
/// What a machine does to it: rounds differ (and both legs of a round alike), legs differ, requests differ (lognormal);
/// and now and then something else takes the machine for most of a leg.
const ROUND_SPREAD: f64 = 0.10;
const LEG_SPREAD: f64 = 0.03;
const REQUEST_SPREAD: f64 = 0.25;
const STALLED_LEGS: f64 = 0.05;

/// Effects that are planted, as part of the variant's time.
pub const EFFECTS: [f64; 3] = [0.02, 0.10, 0.50];

/// How often an effect must be told from none in so many rounds, where that is promised. Twenty requests a leg tell a
/// tenth after thirty rounds; smaller effects, and shorter runs, take their chance.
fn power_asked(effect: f64, rounds: u32) -> Option<f64> {
    match effect {
        effect if effect >= 0.50 => Some(0.99),
        effect if effect >= 0.10 && rounds >= 30 => Some(0.80),
        _ => None,
    }
}

const GROUP_AA: &str = "A/A in virtual time";
const GROUP_EFFECT: &str = "planted effects in virtual time";
const GROUP_LATENCY: &str = "latency intervals in virtual time";

/// A machine with its weather.
struct Machine {
    random: Xoshiro256PlusPlus,
    recorder: LegRecorder,
}

impl Machine {
    fn new(seed: u64) -> Machine {
        Machine { random: Xoshiro256PlusPlus::seed_from_u64(seed), recorder: LegRecorder::new() }
    }

    /// A factor of median 1.
    fn spread(&mut self, width: f64) -> f64 {
        let normal: f64 = StandardNormal.sample(&mut self.random);
        (width * normal).exp()
    }

    fn leg(&mut self, round: u32, median_ms: f64) -> Option<RoundSamples> {
        let mut leg = median_ms * self.spread(LEG_SPREAD);
        if self.random.random_bool(STALLED_LEGS) {
            leg *= 1.0 + self.random.random::<f64>();
        }
        for _ in 0..REQUESTS {
            let time = leg * self.spread(REQUEST_SPREAD);
            self.recorder.record(Duration::from_secs_f64(time / 1e3));
        }
        self.recorder.finish(round, None)
    }

    /// A whole comparison of a variant with a baseline that takes `effect` longer.
    fn comparison(&mut self, effort: Effort, effect: f64, seed: u64) -> Option<Outcome> {
        let mut comparison = Comparison::new(effort, seed);
        for round in 0..effort.rounds {
            let weather = MEDIAN_MS * self.spread(ROUND_SPREAD);
            comparison.add(RoundLegs {
                baseline: self.leg(round, weather * (1.0 + effect))?,
                twin: self.leg(round, weather * (1.0 + effect))?,
                variant: self.leg(round, weather)?,
            });
        }
        comparison.outcome(Interval { low: 1.0 + effect, high: 1.0 + effect })
    }
}

fn tally(effort: Effort, effect: f64, comparisons: u64, seed: u64) -> Tally {
    let mut machine = Machine::new(seed ^ effect.to_bits());
    let mut tally = Tally::default();
    for comparison in 0..comparisons {
        if let Some(outcome) = machine.comparison(effort, effect, comparison) {
            tally.add(outcome);
        }
    }
    tally
}

/// Identical variants, compared over and over.
pub fn identical(effort: Effort, comparisons: u64, seed: u64) -> Vec<Check> {
    let promised = 1.0 - CONFIDENCE;
    let tally = tally(effort, 0.0, comparisons, seed);
    vec![
        Check::rarely(
            GROUP_AA,
            "intervals that leave 1 out, at any look",
            promised,
            tally.told_apart,
            comparisons,
        ),
        Check::rarely(GROUP_AA, "verdict proven for no effect", promised, tally.proven, comparisons),
    ]
}

/// Known effects: the intervals hold them, and effects worth having are seen.
pub fn planted(effort: Effort, comparisons: u64, seed: u64) -> Vec<Check> {
    let promised = 1.0 - CONFIDENCE;
    let mut checks = Vec::new();
    for effect in EFFECTS {
        let tally = tally(effort, effect, comparisons, seed);
        let named = |what: &str| format!("{:.0} %: {what}", 100.0 * effect);
        let percent = |share: f64| format!("{:.0} %", 100.0 * share);
        let told = tally.share(tally.told_apart);
        let power = format!("power {}, proven {}", percent(told), percent(tally.share(tally.proven)));
        let name = named("intervals that leave the truth out, at any look");
        checks.push(Check::rarely(GROUP_EFFECT, name, promised, tally.missed, comparisons).also_seen(&power));
        // The rule asks for a twentieth at least, so that one verdict is wrong and the other is right.
        let (name, wrong) = if 1.0 + effect >= LEAST_EFFECT {
            ("verdict refuted", tally.refuted)
        } else {
            ("verdict proven", tally.proven)
        };
        checks.push(Check::rarely(GROUP_EFFECT, named(name), promised, wrong, comparisons));
        if let Some(least) = power_asked(effect, effort.rounds) {
            let allowed = format!("≥ {}", percent(least));
            let bounds = (allowed.clone(), percent(told), allowed);
            checks.push(Check::new(GROUP_EFFECT, named("power: told from none"), bounds, told >= least));
        }
    }
    checks
}

/// Intervals of median and p95 of one variant, whose rounds differ.
pub fn latency(effort: Effort, runs: u64, seed: u64) -> Vec<Check> {
    let mut machine = Machine::new(seed);
    // The product of lognormals is one; 1.644854 is the normal distribution's 95 % point.
    let spread = (ROUND_SPREAD.powi(2) + REQUEST_SPREAD.powi(2)).sqrt();
    let (median, p95) = (MEDIAN_MS, MEDIAN_MS * (1.644_854 * spread).exp());
    let (mut median_missed, mut p95_missed, mut done) = (0, 0, 0);
    for run in 0..runs {
        let rounds: Vec<_> = (0..effort.rounds)
            .filter_map(|round| {
                let weather = MEDIAN_MS * machine.spread(ROUND_SPREAD);
                for _ in 0..2 * REQUESTS {
                    let time = weather * machine.spread(REQUEST_SPREAD);
                    machine.recorder.record(Duration::from_secs_f64(time / 1e3));
                }
                machine.recorder.finish(round, None)
            })
            .collect();
        let Some(summary) = Figures::new(&effort, run).latency(&rounds) else { continue };
        let outside = |low: Option<f64>, high: Option<f64>, truth: f64| {
            low.is_some_and(|low| low > truth) || high.is_some_and(|high| high < truth)
        };
        median_missed += u64::from(outside(summary.median.low_ms, summary.median.high_ms, median));
        p95_missed += u64::from(outside(summary.p95.low_ms, summary.p95.high_ms, p95));
        done += 1;
    }
    // One look at the end spends no more than its own share of the permitted error.
    let promised = 1.0 - effort.looks().confidence_per_look();
    vec![
        Check::rarely(
            GROUP_LATENCY,
            "median: intervals that leave the truth out",
            promised,
            median_missed,
            done,
        ),
        Check::rarely(GROUP_LATENCY, "p95: bounds that leave the truth out", promised, p95_missed, done),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::model::Scale;

    /// The checks must be able to fail: an effect that was planted is no identity.
    #[test]
    fn an_effect_passed_off_as_none_is_noticed() {
        let mut machine = Machine::new(3);
        let effort = Effort::at(Scale::Ci);
        let outcomes = (0..10).filter_map(|seed| {
            let mut comparison = Comparison::new(effort, seed);
            for round in 0..effort.rounds {
                comparison.add(RoundLegs {
                    baseline: machine.leg(round, 1.5 * MEDIAN_MS)?,
                    twin: machine.leg(round, 1.5 * MEDIAN_MS)?,
                    variant: machine.leg(round, MEDIAN_MS)?,
                });
            }
            comparison.outcome(Interval { low: 1.0, high: 1.0 })
        });
        let mut tally = Tally::default();
        outcomes.for_each(|outcome| tally.add(outcome));
        assert!(tally.missed == 10 && tally.told_apart == 10, "{tally:?}");
        assert!(!Check::rarely("", "", 0.05, tally.missed, tally.comparisons).ok);
        assert!((tally.median_ratio().unwrap() - 1.5).abs() < 0.1, "{tally:?}");
    }
}
