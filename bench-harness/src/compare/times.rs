//! Times of claims' parts, by a ratio with an interval.
//!
//! Rounds of two runs are no pairs, so the interval comes from redrawing each run's rounds by themselves
//! ([`two_sample_ratio`]). That interval knows what differs between rounds, not what differs between runs. So it must
//! leave a floor behind before anything counts: the largest of the tolerance, both runs' A/A noise floors for the
//! statement, and, for times as measured, how far the runs' `SELECT 1` lie apart, which shows what the machine did
//! meanwhile. Where the machines differ, each round's time is divided by the baseline variant's in that round.

use super::verdicts::find;
use super::{Change, Finding, Tier, TimeBasis};
use crate::report::{figures, words};
use crate::result::evidence::{LatencyEvidence, Measurement, RoundFigure, StatementEvidence};
use crate::result::{RunResult, WorkloadResult};
use crate::stats::{MIN_ROUNDS, RatioEstimate, two_sample_ratio};
use crate::workload::model::Statistic;

const CONFIDENCE: f64 = crate::run::options::CONFIDENCE;
/// Resampling needs some seed; the same one gives the same comparison of the same files.
const SEED: u64 = 1;

/// What an interval says when it must leave `floor` (≥ 1) behind.
pub fn judge(ratio: &RatioEstimate, floor: f64) -> Change {
    if ratio.interval.low > floor {
        Change::Worse
    } else if ratio.interval.high < 1.0 / floor {
        Change::Better
    } else {
        Change::Same
    }
}

pub(super) fn compare(old: &RunResult, new: &RunResult, basis: TimeBasis, tolerance: f64) -> Vec<Finding> {
    let drift = match basis {
        TimeBasis::AsMeasured => drift(old, new),
        _ => 1.0,
    };
    let mut findings = Vec::new();
    for claim in &new.claims {
        let workload = |result| workload_of(result, &claim.workload);
        let [Some(old_workload), Some(new_workload)] = [workload(old), workload(new)] else { continue };
        for variant in &claim.variants {
            let Some(before) = find(&old.claims, &claim.id, &variant.variant) else { continue };
            for part in &variant.parts {
                let other = before.parts.iter().find(|other| other.name == part.name);
                let Some(timed) = Timed::of(&part.measurement, basis) else { continue };
                let Some(other) = other.filter(|other| Timed::of(&other.measurement, basis) == Some(timed))
                else {
                    continue;
                };
                let finding = Finding::new(Tier::Time, &claim.id, &variant.variant, timed.name())
                    .values(said(&other.measurement), said(&part.measurement));
                let sides = [(old_workload, old), (new_workload, new)]
                    .map(|(workload, _)| timed.figures(workload, &variant.variant));
                findings.push(match sides {
                    [Ok(old), Ok(new)] => one(finding, &old, &new, tolerance.max(drift)),
                    [Err(why), _] | [_, Err(why)] => finding.is(Change::Unknown, why),
                });
            }
        }
    }
    findings
}

fn one(finding: Finding, old: &Figures, new: &Figures, least: f64) -> Finding {
    let Some(ratio) = two_sample_ratio(&old.rounds, &new.rounds, CONFIDENCE, SEED) else {
        let rounds = old.rounds.len().min(new.rounds.len());
        let says = format!("{rounds} rounds in one of the runs; an interval needs {MIN_ROUNDS}");
        return finding.is(Change::Unknown, says);
    };
    let [Some(old_floor), Some(new_floor)] = [old.noise_floor, new.noise_floor] else {
        let finding = Finding { ratio: Some(ratio), ..finding };
        return finding
            .is(Change::Unknown, "a run has no A/A comparison, which would say how much of it is noise");
    };
    let floor = least.max(old_floor).max(new_floor);
    let change = judge(&ratio, floor);
    Finding { ratio: Some(ratio), floor: Some(floor), ..finding }.is(change, "")
}

/// How far the machine itself drifted between the runs, ≥ 1.
pub(super) fn drift(old: &RunResult, new: &RunResult) -> f64 {
    match (old.run.select_one_ms, new.run.select_one_ms) {
        (Some(old), Some(new)) if old.median > 0.0 && new.median > 0.0 => {
            (new.median / old.median).max(old.median / new.median)
        }
        _ => 1.0,
    }
}

fn said(measurement: &Measurement) -> String {
    figures::short(measurement).unwrap_or_else(|| "no figure".to_owned())
}

fn workload_of<'a>(result: &'a RunResult, name: &str) -> Option<&'a WorkloadResult> {
    result.workloads.iter().find(|workload| workload.name == name)
}

/// A part that rests on times: of which statement, and what is taken from each of its rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Timed<'a> {
    statement: &'a str,
    dataset: &'a str,
    /// p95 of the round, else its median.
    tail: bool,
    /// Variant whose figure of the same round divides; None: as measured.
    unit: Option<Unit<'a>>,
    statistic: Option<Statistic>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Unit<'a> {
    /// The workload's first variant.
    Baseline,
    Variant(&'a str),
}

struct Figures {
    rounds: Vec<f64>,
    noise_floor: Option<f64>,
}

impl<'a> Timed<'a> {
    fn of(measurement: &'a Measurement, basis: TimeBasis) -> Option<Timed<'a>> {
        match measurement {
            Measurement::Latency { statement, dataset, statistic, .. } => Some(Timed {
                statement,
                dataset,
                tail: matches!(statistic, Statistic::P95 | Statistic::P99),
                unit: (basis == TimeBasis::AgainstBaseline).then_some(Unit::Baseline),
                statistic: Some(*statistic),
            }),
            // A speed-up is a ratio already, on whatever machine.
            Measurement::Ratio { statement, dataset, baseline, .. } => Some(Timed {
                statement,
                dataset,
                tail: false,
                unit: Some(Unit::Variant(baseline)),
                statistic: None,
            }),
            _ => None,
        }
    }

    fn name(&self) -> String {
        match (self.statistic, self.unit) {
            (None, Some(Unit::Variant(baseline))) => {
                format!("speed-up of {} over {baseline}", self.statement)
            }
            (Some(statistic), Some(_)) => {
                format!("{} of {} against the baseline's", words::statistic(statistic), self.statement)
            }
            (statistic, _) => {
                format!("{} of {}", statistic.map_or("time", words::statistic), self.statement)
            }
        }
    }

    /// What the rounds of a variant give; larger is slower.
    fn figures(&self, workload: &WorkloadResult, variant: &str) -> Result<Figures, String> {
        let leg = self.latency(workload, variant)?;
        let figure = |round: &RoundFigure| if self.tail { round.p95_ms } else { round.median_ms };
        let baseline = workload.variants.first().map(|first| first.name.as_str());
        let unit = match self.unit {
            None => None,
            Some(Unit::Variant(name)) => Some(name),
            Some(Unit::Baseline) if baseline == Some(variant) => {
                return Err("the machines differ, and the baseline has nothing to be held against".to_owned());
            }
            Some(Unit::Baseline) => baseline,
        };
        let rounds = match unit {
            None => leg.rounds.iter().map(figure).collect(),
            Some(unit) => {
                let unit = self.latency(workload, unit)?;
                let of = |round: u32| unit.rounds.iter().find(|other| other.round == round);
                leg.rounds.iter().filter_map(|round| Some(figure(round) / figure(of(round.round)?))).collect()
            }
        };
        Ok(Figures { rounds, noise_floor: leg.noise_floor })
    }

    fn latency<'w>(
        &self,
        workload: &'w WorkloadResult,
        variant: &str,
    ) -> Result<&'w LatencyEvidence, String> {
        let is_it = |statement: &&StatementEvidence| {
            statement.name == self.statement
                && statement.dataset == self.dataset
                && statement.variant == variant
        };
        let statement = workload.statements.iter().find(is_it);
        statement
            .and_then(|statement| statement.latency.as_ref())
            .ok_or_else(|| format!("{} was not timed in {variant} in one of the runs", self.statement))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Interval;

    fn ratio(low: f64, high: f64) -> RatioEstimate {
        RatioEstimate { ratio: (low * high).sqrt(), interval: Interval { low, high }, rounds: 12 }
    }

    #[test]
    fn only_an_interval_beyond_the_floor_counts() {
        assert_eq!(judge(&ratio(1.06, 1.4), 1.05), Change::Worse);
        assert_eq!(judge(&ratio(1.04, 1.4), 1.05), Change::Same, "its near end is within the noise");
        assert_eq!(judge(&ratio(0.98, 1.02), 1.05), Change::Same);
        assert_eq!(judge(&ratio(0.5, 0.9), 1.05), Change::Better);
        assert_eq!(judge(&ratio(0.5, 0.96), 1.05), Change::Same);
        assert_eq!(judge(&ratio(1.06, 1.4), 1.2), Change::Same, "a noisier run asks for more");
    }
}
