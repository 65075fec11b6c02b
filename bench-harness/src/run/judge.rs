//! From figures and guards to verdicts: picks the rule of each part and gives it its figures.
//!
//! Expectations are read in `variant_verdict` alone, after the verdict stands.

mod load;
mod parts;

use std::collections::BTreeMap;

use super::figures::Figures;
use super::load::LoadRun;
use super::measure::{StatementRun, Trouble};
use super::plans::{PlanKey, Plans};
use super::prepare::PreparedDataset;
use crate::result::evidence::{Measurement, Observation, PartResult, Rejection};
use crate::result::{Agreement, ClaimResult, LatencyPair, SizeFacts, VariantFacts, VariantVerdict};
use crate::scenarios::ScenarioError;
use crate::verdict::{self, Judgement, Verdict, guard};
use crate::workload::load::{Load, Target};
use crate::workload::loaded::Workload;
use crate::workload::model::{Claim, Measure, Part, Scale};

/// What a scenario came to.
pub type Played = Result<Vec<Observation>, ScenarioError>;

/// A part of a claim in a variant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartKey {
    pub claim: String,
    pub part: String,
    pub variant: String,
}

/// An index and what it is compared with.
pub struct Sizes {
    /// None: the variant has no such index.
    pub bytes: Option<u64>,
    pub full_bytes: Result<u64, Rejection>,
}

/// All that was found on one data set, the rounds aside.
pub struct Evidence {
    pub floor: LatencyPair,
    pub figures: Figures,
    pub scale: Scale,
    pub plans: BTreeMap<PlanKey, Result<Plans, Trouble>>,
    pub scenarios: BTreeMap<PartKey, Played>,
    pub sizes: BTreeMap<PartKey, Sizes>,
    pub loads: Vec<LoadRun>,
    /// Loads that could not be put on at all, and why.
    pub loads_failed: Vec<(Load, Judgement)>,
}

impl Evidence {
    pub fn new(floor: LatencyPair, figures: Figures, scale: Scale) -> Evidence {
        Evidence {
            floor,
            figures,
            scale,
            plans: BTreeMap::new(),
            scenarios: BTreeMap::new(),
            sizes: BTreeMap::new(),
            loads: Vec::new(),
            loads_failed: Vec::new(),
        }
    }
}

/// One claim in one variant, with all it is judged by.
struct Case<'a> {
    evidence: &'a Evidence,
    workload: &'a Workload,
    dataset: &'a PreparedDataset,
    runs: &'a [StatementRun<'a>],
    claim: &'a Claim,
    size: &'a SizeFacts,
    variant: &'a str,
}

/// Whether a statement needs no more rounds in a variant: every part that rests on its times there has a verdict. The
/// baseline is needed as long as any ratio to it is open.
pub fn decided(evidence: &Evidence, run: &StatementRun<'_>, claims: &[&Claim], variant: &str) -> bool {
    let baseline = run.baseline().is_some_and(|baseline| baseline.variant == variant);
    parts_in_variants(claims).all(|(part, own)| {
        let needed = own == variant || baseline && matches!(part.measure, Measure::Ratio { .. });
        !needed || parts::timed_verdict(evidence, run, part, own).is_none_or(is_decided)
    })
}

/// Whether a load needs no more rounds in a variant, likewise.
pub fn load_decided(evidence: &Evidence, run: &LoadRun, claims: &[&Claim], variant: &str) -> bool {
    parts_in_variants(claims).all(|(part, own)| {
        let baseline = match part.measure.load_target() {
            Some(Target::Ratio { baseline, .. }) => {
                let first = run.legs.first().map(|leg| leg.variant.as_str());
                baseline == Some(variant) || first == Some(variant)
            }
            _ => false,
        };
        let needed = own == variant || baseline;
        !needed || load::verdict(evidence, run, &part.measure, own).is_none_or(is_decided)
    })
}

/// Every part with each variant it applies to.
fn parts_in_variants<'a>(claims: &'a [&'a Claim]) -> impl Iterator<Item = (&'a Part, &'a str)> {
    claims.iter().flat_map(|claim| {
        claim.parts.iter().flat_map(move |part| {
            let variants = part.variants.as_ref().unwrap_or(&claim.variants);
            variants.iter().map(move |variant| (part, variant.as_str()))
        })
    })
}

fn is_decided(verdict: Verdict) -> bool {
    verdict != Verdict::Inconclusive
}

/// Verdicts of all claims on a data set.
pub fn claims(
    evidence: &Evidence,
    workload: &Workload,
    dataset: &PreparedDataset,
    runs: &[StatementRun<'_>],
    claims: &[&Claim],
    variants: &[VariantFacts],
) -> Vec<ClaimResult> {
    claims.iter().map(|claim| one_claim(evidence, workload, dataset, runs, claim, variants)).collect()
}

fn one_claim(
    evidence: &Evidence,
    workload: &Workload,
    dataset: &PreparedDataset,
    runs: &[StatementRun<'_>],
    claim: &Claim,
    facts: &[VariantFacts],
) -> ClaimResult {
    let counted = dataset.counted.get(&claim.id);
    let size = SizeFacts {
        of: claim.size.of.clone(),
        claimed: claim.size.claimed,
        held: claim.size.held.at(evidence.scale),
        counted: counted.and_then(|counted| counted.as_ref().ok().copied()),
    };
    let variants: Vec<_> = claim
        .variants
        .iter()
        .map(|variant| {
            let case = Case { evidence, workload, dataset, runs, claim, size: &size, variant };
            let parts = case.parts(counted, facts);
            variant_verdict(claim, variant, parts)
        })
        .collect();
    let Judgement { verdict, reason } = verdict::claim_verdict(&claim.decided_on, &variants);
    ClaimResult {
        id: claim.id.clone(),
        workload: workload.name.clone(),
        document: workload.manifest.document.id.clone(),
        title: claim.title.clone(),
        source: claim.source.clone(),
        kind: claim.kind,
        target_by: claim.target_by,
        note: claim.note.clone(),
        size,
        decided_on: claim.decided_on.clone(),
        verdict,
        reason,
        variants,
    }
}

fn variant_verdict(claim: &Claim, variant: &str, parts: Vec<PartResult>) -> VariantVerdict {
    let Judgement { verdict, reason } = verdict::combine_parts(&parts);
    // Here, and only here, what the workload expects is looked at: the verdict above stands.
    let expected = claim.expect.get(variant).copied();
    let agreement: Agreement = verdict::agreement(verdict, expected);
    VariantVerdict { variant: variant.to_owned(), verdict, reason, expected, agreement, parts }
}

impl Case<'_> {
    fn parts(&self, counted: Option<&Result<u64, String>>, facts: &[VariantFacts]) -> Vec<PartResult> {
        let applies = |part: &&Part| {
            part.variants
                .as_ref()
                .unwrap_or(&self.claim.variants)
                .iter()
                .any(|variant| variant == self.variant)
        };
        let parts = self.claim.parts.iter().filter(applies);
        let whole = self.whole(counted, facts);
        parts
            .map(|part| {
                let target = verdict::target_text(&part.measure);
                let (judgement, measurement) = match &whole {
                    Some(judgement) => (judgement.clone(), Measurement::None),
                    None => self.part(part),
                };
                let Judgement { verdict, reason } = judgement;
                PartResult { name: part.name.clone(), target, verdict, reason, measurement }
            })
            .collect()
    }

    /// What decides the whole claim in this variant before any figure is looked at.
    fn whole(&self, counted: Option<&Result<u64, String>>, facts: &[VariantFacts]) -> Option<Judgement> {
        let variant = facts.iter().find(|variant| variant.name == self.variant);
        if let Some(missing) = variant.and_then(|variant| variant.skipped.as_ref()) {
            return Some(Judgement::new(Verdict::Skipped, missing));
        }
        if self.dataset.database(self.variant).is_none() {
            return Some(Judgement::new(Verdict::Skipped, "this run was asked for other variants"));
        }
        if let Some(Err(why)) = counted {
            let reason = format!("the size of the data could not be counted: {why}");
            return Some(Judgement::new(Verdict::Invalid, reason));
        }
        guard::check_size(self.size).err().map(Judgement::from)
    }
}
