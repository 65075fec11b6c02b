//! Changed verdicts, and claims that only one run has.

use super::{Change, Finding, Tier};
use crate::report::words;
use crate::result::{ClaimResult, RunResult, VariantVerdict};
use crate::verdict::Verdict;

pub(super) fn compare(old: &RunResult, new: &RunResult) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (claim, variant) in variants(&new.claims) {
        let finding = Finding::new(Tier::Verdict, &claim.id, &variant.variant, "verdict");
        let now = words::verdict(variant.verdict).word;
        findings.push(match super::verdicts::find(&old.claims, &claim.id, &variant.variant) {
            Some(before) => finding
                .values(words::verdict(before.verdict).word, now)
                .is(change(before.verdict, variant.verdict), reason(before, variant)),
            None => Finding { new: Some(now.to_owned()), ..finding }.is(Change::Appeared, &variant.reason),
        });
    }
    for (claim, variant) in variants(&old.claims) {
        if find(&new.claims, &claim.id, &variant.variant).is_none() {
            let before = words::verdict(variant.verdict).word.to_owned();
            let finding = Finding::new(Tier::Verdict, &claim.id, &variant.variant, "verdict");
            findings.push(Finding { old: Some(before), ..finding }.is(Change::Disappeared, ""));
        }
    }
    findings
}

fn reason(before: &VariantVerdict, now: &VariantVerdict) -> String {
    if before.verdict == now.verdict { String::new() } else { now.reason.clone() }
}

fn variants(claims: &[ClaimResult]) -> impl Iterator<Item = (&ClaimResult, &VariantVerdict)> {
    claims.iter().flat_map(|claim| claim.variants.iter().map(move |variant| (claim, variant)))
}

pub(super) fn find<'a>(claims: &'a [ClaimResult], id: &str, variant: &str) -> Option<&'a VariantVerdict> {
    let claim = claims.iter().find(|claim| claim.id == id)?;
    claim.variants.iter().find(|other| other.variant == variant)
}

/// What it means that a verdict became another.
///
/// Worse is a step down: proven, measured, refuted (or infeasible), then what could not be judged at all although it
/// ran. From proven to undecided something was lost, but nothing was shown to be worse. From undecided to refuted
/// nothing is known to have changed.
fn change(old: Verdict, new: Verdict) -> Change {
    if old == new {
        return Change::Same;
    }
    match (standing(old), standing(new)) {
        (Some(before), Some(now)) if now < before => Change::Worse,
        (Some(before), Some(now)) if now > before => Change::Better,
        (Some(0), None) => Change::Changed,
        (Some(_), None) => Change::Lost,
        (None, Some(0)) => Change::Worse,
        (None, Some(2..)) => Change::Better,
        _ => Change::Changed,
    }
}

/// None: not decided.
fn standing(verdict: Verdict) -> Option<u8> {
    match verdict {
        Verdict::Proven => Some(3),
        Verdict::Measured => Some(2),
        Verdict::Refuted | Verdict::Infeasible => Some(1),
        Verdict::NotRunnable | Verdict::Invalid => Some(0),
        Verdict::Inconclusive | Verdict::Skipped => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Inconclusive, Infeasible, Invalid, NotRunnable, Proven, Refuted, Skipped};

    #[test]
    fn a_step_down_is_worse_and_a_step_up_better() {
        for (above, below) in
            [(Proven, Refuted), (Proven, NotRunnable), (Refuted, Invalid), (Infeasible, NotRunnable)]
        {
            assert_eq!(change(above, below), Change::Worse, "{above} to {below}");
            assert_eq!(change(below, above), Change::Better, "{below} to {above}");
        }
    }

    #[test]
    fn what_is_undecided_is_neither() {
        assert_eq!(change(Proven, Inconclusive), Change::Lost);
        assert_eq!(change(Refuted, Skipped), Change::Lost);
        assert_eq!(change(Inconclusive, Refuted), Change::Changed);
        assert_eq!(change(Inconclusive, Proven), Change::Better);
        assert_eq!(change(Skipped, Invalid), Change::Worse);
        assert_eq!(change(Invalid, Skipped), Change::Changed);
        assert_eq!(change(Skipped, Inconclusive), Change::Changed);
        assert_eq!(change(Refuted, Infeasible), Change::Changed);
    }

    #[test]
    fn only_itself_is_the_same() {
        for old in Verdict::ALL {
            for new in Verdict::ALL {
                assert_eq!(change(old, new) == Change::Same, old == new);
                // Nothing is worse in both directions.
                assert!(!(change(old, new) == Change::Worse && change(new, old) == Change::Worse));
            }
        }
    }
}
