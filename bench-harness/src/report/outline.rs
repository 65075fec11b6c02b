//! Grouping and counting: what every report says about a run before it goes into claims.

use super::words;
use crate::result::evidence::StatementEvidence;
use crate::result::{Agreement, ClaimResult, RunResult, VariantVerdict, WorkloadResult};
use crate::verdict::Verdict;

/// The claims of one workload under the document they come from.
pub struct Group<'a> {
    pub name: &'a str,
    /// Number and title of the document.
    pub heading: String,
    /// Absent in a result that was put together by hand; its claims are shown all the same.
    pub workload: Option<&'a WorkloadResult>,
    pub claims: Vec<&'a ClaimResult>,
}

/// Groups in the order of the result's workloads, then of first mention.
pub fn groups(result: &RunResult) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = result
        .workloads
        .iter()
        .map(|workload| Group {
            name: &workload.name,
            heading: format!("{} · {}", workload.document.id, workload.document.title),
            workload: Some(workload),
            claims: Vec::new(),
        })
        .collect();
    for claim in &result.claims {
        match groups.iter_mut().find(|group| group.name == claim.workload) {
            Some(group) => group.claims.push(claim),
            None => groups.push(Group {
                name: &claim.workload,
                heading: format!("{} · {}", claim.document, claim.workload),
                workload: None,
                claims: vec![claim],
            }),
        }
    }
    groups
}

/// How many claims have each verdict, in the order of [`Verdict::ALL`], without those that have none.
pub fn counts<'a>(claims: impl IntoIterator<Item = &'a ClaimResult>) -> Vec<(Verdict, usize)> {
    let mut counts = Verdict::ALL.map(|verdict| (verdict, 0));
    for claim in claims {
        for (verdict, count) in &mut counts {
            *count += usize::from(*verdict == claim.verdict);
        }
    }
    counts.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// `13 claims: 5 proven, 3 refuted …`, and how that stands to what was expected.
pub fn summary(result: &RunResult) -> String {
    let mut text = words::count_of(result.claims.len(), "claim", "claims");
    let counts: Vec<String> = counts(&result.claims)
        .into_iter()
        .map(|(verdict, count)| format!("{count} {}", words::verdict(verdict).word))
        .collect();
    if !counts.is_empty() {
        text.push_str(&format!(": {}", counts.join(", ")));
    }
    text.push_str(match result.claims.is_empty() {
        true => " were run.",
        false => ". ",
    });
    if result.claims.is_empty() {
        return text;
    }
    text.push_str(&match shortfalls(result).len() {
        0 => "Nothing fell short of what is expected.".to_owned(),
        1 => "One verdict fell short of what is expected.".to_owned(),
        many => format!("{many} verdicts fell short of what is expected."),
    });
    text
}

/// A verdict that is not what the workload expects, and what to do about it.
pub struct Shortfall<'a> {
    pub claim: &'a ClaimResult,
    pub variant: &'a VariantVerdict,
    pub next_step: String,
}

impl Shortfall<'_> {
    /// `refuted, expected proven`
    pub fn contrast(&self) -> String {
        let found = words::verdict(self.variant.verdict).word;
        match self.variant.expected {
            Some(expected) => format!("{found}, expected {}", words::verdict(expected).word),
            None => format!("{found}, with nothing expected"),
        }
    }
}

/// Every variant of every claim that fell short, in the result's order.
pub fn shortfalls(result: &RunResult) -> Vec<Shortfall<'_>> {
    let mut found = Vec::new();
    for claim in &result.claims {
        for variant in &claim.variants {
            if variant.agreement == Agreement::FellShort {
                found.push(Shortfall { claim, variant, next_step: next_step(result, claim, variant) });
            }
        }
    }
    found
}

fn next_step(result: &RunResult, claim: &ClaimResult, variant: &VariantVerdict) -> String {
    let again = format!(
        "indexproof run {} --claim {} --scale {}",
        claim.workload,
        claim.id,
        words::scale(result.run.scale)
    );
    let show = format!("indexproof show {}", claim.id);
    let expectation = format!("`expect` of {} in {}/claims.toml", claim.id, claim.workload);
    match variant.verdict {
        Verdict::Proven => {
            format!("Better than expected: check the evidence (`{show}`), then change {expectation}.")
        }
        Verdict::Refuted | Verdict::Infeasible => format!(
            "Read its plans and rounds (`{show}`); mend variant {} or, when the figures are right, {expectation}.",
            variant.variant
        ),
        Verdict::NotRunnable => format!(
            "Correct the statement that PostgreSQL rejects in variant {}, or change {expectation}.",
            variant.variant
        ),
        Verdict::Invalid => format!("Mend what the guard names, then run it again: `{again}`."),
        Verdict::Inconclusive => format!("Give it a larger budget: `{again} --budget 30m`."),
        Verdict::Skipped => format!("Install what is missing (`indexproof doctor`), then `{again}`."),
        Verdict::Measured => {
            format!("A claim without a target can't meet an expectation: remove {expectation}.")
        }
    }
}

/// Everything measured of one statement on one data set, a variant each, in the workload's order of variants.
pub struct StatementGroup<'a> {
    pub name: &'a str,
    pub dataset: &'a str,
    pub by_variant: Vec<&'a StatementEvidence>,
}

impl<'a> StatementGroup<'a> {
    /// None when the result holds no evidence under this name.
    pub fn find(workload: &'a WorkloadResult, name: &str, dataset: &str) -> Option<StatementGroup<'a>> {
        let mut by_variant: Vec<&StatementEvidence> = workload
            .statements
            .iter()
            .filter(|evidence| evidence.name == name && evidence.dataset == dataset)
            .collect();
        by_variant.sort_by_key(|evidence| variant_rank(workload, &evidence.variant));
        let first = *by_variant.first()?;
        Some(StatementGroup { name: &first.name, dataset: &first.dataset, by_variant })
    }
}

/// Position of a variant in the workload's own order; unknown ones come last.
pub fn variant_rank(workload: &WorkloadResult, variant: &str) -> usize {
    workload.variants.iter().position(|facts| facts.name == variant).unwrap_or(usize::MAX)
}
