//! A latency target: a statistic of client-observed time must lie under a number of milliseconds.

use std::time::Duration;

use super::figures::{apart_from, counted, grouped, number};
use super::{Judgement, Verdict};
use crate::stats::{MIN_ROUNDS, StatisticBounds};
use crate::workload::model::Statistic;

/// More rounds than this are no advice.
const MOST_ROUNDS_ADVISED: f64 = 1_000.0;

/// `statistic < below_ms`, from the bounds of that statistic.
///
/// Proven when the upper bound is below the target, refuted when the lower bound reaches it; a lower bound alone
/// can refute. `round_trip_ms`, the median of `SELECT 1`, makes a target below it infeasible, unless the
/// measurement itself proves that it can be met.
pub fn judge_latency(
    statistic: Statistic,
    below_ms: f64,
    bounds: &StatisticBounds,
    round_trip_ms: Option<f64>,
) -> Judgement {
    let name = statistic.name();
    let beyond = |bound: Option<f64>, holds: fn(&f64, &f64) -> bool| {
        bound.is_some_and(|bound| holds(&bound, &below_ms))
    };
    if beyond(bounds.high_ms, f64::lt) {
        return Judgement::new(
            Verdict::Proven,
            format!("{name} {} is under {below_ms} ms", with_bounds(bounds, below_ms)),
        );
    }
    if let Some(floor) = round_trip_ms.filter(|floor| below_ms < *floor) {
        let [floor] = apart_from(below_ms, [floor]);
        return Judgement::new(
            Verdict::Infeasible,
            format!(
                "{below_ms} ms is less than an empty round trip takes here (SELECT 1: median {floor} ms); {name} is {}",
                with_bounds(bounds, below_ms)
            ),
        );
    }
    if beyond(bounds.low_ms, f64::ge) {
        return Judgement::new(
            Verdict::Refuted,
            format!("{name} {} is not under {below_ms} ms", with_bounds(bounds, below_ms)),
        );
    }
    Judgement::new(Verdict::Inconclusive, undecided(name, below_ms, bounds))
}

/// An execution was cancelled after `timeout`. With a latency target below that, this is the answer; any other
/// target stays open.
pub fn judge_timeout(timeout: Duration, below_ms: Option<f64>) -> Judgement {
    let seconds = timeout.as_secs_f64();
    match below_ms.filter(|below_ms| *below_ms <= seconds * 1e3) {
        Some(below_ms) => Judgement::new(
            Verdict::Refuted,
            format!("an execution did not end within {seconds} s, the target is under {below_ms} ms"),
        ),
        None => Judgement::new(Verdict::Inconclusive, format!("an execution did not end within {seconds} s")),
    }
}

/// `2.31 ms (2.10–2.61)`
fn with_bounds(bounds: &StatisticBounds, target: f64) -> String {
    let estimate = bounds.estimate_ms;
    match (bounds.low_ms, bounds.high_ms) {
        (Some(low), Some(high)) => {
            let [estimate, low, high] = apart_from(target, [estimate, low, high]);
            format!("{estimate} ms ({low}–{high})")
        }
        (Some(low), None) => {
            let [estimate, low] = apart_from(target, [estimate, low]);
            format!("{estimate} ms (at least {low})")
        }
        (None, Some(high)) => {
            let [estimate, high] = apart_from(target, [estimate, high]);
            format!("{estimate} ms (at most {high})")
        }
        (None, None) => format!("{} ms (no interval yet)", number(estimate, 3)),
    }
}

/// Why it is undecided and what would decide it.
fn undecided(name: &str, below_ms: f64, bounds: &StatisticBounds) -> String {
    let seen = format!("{name} {}, target under {below_ms} ms: ", with_bounds(bounds, below_ms));
    if (bounds.rounds as usize) < MIN_ROUNDS {
        let rounds = counted(u64::from(bounds.rounds), "round", "rounds");
        return format!("{seen}{rounds} done, an interval needs {MIN_ROUNDS}");
    }
    let (Some(low), Some(high)) = (bounds.low_ms, bounds.high_ms) else {
        let short = bounds.samples_needed as f64 / bounds.effective_samples.max(1) as f64;
        return format!(
            "{seen}{} in {} rounds are worth {} independent ones, a bound needs {}; about {} more in further rounds would do",
            counted(bounds.samples, "execution", "executions"),
            bounds.rounds,
            grouped(bounds.effective_samples),
            grouped(bounds.samples_needed),
            counted(
                ((short - 1.0) * bounds.samples as f64).ceil().max(1.0) as u64,
                "execution",
                "executions"
            ),
        );
    };
    // Intervals shrink with the root of the number of rounds; only the arm towards the target matters.
    let (arm, distance) = if bounds.estimate_ms < below_ms {
        (high - bounds.estimate_ms, below_ms - bounds.estimate_ms)
    } else {
        (bounds.estimate_ms - low, bounds.estimate_ms - below_ms)
    };
    let rounds = f64::from(bounds.rounds);
    let needed = (rounds * (arm / distance).powi(2)).ceil().max(rounds + 1.0);
    if needed <= MOST_ROUNDS_ADVISED {
        format!("{seen}{rounds} rounds leave it open, about {needed} would tell")
    } else {
        format!("{seen}too near to the target to be told from it by more rounds ({rounds} done)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bounds(low: Option<f64>, estimate: f64, high: Option<f64>) -> StatisticBounds {
        StatisticBounds {
            estimate_ms: estimate,
            low_ms: low,
            high_ms: high,
            samples: 400,
            effective_samples: 300,
            samples_needed: 72,
            rounds: 16,
        }
    }

    fn measured() -> StatisticBounds {
        bounds(Some(2.1), 2.31, Some(2.61))
    }

    fn judge(below_ms: f64, bounds: &StatisticBounds) -> Judgement {
        judge_latency(Statistic::P95, below_ms, bounds, Some(0.05))
    }

    #[test]
    fn the_far_end_proves() {
        assert_eq!(
            judge(5.0, &measured()),
            Judgement::new(Verdict::Proven, "p95 2.31 ms (2.10–2.61) is under 5 ms")
        );
    }

    #[test]
    fn the_near_end_refutes() {
        assert_eq!(
            judge(2.0, &measured()),
            Judgement::new(Verdict::Refuted, "p95 2.31 ms (2.10–2.61) is not under 2 ms")
        );
    }

    #[test]
    fn under_means_under() {
        assert_eq!(judge(2.61, &measured()).verdict, Verdict::Inconclusive);
        assert_eq!(judge(2.611, &measured()).verdict, Verdict::Proven);
        assert_eq!(judge(2.1, &measured()).verdict, Verdict::Refuted);
        assert_eq!(judge(2.101, &measured()).verdict, Verdict::Inconclusive);
    }

    #[test]
    fn undecided_says_how_many_rounds_would_tell() {
        // 0.30 towards a target 0.19 away: 16 × (0.30 / 0.19)² = 39.9.
        assert_eq!(
            judge(2.5, &measured()).reason,
            "p95 2.31 ms (2.10–2.61), target under 2.5 ms: 16 rounds leave it open, about 40 would tell"
        );
        assert_eq!(
            judge(2.31, &measured()).reason,
            "p95 2.31 ms (2.10–2.61), target under 2.31 ms: too near to the target to be told from it by more rounds \
             (16 done)"
        );
    }

    #[test]
    fn a_lower_bound_alone_refutes_but_never_proves() {
        let half = bounds(Some(80.0), 120.0, None);
        assert_eq!(
            judge(50.0, &half),
            Judgement::new(Verdict::Refuted, "p95 120 ms (at least 80.0) is not under 50 ms")
        );
        let few = StatisticBounds { samples: 40, effective_samples: 29, ..half };
        let open = judge(500.0, &few);
        assert_eq!(open.verdict, Verdict::Inconclusive);
        assert_eq!(
            open.reason,
            "p95 120 ms (at least 80.0), target under 500 ms: 40 executions in 16 rounds are worth 29 independent ones, \
             a bound needs 72; about 60 executions more in further rounds would do"
        );
    }

    #[test]
    fn too_few_rounds_decide_nothing() {
        let none = StatisticBounds { rounds: 3, ..bounds(None, 1.0, None) };
        let judgement = judge(100.0, &none);
        assert_eq!(judgement.verdict, Verdict::Inconclusive);
        assert_eq!(
            judgement.reason,
            "p95 1.00 ms (no interval yet), target under 100 ms: 3 rounds done, an interval needs 8"
        );
    }

    #[test]
    fn a_target_below_the_round_trip_is_infeasible_unless_met() {
        let judge = |floor| judge_latency(Statistic::Mean, 2.0, &measured(), floor);
        assert_eq!(judge(Some(2.05)).verdict, Verdict::Infeasible);
        assert_eq!(
            judge(Some(2.05)).reason,
            "2 ms is less than an empty round trip takes here (SELECT 1: median 2.05 ms); mean is 2.31 ms (2.10–2.61)"
        );
        assert_eq!(judge(Some(2.0)).verdict, Verdict::Refuted);
        assert_eq!(judge(None).verdict, Verdict::Refuted);
        assert_eq!(judge_latency(Statistic::Mean, 3.0, &measured(), Some(4.0)).verdict, Verdict::Proven);
    }

    proptest! {
        #[test]
        fn a_laxer_target_is_never_judged_worse(
            (low, estimate, high) in (0.0f64..1.0, 0.0f64..1.0, 0.0f64..1.0).prop_map(|(a, b, c)| (a, a + b, a + b + c)),
            has_high: bool, floor in proptest::option::of(0.0f64..2.0), target in 0.0f64..3.0, step in 0.0f64..1.0,
        ) {
            let bounds = bounds(Some(low), estimate, has_high.then_some(high));
            let rank = |below_ms: f64| match judge_latency(Statistic::P95, below_ms, &bounds, floor).verdict {
                Verdict::Infeasible => 0,
                Verdict::Refuted => 1,
                Verdict::Inconclusive => 2,
                Verdict::Proven => 3,
                other => panic!("{other} is no verdict on latency"),
            };
            prop_assert!(rank(target) <= rank(target + step));
        }
    }

    #[test]
    fn a_timeout_refutes_only_a_target_below_it() {
        let after = |below_ms| judge_timeout(Duration::from_secs(30), below_ms).verdict;
        assert_eq!(after(Some(10.0)), Verdict::Refuted);
        assert_eq!(after(Some(60_000.0)), Verdict::Inconclusive);
        assert_eq!(after(None), Verdict::Inconclusive);
    }
}
