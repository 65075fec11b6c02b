//! One claim: its verdict, what it rests on, and the statements and indexes behind it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::page::IndexView;
use super::statement::{self, StatementView};
use super::{Anchors, HtmlError, prose};
use crate::report::figures;
use crate::report::outline::{Group, StatementGroup};
use crate::report::plot::LatencyTarget;
use crate::report::words::{self, VerdictWords};
use crate::result::evidence::{Measurement, Observation, PartResult, Rejection, UnusedIndex};
use crate::result::{Agreement, ClaimResult, VariantVerdict};
use crate::workload::model::{Statistic, TargetBy};

#[derive(Serialize)]
pub(super) struct ClaimView {
    id: String,
    pub anchor: String,
    title: String,
    verdict: VerdictWords,
    agreement: AgreementView,
    reason: String,
    kind: &'static str,
    source: String,
    our_target: bool,
    target: String,
    figure: Option<String>,
    size: String,
    decided_on: String,
    note_html: Option<String>,
    /// A cell per variant of the group, in its order; None where the claim is not measured.
    cells: Vec<Option<CellView>>,
    variants: Vec<VariantView>,
    statements: Vec<StatementView>,
    /// Statements that an earlier claim shows.
    elsewhere: Vec<Elsewhere>,
    indexes: Vec<IndexView>,
}

#[derive(Serialize)]
struct CellView {
    variant: String,
    verdict: VerdictWords,
    decides: bool,
}

#[derive(Serialize)]
struct AgreementView {
    key: &'static str,
    text: String,
}

#[derive(Serialize)]
struct VariantView {
    name: String,
    verdict: VerdictWords,
    decides: bool,
    reason: String,
    agreement: AgreementView,
    parts: Vec<PartView>,
}

#[derive(Serialize)]
struct PartView {
    name: String,
    target: String,
    figure: Option<String>,
    detail: Option<String>,
    verdict: VerdictWords,
    reason: String,
    observations: Vec<Observation>,
    rejected: Vec<Rejection>,
    unused: Vec<UnusedIndex>,
}

#[derive(Serialize)]
struct Elsewhere {
    name: String,
    anchor: String,
}

/// Where each statement of the page is shown: (workload, statement, data set) → anchor.
pub(super) type Shown = BTreeMap<(String, String, String), String>;

pub(super) fn claim(
    group: &Group<'_>,
    claim: &ClaimResult,
    variants: &[String],
    anchors: &mut Anchors,
    shown: &mut Shown,
) -> Result<ClaimView, HtmlError> {
    let deciding = figures::deciding_variant(claim);
    let part = deciding.and_then(figures::deciding_part);
    let anchor = anchors.claim(&claim.id);
    let (statements, elsewhere) = statements(group, claim, anchors, shown)?;
    Ok(ClaimView {
        anchor,
        id: claim.id.clone(),
        title: claim.title.clone(),
        verdict: words::verdict(claim.verdict),
        agreement: deciding.map_or(no_expectation(), agreement),
        reason: claim.reason.clone(),
        kind: words::kind(claim.kind),
        source: claim.source.clone(),
        our_target: claim.target_by == TargetBy::Us,
        target: targets(deciding),
        figure: part.and_then(|part| figures::short(&part.measurement)),
        size: figures::size(&claim.size),
        decided_on: claim.decided_on.clone(),
        note_html: claim.note.as_deref().map(prose::markdown),
        cells: variants
            .iter()
            .map(|name| {
                let found = claim.variants.iter().find(|variant| &variant.variant == name)?;
                Some(CellView {
                    variant: name.clone(),
                    verdict: words::verdict(found.verdict),
                    decides: *name == claim.decided_on,
                })
            })
            .collect(),
        variants: claim.variants.iter().map(|one| variant(one, &claim.decided_on)).collect(),
        statements,
        elsewhere,
        indexes: indexes(group, claim),
    })
}

fn targets(deciding: Option<&VariantVerdict>) -> String {
    let parts = deciding.map(|variant| variant.parts.as_slice()).unwrap_or_default();
    if parts.is_empty() {
        return "none was measured".to_owned();
    }
    parts.iter().map(|part| part.target.as_str()).collect::<Vec<_>>().join(" · ")
}

fn no_expectation() -> AgreementView {
    AgreementView { key: "none", text: words::agreement(Agreement::NoExpectation).to_owned() }
}

fn agreement(variant: &VariantVerdict) -> AgreementView {
    let key = match variant.agreement {
        Agreement::AsExpected => "met",
        Agreement::FellShort => "short",
        Agreement::Undecided => "open",
        Agreement::NoExpectation => return no_expectation(),
    };
    let text = match (variant.agreement, variant.expected) {
        (Agreement::FellShort | Agreement::Undecided, Some(expected)) => {
            format!("{}: expected {}", words::agreement(variant.agreement), words::verdict(expected).word)
        }
        _ => words::agreement(variant.agreement).to_owned(),
    };
    AgreementView { key, text }
}

fn variant(variant: &VariantVerdict, decided_on: &str) -> VariantView {
    VariantView {
        name: variant.variant.clone(),
        verdict: words::verdict(variant.verdict),
        decides: variant.variant == decided_on,
        reason: variant.reason.clone(),
        agreement: agreement(variant),
        parts: variant.parts.iter().map(part).collect(),
    }
}

fn part(part: &PartResult) -> PartView {
    let mut view = PartView {
        name: part.name.clone(),
        target: part.target.clone(),
        figure: figures::short(&part.measurement),
        detail: figures::detail(&part.measurement),
        verdict: words::verdict(part.verdict),
        reason: part.reason.clone(),
        observations: vec![],
        rejected: vec![],
        unused: vec![],
    };
    match &part.measurement {
        // The list says what the short figure would say again.
        Measurement::Scenario { scenario, observations } => {
            view.figure = Some(scenario.clone());
            view.observations = observations.clone();
        }
        Measurement::Accepted { rejected, .. } => view.rejected = rejected.clone(),
        Measurement::Used { unused, .. } => view.unused = unused.clone(),
        _ => {}
    }
    view
}

/// The statement and data set a part measured.
fn measured(part: &PartResult) -> Option<(&str, &str)> {
    match &part.measurement {
        Measurement::Latency { statement, dataset, .. }
        | Measurement::Ratio { statement, dataset, .. }
        | Measurement::Plan { statement, dataset, .. } => Some((statement, dataset)),
        _ => None,
    }
}

fn statements(
    group: &Group<'_>,
    claim: &ClaimResult,
    anchors: &mut Anchors,
    shown: &mut Shown,
) -> Result<(Vec<StatementView>, Vec<Elsewhere>), HtmlError> {
    let (mut here, mut elsewhere) = (Vec::new(), Vec::new());
    let Some(workload) = group.workload else { return Ok((here, elsewhere)) };
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for place in claim.variants.iter().flat_map(|variant| &variant.parts).filter_map(measured) {
        if seen.contains(&place) {
            continue;
        }
        seen.push(place);
        let (name, dataset) = place;
        let key = (workload.name.clone(), name.to_owned(), dataset.to_owned());
        if let Some(anchor) = shown.get(&key) {
            elsewhere.push(Elsewhere { name: name.to_owned(), anchor: anchor.clone() });
            continue;
        }
        let Some(evidence) = StatementGroup::find(workload, name, dataset) else { continue };
        let anchor = anchors.claim(&format!("{}-{name}-{dataset}", claim.id));
        let view = statement::statement(workload, &evidence, anchor.clone(), target(claim, name))
            .map_err(|cause| HtmlError::Plot { claim: claim.id.clone(), cause })?;
        shown.insert(key, anchor);
        here.push(view);
    }
    Ok((here, elsewhere))
}

/// The plot shows median and p95; a target on another statistic would stand beside the wrong mark.
fn target(claim: &ClaimResult, name: &str) -> Option<LatencyTarget> {
    let parts = claim.variants.iter().flat_map(|variant| &variant.parts);
    parts.into_iter().find_map(|part| match &part.measurement {
        Measurement::Latency {
            statement, statistic: Statistic::Median | Statistic::P95, below_ms, ..
        } if statement == name => Some(LatencyTarget { below_ms: *below_ms }),
        _ => None,
    })
}

/// The mended indexes that this claim's statements use or whose size it is about, with their reasons.
fn indexes(group: &Group<'_>, claim: &ClaimResult) -> Vec<IndexView> {
    let Some(workload) = group.workload else { return vec![] };
    let parts: Vec<&PartResult> = claim.variants.iter().flat_map(|variant| &variant.parts).collect();
    workload
        .indexes
        .iter()
        .filter(|index| index.comment.is_some())
        .filter(|index| {
            parts.iter().any(|part| match &part.measurement {
                Measurement::IndexSize { index: name, .. } => *name == index.name,
                _ => measured(part).is_some_and(|(statement, dataset)| {
                    dataset == index.dataset && index.used_by.iter().any(|user| user == statement)
                }),
            })
        })
        .map(IndexView::from)
        .collect()
}
