//! EXPLAIN as data: what PostgreSQL 15 to 18 say of a plan in JSON, parsed, asked and shown.
//!
//! [`parse`] reads the output of `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)`, with or without SETTINGS, ANALYZE or
//! the figures that a version lacks. [`mod@facts`] extracts what claims are judged by, [`shape`] compares plans, [`text`]
//! writes them as EXPLAIN itself does, [`diff`] lays two side by side.
//!
//! **What a plan hides**: statements inside functions have plans of their own, which EXPLAIN doesn't show. Their
//! buffers are counted where the function is called ([`Node::buffers`] are cumulative), their scans and indexes
//! are not seen; [`facts::hidden_functions`] names what can be known of them. Buffers of AFTER triggers are counted
//! nowhere.

pub mod diff;
pub mod facts;
pub mod shape;
pub mod text;

use std::fmt;

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};

pub use diff::{DiffLine, Mark, side_by_side};
pub use facts::{facts, merge_worst};
pub use shape::{same_shape, same_work};
pub use text::render;

/// Why EXPLAIN output can't be read.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error("EXPLAIN output is not what PostgreSQL 15 to 18 write in FORMAT JSON: {0}")]
    Format(#[from] serde_json::Error),
    /// A rewrite rule made several statements of one; none of their plans is the statement's.
    #[error("EXPLAIN returned {0} plans for one statement; a statement that rules rewrite can't be measured")]
    NotOne(usize),
}

/// One statement's EXPLAIN.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Explained {
    #[serde(rename = "Plan")]
    pub plan: Node,
    /// Settings that differ from their defaults and bear on planning.
    #[serde(rename = "Settings", default)]
    pub settings: IndexMap<String, String>,
    /// What planning touched in the catalogs; part of no figure of the plan.
    #[serde(rename = "Planning", default)]
    pub planning: Buffers,
    #[serde(rename = "Planning Time")]
    pub planning_ms: Option<f64>,
    #[serde(rename = "Triggers", default)]
    pub triggers: Vec<Trigger>,
    #[serde(rename = "Execution Time")]
    pub execution_ms: Option<f64>,
}

/// One node of a plan with all below it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Node {
    #[serde(rename = "Node Type")]
    pub node_type: String,
    /// How the parent sees it: `Outer`, `Inner`, `InitPlan`, `SubPlan`, `Member`, `Subquery`.
    #[serde(rename = "Parent Relationship")]
    pub parent_relationship: Option<String>,
    #[serde(rename = "Subplan Name")]
    pub subplan_name: Option<String>,
    /// Of a ModifyTable: `Insert`, `Update`, `Delete`, `Merge`.
    #[serde(rename = "Operation")]
    pub operation: Option<String>,
    #[serde(rename = "Strategy")]
    pub strategy: Option<String>,
    #[serde(rename = "Partial Mode")]
    pub partial_mode: Option<String>,
    #[serde(rename = "Parallel Aware", default)]
    pub parallel_aware: bool,
    #[serde(rename = "Join Type")]
    pub join_type: Option<String>,
    #[serde(rename = "Scan Direction")]
    pub scan_direction: Option<String>,
    #[serde(rename = "Relation Name")]
    pub relation: Option<String>,
    #[serde(rename = "Alias")]
    pub alias: Option<String>,
    #[serde(rename = "Index Name")]
    pub index: Option<String>,
    #[serde(rename = "Function Name")]
    pub function: Option<String>,
    #[serde(rename = "CTE Name")]
    pub cte: Option<String>,
    #[serde(rename = "Startup Cost")]
    pub startup_cost: Option<f64>,
    #[serde(rename = "Total Cost")]
    pub total_cost: Option<f64>,
    #[serde(rename = "Plan Rows")]
    pub plan_rows: Option<Number>,
    #[serde(rename = "Plan Width")]
    pub plan_width: Option<u64>,
    #[serde(rename = "Actual Startup Time")]
    pub actual_startup_ms: Option<f64>,
    #[serde(rename = "Actual Total Time")]
    pub actual_total_ms: Option<f64>,
    /// A mean over the loops: whole up to PostgreSQL 17, with two decimals from 18 on.
    #[serde(rename = "Actual Rows")]
    pub actual_rows: Option<Number>,
    /// Absent without ANALYZE; 0 when it was never executed.
    #[serde(rename = "Actual Loops")]
    pub actual_loops: Option<u64>,
    /// Cumulative: those of the nodes below are in it, and those of functions it calls.
    #[serde(flatten)]
    pub buffers: Buffers,
    #[serde(rename = "Plans", default)]
    pub plans: Vec<Node>,
    /// All other keys, as they are: conditions, sort keys, methods, what later versions add.
    #[serde(flatten)]
    pub details: Map<String, Value>,
}

/// Blocks by kind; all zero when BUFFERS was not asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Buffers {
    #[serde(rename = "Shared Hit Blocks")]
    pub shared_hit: u64,
    #[serde(rename = "Shared Read Blocks")]
    pub shared_read: u64,
    #[serde(rename = "Shared Dirtied Blocks")]
    pub shared_dirtied: u64,
    #[serde(rename = "Shared Written Blocks")]
    pub shared_written: u64,
    #[serde(rename = "Local Hit Blocks")]
    pub local_hit: u64,
    #[serde(rename = "Local Read Blocks")]
    pub local_read: u64,
    #[serde(rename = "Local Dirtied Blocks")]
    pub local_dirtied: u64,
    #[serde(rename = "Local Written Blocks")]
    pub local_written: u64,
    #[serde(rename = "Temp Read Blocks")]
    pub temp_read: u64,
    #[serde(rename = "Temp Written Blocks")]
    pub temp_written: u64,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Trigger {
    #[serde(rename = "Trigger Name")]
    pub name: String,
    /// Set when it enforces a constraint.
    #[serde(rename = "Constraint Name")]
    pub constraint: Option<String>,
    #[serde(rename = "Time")]
    pub ms: Option<f64>,
    #[serde(rename = "Calls", deserialize_with = "whole")]
    pub calls: u64,
}

/// Reads the single value that `EXPLAIN (… FORMAT JSON)` returns.
///
/// # Errors
/// [`PlanError`] when it is something else, or holds not exactly one plan.
pub fn parse(explain: &Value) -> Result<Explained, PlanError> {
    let mut plans = Vec::<Explained>::deserialize(explain)?;
    match (plans.pop(), plans.len()) {
        (Some(plan), 0) => Ok(plan),
        (None, _) => Err(PlanError::NotOne(0)),
        (Some(_), others) => Err(PlanError::NotOne(others + 1)),
    }
}

impl Explained {
    /// Whether it was executed. Without, figures of buffers and rows are absent, not zero: don't judge by them.
    pub fn analyzed(&self) -> bool {
        self.plan.actual_loops.is_some()
    }

    /// All nodes, outermost first, in the order EXPLAIN writes them.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.plan.walk()
    }
}

impl Node {
    /// This node and all below it.
    pub fn walk(&self) -> impl Iterator<Item = &Node> {
        let mut pending = vec![self];
        std::iter::from_fn(move || {
            let node = pending.pop()?;
            pending.extend(node.plans.iter().rev());
            Some(node)
        })
    }

    /// A detail as text; lists joined by commas as EXPLAIN does.
    pub fn detail(&self, key: &str) -> Option<String> {
        match self.details.get(key)? {
            Value::String(text) => Some(text.clone()),
            Value::Array(items) => Some(items.iter().map(scalar).collect::<Vec<_>>().join(", ")),
            other => Some(scalar(other)),
        }
    }

    /// A detail that counts something.
    pub fn count(&self, key: &str) -> Option<u64> {
        let value = self.details.get(key)?;
        value.as_u64().or_else(|| value.as_f64().map(|value| value.round() as u64))
    }
}

impl Buffers {
    /// Shared buffers the plan asked for, found in memory or not: what "buffers" means in claims.
    pub fn shared(&self) -> u64 {
        self.shared_hit + self.shared_read
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Counts that some versions write with decimals.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    f64::deserialize(deserializer).map(|count| count.round() as u64)
}

impl fmt::Display for Explained {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&render(self))
    }
}

#[cfg(test)]
pub(crate) mod fixtures {
    //! Real output, collected by `fixtures/collect.sh`.

    use super::*;

    /// The file `NAME.pgNN.json` or `.txt`.
    pub fn read(file: &str) -> String {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/plan/fixtures").join(file);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub fn plan(name: &str) -> Explained {
        parse(&serde_json::from_str(&read(&format!("{name}.json"))).unwrap()).unwrap()
    }

    /// Every plan there is, by name.
    pub fn names() -> Vec<String> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/plan/fixtures");
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
            .collect();
        names.sort();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_collected_plan_is_read() {
        let names = fixtures::names();
        assert!(names.len() > 30, "{names:?}");
        for name in names {
            let plan = fixtures::plan(&name);
            assert_eq!(plan.analyzed(), !name.starts_with("generic"), "{name}");
            assert!(plan.plan.total_cost.is_some(), "{name}");
        }
    }

    #[test]
    fn figures_of_a_plan() {
        for (name, rows) in [("page.pg15", "50"), ("page.pg18", "50.0")] {
            let plan = fixtures::plan(name);
            let limit = &plan.plan;
            assert_eq!((limit.node_type.as_str(), limit.actual_loops), ("Limit", Some(1)));
            assert_eq!(limit.actual_rows.as_ref().unwrap().to_string(), rows);
            assert!(limit.buffers.shared() > 40 && plan.execution_ms > Some(0.0));
            let scan = &limit.plans[0];
            assert_eq!(scan.index.as_deref(), Some("job_queue_user_idx"));
            assert_eq!(scan.detail("Index Cond").as_deref(), Some("(user_id = 7)"));
        }
    }

    #[test]
    fn planning_has_its_own_buffers() {
        for name in ["cold.pg15", "cold.pg18"] {
            let plan = fixtures::plan(name);
            assert!(plan.planning.shared() > plan.plan.buffers.shared(), "{name}: catalogs are read first");
        }
        assert_eq!(fixtures::plan("generic.pg15").planning, Buffers::default());
    }

    #[test]
    fn nodes_come_in_the_order_of_explain() {
        let plan = fixtures::plan("cte_init.pg15");
        let types: Vec<&str> = plan.nodes().map(|node| node.node_type.as_str()).collect();
        assert_eq!(types[..3], ["Limit", "Bitmap Heap Scan", "Bitmap Index Scan"]);
        assert_eq!(types.last(), Some(&"Index Scan"));
        assert_eq!(types.len(), 9);
    }

    #[test]
    fn triggers_are_read() {
        let plan = fixtures::plan("insert_conflict.pg15");
        assert_eq!(plan.triggers[0].constraint.as_deref(), Some("job_log_job_id_fkey"));
        assert_eq!((plan.triggers[0].calls, plan.triggers[0].ms), (1, None));
    }

    #[test]
    fn what_is_no_single_plan_is_refused() {
        let refused = |json: Value| parse(&json).unwrap_err().to_string();
        let plan = serde_json::json!({ "Plan": { "Node Type": "Result" } });
        assert!(parse(&serde_json::json!([plan.clone()])).is_ok());
        assert!(refused(serde_json::json!([])).starts_with("EXPLAIN returned 0 plans"));
        assert!(refused(serde_json::json!([plan.clone(), plan])).starts_with("EXPLAIN returned 2 plans"));
        assert!(refused(serde_json::json!("Seq Scan")).contains("not what PostgreSQL 15 to 18 write"));
        assert!(refused(serde_json::json!([{ "Plan": {} }])).contains("missing field `Node Type`"));
    }
}
