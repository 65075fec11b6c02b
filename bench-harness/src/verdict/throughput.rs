//! A throughput target: so many requests a second at least.

use super::figures::{apart_from, number};
use super::{Judgement, Verdict};
use crate::stats::{MIN_ROUNDS, Throughput};

/// `requests a second ≥ at_least`, from the throughput over rounds; None when not one round gave any.
///
/// Proven when the lower bound reaches the target, refuted when the upper bound does not. `ceiling`, the rate of
/// `SELECT 1` on as many connections, makes a target above it infeasible, unless the measurement itself proves that it
/// can be met.
pub fn judge_throughput(at_least: f64, throughput: Option<&Throughput>, ceiling: Option<f64>) -> Judgement {
    let Some(throughput) = throughput else {
        return Judgement::new(Verdict::Inconclusive, "no round gave a throughput");
    };
    let target = format!("{at_least} requests/s");
    let interval = throughput.interval;
    let seen = match interval {
        Some(interval) => {
            let [estimate, low, high] =
                apart_from(at_least, [throughput.per_second, interval.low, interval.high]);
            format!("{estimate} requests/s ({low}–{high})")
        }
        None => format!("{} requests/s (no interval yet)", number(throughput.per_second, 3)),
    };
    if interval.is_some_and(|interval| interval.low >= at_least) {
        return Judgement::new(Verdict::Proven, format!("{seen} reach {target}"));
    }
    if let Some(ceiling) = ceiling.filter(|ceiling| at_least > *ceiling) {
        let [ceiling] = apart_from(at_least, [ceiling]);
        return Judgement::new(
            Verdict::Infeasible,
            format!(
                "{target} are more than SELECT 1 reaches here ({ceiling} a second on as many connections); {seen}"
            ),
        );
    }
    match interval {
        Some(interval) if interval.high < at_least => {
            Judgement::new(Verdict::Refuted, format!("{seen} do not reach {target}"))
        }
        Some(_) => Judgement::new(
            Verdict::Inconclusive,
            format!("{seen} may lie on either side of {target} after {} rounds", throughput.rounds),
        ),
        None => Judgement::new(
            Verdict::Inconclusive,
            format!(
                "{seen}, target {target}: {} rounds done, an interval needs {MIN_ROUNDS}",
                throughput.rounds
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::Interval;

    fn seen(low: f64, high: f64) -> Throughput {
        Throughput { per_second: (low * high).sqrt(), interval: Some(Interval { low, high }), rounds: 12 }
    }

    fn judge(at_least: f64, low: f64, high: f64) -> Judgement {
        judge_throughput(at_least, Some(&seen(low, high)), Some(1_000.0))
    }

    #[test]
    fn the_far_end_proves_and_the_near_end_refutes() {
        assert_eq!(judge(400.0, 400.0, 441.0).verdict, Verdict::Proven);
        assert_eq!(judge(401.0, 400.0, 441.0).verdict, Verdict::Inconclusive);
        assert_eq!(judge(441.0, 400.0, 441.0).verdict, Verdict::Inconclusive);
        assert_eq!(judge(442.0, 400.0, 441.0).verdict, Verdict::Refuted);
        assert_eq!(judge(400.0, 410.0, 430.0).reason, "420 requests/s (410–430) reach 400 requests/s");
    }

    #[test]
    fn more_than_an_empty_statement_reaches_is_infeasible_unless_it_was_reached() {
        assert_eq!(judge(1_001.0, 400.0, 441.0).verdict, Verdict::Infeasible);
        assert_eq!(judge(1_001.0, 1_001.0, 1_100.0).verdict, Verdict::Proven);
        assert_eq!(judge_throughput(1e9, Some(&seen(400.0, 441.0)), None).verdict, Verdict::Refuted);
    }

    #[test]
    fn without_an_interval_nothing_is_decided() {
        let few = Throughput { per_second: 500.0, interval: None, rounds: 3 };
        assert_eq!(
            judge_throughput(400.0, Some(&few), None).reason,
            "500 requests/s (no interval yet), target 400 requests/s: 3 rounds done, an interval needs 8"
        );
        assert_eq!(judge_throughput(400.0, None, None).verdict, Verdict::Inconclusive);
    }

    proptest! {
        #[test]
        fn a_lower_target_is_never_judged_worse(low in 1.0f64..900.0, width in 0.0f64..90.0, at in 1.0f64..1e3, less in 0.0f64..1e3) {
            let rank = |at_least| match judge(at_least, low, low + width).verdict {
                Verdict::Infeasible | Verdict::Refuted => 0,
                Verdict::Inconclusive => 1,
                Verdict::Proven => 2,
                other => panic!("{other} is no verdict on a throughput"),
            };
            prop_assert!(rank((at - less).max(0.5)) >= rank(at));
        }
    }
}
