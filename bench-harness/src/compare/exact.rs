//! Parts of claims whose figures are exact and are no plans: index sizes, accepted and used indexes, scenarios.

use std::cmp::Ordering;

use super::verdicts::find;
use super::{Change, Finding, Tier};
use crate::report::{figures, words};
use crate::result::RunResult;
use crate::result::evidence::{Measurement, Observation};

pub(super) fn compare(old: &RunResult, new: &RunResult) -> Vec<Finding> {
    let mut findings = Vec::new();
    for claim in &new.claims {
        for variant in &claim.variants {
            let Some(before) = find(&old.claims, &claim.id, &variant.variant) else { continue };
            for part in &variant.parts {
                if let Some(other) = before.parts.iter().find(|other| other.name == part.name) {
                    let finding = |what: &str| Finding::new(Tier::Exact, &claim.id, &variant.variant, what);
                    findings.extend(part_findings(&finding, &other.measurement, &part.measurement));
                }
            }
        }
    }
    findings
}

fn part_findings(finding: &dyn Fn(&str) -> Finding, old: &Measurement, new: &Measurement) -> Vec<Finding> {
    use Measurement::{Accepted, IndexSize, Scenario, Used};
    match (old, new) {
        (IndexSize { bytes: old, .. }, IndexSize { bytes: new, index, .. }) => {
            let change = growing_is(Change::Worse, old, new);
            let sizes = [old, new].map(|size| words::bytes(*size));
            let [old, new] = sizes;
            vec![finding(&format!("size of {index}")).values(old, new).is(change, "")]
        }
        (Accepted { accepted: before, .. }, Accepted { accepted: now, .. }) => {
            vec![counted(finding("accepted statements"), before, now, old, new)]
        }
        (Used { used: before, .. }, Used { used: now, .. }) => {
            let missing: Vec<&str> =
                before.iter().filter(|index| !now.contains(index)).map(String::as_str).collect();
            let counted = counted(finding("used indexes"), &before.len(), &now.len(), old, new);
            if missing.is_empty() {
                return vec![counted];
            }
            // One index more must not hide that another is not used any longer.
            vec![counted.is(Change::Worse, format!("no longer used: {}", missing.join(", ")))]
        }
        (Scenario { observations: before, .. }, Scenario { observations: now, .. }) => now
            .iter()
            .filter_map(|seen| Some((before.iter().find(|other| other.name == seen.name)?, seen)))
            .filter_map(|(before, now)| observation(finding, before, now))
            .collect(),
        _ => Vec::new(),
    }
}

fn counted<T: Ord>(finding: Finding, before: &T, now: &T, old: &Measurement, new: &Measurement) -> Finding {
    let said = |measurement| figures::short(measurement).unwrap_or_default();
    finding.values(said(old), said(new)).is(growing_is(Change::Better, before, now), "")
}

/// Figures without a target (how long it took, how many calls) differ from run to run and mean nothing by themselves.
fn observation(finding: &dyn Fn(&str) -> Finding, old: &Observation, new: &Observation) -> Option<Finding> {
    let change = match (old.holds?, new.holds?) {
        (true, false) => Change::Worse,
        (false, true) => Change::Better,
        _ => Change::Same,
    };
    Some(finding(&new.name).values(&old.value, &new.value).is(change, ""))
}

fn growing_is<T: Ord>(growing: Change, old: &T, new: &T) -> Change {
    let shrinking = if growing == Change::Worse { Change::Better } else { Change::Worse };
    match new.cmp(old) {
        Ordering::Greater => growing,
        Ordering::Less => shrinking,
        Ordering::Equal => Change::Same,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(old: &Measurement, new: &Measurement) -> Vec<(String, Change, String)> {
        let finding = |what: &str| Finding::new(Tier::Exact, "X-1", "bare", what);
        let found = part_findings(&finding, old, new);
        found.into_iter().map(|finding| (finding.what, finding.change, finding.says)).collect()
    }

    fn used(names: &[&str]) -> Measurement {
        Measurement::Used { used: names.iter().map(|name| (*name).to_owned()).collect(), unused: vec![] }
    }

    #[test]
    fn an_index_no_longer_used_is_worse_whatever_is_used_instead() {
        let says = |index: &str| format!("no longer used: {index}");
        assert_eq!(
            findings(&used(&["a", "b"]), &used(&["a", "c"])),
            [("used indexes".to_owned(), Change::Worse, says("b"))]
        );
        assert_eq!(findings(&used(&["a"]), &used(&["a", "c"]))[0].1, Change::Better);
        assert_eq!(findings(&used(&["a"]), &used(&["a"]))[0].1, Change::Same);
    }

    #[test]
    fn a_larger_index_is_worse() {
        let size = |bytes| Measurement::IndexSize {
            index: "i".into(),
            bytes,
            full_bytes: 100,
            smaller_by_percent: 0.0,
        };
        assert_eq!(findings(&size(10), &size(12)), [("size of i".to_owned(), Change::Worse, String::new())]);
        assert_eq!(findings(&size(12), &size(10))[0].1, Change::Better);
    }

    #[test]
    fn of_a_scenario_only_what_must_hold_counts() {
        let seen = |holds, value: &str| Measurement::Scenario {
            scenario: "storm".into(),
            observations: vec![
                Observation { name: "jobs".into(), value: value.into(), holds: Some(holds) },
                Observation { name: "took".into(), value: value.into(), holds: None },
            ],
        };
        assert_eq!(
            findings(&seen(true, "1"), &seen(false, "3")),
            [("jobs".to_owned(), Change::Worse, String::new())]
        );
        assert_eq!(findings(&seen(false, "3"), &seen(true, "1"))[0].1, Change::Better);
    }
}
