//! The rule and the figures of each kind of part.

use super::{Case, Evidence, PartKey, load};
use crate::plan;
use crate::result::evidence::{Measurement, Rejection, UnusedIndex};
use crate::run::measure::{LegRun, StatementRun, Trouble};
use crate::run::plans::{PlanKey, Plans};
use crate::scenarios::{self, ScenarioError};
use crate::verdict::{self, Judgement, Verdict, guard, index::smaller_by_percent};
use crate::workload::model::{Effect, Measure, Part, PlanMeasure, Scenario, Statistic};

pub(super) type Judged = (Judgement, Measurement);

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
        let (judgement, measurement) = self.measured(part);
        let miss = verdict::miss_at_smaller_size(&part.measure);
        (verdict::apply_size(judgement, self.size, miss), measurement)
    }

    fn measured(&self, part: &Part) -> Judged {
        match &part.measure {
            Measure::Latency { statement, statistic, below_ms } => match self.leg(statement) {
                Ok((run, leg)) => latency(self.evidence, run, leg, *statistic, *below_ms),
                Err(judgement) => (judgement, Measurement::None),
            },
            Measure::Ratio { statement, above, .. } => match self.leg(statement) {
                Ok((run, leg)) => ratio(self.evidence, run, leg, *above),
                Err(judgement) => (judgement, Measurement::None),
            },
            Measure::Plan(plan) => self.plan(plan),
            Measure::IndexSize { index, smaller_by_percent, .. } => {
                self.index_size(part, index, *smaller_by_percent)
            }
            Measure::Accepted { statements } => self.accepted(*statements),
            Measure::Used { indexes } => self.used(*indexes),
            Measure::OpenLoop(_) | Measure::ClosedLoop(_) => load::judged(self, &part.measure),
            Measure::Scenario(scenario) => self.scenario(part, scenario),
        }
    }

    fn leg(&self, statement: &str) -> Result<(&StatementRun<'_>, &LegRun), Judgement> {
        let run = self.runs.iter().find(|run| run.query.name == statement);
        run.and_then(|run| Some((run, run.leg(self.variant)?))).ok_or_else(|| {
            Judgement::new(Verdict::Invalid, format!("`{statement}` was not measured in this variant"))
        })
    }

    fn plans(&self, statement: &str) -> Result<&Plans, Judgement> {
        let key = PlanKey { query: statement.to_owned(), variant: self.variant.to_owned() };
        match self.evidence.plans.get(&key) {
            Some(Ok(plans)) => Ok(plans),
            Some(Err(trouble)) => Err(troubled(trouble, None)),
            None => Err(Judgement::new(
                Verdict::Invalid,
                format!("`{statement}` was not planned in this variant"),
            )),
        }
    }

    fn plan(&self, measure: &PlanMeasure) -> Judged {
        match self.plans(&measure.statement) {
            Err(judgement) => (judgement, Measurement::None),
            Ok(plans) => (
                verdict::judge_plan(measure, &plans.worst, &plans.used_by_any),
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
            return (Judgement::new(Verdict::Invalid, "its size was not measured"), Measurement::None);
        };
        match (sizes.bytes, &sizes.full_bytes) {
            (None, _) => {
                let refused = self.dataset.audits.iter().find(|audit| {
                    audit.variant == self.variant && audit.name == index && audit.rejection.is_some()
                });
                let judgement = match refused.and_then(|audit| audit.rejection.as_ref()) {
                    Some(rejection) => Judgement::rejected(index, rejection),
                    None => {
                        let reason = format!("variant `{}` has no index {index}", self.variant);
                        Judgement::new(Verdict::Invalid, reason)
                    }
                };
                (judgement, Measurement::None)
            }
            (_, Err(rejection)) => (Judgement::rejected("it", rejection), Measurement::None),
            (Some(bytes), Ok(full_bytes)) => {
                let smaller_by_percent = smaller_by_percent(bytes, *full_bytes);
                (
                    verdict::judge_index_size(bytes, *full_bytes, target),
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
        let judgement = verdict::judge_accepted(wanted, audits.len() as u64, &rejected);
        (judgement, Measurement::Accepted { accepted, of: wanted, rejected })
    }

    /// An index counts as used when a query that names it uses it, in this variant, for some drawn parameters.
    fn used(&self, wanted: u64) -> Judged {
        let mut used = Vec::new();
        let mut unused = Vec::new();
        for audit in self.dataset.audits.iter().filter(|audit| audit.variant == self.variant && audit.created)
        {
            let naming: Vec<_> = self
                .workload
                .queries
                .values()
                .filter(|query| query.uses_in(self.variant).contains(&audit.name))
                .map(|query| (query.name.as_str(), self.plans(&query.name)))
                .collect();
            let uses = |plans: &Result<&Plans, Judgement>| {
                plans.as_ref().is_ok_and(|plans| plans.used_by_any.contains(&audit.name))
            };
            if naming.iter().any(|(_, plans)| uses(plans)) {
                used.push(audit.name.clone());
            } else {
                unused.push(UnusedIndex { index: audit.name.clone(), why: why_unused(&naming) });
            }
        }
        (verdict::judge_used(wanted, &used, &unused), Measurement::Used { used, unused })
    }

    fn scenario(&self, part: &Part, scenario: &Scenario) -> Judged {
        let key = PartKey {
            claim: self.claim.id.clone(),
            part: part.name.clone(),
            variant: self.variant.to_owned(),
        };
        match self.evidence.scenarios.get(&key) {
            None => (Judgement::new(Verdict::Invalid, "the scenario was not played"), Measurement::None),
            Some(Err(ScenarioError::Rejected(rejection))) => {
                (Judgement::rejected("it", rejection), Measurement::None)
            }
            Some(Err(ScenarioError::Interrupted)) => {
                (Judgement::new(Verdict::Inconclusive, "the run was interrupted"), Measurement::None)
            }
            Some(Err(error)) => (Judgement::new(Verdict::Invalid, error.to_string()), Measurement::None),
            Some(Ok(observations)) => (
                verdict::judge_scenario(observations),
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
    let Some(summary) = evidence.figures.latency(&leg.rounds) else {
        let reason = run.stopped.unwrap_or("no round was completed");
        return (Judgement::new(Verdict::Inconclusive, reason), Measurement::None);
    };
    if let Err(failure) = guard::check_saturation(&run.query.name, &summary) {
        return (failure.into(), Measurement::None);
    }
    let bounds = summary.statistic(statistic);
    let mut judgement = verdict::judge_latency(statistic, below_ms, bounds, Some(evidence.floor.median));
    if run.query.effect() == Effect::Rollback {
        judgement.reason.push_str("; rolled back each time, so without the commit");
    }
    say_why_stopped(&mut judgement, run.stopped);
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
    let Some(baseline) = run.baseline() else {
        return (Judgement::new(Verdict::Invalid, "the baseline was not measured"), Measurement::None);
    };
    if let Some(trouble) = leg.trouble.as_ref().or(baseline.trouble.as_ref()) {
        return (troubled(trouble, None), Measurement::None);
    }
    let estimate = evidence.figures.ratio(&baseline.rounds, &leg.rounds);
    let noise_floor = evidence.figures.noise_floor_of(run);
    let same_work = same_work(evidence, &run.query.name, [&baseline.variant, &leg.variant]);
    let known = matches!(same_work, Ok(true));
    let mut judgement = verdict::judge_ratio(above, estimate.as_ref(), noise_floor, known);
    if let Err(why) = same_work {
        judgement.reason.push_str(&format!("; whether the plans do the same work is not known: {why}"));
    }
    say_why_stopped(&mut judgement, run.stopped);
    let measurement = estimate.map_or(Measurement::None, |estimate| Measurement::Ratio {
        statement: run.query.name.clone(),
        dataset: run.dataset.name.clone(),
        baseline: baseline.variant.clone(),
        above,
        estimate,
        noise_floor,
    });
    (judgement, measurement)
}

/// Why there are no more figures, when more could have decided.
pub(super) fn say_why_stopped(judgement: &mut Judgement, stopped: Option<&str>) {
    if let (Verdict::Inconclusive, Some(stopped)) = (judgement.verdict, stopped) {
        judgement.reason.push_str(&format!("; {stopped}"));
    }
}

/// Whether a statement's plans in two variants, each with the arguments that cost it most, are the same down to the
/// buffers; or why that can't be told.
fn same_work(evidence: &Evidence, statement: &str, variants: [&str; 2]) -> Result<bool, String> {
    let plans = |variant: &str| {
        let key = PlanKey { query: statement.to_owned(), variant: variant.to_owned() };
        match evidence.plans.get(&key) {
            Some(Ok(plans)) => Ok(&plans.costliest),
            Some(Err(trouble)) => Err(format!("{variant}: {}", troubled(trouble, None).reason)),
            None => Err(format!("{variant}: it was not planned")),
        }
    };
    Ok(plan::same_work(plans(variants[0])?, plans(variants[1])?))
}

/// What a statement's trouble means for a part; `below_ms` when the part holds its time against a target.
pub(super) fn troubled(trouble: &Trouble, below_ms: Option<f64>) -> Judgement {
    match trouble {
        Trouble::Rejected(rejection) => Judgement::rejected("it", rejection),
        Trouble::TimedOut(timeout) => verdict::judge_timeout(*timeout, below_ms),
        Trouble::Guard(reason) => Judgement::new(Verdict::Invalid, reason),
    }
}

fn why_unused(naming: &[(&str, Result<&Plans, Judgement>)]) -> String {
    if naming.is_empty() {
        return "no query of the workload is said to use it".to_owned();
    }
    let instead = naming.iter().map(|(query, plans)| match plans {
        Err(judgement) => format!("{query}: {}", judgement.reason),
        Ok(plans) if plans.used_by_any.is_empty() => {
            format!("{query} uses no index: {}", plans.worst.nodes.join(" → "))
        }
        Ok(plans) => {
            let indexes: Vec<_> = plans.used_by_any.iter().map(String::as_str).collect();
            format!("{query} uses {}", indexes.join(", "))
        }
    });
    instead.collect::<Vec<_>>().join("; ")
}
