//! A ratio target: how many times faster than the baseline a variant must be.

use super::figures::{apart_from, number};
use super::{Judgement, Verdict};
use crate::stats::{MIN_ROUNDS, RatioEstimate};

/// Less is no improvement anybody would notice, however narrow the interval.
pub const LEAST_EFFECT: f64 = 1.05;

/// The ratio to be reached: `above`, where "faster" without a figure (`above = 1`) asks for [`LEAST_EFFECT`].
/// Below 1 it is a permitted slowdown and stands as it is.
pub fn threshold(above: f64) -> f64 {
    if above >= 1.0 { above.max(LEAST_EFFECT) } else { above }
}

/// `baseline / variant ≥ above`, from the paired ratio; None when there are too few rounds for one.
///
/// `noise_floor` is the resolution of the comparison: what lies nearer to 1 can't be told from 1. So a speed-up is
/// proven only beyond the floor as well, and a miss counts only where the floor is fine enough to have seen the
/// effect, or the variant is slower by more than the floor. Without a floor nothing is decided.
///
/// `same_work`: both plans are the same and touch the same number of buffers ([`crate::plan::same_work`]); then no
/// speed-up can be due to the index set, whatever the clock says.
pub fn judge_ratio(
    above: f64,
    estimate: Option<&RatioEstimate>,
    noise_floor: Option<f64>,
    same_work: bool,
) -> Judgement {
    let wanted = threshold(above);
    if same_work && wanted > 1.0 {
        let seen = estimate
            .map_or_else(String::new, |estimate| format!("; ratio {}", with_interval(estimate, wanted)));
        return Judgement::new(
            Verdict::Refuted,
            format!("the plan is the baseline's, with the same buffers: nothing in it could be faster{seen}"),
        );
    }
    let Some(estimate) = estimate else {
        return Judgement::new(
            Verdict::Inconclusive,
            format!("a ratio needs {MIN_ROUNDS} rounds in both variants"),
        );
    };
    let ratio = with_interval(estimate, wanted);
    let Some(floor) = noise_floor else {
        let reason = format!("ratio {ratio}, but no A/A comparison says how much of that is noise");
        return Judgement::new(Verdict::Inconclusive, reason);
    };
    let beside = format!("(noise floor {})", number(floor, 3));
    let (low, high) = (estimate.interval.low, estimate.interval.high);
    let fine_enough = floor <= wanted.max(1.0 / wanted);
    let (met, missed) = if wanted > 1.0 {
        (low >= wanted && low >= floor, high < wanted && (fine_enough || high < 1.0 / floor))
    } else {
        (low >= wanted && (fine_enough || low >= floor), high < wanted && high < 1.0 / floor)
    };
    let (verdict, says) = match (met, missed) {
        (true, _) => (Verdict::Proven, format!("reaches {}", number(wanted, 3))),
        (_, true) => (Verdict::Refuted, format!("does not reach {}", number(wanted, 3))),
        _ if low >= wanted || high < wanted => {
            (Verdict::Inconclusive, format!("against {}, but that is within the noise", number(wanted, 3)))
        }
        _ => (
            Verdict::Inconclusive,
            format!("may lie on either side of {} after {} rounds", number(wanted, 3), estimate.rounds),
        ),
    };
    Judgement::new(verdict, format!("ratio {ratio} {says} {beside}"))
}

/// `2.31 (2.10–2.61)`
fn with_interval(estimate: &RatioEstimate, target: f64) -> String {
    let [ratio, low, high] =
        apart_from(target, [estimate.ratio, estimate.interval.low, estimate.interval.high]);
    format!("{ratio} ({low}–{high})")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::Interval;

    fn ratio(low: f64, high: f64) -> RatioEstimate {
        RatioEstimate { ratio: (low * high).sqrt(), interval: Interval { low, high }, rounds: 12 }
    }

    fn verdict(above: f64, low: f64, high: f64, floor: f64) -> Verdict {
        judge_ratio(above, Some(&ratio(low, high)), Some(floor), false).verdict
    }

    #[test]
    fn faster_means_by_a_twentieth() {
        assert_eq!(verdict(1.0, 1.05, 1.2, 1.01), Verdict::Proven);
        assert_eq!(verdict(1.0, 1.049, 1.2, 1.01), Verdict::Inconclusive);
        assert_eq!(verdict(1.0, 1.0, 1.05, 1.01), Verdict::Inconclusive);
        assert_eq!(verdict(1.0, 1.0, 1.049, 1.01), Verdict::Refuted);
        assert_eq!(verdict(10.0, 10.0, 12.0, 1.01), Verdict::Proven);
        assert_eq!(verdict(10.0, 8.0, 9.9, 1.01), Verdict::Refuted);
    }

    #[test]
    fn within_the_noise_nothing_is_decided() {
        // Twice the time between two measurements of the same thing: 1.1 to 1.3 is neither shown nor excluded.
        assert_eq!(verdict(1.0, 1.1, 1.3, 2.0), Verdict::Inconclusive);
        assert_eq!(verdict(1.0, 0.9, 1.02, 2.0), Verdict::Inconclusive);
        assert_eq!(verdict(1.0, 2.0, 2.5, 2.0), Verdict::Proven);
        assert_eq!(verdict(1.0, 0.3, 0.49, 2.0), Verdict::Refuted);
        // A claimed tenfold is far beyond that noise and can be missed in it.
        assert_eq!(verdict(10.0, 1.1, 1.3, 2.0), Verdict::Refuted);
    }

    #[test]
    fn a_permitted_slowdown() {
        // At most 1.2 times as slow: ratio ≥ 0.83.
        assert_eq!(verdict(0.83, 0.83, 1.1, 1.05), Verdict::Proven);
        assert_eq!(verdict(0.83, 0.7, 0.82, 1.05), Verdict::Refuted);
        assert_eq!(verdict(0.83, 0.7, 0.9, 1.05), Verdict::Inconclusive);
        assert_eq!(verdict(0.83, 0.9, 1.1, 1.5), Verdict::Inconclusive);
        assert_eq!(verdict(0.83, 0.7, 0.82, 1.5), Verdict::Inconclusive);
        // The same work can't be slower either: no refutation from the plan.
        assert_eq!(judge_ratio(0.83, Some(&ratio(0.9, 1.1)), Some(1.05), true).verdict, Verdict::Proven);
    }

    #[test]
    fn the_same_work_is_no_improvement_whatever_the_clock_says() {
        let judgement = judge_ratio(1.0, Some(&ratio(1.1, 1.3)), Some(1.01), true);
        assert_eq!(judgement.verdict, Verdict::Refuted);
        assert_eq!(
            judgement.reason,
            "the plan is the baseline's, with the same buffers: nothing in it could be faster; ratio 1.20 (1.10–1.30)"
        );
        assert_eq!(judge_ratio(1.0, None, None, true).verdict, Verdict::Refuted);
    }

    #[test]
    fn nothing_is_decided_without_rounds_or_without_a_noise_floor() {
        let none = judge_ratio(1.0, None, Some(1.01), false);
        assert_eq!(
            (none.verdict, none.reason.as_str()),
            (Verdict::Inconclusive, "a ratio needs 8 rounds in both variants")
        );
        let blind = judge_ratio(1.0, Some(&ratio(40.0, 50.0)), None, false);
        assert_eq!(blind.verdict, Verdict::Inconclusive);
        assert!(
            blind.reason.ends_with("no A/A comparison says how much of that is noise"),
            "{}",
            blind.reason
        );
    }

    #[test]
    fn reasons_carry_the_figures() {
        let said = |low, high, floor| judge_ratio(1.0, Some(&ratio(low, high)), Some(floor), false).reason;
        assert_eq!(said(2.0, 8.0, 1.02), "ratio 4.00 (2.00–8.00) reaches 1.05 (noise floor 1.02)");
        assert_eq!(said(0.9, 1.0, 1.02), "ratio 0.949 (0.900–1.00) does not reach 1.05 (noise floor 1.02)");
        assert_eq!(
            said(1.1, 1.3, 2.0),
            "ratio 1.20 (1.10–1.30) against 1.05, but that is within the noise (noise floor 2.00)"
        );
        assert_eq!(
            said(1.0, 1.21, 1.02),
            "ratio 1.10 (1.00–1.21) may lie on either side of 1.05 after 12 rounds (noise floor 1.02)"
        );
    }

    proptest! {
        #[test]
        fn a_laxer_target_is_never_judged_worse(
            low in 0.2f64..3.0, width in 1.0f64..2.0, floor in 1.0f64..2.0, above in 0.2f64..4.0, step in 0.0f64..1.0,
        ) {
            let rank = |above| match verdict(above, low, low * width, floor) {
                Verdict::Refuted => 0,
                Verdict::Inconclusive => 1,
                Verdict::Proven => 2,
                other => panic!("{other} is no verdict on a ratio"),
            };
            prop_assert!(rank(above + step) <= rank(above));
        }

        #[test]
        fn more_noise_never_decides_more(
            low in 0.2f64..3.0, width in 1.0f64..2.0, floor in 1.0f64..2.0, above in 0.2f64..4.0, step in 0.0f64..1.0,
        ) {
            let noisy = verdict(above, low, low * width, floor + step);
            prop_assert!(noisy == Verdict::Inconclusive || noisy == verdict(above, low, low * width, floor));
        }
    }
}
