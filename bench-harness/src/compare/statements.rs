//! Plans of statements: their shape, and the buffers they touch.

use std::cmp::Ordering;

use super::{Change, Finding, Tier};
use crate::plan;
use crate::report::words;
use crate::result::RunResult;
use crate::result::evidence::{PlanEvidence, StatementEvidence};
use crate::workload::model::Effect;

/// Share of a writer's buffers that differs from run to run.
const WRITER_SCATTER: f64 = 0.02;

pub(super) fn compare(old: &RunResult, new: &RunResult) -> Vec<Finding> {
    let mut findings = Vec::new();
    for workload in &new.workloads {
        let Some(other) = old.workloads.iter().find(|other| other.name == workload.name) else { continue };
        for statement in &workload.statements {
            let same = |other: &&StatementEvidence| {
                (&other.name, &other.dataset, &other.variant)
                    == (&statement.name, &statement.dataset, &statement.variant)
            };
            let Some(before) = other.statements.iter().find(same) else { continue };
            findings.extend(rejection(before, statement));
            if let [Some(old_plan), Some(new_plan)] = [before, statement].map(custom) {
                findings.push(one(statement, old_plan, new_plan));
            }
        }
    }
    findings
}

/// A statement that only one of the runs could execute.
fn rejection(old: &StatementEvidence, new: &StatementEvidence) -> Option<Finding> {
    let finding = Finding::new(Tier::Exact, &new.name, &new.variant, format!("whether {} runs", new.name));
    match (&old.rejection, &new.rejection) {
        (None, Some(rejection)) => {
            Some(finding.values("it runs", "PostgreSQL rejects it").is(Change::Worse, &rejection.message))
        }
        (Some(rejection), None) => {
            Some(finding.values("PostgreSQL rejects it", "it runs").is(Change::Better, &rejection.message))
        }
        _ => None,
    }
}

fn custom(statement: &StatementEvidence) -> Option<&PlanEvidence> {
    statement.plans.iter().find(|plan| plan.mode == "custom")
}

fn one(statement: &StatementEvidence, old: &PlanEvidence, new: &PlanEvidence) -> Finding {
    let what = format!("plan of {} on {}", statement.name, statement.dataset);
    let finding =
        Finding::new(Tier::Exact, &statement.name, &statement.variant, what).values(said(old), said(new));
    let same_shape = match (plan::parse(&old.plan), plan::parse(&new.plan)) {
        (Ok(old), Ok(new)) => plan::same_shape(&old, &new),
        (Err(error), _) | (_, Err(error)) => return finding.is(Change::Unknown, error.to_string()),
    };
    let (change, says) = judge(same_shape, statement.effect, old.facts.buffers, new.facts.buffers);
    finding.is(change, says)
}

/// More buffers are worse, fewer better, whatever the shape; another shape alone is a change to look at.
///
/// The buffers of reads repeat to the last one. A writer's depend on where the keys it makes up fall and which pages
/// split: between two runs of the same workload they differed by up to 0.4 %, so less than [`WRITER_SCATTER`] is none.
fn judge(same_shape: bool, effect: Effect, old: u64, new: u64) -> (Change, &'static str) {
    let says = if same_shape { "" } else { "another plan" };
    let scatter = if effect == Effect::Read { 0.0 } else { WRITER_SCATTER };
    let compared =
        if old.abs_diff(new) as f64 <= scatter * old as f64 { Ordering::Equal } else { new.cmp(&old) };
    let change = match compared {
        Ordering::Greater => Change::Worse,
        Ordering::Less => Change::Better,
        Ordering::Equal if same_shape => Change::Same,
        Ordering::Equal => Change::Changed,
    };
    (change, says)
}

fn said(plan: &PlanEvidence) -> String {
    let buffers = words::count_of(plan.facts.buffers as usize, "buffer", "buffers");
    format!("{buffers}, {}", plan.facts.nodes.join(" → "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_decide_and_a_new_shape_is_said() {
        let read = |same_shape, old, new| judge(same_shape, Effect::Read, old, new);
        assert_eq!(read(true, 5, 5), (Change::Same, ""));
        assert_eq!(read(true, 1_000, 1_001), (Change::Worse, ""));
        assert_eq!(read(false, 5, 400), (Change::Worse, "another plan"));
        assert_eq!(read(false, 400, 5), (Change::Better, "another plan"));
        assert_eq!(read(false, 5, 5), (Change::Changed, "another plan"));
        assert_eq!(judge(true, Effect::Rollback, 17_690, 17_703), (Change::Same, ""));
        assert_eq!(judge(true, Effect::Commit, 1_000, 1_100), (Change::Worse, ""));
    }
}
