//! Whether two plans do the same.

use super::{Explained, Node};

/// Details that make a plan what it is, beside node types, tables and indexes.
const TELLING_DETAILS: [&str; 14] = [
    "Index Cond",
    "Recheck Cond",
    "Filter",
    "Order By",
    "Hash Cond",
    "Merge Cond",
    "Join Filter",
    "TID Cond",
    "One-Time Filter",
    "Sort Key",
    "Presorted Key",
    "Group Key",
    "Cache Key",
    "Command",
];

/// The same nodes on the same tables and indexes with the same conditions, whatever the figures. Constants don't
/// count: the same plan for another parameter is the same plan.
pub fn same_shape(left: &Explained, right: &Explained) -> bool {
    same_node(&left.plan, &right.plan)
}

/// The same shape, touching the same number of shared buffers, both executed, and nothing hidden in functions: then
/// neither can be faster than the other by its plan.
pub fn same_work(left: &Explained, right: &Explained) -> bool {
    let open = |plan: &Explained| plan.analyzed() && super::facts::hidden_functions(plan).is_empty();
    open(left)
        && open(right)
        && same_shape(left, right)
        && left.plan.buffers.shared() == right.plan.buffers.shared()
}

fn same_node(left: &Node, right: &Node) -> bool {
    let names = |node: &Node| {
        [
            Some(node.node_type.clone()),
            node.parent_relationship.clone(),
            node.operation.clone(),
            node.strategy.clone(),
            node.partial_mode.clone(),
            node.join_type.clone(),
            node.scan_direction.clone(),
            node.relation.clone(),
            node.index.clone(),
            node.function.clone(),
            node.cte.clone(),
        ]
    };
    let conditions =
        |node: &Node| TELLING_DETAILS.map(|key| node.detail(key).map(|text| without_constants(&text)));
    left.parallel_aware == right.parallel_aware
        && names(left) == names(right)
        && conditions(left) == conditions(right)
        && left.plans.len() == right.plans.len()
        && left.plans.iter().zip(&right.plans).all(|(left, right)| same_node(left, right))
}

/// The text with every literal (`'…'`, number, `$1`) replaced by `?`. Digits in names stay.
pub(super) fn without_constants(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut in_name = false;
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                // A quoted name, to its end; a doubled quote inside merely starts it again.
                plain.push('"');
                for inner in characters.by_ref() {
                    plain.push(inner);
                    if inner == '"' {
                        break;
                    }
                }
            }
            '\'' => {
                while let Some(inner) = characters.next() {
                    if inner == '\'' && characters.next_if_eq(&'\'').is_none() {
                        break;
                    }
                }
                plain.push('?');
            }
            '$' | '0'..='9' if !in_name => {
                while characters.next_if(|next| next.is_ascii_digit() || *next == '.').is_some() {}
                plain.push('?');
            }
            other => plain.push(other),
        }
        in_name = character.is_alphanumeric() && (in_name || character.is_alphabetic()) || character == '_';
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::plan;
    use super::*;

    #[test]
    fn constants_are_left_out_and_names_kept() {
        let plain = |text| without_constants(text);
        assert_eq!(plain("(user_id = 7)"), "(user_id = ?)");
        assert_eq!(plain("(params @> '{\"k\": 7, \"o''k\": 1}'::jsonb)"), "(params @> ?::jsonb)");
        assert_eq!(plain("((a1 = $2) AND (t_1.b2 < 3.25))"), "((a1 = ?) AND (t_1.b2 < ?))");
        assert_eq!(plain("(\"ANY_subquery 2\".id = -5)"), "(\"ANY_subquery 2\".id = -?)");
        assert_eq!(plain("(col2 = ANY ('{3,9}'::integer[]))"), "(col2 = ANY (?::integer[]))");
    }

    #[test]
    fn figures_and_parameters_make_no_other_shape() {
        let (left, mut right) = (plan("page.pg15"), plan("page.pg15"));
        right.plan.buffers.shared_hit += 1;
        right.plan.plans[0].details.insert("Index Cond".into(), "(user_id = 8)".into());
        assert!(same_shape(&left, &right));
        assert!(!same_work(&left, &right));
        assert!(same_work(&left, &left));
    }

    #[test]
    fn indexes_conditions_and_nodes_do() {
        let left = plan("page.pg15");
        let changed = |change: fn(&mut Node)| {
            let mut right = left.clone();
            change(&mut right.plan.plans[0]);
            same_shape(&left, &right)
        };
        assert!(changed(|_| {}));
        assert!(!changed(|scan| scan.index = Some("other_idx".into())));
        assert!(!changed(|scan| scan.node_type = "Index Only Scan".into()));
        // The same name on other columns: what was a condition is now a filter.
        assert!(!changed(|scan| {
            scan.details.insert("Index Cond".into(), "(status = 'failed'::text)".into());
        }));
        assert!(!changed(|scan| scan.plans.push(scan.clone())));
        assert!(!same_shape(&plan("pickup_sort.pg15"), &plan("pickup_index.pg15")));
    }

    #[test]
    fn versions_may_agree() {
        assert!(same_shape(&plan("page.pg15"), &plan("page.pg18")));
    }

    #[test]
    fn what_is_hidden_or_not_executed_is_not_known_to_be_the_same_work() {
        let function = plan("function.pg15");
        assert!(same_shape(&function, &function) && !same_work(&function, &function));
        let generic = plan("generic.pg15");
        assert!(same_shape(&generic, &generic) && !same_work(&generic, &generic));
    }
}
