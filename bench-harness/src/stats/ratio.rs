//! The paired ratio of medians: what an index, or anything else, is worth.

use super::bootstrap::{Estimate, HodgesLehmann, MIN_ROUNDS, replicate, replicates};
use super::{Interval, RatioEstimate};

/// Ratio baseline / variant over rounds, from the two medians of each round; > 1 means the variant is faster.
///
/// Both legs of a round meet the same weather, so each round is one witness: its log ratio. Their location
/// ([`HodgesLehmann`]) and its interval come from the bootstrap over rounds. The order of the rounds has no influence.
///
/// None with fewer than [`super::MIN_ROUNDS`] rounds, or when a median is not a positive finite number.
///
/// # Panics
/// When `confidence` is not strictly between 0 and 1.
pub fn paired_ratio(rounds: &[(f64, f64)], confidence: f64, seed: u64) -> Option<RatioEstimate> {
    paired_ratio_with(rounds, confidence, seed, replicates(confidence))
}

/// [`paired_ratio`] with a chosen number of replicates, for simulations that repeat it hundreds of times.
pub(super) fn paired_ratio_with(
    rounds: &[(f64, f64)],
    confidence: f64,
    seed: u64,
    replicates: usize,
) -> Option<RatioEstimate> {
    let logs = log_ratios(rounds)?;
    if logs.len() < MIN_ROUNDS {
        return None;
    }
    let location = HodgesLehmann::new(&logs);
    let Estimate { value, interval } =
        replicate(logs.len(), confidence, seed, replicates, |drawn| location.of(drawn))?;
    Some(RatioEstimate {
        ratio: value.exp(),
        interval: Interval { low: interval.low.exp(), high: interval.high.exp() },
        rounds: logs.len() as u32,
    })
}

/// Sorted, so that the draws fall on the same values whatever order the rounds came in.
fn log_ratios(rounds: &[(f64, f64)]) -> Option<Vec<f64>> {
    let usable = |value: f64| value.is_finite() && value > 0.0;
    if !rounds.iter().all(|(baseline, variant)| usable(*baseline) && usable(*variant)) {
        return None;
    }
    let mut logs: Vec<f64> = rounds.iter().map(|(baseline, variant)| baseline.ln() - variant.ln()).collect();
    logs.sort_by(f64::total_cmp);
    Some(logs)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn medians() -> impl Strategy<Value = Vec<(f64, f64)>> {
        proptest::collection::vec((0.01f64..1_000.0, 0.01f64..1_000.0), MIN_ROUNDS..16)
    }

    fn near(left: f64, right: f64) -> bool {
        (left / right - 1.0).abs() < 1e-9
    }

    #[test]
    fn a_constant_factor_is_found_without_doubt() {
        let rounds: Vec<_> = (1..=10).map(|round| (3.0 * f64::from(round), f64::from(round))).collect();
        let estimate = paired_ratio(&rounds, 0.95, 7).unwrap();
        assert!(
            near(estimate.ratio, 3.0)
                && near(estimate.interval.low, 3.0)
                && near(estimate.interval.high, 3.0)
        );
        assert_eq!(estimate.rounds, 10);
    }

    #[test]
    fn nothing_is_said_of_too_few_rounds_or_of_impossible_medians() {
        assert_eq!(paired_ratio(&[(2.0, 1.0); MIN_ROUNDS - 1], 0.95, 7), None);
        for impossible in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let mut rounds = vec![(2.0, 1.0); MIN_ROUNDS];
            rounds[3].1 = impossible;
            assert_eq!(paired_ratio(&rounds, 0.95, 7), None, "{impossible}");
        }
    }

    #[test]
    fn one_stalled_round_moves_little() {
        let mut rounds = vec![(2.0, 1.0), (2.02, 1.0), (1.98, 1.0), (2.01, 1.0), (1.99, 1.0), (2.0, 1.01)];
        rounds.extend([(2.0, 0.99), (2.03, 1.0), (1.97, 1.0), (40.0, 1.0)]);
        let estimate = paired_ratio(&rounds, 0.95, 7).unwrap();
        assert!((estimate.ratio - 2.0).abs() < 0.03, "{estimate:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn interval_contains_the_estimate_and_widens_with_confidence(rounds in medians(), seed: u64) {
            let [narrow, wide] = [0.8, 0.95].map(|confidence| paired_ratio(&rounds, confidence, seed).unwrap());
            prop_assert!(narrow.interval.low <= narrow.ratio && narrow.ratio <= narrow.interval.high);
            prop_assert!(wide.interval.low <= narrow.interval.low && narrow.interval.high <= wide.interval.high);
        }

        #[test]
        fn order_of_rounds_has_no_influence(
            (rounds, shuffled) in medians().prop_flat_map(|rounds| (Just(rounds.clone()), Just(rounds).prop_shuffle())),
        ) {
            prop_assert_eq!(paired_ratio(&rounds, 0.95, 3), paired_ratio(&shuffled, 0.95, 3));
        }

        #[test]
        fn scaling_a_leg_scales_the_ratio(rounds in medians(), factor in 0.01f64..100.0) {
            let scaled: Vec<_> = rounds.iter().map(|(baseline, variant)| (baseline * factor, *variant)).collect();
            let (plain, scaled) = (paired_ratio(&rounds, 0.95, 3).unwrap(), paired_ratio(&scaled, 0.95, 3).unwrap());
            prop_assert!(near(plain.ratio * factor, scaled.ratio));
            prop_assert!(near(plain.interval.low * factor, scaled.interval.low));
            prop_assert!(near(plain.interval.high * factor, scaled.interval.high));
        }
    }
}
