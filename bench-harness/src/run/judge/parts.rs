//! The rule and the figures of each kind of part.

use super::{Case, Evidence, PartKey};
use crate::result::evidence::{Measurement, PlanFacts, Rejection, UnusedIndex};
use crate::run::measure::{LegRun, StatementRun, Trouble};
use crate::run::plans::{PlanKey, Plans};
use crate::scenarios::{self, ScenarioError};
use crate::verdict::{self, Judgement, Verdict};
use crate::workload::model::{Effect, Measure, Part, PlanMeasure, Scenario, Statistic};

type Judged = (Judgement, Measurement);

/// Verdict of a part as far as it rests on this statement's times; None when it does not.
pub(super) fn timed_verdict(
    evidence: &Evidence,
    run: &StatementRun<'_>,
    part: &Part,
    variant: &str,
) -> Option<Verdict> {
    let leg = run.leg(variant);
    match &part.measure {
        Measure::Latency { statement, statistic, below_ms } if *statement == run.query.name => {
            Some(latency(evidence, run, leg?, *statistic, *below_ms).0.verdict)
        }
        Measure::Ratio { statement, above, .. } if *statement == run.query.name => {
            Some(ratio(evidence, run, leg?, *above).0.verdict)
        }
        _ => None,
    }
}

impl Case<'_> {
    pub(super) fn part(&self, part: &Part) -> Judged {
        match &part.measure {
            Measure::Latency { statement, statistic, below_ms } => match self.leg(statement) {
                Ok((run, leg)) => {
                    let (judgement, measurement) = latency(self.evidence, run, leg, *statistic, *below_ms);
                    (verdict::at_size(judgement, self.size), measurement)
                }
                Err(judgement) => (judgement, Measurement::None),
            },
            Measure::Ratio { statement, above, .. } => match self.leg(statement) {
                Ok((run, leg)) => {
                    let (judgement, measurement) = ratio(self.evidence, run, leg, *above);
                    (verdict::at_size(judgement, self.size), measurement)
                }
                Err(judgement) => (judgement, Measurement::None),
            },
            Measure::Plan(plan) => self.plan(plan),
            Measure::IndexSize { index, smaller_by_percent, .. } => self.index_size(part, index, *smaller_by_percent),
            Measure::Accepted { statements } => self.accepted(*statements),
            Measure::Used { indexes } => self.used(*indexes),
            Measure::Scenario(scenario) => self.scenario(part, scenario),
        }
    }

    fn leg(&self, statement: &str) -> Result<(&StatementRun<'_>, &LegRun), Judgement> {
        let run = self.runs.iter().find(|run| run.query.name == statement);
        run.and_then(|run| Some((run, run.leg(self.variant)?)))
            .ok_or_else(|| verdict::invalid(&format!("`{statement}` was not measured in this variant")))
    }

    fn plans(&self, statement: &str) -> Result<&Plans, Judgement> {
        let key = PlanKey { query: statement.to_owned(), variant: self.variant.to_owned() };
        match self.evidence.plans.get(&key) {
            Some(Ok(plans)) => Ok(plans),
            Some(Err(trouble)) => Err(troubled(trouble, None)),
            None => Err(verdict::invalid(&format!("`{statement}` was not planned in this variant"))),
        }
    }

    fn plan(&self, measure: &PlanMeasure) -> Judged {
        match self.plans(&measure.statement) {
            Err(judgement) => (judgement, Measurement::None),
            Ok(plans) => (
                verdict::plan(&plans.worst, measure),
                Measurement::Plan {
                    statement: measure.statement.clone(),
                    dataset: self.dataset.name.clone(),
                    facts: plans.worst.clone(),
                },
            ),
        }
    }

    fn index_size(&self, part: &Part, index: &str, target: f64) -> Judged {
        let key = PartKey {
            claim: self.claim.id.clone(),
            part: part.name.clone(),
            variant: self.variant.to_owned(),
        };
        let Some(sizes) = self.evidence.sizes.get(&key) else {
            return (verdict::invalid("its size was not measured"), Measurement::None);
        };
        match (sizes.bytes, &sizes.full_bytes) {
            (None, _) => {
                (verdict::invalid(&format!("variant `{}` has no index {index}", self.variant)), Measurement::None)
            }
            (_, Err(rejection)) => (verdict::not_runnable(rejection), Measurement::None),
            (Some(bytes), Ok(full_bytes)) => {
                let smaller_by_percent = 100.0 * (1.0 - bytes as f64 / (*full_bytes).max(1) as f64);
                (
                    verdict::index_size(bytes, *full_bytes, target),
                    Measurement::IndexSize {
                        index: index.to_owned(),
                        bytes,
                        full_bytes: *full_bytes,
                        smaller_by_percent,
                    },
                )
            }
        }
    }

    fn accepted(&self, wanted: u64) -> Judged {
        let audits: Vec<_> =
            self.dataset.audits.iter().filter(|audit| audit.variant == self.variant).collect();
        let rejected: Vec<Rejection> = audits.iter().filter_map(|audit| audit.rejection.clone()).collect();
        let accepted = (audits.len() - rejected.len()) as u64;
        let judgement = verdict::accepted(accepted, wanted, &rejected);
        (judgement, Measurement::Accepted { accepted, of: wanted, rejected })
    }

    /// An index counts as used when a query that names it uses it, in this variant, for some drawn parameters.
    fn used(&self, wanted: u64) -> Judged {
        let mut used = Vec::new();
        let mut unused = Vec::new();
        for audit in self.dataset.audits.iter().filter(|audit| audit.variant == self.variant && audit.created) {
            let naming: Vec<_> = self
                .workload
                .queries
                .values()
                .filter(|query| query.uses_in(self.variant).contains(&audit.name))
                .map(|query| (query.name.as_str(), self.plans(&query.name)))
                .collect();
            let uses = |plans: &Result<&Plans, Judgement>| {
                plans.as_ref().is_ok_and(|plans| plans.worst.indexes.contains(&audit.name))
            };
            if naming.iter().any(|(_, plans)| uses(plans)) {
                used.push(audit.name.clone());
            } else {
                unused.push(UnusedIndex { index: audit.name.clone(), why: why_unused(&naming) });
            }
        }
        (verdict::used(&used, &unused, wanted), Measurement::Used { used, unused })
    }

    fn scenario(&self, part: &Part, scenario: &Scenario) -> Judged {
        let key = PartKey {
            claim: self.claim.id.clone(),
            part: part.name.clone(),
            variant: self.variant.to_owned(),
        };
        match self.evidence.scenarios.get(&key) {
            None => (verdict::invalid("the scenario was not played"), Measurement::None),
            Some(Err(ScenarioError::Rejected(rejection))) => (verdict::not_runnable(rejection), Measurement::None),
            Some(Err(ScenarioError::Interrupted)) => {
                (verdict::inconclusive("the run was interrupted"), Measurement::None)
            }
            Some(Err(error)) => (verdict::invalid(&error.to_string()), Measurement::None),
            Some(Ok(observations)) => (
                verdict::scenario(observations),
                Measurement::Scenario {
                    scenario: scenarios::name(scenario).to_owned(),
                    observations: observations.clone(),
                },
            ),
        }
    }
}

fn latency(
    evidence: &Evidence,
    run: &StatementRun<'_>,
    leg: &LegRun,
    statistic: Statistic,
    below_ms: f64,
) -> Judged {
    if let Some(trouble) = &leg.trouble {
        return (troubled(trouble, Some(below_ms)), Measurement::None);
    }
    let Some(summary) = evidence.figures.latency(leg) else {
        let reason = run.stopped.unwrap_or("no round was completed");
        return (verdict::inconclusive(reason), Measurement::None);
    };
    let bounds = summary.statistic(statistic);
    let mut judgement = verdict::latency(bounds, statistic, below_ms, evidence.floor.median);
    if run.query.effect() == Effect::Rollback {
        judgement.reason.push_str("; rolled back each time, so without the commit");
    }
    if judgement.verdict == Verdict::Inconclusive
        && let Some(stopped) = run.stopped
    {
        judgement.reason.push_str(&format!("; {stopped}"));
    }
    let measurement = Measurement::Latency {
        statement: run.query.name.clone(),
        dataset: run.dataset.name.clone(),
        statistic,
        below_ms,
        estimate_ms: Some(bounds.estimate_ms),
        interval_ms: bounds.interval(),
    };
    (judgement, measurement)
}

fn ratio(evidence: &Evidence, run: &StatementRun<'_>, leg: &LegRun, above: f64) -> Judged {
    if let Some(trouble) = &leg.trouble {
        return (troubled(trouble, None), Measurement::None);
    }
    let baseline = run.baseline();
    if let Some(trouble) = baseline.and_then(|baseline| baseline.trouble.as_ref()) {
        return (troubled(trouble, None), Measurement::None);
    }
    let estimate = baseline.and_then(|baseline| Some((baseline, evidence.figures.ratio(baseline, leg)?)));
    let Some((baseline, estimate)) = estimate else {
        let reason = run.stopped.unwrap_or("too few rounds were completed");
        return (verdict::inconclusive(reason), Measurement::None);
    };
    let noise_floor = evidence.figures.noise_floor(run);
    let facts = |variant: &str| {
        let key = PlanKey { query: run.query.name.clone(), variant: variant.to_owned() };
        evidence.plans.get(&key).and_then(|plans| plans.as_ref().ok()).map(|plans| &plans.worst)
    };
    let same_plan = same_plan(facts(&baseline.variant), facts(&leg.variant));
    let judgement = verdict::ratio(&estimate, above, noise_floor, same_plan);
    let measurement = Measurement::Ratio {
        statement: run.query.name.clone(),
        dataset: run.dataset.name.clone(),
        baseline: baseline.variant.clone(),
        above,
        estimate,
        noise_floor,
    };
    (judgement, measurement)
}

fn same_plan(left: Option<&PlanFacts>, right: Option<&PlanFacts>) -> bool {
    matches!((left, right), (Some(left), Some(right)) if left == right)
}

/// What a statement's trouble means for a part; `below_ms` when the part holds its time against a target.
fn troubled(trouble: &Trouble, below_ms: Option<f64>) -> Judgement {
    match trouble {
        Trouble::Rejected(rejection) => verdict::not_runnable(rejection),
        Trouble::TimedOut(timeout) => verdict::timed_out(*timeout, below_ms),
        Trouble::Guard(reason) => verdict::invalid(reason),
    }
}

fn why_unused(naming: &[(&str, Result<&Plans, Judgement>)]) -> String {
    if naming.is_empty() {
        return "no query of the workload is said to use it".to_owned();
    }
    let instead = naming.iter().map(|(query, plans)| match plans {
        Err(judgement) => format!("{query}: {}", judgement.reason),
        Ok(plans) if plans.worst.indexes.is_empty() => {
            format!("{query} uses no index: {}", plans.worst.nodes.join(" → "))
        }
        Ok(plans) => format!("{query} uses {}", plans.worst.indexes.join(", ")),
    });
    instead.collect::<Vec<_>>().join("; ")
}
