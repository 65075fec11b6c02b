//! Evidence per statement and variant, and the audit of the index files.

use std::sync::LazyLock;

use indexproof::result::evidence::{IndexAudit, PlanEvidence, PlanFacts, Rejection, StatementEvidence};
use indexproof::workload::model::Effect;

use super::samples;

const PICKUP: &str = "SELECT id\nFROM job_queue\nWHERE status = 'pending' AND scheduled_for <= now()\nORDER BY job_priority DESC, scheduled_for, id\nLIMIT 1\nFOR UPDATE SKIP LOCKED";
const STATUS: &str = "SELECT id, status\nFROM job_queue\nWHERE id = $1";
const STATISTICS: &str =
    "SELECT status, count(*), avg(completed_at - started_at)\nFROM job_queue\nGROUP BY status";

fn plan(nodes: &[&str], indexes: &[&str], buffers: u64, text: &str) -> PlanEvidence {
    PlanEvidence {
        mode: "custom".into(),
        facts: PlanFacts {
            nodes: nodes.iter().map(|node| (*node).into()).collect(),
            indexes: indexes.iter().map(|index| (*index).into()).collect(),
            index_only: nodes.last() == Some(&"Index Only Scan"),
            parallel: false,
            buffers,
            heap_fetches: 0,
        },
        plan: serde_json::json!([{ "Plan": { "Node Type": nodes.first() } }]),
        text: text.into(),
    }
}

fn pickup_plan(variant: &str) -> PlanEvidence {
    match variant {
        "bare" => plan(
            &["Limit", "LockRows", "Sort", "Seq Scan"],
            &[],
            31_402,
            "Limit  (cost=48211.02..48211.03 rows=1 width=38) (actual rows=1 loops=1)\n  Buffers: shared hit=31402\n  ->  LockRows  (cost=48211.02..48336.02 rows=10000 width=38) (actual rows=1 loops=1)\n        ->  Sort  (cost=48211.02..48236.02 rows=10000 width=38) (actual rows=1 loops=1)\n              Sort Key: job_priority DESC, scheduled_for, id\n              Sort Method: quicksort  Memory: 1166kB\n              ->  Seq Scan on job_queue  (cost=0.00..48161.00 rows=10000 width=38) (actual rows=10000 loops=1)\n                    Filter: ((status = 'pending') AND (scheduled_for <= now()))\n                    Rows Removed by Filter: 990000",
        ),
        "as-written" => plan(
            &["Limit", "LockRows", "Sort", "Index Scan"],
            &["idx_job_queue_pending_pickup"],
            10_046,
            "Limit  (cost=9120.44..9120.45 rows=1 width=38) (actual rows=1 loops=1)\n  Buffers: shared hit=10046\n  ->  LockRows  (cost=9120.44..9245.44 rows=10000 width=38) (actual rows=1 loops=1)\n        ->  Sort  (cost=9120.44..9145.44 rows=10000 width=38) (actual rows=1 loops=1)\n              Sort Key: job_priority DESC, scheduled_for, id\n              Sort Method: quicksort  Memory: 1166kB\n              ->  Index Scan using idx_job_queue_pending_pickup on job_queue  (cost=0.29..9070.44 rows=10000 width=38) (actual rows=10000 loops=1)\n                    Index Cond: ((status = 'pending') AND (scheduled_for <= now()))",
        ),
        _ => plan(
            &["Limit", "LockRows", "Index Scan"],
            &["idx_job_queue_pending_pickup"],
            4,
            "Limit  (cost=0.29..0.93 rows=1 width=38) (actual rows=1 loops=1)\n  Buffers: shared hit=4\n  ->  LockRows  (cost=0.29..6411.29 rows=10000 width=38) (actual rows=1 loops=1)\n        ->  Index Scan using idx_job_queue_pending_pickup on job_queue  (cost=0.29..6311.29 rows=10000 width=38) (actual rows=1 loops=1)\n              Index Cond: (scheduled_for <= now())",
        ),
    }
}

fn evidence(name: &str, summary: &str, sql: &str, variant: &str) -> StatementEvidence {
    StatementEvidence {
        name: name.into(),
        summary: summary.into(),
        dataset: "queue".into(),
        variant: variant.into(),
        sql: sql.into(),
        effect: Effect::Read,
        latency: None,
        ratio_to_baseline: None,
        plans: vec![],
        rows_hash: Some("9f2c5a0e77b1d4c3".into()),
        rejection: None,
    }
}

/// One statement in the three variants that ran, with the given medians.
fn measured(seed: u64, name: &str, summary: &str, sql: &str, medians: [f64; 3]) -> Vec<StatementEvidence> {
    let mut rows = Vec::new();
    let baseline = samples::latency(seed, medians[0], 0.12);
    for (at, variant) in ["bare", "as-written", "corrected"].into_iter().enumerate() {
        let mut row = evidence(name, summary, sql, variant);
        let latency = samples::latency(seed + at as u64, medians[at], 0.12 + 0.08 * at as f64);
        row.ratio_to_baseline = (at > 0).then(|| samples::ratio(&baseline, &latency));
        row.latency = Some(latency);
        rows.push(row);
    }
    rows
}

/// Drawn once: thousands of samples each.
pub fn all() -> &'static [StatementEvidence] {
    static ALL: LazyLock<Vec<StatementEvidence>> = LazyLock::new(draw);
    &ALL
}

fn draw() -> Vec<StatementEvidence> {
    let mut rows = measured(2, "pickup", "a worker takes the next job", PICKUP, [88.4, 24.1, 0.38]);
    for row in &mut rows {
        row.effect = Effect::Rollback;
        row.plans.push(pickup_plan(&row.variant));
        let mut generic = pickup_plan(&row.variant);
        generic.mode = "generic".into();
        row.plans.push(generic);
    }
    let mut status = measured(30, "status", "status of one job", STATUS, [0.071, 0.069, 0.058]);
    for row in &mut status {
        let (node, index, buffers) = match row.variant.as_str() {
            "corrected" => ("Index Only Scan", "idx_job_queue_id_status", 4),
            _ => ("Index Scan", "job_queue_pkey", 5),
        };
        let text = format!(
            "{node} using {index} on job_queue  (cost=0.42..2.64 rows=1 width=23) (actual rows=1 loops=1)\n  Index Cond: (id = '0b6cf1a2-5d3c-4b4e-9a33-0d9a1f2f7c11'::uuid)\n  Buffers: shared hit={buffers}"
        );
        row.plans.push(plan(&[node], &[index], buffers, &text));
    }
    rows.extend(status);
    rows.extend(measured(
        60,
        "statistics",
        "totals by state for the dashboard",
        STATISTICS,
        [212.0, 214.0, 209.0],
    ));
    rows.extend(measured(90, "dedupe", "is there such a job already", "SELECT id FROM job_queue WHERE user_id = $1 AND job_type = $2 AND params = $3 AND status IN ('pending', 'processing')", [61.0, 7.2, 0.21]));
    let mut rejected =
        evidence("by_tag", "jobs by tag", "SELECT id FROM job_queue WHERE tags && $1", "as-written");
    rejected.rejection = Some(Rejection {
        sql: rejected.sql.clone(),
        sqlstate: "42703".into(),
        message: "column \"tags\" does not exist".into(),
    });
    rows.push(rejected);
    rows
}

pub fn indexes() -> Vec<IndexAudit> {
    let audit = |variant: &str, name: &str, sql: &str| IndexAudit {
        variant: variant.into(),
        dataset: "queue".into(),
        name: name.into(),
        sql: sql.into(),
        comment: None,
        created: true,
        rejection: None,
        size_bytes: Some(688_128),
        build_ms: Some(212.0),
        used_by: vec![],
        redundant_with: vec![],
    };
    vec![
        IndexAudit {
            used_by: vec!["pickup".into()],
            ..audit(
                "as-written",
                "idx_job_queue_pending_pickup",
                "CREATE INDEX idx_job_queue_pending_pickup\n    ON job_queue (status, scheduled_for, job_priority DESC, id)\n    WHERE status = 'pending'",
            )
        },
        IndexAudit {
            size_bytes: Some(41_500_672),
            build_ms: Some(1_930.0),
            redundant_with: vec!["idx_job_queue_user_status_created".into()],
            ..audit(
                "as-written",
                "idx_job_queue_user_active",
                "CREATE INDEX idx_job_queue_user_active\n    ON job_queue (user_id, status)\n    WHERE status IN ('pending', 'processing')",
            )
        },
        IndexAudit {
            created: false,
            size_bytes: None,
            build_ms: None,
            rejection: Some(Rejection {
                sql: "CREATE INDEX idx_job_queue_tags ON job_queue USING gin (tags)".into(),
                sqlstate: "42703".into(),
                message: "column \"tags\" does not exist".into(),
            }),
            ..audit(
                "as-written",
                "idx_job_queue_tags",
                "CREATE INDEX idx_job_queue_tags ON job_queue USING gin (tags)",
            )
        },
        IndexAudit {
            comment: Some("The order of the columns is the order of the pickup's ORDER BY, so the first entry is the answer and nothing is sorted. status is constant under the predicate and only made entries wider.".into()),
            used_by: vec!["pickup".into()],
            ..audit(
                "corrected",
                "idx_job_queue_pending_pickup",
                "CREATE INDEX idx_job_queue_pending_pickup\n    ON job_queue (job_priority DESC, scheduled_for, id)\n    WHERE status = 'pending'",
            )
        },
        IndexAudit {
            comment: Some("The primary key can't answer status without the heap; INCLUDE makes the read index-only.".into()),
            used_by: vec!["status".into()],
            size_bytes: Some(39_837_696),
            ..audit(
                "corrected",
                "idx_job_queue_id_status",
                "CREATE UNIQUE INDEX idx_job_queue_id_status\n    ON job_queue (id) INCLUDE (status)",
            )
        },
    ]
}
