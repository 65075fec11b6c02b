//! Two plans side by side, with the lines that differ in shape marked.

use serde::Serialize;
use similar::{Algorithm, DiffOp, capture_diff_slices};

/// One line of the comparison; a side without a counterpart is None.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct DiffLine {
    pub left: Option<PlanLine>,
    pub right: Option<PlanLine>,
    pub differs: bool,
}

/// A line without its indentation, so that a page can break it and still hang it at its depth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct PlanLine {
    /// Columns.
    pub indent: usize,
    pub text: String,
}

impl PlanLine {
    pub(super) fn of(line: &str) -> PlanLine {
        let text = line.trim_start();
        PlanLine { indent: line.chars().count() - text.chars().count(), text: text.trim_end().to_owned() }
    }
}

/// Lines are compared by what they do: indentation, costs, row counts and timings don't count.
pub(super) fn side_by_side(left: &str, right: &str) -> Vec<DiffLine> {
    let (left, right): (Vec<&str>, Vec<&str>) = (left.lines().collect(), right.lines().collect());
    let shapes = |lines: &[&str]| lines.iter().map(|line| shape(line)).collect::<Vec<_>>();
    let line = |lines: &[&str], at: usize| lines.get(at).map(|line| PlanLine::of(line));
    let mut rows = Vec::new();
    for op in capture_diff_slices(Algorithm::Patience, &shapes(&left), &shapes(&right)) {
        let differs = !matches!(op, DiffOp::Equal { .. });
        let (old, new) = (op.old_range(), op.new_range());
        for at in 0..old.len().max(new.len()) {
            rows.push(DiffLine {
                left: (at < old.len()).then(|| line(&left, old.start + at)).flatten(),
                right: (at < new.len()).then(|| line(&right, new.start + at)).flatten(),
                differs,
            });
        }
    }
    rows
}

/// A plan line without what differs from one execution to the next.
pub(super) fn shape(line: &str) -> String {
    let mut text = line.trim().trim_start_matches("->").trim_start();
    let mut shape = String::new();
    while let Some(open) = text.find("(cost=").into_iter().chain(text.find("(actual ")).min() {
        shape.push_str(text[..open].trim_end());
        text = match text[open..].find(')') {
            Some(close) => &text[open + close + 1..],
            None => "",
        };
    }
    shape.push_str(text.trim_end());
    const MEASURED: [&str; 8] = [
        "Buffers:",
        "Sort Method:",
        "Memory:",
        "Planning",
        "Execution",
        "I/O",
        "Heap Fetches:",
        "Rows Removed",
    ];
    if MEASURED.iter().any(|prefix| shape.starts_with(prefix)) {
        shape.retain(|char| !char.is_ascii_digit());
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_sort_is_the_only_difference() {
        let before = "Limit  (cost=9.1..9.2 rows=1) (actual rows=1)\n  ->  Sort  (cost=9.1..9.2)\n        Sort Key: a\n        ->  Index Scan using i on t  (cost=1..2)\n              Index Cond: (a = 1)";
        let after = "Limit  (cost=0.1..0.2 rows=1) (actual rows=1)\n  ->  Index Scan using i on t  (cost=0..2)\n        Index Cond: (a = 1)";
        let rows = side_by_side(before, after);
        let differing: Vec<_> = rows.iter().filter(|row| row.differs).collect();
        assert_eq!(rows.len(), 5);
        assert_eq!(differing.len(), 2);
        assert!(differing.iter().all(|row| row.right.is_none()), "{differing:?}");
    }

    #[test]
    fn another_condition_is_a_difference_another_timing_is_not() {
        let rows = side_by_side(
            "Index Cond: (a = 1)\nBuffers: shared hit=5",
            "Index Cond: (a = 2)\nBuffers: shared hit=9",
        );
        assert_eq!(rows.iter().map(|row| row.differs).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn every_line_of_both_sides_is_shown_once() {
        let (left, right) = ("a\nb\nc\nd", "x\nb\ny\nz\nd\ne");
        let rows = side_by_side(left, right);
        let lefts: Vec<_> =
            rows.iter().filter_map(|row| row.left.as_ref()).map(|line| line.text.as_str()).collect();
        let rights: Vec<_> =
            rows.iter().filter_map(|row| row.right.as_ref()).map(|line| line.text.as_str()).collect();
        assert_eq!(lefts.join("\n"), left);
        assert_eq!(rights.join("\n"), right);
    }
}
