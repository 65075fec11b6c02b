//! Two runs of the same statement: how many times longer the later one takes, from rounds that are no pairs.

use super::bootstrap::{self, HodgesLehmann, MIN_ROUNDS};
use super::{Interval, RatioEstimate};

/// Ratio later / earlier of a figure that each run has once a round; > 1 means the later one is larger.
///
/// The locations of the logarithms ([`HodgesLehmann`]) are compared, each run's rounds being redrawn by themselves.
/// The interval covers what differs from round to round. What differs from run to run (the machine's state, the
/// layout of that load) it can't know: the caller holds the ratio against what else shows that.
///
/// None when a run has fewer than [`MIN_ROUNDS`] rounds, or when a figure is not a positive finite number.
///
/// # Panics
/// When `confidence` is not strictly between 0 and 1.
pub fn two_sample_ratio(earlier: &[f64], later: &[f64], confidence: f64, seed: u64) -> Option<RatioEstimate> {
    two_sample_ratio_with(earlier, later, confidence, seed, bootstrap::replicates(confidence))
}

fn two_sample_ratio_with(
    earlier: &[f64],
    later: &[f64],
    confidence: f64,
    seed: u64,
    replicates: usize,
) -> Option<RatioEstimate> {
    bootstrap::assert_confidence(confidence);
    let rounds = earlier.len().min(later.len());
    if rounds < MIN_ROUNDS {
        return None;
    }
    let [earlier, later] = [logs(earlier)?, logs(later)?];
    let locations = [HodgesLehmann::new(&earlier), HodgesLehmann::new(&later)];
    let mut drawn = [vec![1; earlier.len()], vec![1; later.len()]];
    let difference = |drawn: &[Vec<u32>; 2]| locations[1].of(&drawn[1]) - locations[0].of(&drawn[0]);
    let value = difference(&drawn);
    let estimate = bootstrap::stretched(value, rounds, confidence, seed, replicates, |random| {
        for drawn in &mut drawn {
            bootstrap::redraw(drawn, random);
        }
        difference(&drawn)
    });
    let interval = Interval { low: estimate.interval.low.exp(), high: estimate.interval.high.exp() };
    Some(RatioEstimate { ratio: value.exp(), interval, rounds: rounds as u32 })
}

/// Sorted, so that the draws fall on the same values whatever order the rounds came in.
fn logs(figures: &[f64]) -> Option<Vec<f64>> {
    if !figures.iter().all(|figure| figure.is_finite() && *figure > 0.0) {
        return None;
    }
    let mut logs: Vec<f64> = figures.iter().map(|figure| figure.ln()).collect();
    logs.sort_by(f64::total_cmp);
    Some(logs)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_distr::{Distribution, LogNormal};
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    fn near(left: f64, right: f64) -> bool {
        (left / right - 1.0).abs() < 1e-9
    }

    #[test]
    fn a_constant_factor_is_found_without_doubt() {
        let estimate = two_sample_ratio(&[2.0; 8], &[3.0; 12], 0.95, 7).unwrap();
        assert!(near(estimate.ratio, 1.5) && near(estimate.interval.low, 1.5), "{estimate:?}");
        assert_eq!(estimate.rounds, 8);
    }

    #[test]
    fn nothing_is_said_of_too_few_rounds_or_of_impossible_figures() {
        assert_eq!(two_sample_ratio(&[1.0; MIN_ROUNDS - 1], &[1.0; 30], 0.95, 7), None);
        assert_eq!(two_sample_ratio(&[1.0; 30], &[1.0; MIN_ROUNDS - 1], 0.95, 7), None);
        for impossible in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let mut figures = [1.0; MIN_ROUNDS];
            figures[3] = impossible;
            assert_eq!(two_sample_ratio(&figures, &[1.0; MIN_ROUNDS], 0.95, 7), None, "{impossible}");
        }
    }

    /// Log-normal rounds of 10 % scatter and a true ratio of 1.1; the promised share of intervals holds it.
    #[test]
    fn the_interval_covers_what_it_promises() {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(11);
        let scatter = LogNormal::new(0.0, 0.1).unwrap();
        for (earlier, later) in [(8, 8), (12, 12), (8, 30)] {
            let runs = 400;
            let covered = (0..runs)
                .filter(|run| {
                    let mut draw = |rounds: usize, median: f64| -> Vec<f64> {
                        (0..rounds).map(|_| median * scatter.sample(&mut random)).collect()
                    };
                    let (earlier, later) = (draw(earlier, 1.0), draw(later, 1.1));
                    let estimate = two_sample_ratio_with(&earlier, &later, 0.95, *run, 600).unwrap();
                    (estimate.interval.low..=estimate.interval.high).contains(&1.1)
                })
                .count();
            // Below 93 % of 400 an honest 95 % would fall about once in twenty tries; this seed is fixed.
            assert!(covered * 100 >= 93 * runs as usize, "{earlier} and {later} rounds: {covered} of {runs}");
        }
    }

    fn figures() -> impl Strategy<Value = Vec<f64>> {
        proptest::collection::vec(0.01f64..1_000.0, MIN_ROUNDS..16)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn the_interval_contains_the_estimate(earlier in figures(), later in figures(), seed: u64) {
            let estimate = two_sample_ratio(&earlier, &later, 0.95, seed).unwrap();
            prop_assert!(estimate.interval.low <= estimate.ratio && estimate.ratio <= estimate.interval.high);
        }

        #[test]
        fn exchanging_the_runs_turns_the_ratio_over(earlier in figures(), later in figures()) {
            let forth = two_sample_ratio(&earlier, &later, 0.95, 3).unwrap();
            let back = two_sample_ratio(&later, &earlier, 0.95, 3).unwrap();
            prop_assert!(near(forth.ratio * back.ratio, 1.0));
        }

        #[test]
        fn a_faster_machine_scales_ratio_and_interval(earlier in figures(), later in figures(), factor in 0.01f64..100.0) {
            let plain = two_sample_ratio(&earlier, &later, 0.95, 3).unwrap();
            let scaled: Vec<f64> = later.iter().map(|figure| figure * factor).collect();
            let scaled = two_sample_ratio(&earlier, &scaled, 0.95, 3).unwrap();
            prop_assert!(near(plain.ratio * factor, scaled.ratio));
            prop_assert!(near(plain.interval.low * factor, scaled.interval.low));
        }
    }
}
