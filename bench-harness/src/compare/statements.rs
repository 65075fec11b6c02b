//! Plans of statements: their shape, and the buffers they touch.

use super::{Change, Finding, Tier};
use crate::plan;
use crate::report::words;
use crate::result::RunResult;
use crate::result::evidence::{PlanEvidence, StatementEvidence};

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
    let (change, says) = judge(same_shape, old.facts.buffers, new.facts.buffers);
    finding.is(change, says)
}

/// More buffers are worse, fewer better, whatever the shape; another shape alone is a change to look at.
fn judge(same_shape: bool, old: u64, new: u64) -> (Change, &'static str) {
    let says = if same_shape { "" } else { "another plan" };
    let change = match new.cmp(&old) {
        std::cmp::Ordering::Greater => Change::Worse,
        std::cmp::Ordering::Less => Change::Better,
        std::cmp::Ordering::Equal if same_shape => Change::Same,
        std::cmp::Ordering::Equal => Change::Changed,
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
        assert_eq!(judge(true, 5, 5), (Change::Same, ""));
        assert_eq!(judge(true, 5, 6), (Change::Worse, ""));
        assert_eq!(judge(false, 5, 400), (Change::Worse, "another plan"));
        assert_eq!(judge(false, 400, 5), (Change::Better, "another plan"));
        assert_eq!(judge(false, 5, 5), (Change::Changed, "another plan"));
    }
}
