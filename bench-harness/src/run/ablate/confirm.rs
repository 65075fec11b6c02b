//! The reduced set measured as any variant is: with its own database, all claims judged, beside the full set.

use super::Work;
use crate::ablation::{IndexWorth, KeptVerdict, ReducedSet};
use crate::result::evidence::{IndexAudit, Measurement, PartResult};
use crate::result::{ClaimResult, VariantVerdict};
use crate::run::prepare::PrepareError;
use crate::run::{self, RunOptions};
use crate::verdict::Verdict;
use crate::workload::loaded::{IndexStatement, Workload};
use crate::workload::model::Measure;

/// Judges all claims under the reduced set. Where a verdict got worse, the indexes that the claim's statements used
/// are put back, and all is judged once more.
pub(super) fn confirm(
    work: &Work<'_>,
    mut reduced: ReducedSet,
    audits: &[IndexAudit],
    worths: &[IndexWorth],
    notes: &mut Vec<String>,
) -> Result<ReducedSet, PrepareError> {
    for _ in 0..2 {
        reduced.sql = sql(work.workload, &work.options.variant, &reduced);
        if reduced.dropped.is_empty() {
            notes.push("no index can be left out, so there is nothing to confirm".to_owned());
            return Ok(reduced);
        }
        if work.options.run.interrupt.raised() {
            notes.push("the run was interrupted before the reduced set was confirmed".to_owned());
            return Ok(reduced);
        }
        reduced.verdicts = verdicts(work, &reduced)?;
        if work.options.run.interrupt.raised() {
            notes.push("the run was interrupted while the reduced set was being confirmed".to_owned());
            return Ok(reduced);
        }
        let worse: Vec<&KeptVerdict> = reduced.verdicts.iter().filter(|kept| kept.worse).collect();
        if worse.is_empty() {
            reduced.confirmed = true;
            return Ok(reduced);
        }
        let statements: Vec<String> = worse.iter().flat_map(|kept| statements(work.workload, kept)).collect();
        let back: Vec<String> = reduced
            .dropped
            .iter()
            .filter(|name| {
                let reads = worths.iter().filter(|worth| worth.name == **name).flat_map(|worth| &worth.reads);
                reads.into_iter().any(|read| statements.contains(&read.statement))
            })
            .cloned()
            .collect();
        let said: Vec<_> = worse.iter().map(|kept| format!("{} ({})", kept.claim, kept.part)).collect();
        if back.is_empty() {
            notes.push(format!("worse with the reduced set, through no index left out: {}", said.join(", ")));
            return Ok(reduced);
        }
        notes.push(format!("{} put back: worse without: {}", back.join(", "), said.join(", ")));
        put_back(&mut reduced, &back, audits);
    }
    notes.push("the set with indexes put back is not confirmed either".to_owned());
    Ok(reduced)
}

fn put_back(reduced: &mut ReducedSet, back: &[String], audits: &[IndexAudit]) {
    reduced.dropped.retain(|name| !back.contains(name));
    let created = audits.iter().filter(|audit| audit.created);
    let kept: Vec<_> = created.filter(|audit| !reduced.dropped.contains(&audit.name)).collect();
    reduced.kept = kept.iter().map(|audit| audit.name.clone()).collect();
    reduced.size_bytes_reduced = kept.iter().filter_map(|audit| audit.size_bytes).sum();
    // They were measured with those left out that are back now.
    reduced.writes.clear();
}

/// Statements that the part of a claim rests on.
fn statements(workload: &Workload, kept: &KeptVerdict) -> Vec<String> {
    let claim = workload.claims.iter().find(|claim| claim.id == kept.claim);
    let parts = claim.into_iter().flat_map(|claim| &claim.parts).filter(|part| part.name == kept.part);
    parts
        .filter_map(|part| match &part.measure {
            Measure::Latency { statement, .. } | Measure::Ratio { statement, .. } => Some(statement.clone()),
            Measure::Plan(plan) => Some(plan.statement.clone()),
            Measure::Scenario(scenario) => Some(crate::scenarios::statement(scenario).to_owned()),
            _ => None,
        })
        .collect()
}

/// The set's statements, with what it takes to get there from the full one.
fn sql(workload: &Workload, variant: &str, reduced: &ReducedSet) -> String {
    let mut text = format!(
        "-- Variant `{variant}` of workload {} without what it doesn't need, found by `indexproof ablate`.\n",
        workload.name
    );
    for name in &reduced.dropped {
        text.push_str(&format!(
            "-- To leave it out of a database that has it: DROP INDEX CONCURRENTLY {name};\n"
        ));
    }
    for statement in kept_statements(workload, variant, reduced) {
        text.push('\n');
        for line in statement.comment.iter().flat_map(|comment| comment.lines()) {
            text.push_str(&format!("-- {line}\n"));
        }
        text.push_str(statement.sql.trim());
        text.push_str(";\n");
    }
    text
}

fn kept_statements(workload: &Workload, variant: &str, reduced: &ReducedSet) -> Vec<IndexStatement> {
    let is_kept = |statement: &&IndexStatement| {
        statement.index_name.as_ref().is_none_or(|name| !reduced.dropped.contains(name))
    };
    workload.index_sets.get(variant).into_iter().flatten().filter(is_kept).cloned().collect()
}

fn verdicts(work: &Work<'_>, reduced: &ReducedSet) -> Result<Vec<KeptVerdict>, PrepareError> {
    let variant = &work.options.variant;
    let (workload, added) = with_reduced(work.workload, variant, reduced);
    let options = RunOptions {
        variants: vec![variant.clone(), added.clone()],
        claims: concerned(work.workload, variant),
        ..work.options.run.clone()
    };
    if options.claims.is_empty() {
        return Ok(Vec::new());
    }
    let result = run::run_with(&[workload], work.server, &options, work.runtime)?;
    Ok(result.claims.iter().flat_map(|claim| kept(claim, variant, &added, reduced)).collect())
}

/// Claims measured in the variant; all others would only cost time.
fn concerned(workload: &Workload, variant: &str) -> Vec<String> {
    let measured = workload.claims.iter().filter(|claim| claim.variants.iter().any(|name| name == variant));
    measured.map(|claim| claim.id.clone()).collect()
}

/// The workload with one more variant: the full one's, but for the indexes.
fn with_reduced(workload: &Workload, variant: &str, reduced: &ReducedSet) -> (Workload, String) {
    let mut workload = workload.clone();
    let names: Vec<String> = workload.manifest.variants.iter().map(|it| it.name.clone()).collect();
    let added = std::iter::successors(Some("reduced".to_owned()), |name| Some(format!("{name}-again")))
        .find(|name| !names.contains(name))
        .unwrap_or_default();
    if let Some(mut like) = workload.variant(variant).cloned() {
        like.name.clone_from(&added);
        like.summary = format!("{variant} without {}", reduced.dropped.join(", "));
        workload.manifest.variants.push(like);
    }
    let set = kept_statements(&workload, variant, reduced);
    workload.index_sets.insert(added.clone(), set);
    if let Some(setup) = workload.setups.get(variant).cloned() {
        workload.setups.insert(added.clone(), setup);
    }
    for query in workload.queries.values_mut() {
        if let Some(replaced) = query.overrides.get(variant).cloned() {
            query.overrides.insert(added.clone(), replaced);
        }
    }
    for claim in &mut workload.claims {
        let add = |names: &mut Vec<String>| {
            if names.iter().any(|name| name == variant) {
                names.push(added.clone());
            }
        };
        add(&mut claim.variants);
        claim.parts.iter_mut().filter_map(|part| part.variants.as_mut()).for_each(add);
    }
    (workload, added)
}

fn kept(claim: &ClaimResult, full: &str, added: &str, reduced: &ReducedSet) -> Vec<KeptVerdict> {
    let of = |name: &str| claim.variants.iter().find(|variant: &&VariantVerdict| variant.variant == name);
    let (Some(full), Some(now)) = (of(full), of(added)) else { return Vec::new() };
    let mut verdicts = Vec::new();
    for part in full.parts.iter().filter(|part| !is_about_the_set(part, reduced)) {
        let Some(other) = now.parts.iter().find(|other| other.name == part.name) else { continue };
        verdicts.push(KeptVerdict {
            claim: claim.id.clone(),
            part: part.name.clone(),
            full: part.verdict,
            reduced: other.verdict,
            worse: is_worse(part.verdict, other.verdict),
            reason: if part.verdict == other.verdict { String::new() } else { other.reason.clone() },
        });
    }
    verdicts
}

/// How many indexes there are, or how large one of those left out is, must change when some are left out.
fn is_about_the_set(part: &PartResult, reduced: &ReducedSet) -> bool {
    match &part.measurement {
        Measurement::Accepted { .. } | Measurement::Used { .. } => true,
        Measurement::IndexSize { index, .. } => reduced.dropped.contains(index),
        _ => false,
    }
}

/// A proven part is no longer proven by evidence, or what could be judged can't be any more. What merely stayed
/// undecided this time is shown, and is not held against the set.
fn is_worse(full: Verdict, reduced: Verdict) -> bool {
    use Verdict::{Infeasible, Invalid, NotRunnable, Proven, Refuted};
    let broken = |verdict| matches!(verdict, Invalid | NotRunnable);
    (full == Proven && matches!(reduced, Refuted | Infeasible)) || (broken(reduced) && !broken(full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_evidence_against_counts() {
        use Verdict::{Inconclusive, Invalid, NotRunnable, Proven, Refuted, Skipped};
        for (full, reduced) in [(Proven, Refuted), (Refuted, Invalid), (Inconclusive, NotRunnable)] {
            assert!(is_worse(full, reduced), "{full} to {reduced}");
        }
        for (full, reduced) in [
            (Proven, Proven),
            (Refuted, Proven),
            (Proven, Inconclusive),
            (Invalid, Invalid),
            (Skipped, Skipped),
        ] {
            assert!(!is_worse(full, reduced), "{full} to {reduced}");
        }
    }
}
