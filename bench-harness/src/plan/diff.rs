//! Two plans side by side.

use schemars::JsonSchema;
use serde::Serialize;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::Explained;
use super::shape::without_constants;
use super::text::{Line, lines};

/// How the two sides of a line relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// The same on both sides, figures included.
    Same,
    /// The same step with other figures or constants.
    Figures,
    /// Another step in the same place.
    Changed,
    /// On the left only.
    Left,
    /// On the right only.
    Right,
}

/// One line of the comparison; at least one side is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DiffLine {
    pub mark: Mark,
    pub left: Option<String>,
    pub right: Option<String>,
}

/// Aligns the trees of two plans line by line, by what each step does; its figures and constants play no part.
pub fn side_by_side(left: &Explained, right: &Explained) -> Vec<DiffLine> {
    let (left, right) = (lines(left), lines(right));
    let keys = |lines: &[Line]| -> Vec<String> {
        // Indentation is part of a step: the same scan one level deeper belongs to another parent.
        lines.iter().map(|line| format!("{} {}", line.indent, without_constants(&line.label))).collect()
    };
    let mut compared = Vec::new();
    for step in capture_diff_slices(Algorithm::Myers, &keys(&left), &keys(&right)) {
        let (left, right) = (&left[step.old_range()], &right[step.new_range()]);
        let matching = matches!(step, DiffOp::Equal { .. });
        for row in 0..left.len().max(right.len()) {
            let [left, right] = [left, right].map(|side| side.get(row).map(Line::text));
            let mark = match (&left, &right) {
                (Some(left), Some(right)) if left == right => Mark::Same,
                (Some(_), Some(_)) if matching => Mark::Figures,
                (Some(_), Some(_)) => Mark::Changed,
                (_, None) => Mark::Left,
                (None, _) => Mark::Right,
            };
            compared.push(DiffLine { mark, left, right });
        }
    }
    compared
}

#[cfg(test)]
mod tests {
    use super::super::{fixtures, render};
    use super::*;

    fn shown(left: &str, right: &str) -> String {
        let line = |line: DiffLine| {
            let mark = match line.mark {
                Mark::Same => ' ',
                Mark::Figures => '~',
                Mark::Changed => '!',
                Mark::Left => '<',
                Mark::Right => '>',
            };
            let [left, right] = [line.left, line.right].map(Option::unwrap_or_default);
            format!("{mark} {left:<110} | {right}").trim_end().to_owned()
        };
        let lines = side_by_side(&fixtures::plan(left), &fixtures::plan(right));
        lines.into_iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_sort_that_an_index_spares() {
        insta::assert_snapshot!(shown("pickup_sort.pg15", "pickup_index.pg15"));
    }

    #[test]
    fn the_same_plan_with_other_figures() {
        let mut other = fixtures::plan("page.pg15");
        other.plan.plans[0].buffers.shared_hit = 9_999;
        let compared = side_by_side(&fixtures::plan("page.pg15"), &other);
        let differing: Vec<_> = compared.iter().filter(|line| line.mark != Mark::Same).collect();
        assert_eq!(differing.len(), 1, "{differing:?}");
        assert_eq!(differing[0].mark, Mark::Figures);
        assert_eq!(differing[0].right.as_deref(), Some("        Buffers: shared hit=9999"));
    }

    #[test]
    fn every_line_of_both_plans_is_there_once_and_in_order() {
        for (left, right) in [("cte_init.pg15", "update_locked.pg18"), ("hash_agg.pg15", "parallel.pg15")] {
            let (left, right) = (fixtures::plan(left), fixtures::plan(right));
            let compared = side_by_side(&left, &right);
            let column = |side: fn(&DiffLine) -> Option<&String>| -> Vec<&String> {
                compared.iter().filter_map(side).collect()
            };
            let tree = |plan| -> Vec<String> { lines(plan).iter().map(Line::text).collect() };
            assert_eq!(column(|line| line.left.as_ref()), tree(&left).iter().collect::<Vec<_>>());
            assert_eq!(column(|line| line.right.as_ref()), tree(&right).iter().collect::<Vec<_>>());
            assert!(render(&left).starts_with(&tree(&left).join("\n")));
        }
    }
}
