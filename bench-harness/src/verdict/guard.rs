//! Guards: what must hold before figures may be judged at all. A failed one makes the measurement `invalid`.

use super::figures::{counted, grouped};
use super::{Judgement, Verdict};
use crate::result::SizeFacts;
use crate::stats::LatencySummary;
use crate::workload::model::RowBounds;

/// Why figures can't be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuardFailure {
    /// A variant that answers something else is not an optimisation.
    #[error("{statement} returns other rows in {variant} than in {baseline}")]
    RowsDiffer { statement: String, variant: String, baseline: String },
    #[error(
        "{statement} returned {} in {variant}, its header allows {} to {}",
        counted(*rows, "row", "rows"), grouped(bounds.min), grouped(bounds.max)
    )]
    RowsOutside { statement: String, variant: String, rows: u64, bounds: RowBounds },
    #[error("the data hold {} {of}, they were meant to hold {}", grouped(*counted), grouped(*held))]
    SizeOff { of: String, held: u64, counted: u64 },
    /// The measurement lost executions. (A budget that ended before there were enough is no fault, and leaves the
    /// claim inconclusive.)
    #[error("{statement} yielded {} where {} were run", counted(*have, "time", "times"), grouped(*needed))]
    TooFewSamples { statement: String, have: u64, needed: u64 },
    #[error(
        "{} of {statement} took less than 1 µs or more than 10 min, beyond what is recorded exactly",
        counted(*saturated, "execution", "executions")
    )]
    Saturated { statement: String, saturated: u64 },
}

impl From<GuardFailure> for Judgement {
    fn from(failure: GuardFailure) -> Self {
        Judgement::new(Verdict::Invalid, failure.to_string())
    }
}

/// The multiset hash of the rows, or their number, in a variant against the baseline's.
///
/// # Errors
/// [`GuardFailure::RowsDiffer`]
pub fn check_same_rows<T: PartialEq>(
    statement: &str,
    (variant, rows): (&str, &T),
    (baseline, baseline_rows): (&str, &T),
) -> Result<(), GuardFailure> {
    if rows == baseline_rows {
        return Ok(());
    }
    let (statement, variant, baseline) = (statement.to_owned(), variant.to_owned(), baseline.to_owned());
    Err(GuardFailure::RowsDiffer { statement, variant, baseline })
}

/// The number of rows of one execution, within the bounds of the query's header.
///
/// # Errors
/// [`GuardFailure::RowsOutside`]
pub fn check_row_bounds(
    statement: &str,
    variant: &str,
    bounds: RowBounds,
    rows: u64,
) -> Result<(), GuardFailure> {
    if (bounds.min..=bounds.max).contains(&rows) {
        return Ok(());
    }
    Err(GuardFailure::RowsOutside {
        statement: statement.to_owned(),
        variant: variant.to_owned(),
        rows,
        bounds,
    })
}

/// What was counted in the loaded data, within a tenth of what they were meant to hold. Passes when nothing was
/// counted: then the size is as declared, and the report shows that it was not counted.
///
/// # Errors
/// [`GuardFailure::SizeOff`]
pub fn check_size(size: &SizeFacts) -> Result<(), GuardFailure> {
    match size.counted {
        Some(counted) if counted.abs_diff(size.held).saturating_mul(10) > size.held => {
            Err(GuardFailure::SizeOff { of: size.of.clone(), held: size.held, counted })
        }
        _ => Ok(()),
    }
}

/// Every execution that was run left a time.
///
/// # Errors
/// [`GuardFailure::TooFewSamples`]
pub fn check_samples(statement: &str, summary: &LatencySummary, executions: u64) -> Result<(), GuardFailure> {
    if summary.samples >= executions {
        return Ok(());
    }
    Err(GuardFailure::TooFewSamples {
        statement: statement.to_owned(),
        have: summary.samples,
        needed: executions,
    })
}

/// No execution beyond the recordable range.
///
/// # Errors
/// [`GuardFailure::Saturated`]
pub fn check_saturation(statement: &str, summary: &LatencySummary) -> Result<(), GuardFailure> {
    match summary.saturated {
        0 => Ok(()),
        saturated => Err(GuardFailure::Saturated { statement: statement.to_owned(), saturated }),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::stats::LegRecorder;

    fn said(outcome: Result<(), GuardFailure>) -> String {
        let judgement = Judgement::from(outcome.unwrap_err());
        assert_eq!(judgement.verdict, Verdict::Invalid);
        judgement.reason
    }

    fn summary(times: &[Duration]) -> LatencySummary {
        let mut recorder = LegRecorder::new();
        times.iter().for_each(|time| recorder.record(*time));
        LatencySummary::from_rounds(&[recorder.finish(1, None).unwrap()], 0.95, 1).unwrap()
    }

    #[test]
    fn other_rows_are_another_question() {
        assert_eq!(check_same_rows("page", ("corrected", &"ab"), ("bare", &"ab")), Ok(()));
        assert_eq!(
            said(check_same_rows("page", ("corrected", &"ab"), ("bare", &"cd"))),
            "page returns other rows in corrected than in bare"
        );
    }

    #[test]
    fn row_bounds_include_their_ends() {
        let check = |rows| check_row_bounds("page", "bare", RowBounds { min: 1, max: 50 }, rows);
        assert_eq!((check(1), check(50)), (Ok(()), Ok(())));
        assert_eq!(said(check(51)), "page returned 51 rows in bare, its header allows 1 to 50");
        assert_eq!(said(check(0)), "page returned 0 rows in bare, its header allows 1 to 50");
    }

    #[test]
    fn a_tenth_beside_the_declared_size_is_allowed() {
        let check = |counted| {
            check_size(&SizeFacts { of: "pending jobs".into(), claimed: Some(10_000), held: 10_000, counted })
        };
        assert_eq!((check(None), check(Some(9_000)), check(Some(11_000))), (Ok(()), Ok(()), Ok(())));
        assert_eq!(
            said(check(Some(8_999))),
            "the data hold 8 999 pending jobs, they were meant to hold 10 000"
        );
        assert!(check(Some(11_001)).is_err());
    }

    #[test]
    fn lost_and_unrecordable_times() {
        let good = summary(&[Duration::from_millis(1); 3]);
        assert_eq!((check_samples("page", &good, 3), check_saturation("page", &good)), (Ok(()), Ok(())));
        assert_eq!(said(check_samples("page", &good, 4)), "page yielded 3 times where 4 were run");
        assert_eq!(
            said(check_saturation("page", &summary(&[Duration::from_secs(601)]))),
            "1 execution of page took less than 1 µs or more than 10 min, beyond what is recorded exactly"
        );
    }
}
