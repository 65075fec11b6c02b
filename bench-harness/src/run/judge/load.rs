//! The rule and the figures of a part that is judged under load.

use super::parts::{Judged, say_why_stopped, troubled};
use super::{Case, Evidence};
use crate::result::evidence::{Interval3, Measurement};
use crate::result::load::{LoadEvidence, LoadFacts, LoadTarget};
use crate::run::load::{LoadLegRun, LoadRun};
use crate::stats::{LatencySummary, RatioEstimate, Throughput};
use crate::verdict::{self, Judgement, Verdict, guard};
use crate::workload::load::{Load, Loop, Target};
use crate::workload::model::Measure;

/// The load generator may spoil this part of a variant's legs; beyond, those that remain are chosen by chance no more.
const SPOILT_ALLOWED: f64 = 0.25;

/// Verdict of a part as far as it rests on this load; None when it does not.
pub(super) fn verdict(
    evidence: &Evidence,
    run: &LoadRun,
    measure: &Measure,
    variant: &str,
) -> Option<Verdict> {
    if Load::of(measure, evidence.scale)? != run.load {
        return None;
    }
    Some(judge(evidence, run, run.leg(variant)?, measure.load_target()).0.verdict)
}

pub(super) fn judged(case: &Case<'_>, measure: &Measure) -> Judged {
    let load = Load::of(measure, case.evidence.scale);
    let run = case.evidence.loads.iter().find(|run| Some(&run.load) == load.as_ref());
    match run.and_then(|run| Some((run, run.leg(case.variant)?))) {
        Some((run, leg)) => judge(case.evidence, run, leg, measure.load_target()),
        None => {
            let mut failed = case.evidence.loads_failed.iter();
            let judgement = match failed.find(|(failed, _)| Some(failed) == load.as_ref()) {
                Some((_, judgement)) => judgement.clone(),
                None => Judgement::new(Verdict::Invalid, "this variant was not put under the load"),
            };
            (judgement, Measurement::None)
        }
    }
}

/// Figures of a variant under load, as verdict and result both use them.
struct Figures<'a> {
    latency: &'a LatencySummary,
    throughput: Option<Throughput>,
    ratio: Option<RatioEstimate>,
    noise_floor: Option<f64>,
}

fn judge(evidence: &Evidence, run: &LoadRun, leg: &LoadLegRun, target: Option<Target<'_>>) -> Judged {
    let below = match target {
        Some(Target::Latency { below_ms, .. }) => Some(below_ms),
        _ => None,
    };
    if let Some(trouble) = &leg.trouble {
        return (troubled(trouble, below), Measurement::None);
    }
    let baseline = match target {
        Some(Target::Ratio { baseline: Some(name), .. }) => run.leg(name),
        _ => run.legs.first(),
    };
    if matches!(target, Some(Target::Ratio { .. }))
        && let Some(trouble) = baseline.and_then(|baseline| baseline.trouble.as_ref())
    {
        return (troubled(trouble, None), Measurement::None);
    }
    let Some(latency) = evidence.figures.latency(&leg.rounds) else {
        return (nothing(run, leg), Measurement::None);
    };
    if let Err(failure) = guard::check_saturation(&run.load.mix, &latency) {
        return (failure.into(), Measurement::None);
    }
    let figures = figures(evidence, run, leg, baseline, &latency);
    let mut judgement = match spoilt(leg) {
        Some(reason) => Judgement::new(Verdict::Invalid, reason),
        None => by_target(evidence, run, target, &figures),
    };
    say_why_stopped(&mut judgement, run.stopped);
    let shown = shown(run, leg, baseline, target, figures);
    (judgement, Measurement::Load(Box::new(shown)))
}

/// No leg is left that counts.
fn nothing(run: &LoadRun, leg: &LoadLegRun) -> Judgement {
    match spoilt(leg) {
        Some(reason) => Judgement::new(Verdict::Invalid, reason),
        None => Judgement::new(Verdict::Inconclusive, run.stopped.unwrap_or("no round was completed")),
    }
}

/// Why the load generator, and not the server, was measured in too many legs.
fn spoilt(leg: &LoadLegRun) -> Option<String> {
    let mut reasons = leg.figures.iter().filter_map(|round| round.invalid.as_ref()).peekable();
    let first = reasons.peek().map(|first| (*first).clone())?;
    let (spoilt, of) = (reasons.count(), leg.figures.len());
    (spoilt as f64 > SPOILT_ALLOWED * of as f64).then(|| {
        format!("in {spoilt} of {of} rounds {first}; end other work on this machine, or lower the load")
    })
}

fn figures<'a>(
    evidence: &Evidence,
    run: &LoadRun,
    leg: &LoadLegRun,
    baseline: Option<&LoadLegRun>,
    latency: &'a LatencySummary,
) -> Figures<'a> {
    let of = &evidence.figures;
    let (ratio, noise_floor) = match run.load.how {
        Loop::Open { .. } => (
            baseline.and_then(|baseline| of.ratio(&baseline.rounds, &leg.rounds)),
            run.twins().and_then(|(first, twin)| of.noise_floor(&first.rounds, &twin.rounds)),
        ),
        Loop::Closed => (
            baseline.and_then(|baseline| of.throughput_ratio(&baseline.figures, &leg.figures)),
            run.twins().and_then(|(first, twin)| of.throughput_noise_floor(&first.figures, &twin.figures)),
        ),
    };
    Figures { latency, throughput: of.throughput(&leg.figures), ratio, noise_floor }
}

fn by_target(
    evidence: &Evidence,
    run: &LoadRun,
    target: Option<Target<'_>>,
    figures: &Figures<'_>,
) -> Judgement {
    match target {
        Some(Target::Latency { statistic, below_ms }) => {
            // Nothing is answered sooner than the wire allows.
            let floor = evidence.floor.median + run.load.rtt_ms.unwrap_or(0.0);
            verdict::judge_latency(statistic, below_ms, figures.latency.statistic(statistic), Some(floor))
        }
        Some(Target::Throughput { at_least }) => verdict::judge_throughput(
            at_least,
            figures.throughput.as_ref(),
            Some(run.select_one_per_second).filter(|ceiling| *ceiling > 0.0),
        ),
        Some(Target::Ratio { above, .. }) => {
            verdict::judge_ratio(above, figures.ratio.as_ref(), figures.noise_floor, false)
        }
        None => Judgement::new(Verdict::Measured, "the figures stand for themselves"),
    }
}

fn shown(
    run: &LoadRun,
    leg: &LoadLegRun,
    baseline: Option<&LoadLegRun>,
    target: Option<Target<'_>>,
    figures: Figures<'_>,
) -> LoadEvidence {
    let load = &run.load;
    let (rate, arrivals) = match load.how {
        Loop::Open { rate, arrivals } => (Some(rate), Some(arrivals)),
        Loop::Closed => (None, None),
    };
    let how = if rate.is_some() { "open loop" } else { "closed loop" };
    let is_baseline = baseline.is_some_and(|baseline| baseline.variant == leg.variant);
    let interval = figures.throughput.and_then(|throughput| {
        let interval = throughput.interval?;
        Some(Interval3 { low: interval.low, estimate: throughput.per_second, high: interval.high })
    });
    LoadEvidence {
        load: LoadFacts {
            mix: load.mix.clone(),
            statements: run.weights.clone(),
            rate,
            arrivals,
            connections: load.connections,
            seconds: load.seconds,
            rtt_ms: load.rtt_ms,
        },
        dataset: run.dataset.clone(),
        target: target.map(|target| match target {
            Target::Latency { statistic, below_ms } => LoadTarget::Latency { statistic, below_ms },
            Target::Throughput { at_least } => LoadTarget::Throughput { at_least },
            Target::Ratio { above, .. } => LoadTarget::Ratio {
                baseline: baseline.map_or_else(String::new, |baseline| baseline.variant.clone()),
                above,
            },
        }),
        latency: figures.latency.evidence(how, figures.noise_floor),
        per_second: figures.throughput.map_or(0.0, |throughput| throughput.per_second),
        per_second_interval: interval,
        ratio_to_baseline: figures.ratio.filter(|_| !is_baseline),
        select_one_per_second: run.select_one_per_second,
        invalid_rounds: leg.figures.iter().filter(|round| round.invalid.is_some()).count() as u32,
        rounds: leg.figures.clone(),
    }
}
