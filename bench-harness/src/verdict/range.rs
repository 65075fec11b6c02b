//! Targets that are ranges, and targets of the form `a → b`.

use super::figures::apart_from;
use super::{Judgement, Verdict};
use crate::stats::Interval;

/// A measured figure with its name and unit.
#[derive(Clone, Copy, Debug)]
pub struct Figure<'a> {
    pub what: &'a str,
    /// e.g. `ms`; empty for a bare number.
    pub unit: &'a str,
    pub estimate: f64,
    pub interval: Interval,
}

impl Figure<'_> {
    /// `p95 2.31 ms (2.10–2.61)`
    fn text(&self, target: f64) -> String {
        let [estimate, low, high] =
            apart_from(target, [self.estimate, self.interval.low, self.interval.high]);
        let unit = if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
        format!("{} {estimate}{unit} ({low}–{high})", self.what)
    }
}

/// Inside the range, both ends included: proven when the whole interval is, refuted when none of it is.
pub fn judge_range(figure: &Figure<'_>, range: Interval) -> Judgement {
    let nearest = if figure.estimate < (range.low + range.high) / 2.0 { range.low } else { range.high };
    let text = figure.text(nearest);
    let wanted = format!("{}–{} {}", range.low, range.high, figure.unit);
    let wanted = wanted.trim_end();
    let Interval { low, high } = figure.interval;
    if range.low <= low && high <= range.high {
        Judgement::new(Verdict::Proven, format!("{text} lies within {wanted}"))
    } else if high < range.low || low > range.high {
        Judgement::new(Verdict::Refuted, format!("{text} lies outside {wanted}"))
    } else {
        Judgement::new(Verdict::Inconclusive, format!("{text} straddles an end of {wanted}"))
    }
}

/// `a → b`: `before` was at least `reaches`, `after` is under `below`.
///
/// Decided only where the baseline shows the trouble the document cures: until `before` is known to reach its
/// figure, whatever `after` shows was measured on another problem.
pub fn judge_transition(before: &Figure<'_>, reaches: f64, after: &Figure<'_>, below: f64) -> Judgement {
    let was = before.text(reaches);
    if before.interval.low < reaches {
        let reason =
            format!("baseline not reproduced: {was}, the document speaks of {reaches} {}", before.unit);
        return Judgement::new(Verdict::Inconclusive, reason.trim_end());
    }
    let target = format!("{below} {}", after.unit);
    let target = target.trim_end();
    let now = after.text(below);
    if after.interval.high < below {
        Judgement::new(Verdict::Proven, format!("from {was} to {now}, under {target}"))
    } else if after.interval.low >= below {
        Judgement::new(Verdict::Refuted, format!("from {was} to {now}, not under {target}"))
    } else {
        Judgement::new(
            Verdict::Inconclusive,
            format!("from {was} to {now}, which may lie on either side of {target}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn figure(low: f64, high: f64) -> Figure<'static> {
        Figure { what: "p95", unit: "ms", estimate: (low + high) / 2.0, interval: Interval { low, high } }
    }

    fn in_range(low: f64, high: f64) -> Verdict {
        judge_range(&figure(low, high), Interval { low: 25.0, high: 40.0 }).verdict
    }

    #[test]
    fn a_range_wants_the_whole_interval_inside() {
        assert_eq!(in_range(25.0, 40.0), Verdict::Proven);
        assert_eq!(in_range(24.9, 30.0), Verdict::Inconclusive);
        assert_eq!(in_range(39.0, 40.1), Verdict::Inconclusive);
        assert_eq!(in_range(20.0, 50.0), Verdict::Inconclusive);
        assert_eq!(in_range(20.0, 25.0), Verdict::Inconclusive);
        assert_eq!(in_range(20.0, 24.9), Verdict::Refuted);
        assert_eq!(in_range(40.1, 44.0), Verdict::Refuted);
    }

    #[test]
    fn reasons_name_the_range_and_the_unit() {
        let range = Interval { low: 25.0, high: 40.0 };
        assert_eq!(
            judge_range(&figure(30.0, 34.0), range).reason,
            "p95 32.0 ms (30.0–34.0) lies within 25–40 ms"
        );
        let bare = Figure { what: "best batch", unit: "", ..figure(100.0, 120.0) };
        assert_eq!(judge_range(&bare, range).reason, "best batch 110 (100–120) lies outside 25–40");
    }

    #[test]
    fn a_transition_needs_its_baseline() {
        let judge = |before: (f64, f64), after: (f64, f64)| {
            judge_transition(&figure(before.0, before.1), 500.0, &figure(after.0, after.1), 50.0)
        };
        assert_eq!(judge((500.0, 600.0), (10.0, 20.0)).verdict, Verdict::Proven);
        assert_eq!(judge((500.0, 600.0), (50.0, 60.0)).verdict, Verdict::Refuted);
        assert_eq!(judge((500.0, 600.0), (40.0, 50.0)).verdict, Verdict::Inconclusive);
        for after in [(10.0, 20.0), (60.0, 70.0)] {
            let judgement = judge((80.0, 90.0), after);
            assert_eq!(judgement.verdict, Verdict::Inconclusive);
            assert_eq!(
                judgement.reason,
                "baseline not reproduced: p95 85.0 ms (80.0–90.0), the document speaks of 500 ms"
            );
        }
        assert_eq!(judge((499.0, 600.0), (10.0, 20.0)).verdict, Verdict::Inconclusive);
        assert_eq!(
            judge((500.0, 600.0), (10.0, 20.0)).reason,
            "from p95 550 ms (500–600) to p95 15.0 ms (10.0–20.0), under 50 ms"
        );
    }

    proptest! {
        #[test]
        fn a_wider_range_is_never_left_having_been_met(
            low in 0.0f64..10.0, width in 0.0f64..5.0, from in 0.0f64..10.0, span in 0.0f64..5.0, more in 0.0f64..3.0,
        ) {
            let rank = |range| match judge_range(&figure(low, low + width), range).verdict {
                Verdict::Refuted => 0,
                Verdict::Inconclusive => 1,
                Verdict::Proven => 2,
                other => panic!("{other} is no verdict on a range"),
            };
            let narrow = rank(Interval { low: from, high: from + span });
            let wide = rank(Interval { low: from - more, high: from + span + more });
            prop_assert!(narrow <= wide);
        }

        #[test]
        fn a_laxer_transition_is_never_judged_worse(low in 0.0f64..10.0, width in 0.0f64..5.0, below in 0.0f64..15.0, step in 0.0f64..5.0) {
            let rank = |below| match judge_transition(&figure(100.0, 110.0), 90.0, &figure(low, low + width), below).verdict {
                Verdict::Refuted => 0,
                Verdict::Inconclusive => 1,
                Verdict::Proven => 2,
                other => panic!("{other} is no verdict on a transition"),
            };
            prop_assert!(rank(below) <= rank(below + step));
        }
    }
}
