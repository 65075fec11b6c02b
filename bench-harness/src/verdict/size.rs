//! Less data than the claim speaks of: nothing is proven there, and a miss counts only where more data can't help.

use super::figures::grouped;
use super::{Judgement, Verdict};
use crate::result::SizeFacts;
use crate::workload::load::Target;
use crate::workload::model::Measure;

/// What a miss on less data than claimed says about the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Miss {
    /// It would be missed at the claimed size as well, because of this.
    Stands(&'static str),
    /// It might be met at the claimed size, because of this.
    Open(&'static str),
}

/// Whether a miss at a smaller size refutes the claim.
///
/// A statement's time, and the buffers it touches, do not fall when there is more data: too slow here is too slow
/// there. A rejected statement stays rejected, a broken promise is a counter-example at any size. But an index earns
/// its keep with size: at a few rows a full scan is as good, the planner rightly prefers it, and pages dominate the
/// size of an index.
pub fn miss_at_smaller_size(measure: &Measure) -> Miss {
    match measure {
        Measure::Latency { .. } => Miss::Stands("more data make no statement faster"),
        Measure::Plan(plan)
            if plan.index_only.is_none() && plan.index.is_none() && plan.without.is_empty() =>
        {
            Miss::Stands("more data take no fewer buffers")
        }
        Measure::Accepted { .. } => Miss::Stands("what is rejected on less data is rejected on more"),
        Measure::OpenLoop(_) | Measure::ClosedLoop(_) => match measure.load_target() {
            Some(Target::Ratio { .. }) => Miss::Open("the effect of an index grows with the data"),
            _ => Miss::Stands("more data make no statement faster"),
        },
        Measure::Scenario(_) => Miss::Stands("one counter-example is enough"),
        Measure::Ratio { .. } => Miss::Open("the effect of an index grows with the data"),
        Measure::Plan(_) | Measure::Used { .. } => {
            Miss::Open("the planner may choose otherwise on more data")
        }
        Measure::IndexSize { .. } => Miss::Open("sizes of small indexes are whole pages"),
    }
}

/// Holds a part's judgement against the size it was measured at. At less than nine tenths of the claimed size,
/// `proven` becomes `inconclusive`, and a miss stands or becomes `inconclusive` as `miss` says. Other verdicts and
/// other sizes pass through.
pub fn apply_size(judgement: Judgement, size: &SizeFacts, miss: Miss) -> Judgement {
    let Some(claimed) = size.claimed.filter(|claimed| falls_short(size.held, *claimed)) else {
        return judgement;
    };
    let sizes = format!("{} {} here, {} claimed", grouped(size.held), size.of, grouped(claimed));
    let Judgement { verdict, reason } = judgement;
    match (verdict, miss) {
        (Verdict::Proven, _) => Judgement::new(
            Verdict::Inconclusive,
            format!("met on less data than claimed ({sizes}): {reason}"),
        ),
        (Verdict::Refuted, Miss::Open(why)) => {
            let reason = format!("missed on less data than claimed ({sizes}), but {why}: {reason}");
            Judgement::new(Verdict::Inconclusive, reason)
        }
        (Verdict::Refuted | Verdict::NotRunnable | Verdict::Infeasible, Miss::Stands(why)) => {
            Judgement::new(verdict, format!("{reason}, already on less data than claimed ({sizes}); {why}"))
        }
        _ => Judgement { verdict, reason },
    }
}

/// By more than a tenth.
fn falls_short(held: u64, claimed: u64) -> bool {
    u128::from(held) * 10 < u128::from(claimed) * 9
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATENCY: Miss = Miss::Stands("more data make no statement faster");
    const RATIO: Miss = Miss::Open("the effect of an index grows with the data");

    fn size(held: u64, claimed: Option<u64>) -> SizeFacts {
        SizeFacts { of: "pending jobs".into(), claimed, held, counted: Some(held) }
    }

    fn apply(verdict: Verdict, held: u64, miss: Miss) -> Judgement {
        apply_size(Judgement::new(verdict, "p95 2 ms"), &size(held, Some(10_000)), miss)
    }

    #[test]
    fn less_data_prove_nothing() {
        let judgement = apply(Verdict::Proven, 1_000, LATENCY);
        assert_eq!(judgement.verdict, Verdict::Inconclusive);
        assert_eq!(
            judgement.reason,
            "met on less data than claimed (1 000 pending jobs here, 10 000 claimed): p95 2 ms"
        );
        assert_eq!(apply(Verdict::Proven, 1_000, RATIO).verdict, Verdict::Inconclusive);
    }

    #[test]
    fn a_tenth_less_is_as_claimed() {
        assert_eq!(apply(Verdict::Proven, 9_000, LATENCY), Judgement::new(Verdict::Proven, "p95 2 ms"));
        assert_eq!(apply(Verdict::Proven, 8_999, LATENCY).verdict, Verdict::Inconclusive);
        assert_eq!(apply(Verdict::Proven, 20_000, LATENCY).verdict, Verdict::Proven);
    }

    #[test]
    fn no_claimed_size_is_any_size() {
        let proven = Judgement::new(Verdict::Proven, "p95 2 ms");
        assert_eq!(apply_size(proven.clone(), &size(1, None), LATENCY), proven);
    }

    #[test]
    fn a_miss_stands_where_more_data_can_not_help() {
        let judgement = apply(Verdict::Refuted, 1_000, LATENCY);
        assert_eq!(judgement.verdict, Verdict::Refuted);
        assert_eq!(
            judgement.reason,
            "p95 2 ms, already on less data than claimed (1 000 pending jobs here, 10 000 claimed); more data make no \
             statement faster"
        );
        assert_eq!(apply(Verdict::NotRunnable, 1_000, LATENCY).verdict, Verdict::NotRunnable);
    }

    #[test]
    fn a_miss_is_open_where_it_could() {
        let judgement = apply(Verdict::Refuted, 1_000, RATIO);
        assert_eq!(judgement.verdict, Verdict::Inconclusive);
        assert_eq!(
            judgement.reason,
            "missed on less data than claimed (1 000 pending jobs here, 10 000 claimed), but the effect of an index \
             grows with the data: p95 2 ms"
        );
    }

    #[test]
    fn what_is_not_decided_by_figures_passes_through() {
        for verdict in [Verdict::Skipped, Verdict::Invalid, Verdict::Measured, Verdict::Inconclusive] {
            assert_eq!(apply(verdict, 1, LATENCY), Judgement::new(verdict, "p95 2 ms"));
            assert_eq!(apply(verdict, 1, RATIO), Judgement::new(verdict, "p95 2 ms"));
        }
    }

    #[test]
    fn each_measure_knows_what_its_miss_says() {
        let stands =
            |toml: &str| matches!(miss_at_smaller_size(&toml::from_str(toml).unwrap()), Miss::Stands(_));
        assert!(stands("latency = { statement = 'page', below_ms = 10 }"));
        assert!(stands("plan = { statement = 'page', buffers_at_most = 10 }"));
        assert!(stands("accepted = { statements = 15 }"));
        assert!(stands("scenario = { drain = { statement = 's', oracle = 'o', calls = 3 } }"));
        assert!(!stands("ratio = { statement = 'page', above = 1 }"));
        assert!(!stands("plan = { statement = 'page', buffers_at_most = 10, index = 'i' }"));
        assert!(!stands("used = { indexes = 15 }"));
        assert!(!stands("index_size = { index = 'i', full = '…', smaller_by_percent = 80 }"));
    }
}
