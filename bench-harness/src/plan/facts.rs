//! What claims are judged by, extracted from a plan.

use super::{Explained, Node};
use crate::result::evidence::PlanFacts;

/// Nodes that read a table itself. An Index Only Scan is none: it visits the table for freshly changed rows only.
const TABLE_SCANS: [&str; 8] = [
    "Seq Scan",
    "Sample Scan",
    "Index Scan",
    "Bitmap Heap Scan",
    "Tid Scan",
    "Tid Range Scan",
    "Foreign Scan",
    "Custom Scan",
];

/// Nodes that collect what parallel workers found.
const GATHERS: [&str; 2] = ["Gather", "Gather Merge"];

/// Built-in functions in FROM that read no table. Any other may hide scans.
const PURE_FUNCTIONS: [&str; 14] = [
    "generate_series",
    "generate_subscripts",
    "unnest",
    "json_array_elements",
    "json_array_elements_text",
    "json_each",
    "json_each_text",
    "jsonb_array_elements",
    "jsonb_array_elements_text",
    "jsonb_each",
    "jsonb_each_text",
    "regexp_matches",
    "regexp_split_to_table",
    "string_to_table",
];

/// The facts of one plan. Of a plan without ANALYZE, buffers and heap fetches are 0 for want of figures.
///
/// Buffers are the outermost node's, which hold all others' (adding nodes up would count them again and again);
/// planning is not in them. A plan is index-only when it has an Index Only Scan, no other scan of a table, and no
/// call in FROM of a function that could hide one.
pub fn facts(explained: &Explained) -> PlanFacts {
    let nodes = || explained.nodes();
    let mut indexes = Vec::new();
    for index in nodes().filter_map(|node| node.index.as_ref()) {
        if !indexes.contains(index) {
            indexes.push(index.clone());
        }
    }
    PlanFacts {
        nodes: nodes().map(|node| node.node_type.clone()).collect(),
        indexes,
        index_only: nodes().any(|node| node.node_type == "Index Only Scan")
            && !nodes().any(|node| TABLE_SCANS.contains(&node.node_type.as_str()))
            && hidden_functions(explained).is_empty(),
        parallel: nodes().any(|node| GATHERS.contains(&node.node_type.as_str())),
        buffers: explained.plan.buffers.shared(),
        heap_fetches: nodes().filter_map(|node| node.count("Heap Fetches")).sum(),
    }
}

/// Functions called in FROM whose own statements the plan does not show. (Functions called in an expression can't be
/// told from a plan at all.)
pub fn hidden_functions(explained: &Explained) -> Vec<&str> {
    explained
        .nodes()
        .filter(|node| node.node_type == "Function Scan")
        .map(|node| node.function.as_deref().unwrap_or("a function"))
        .filter(|function| !PURE_FUNCTIONS.contains(function))
        .collect()
}

/// Rows that scans and joins read and threw away, over all loops. EXPLAIN writes the mean of the loops, rounded.
pub fn rows_removed(explained: &Explained) -> u64 {
    let of_node = |node: &Node| {
        ["Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck"]
            .iter()
            .filter_map(|key| node.count(key))
            .sum::<u64>()
            * node.actual_loops.unwrap_or(1)
    };
    explained.nodes().map(of_node).sum()
}

/// How each sort was done, outermost first: `top-N heapsort, 25 kB in memory`.
pub fn sorts(explained: &Explained) -> Vec<String> {
    explained
        .nodes()
        .filter_map(|node| {
            let place = if node.detail("Sort Space Type")? == "Disk" { "on disk" } else { "in memory" };
            Some(format!("{}, {} kB {place}", node.detail("Sort Method")?, node.count("Sort Space Used")?))
        })
        .collect()
}

/// One set of facts for the plans that a statement has for several parameters, each at its worst for a claim: nodes
/// that any plan has, indexes that every plan uses, index-only when all are, the most buffers and heap fetches.
/// None of none.
pub fn merge_worst(plans: impl IntoIterator<Item = PlanFacts>) -> Option<PlanFacts> {
    plans.into_iter().reduce(|mut worst, plan| {
        for node in plan.nodes {
            if !worst.nodes.contains(&node) {
                worst.nodes.push(node);
            }
        }
        worst.indexes.retain(|index| plan.indexes.contains(index));
        worst.index_only &= plan.index_only;
        worst.parallel |= plan.parallel;
        worst.buffers = worst.buffers.max(plan.buffers);
        worst.heap_fetches = worst.heap_fetches.max(plan.heap_fetches);
        worst
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::plan;
    use super::*;

    fn of(name: &str) -> PlanFacts {
        facts(&plan(name))
    }

    #[test]
    fn an_index_that_only_spares_the_filter_still_sorts() {
        assert_eq!(of("pickup_sort.pg15").nodes[..2], ["Limit", "Sort"]);
        let mended = of("pickup_index.pg15");
        assert_eq!(mended.nodes, ["Limit", "Index Scan"]);
        assert_eq!(mended.indexes, ["job_queue_pickup_idx"]);
        assert!(mended.buffers < of("pickup_sort.pg15").buffers);
    }

    #[test]
    fn indexes_below_a_bitmap_count_once_each() {
        let facts = of("bitmap_or.pg15");
        assert_eq!(
            facts.nodes,
            ["Aggregate", "Bitmap Heap Scan", "BitmapOr", "Bitmap Index Scan", "Bitmap Index Scan"]
        );
        assert_eq!(facts.indexes, ["job_queue_user_idx"]);
        assert!(!facts.index_only);
        assert_eq!(of("containment.pg15").indexes, ["job_queue_params_idx"]);
    }

    #[test]
    fn index_only_is_said_of_every_scan() {
        assert!(of("index_only.pg15").index_only);
        assert!(of("partitions.pg15").index_only);
        assert!(of("series.pg15").index_only, "generate_series reads no table");
        // One of its scans is a Bitmap Heap Scan.
        assert!(!of("union_all.pg15").index_only);
        assert!(!of("page.pg15").index_only);
        // Nothing to be index-only: an insert scans no table.
        assert!(!of("insert_conflict.pg15").index_only);
    }

    #[test]
    fn a_function_hides_its_scans_but_not_its_buffers() {
        let function = plan("function.pg15");
        assert_eq!(hidden_functions(&function), ["page"]);
        assert!(!facts(&function).index_only);
        assert!(facts(&function).buffers > 90, "the rows it read are in the figure");
        assert!(hidden_functions(&plan("series.pg15")).is_empty());
    }

    #[test]
    fn buffers_are_the_outermost_nodes_and_planning_is_apart() {
        for name in ["cte_init.pg15", "parallel.pg18", "hash_agg.pg15", "update_locked.pg18"] {
            let plan = plan(name);
            let facts = facts(&plan);
            assert_eq!(facts.buffers, plan.plan.buffers.shared_hit + plan.plan.buffers.shared_read, "{name}");
            assert!(
                plan.nodes().all(|node| node.buffers.shared() <= facts.buffers),
                "{name}: a part exceeds the whole"
            );
            let added_up: u64 = plan.nodes().map(|node| node.buffers.shared()).sum();
            assert!(added_up > facts.buffers, "{name} shows no double counting to avoid");
        }
    }

    #[test]
    fn plans_with_workers_say_so() {
        assert!(of("parallel.pg18").parallel);
        assert!(!of("page.pg15").parallel);
    }

    #[test]
    fn heap_fetches_of_pages_changed_since_vacuum() {
        for name in ["index_only_aged.pg15", "index_only_aged.pg18"] {
            assert_eq!(of(name).heap_fetches, 41, "{name}");
            assert!(of(name).index_only);
        }
    }

    #[test]
    fn rows_removed_count_every_loop() {
        assert_eq!(rows_removed(&plan("union_all.pg15")), 100);
        let mut looped = plan("union_all.pg15");
        for node in &mut looped.plan.plans {
            node.actual_loops = Some(3);
        }
        assert_eq!(rows_removed(&looped), 300);
    }

    #[test]
    fn sorts_say_how_and_where() {
        assert_eq!(sorts(&plan("pickup_sort.pg15")), ["top-N heapsort, 25 kB in memory"]);
        let spilled = sorts(&plan("spill.pg15"));
        assert!(
            spilled[0].starts_with("external merge, ") && spilled[0].ends_with(" kB on disk"),
            "{spilled:?}"
        );
        assert!(sorts(&plan("page.pg15")).is_empty());
    }

    #[test]
    fn the_worst_of_several_plans() {
        let one = PlanFacts {
            nodes: vec!["Limit".into(), "Index Only Scan".into()],
            indexes: vec!["a".into(), "b".into()],
            index_only: true,
            parallel: false,
            buffers: 4,
            heap_fetches: 9,
        };
        let other = PlanFacts {
            nodes: vec!["Limit".into(), "Sort".into(), "Seq Scan".into()],
            indexes: vec!["b".into()],
            index_only: false,
            parallel: true,
            buffers: 400,
            heap_fetches: 0,
        };
        let worst = merge_worst([one.clone(), other.clone()]).unwrap();
        assert_eq!(worst.nodes, ["Limit", "Index Only Scan", "Sort", "Seq Scan"]);
        assert_eq!(worst.indexes, ["b"]);
        assert_eq!((worst.index_only, worst.buffers, worst.heap_fetches), (false, 400, 9));
        assert!(worst.parallel, "one plan with workers makes the buffers those without");
        assert_eq!(merge_worst([one.clone()]), Some(one));
        assert_eq!(merge_worst([]), None);
    }
}
