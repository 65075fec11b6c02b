//! Targets about a plan: its shape and what it touches. Exact, so they gate on any machine.

use std::collections::BTreeSet;

use super::figures::{counted, grouped};
use super::{Judgement, Verdict};
use crate::result::evidence::PlanFacts;
use crate::workload::model::PlanMeasure;

/// All that `wanted` asks of the plan; `facts` are the worst over the drawn parameters
/// ([`crate::plan::merge_worst`]), so that what is claimed must hold with each of them. Each thing asked for shows in
/// the reason, met or not; `used_by_any`, the indexes used with at least one, only tells how an index fell short.
pub fn judge_plan(wanted: &PlanMeasure, facts: &PlanFacts, used_by_any: &BTreeSet<String>) -> Judgement {
    let checks = checks(wanted, facts, used_by_any);
    let said = |met: bool| {
        checks
            .iter()
            .filter(|check| check.met == met)
            .map(|check| check.says.as_str())
            .collect::<Vec<_>>()
            .join("; ")
    };
    if checks.is_empty() {
        return Judgement::new(Verdict::Measured, shape(facts));
    }
    if checks.iter().all(|check| check.met) {
        return Judgement::new(Verdict::Proven, said(true));
    }
    let besides =
        if checks.iter().any(|check| check.met) { format!(" (but {})", said(true)) } else { String::new() };
    Judgement::new(Verdict::Refuted, format!("{}{besides}", said(false)))
}

struct Check {
    met: bool,
    says: String,
}

fn checks(wanted: &PlanMeasure, facts: &PlanFacts, used_by_any: &BTreeSet<String>) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut check = |met: bool, says: String| checks.push(Check { met, says });
    if let Some(index) = &wanted.index {
        let met = facts.indexes.contains(index);
        let says = if met {
            format!("uses {index}")
        } else if used_by_any.contains(index) {
            format!("{index} is used with some of the drawn parameters, not with all ({})", shape(facts))
        } else {
            format!("not used: {index}; {}", uses(facts))
        };
        check(met, says);
    }
    if let Some(index_only) = wanted.index_only {
        let says = if facts.index_only {
            format!("index-only, {}", counted(facts.heap_fetches, "heap fetch", "heap fetches"))
        } else {
            format!("not index-only: {}", shape(facts))
        };
        check(index_only == facts.index_only, says);
    }
    for node in &wanted.without {
        let met = !facts.nodes.contains(node);
        check(met, if met { format!("no {node}") } else { format!("{node} in the plan: {}", shape(facts)) });
    }
    if let Some(most) = wanted.buffers_at_most {
        let met = facts.buffers <= most;
        let relation = if met { "at most" } else { "more than" };
        check(met, format!("{}, {relation} {}", counted(facts.buffers, "buffer", "buffers"), grouped(most)));
    }
    checks
}

fn uses(facts: &PlanFacts) -> String {
    if facts.indexes.is_empty() {
        format!("the plan uses no index ({})", shape(facts))
    } else {
        format!("the plan uses {}", facts.indexes.join(", "))
    }
}

fn shape(facts: &PlanFacts) -> String {
    facts.nodes.join(" › ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> PlanFacts {
        PlanFacts {
            nodes: vec!["Limit".into(), "Index Only Scan".into()],
            indexes: vec!["cover_idx".into()],
            index_only: true,
            parallel: false,
            buffers: 1_004,
            heap_fetches: 2,
        }
    }

    fn sorting() -> PlanFacts {
        PlanFacts {
            nodes: ["Limit", "Sort", "Seq Scan"].map(String::from).into(),
            indexes: vec![],
            index_only: false,
            parallel: false,
            buffers: 17_000,
            heap_fetches: 0,
        }
    }

    fn wanted(toml: &str) -> PlanMeasure {
        toml::from_str(&format!("statement = 'page'\n{toml}")).unwrap()
    }

    fn judge(toml: &str, facts: &PlanFacts) -> (Verdict, String) {
        let used_by_any = facts.indexes.iter().cloned().collect();
        let Judgement { verdict, reason } = judge_plan(&wanted(toml), facts, &used_by_any);
        (verdict, reason)
    }

    #[test]
    fn an_index_that_serves_only_some_parameters_is_refuted_and_said_so() {
        let other = PlanFacts { indexes: vec!["other_idx".into()], ..sorting() };
        let worst = crate::plan::merge_worst([facts(), other]).unwrap();
        let used_by_any = ["cover_idx".to_owned(), "other_idx".to_owned()].into();
        let judgement = judge_plan(&wanted("index = 'cover_idx'"), &worst, &used_by_any);
        assert_eq!(judgement.verdict, Verdict::Refuted);
        assert_eq!(
            judgement.reason,
            "cover_idx is used with some of the drawn parameters, not with all (Limit › Index Only Scan › Sort › Seq \
             Scan)"
        );
    }

    #[test]
    fn index_only_names_the_heap_fetches() {
        assert_eq!(
            judge("index_only = true", &facts()),
            (Verdict::Proven, "index-only, 2 heap fetches".into())
        );
        assert_eq!(
            judge("index_only = true", &sorting()),
            (Verdict::Refuted, "not index-only: Limit › Sort › Seq Scan".into())
        );
        assert_eq!(judge("index_only = false", &sorting()).0, Verdict::Proven);
        assert_eq!(judge("index_only = false", &facts()).0, Verdict::Refuted);
    }

    #[test]
    fn an_unused_index_is_refuted_and_says_what_is_used_instead() {
        assert_eq!(judge("index = 'cover_idx'", &facts()), (Verdict::Proven, "uses cover_idx".into()));
        assert_eq!(
            judge("index = 'other_idx'", &facts()),
            (Verdict::Refuted, "not used: other_idx; the plan uses cover_idx".into())
        );
        assert_eq!(
            judge("index = 'other_idx'", &sorting()),
            (
                Verdict::Refuted,
                "not used: other_idx; the plan uses no index (Limit › Sort › Seq Scan)".into()
            )
        );
    }

    #[test]
    fn forbidden_nodes() {
        assert_eq!(
            judge("without = ['Sort', 'Seq Scan']", &facts()),
            (Verdict::Proven, "no Sort; no Seq Scan".into())
        );
        assert_eq!(
            judge("without = ['Sort']", &sorting()),
            (Verdict::Refuted, "Sort in the plan: Limit › Sort › Seq Scan".into())
        );
        // Names are whole: an incremental sort is no sort of everything.
        let incremental = PlanFacts { nodes: vec!["Incremental Sort".into()], ..facts() };
        assert_eq!(judge("without = ['Sort']", &incremental).0, Verdict::Proven);
    }

    #[test]
    fn buffers_up_to_and_including_the_bound() {
        assert_eq!(
            judge("buffers_at_most = 1004", &facts()),
            (Verdict::Proven, "1 004 buffers, at most 1 004".into())
        );
        assert_eq!(
            judge("buffers_at_most = 1003", &facts()),
            (Verdict::Refuted, "1 004 buffers, more than 1 003".into())
        );
    }

    #[test]
    fn one_miss_refutes_and_what_is_met_shows_too() {
        assert_eq!(
            judge("index_only = true\nbuffers_at_most = 10", &facts()),
            (Verdict::Refuted, "1 004 buffers, more than 10 (but index-only, 2 heap fetches)".into())
        );
    }

    #[test]
    fn a_plan_without_a_target_is_only_shown() {
        assert_eq!(judge("", &facts()), (Verdict::Measured, "Limit › Index Only Scan".into()));
    }
}
