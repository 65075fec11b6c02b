//! One statement with everything measured of it: figures, plots, plans, SQL.

use serde::Serialize;

use super::plan_diff::{self, DiffLine, PlanLine};
use crate::report::outline::{StatementGroup, variant_rank};
use crate::report::plot::{self, Distribution, LatencyRow, LatencyTarget, Plot, PlotError, RatioRow};
use crate::report::{figures, words};
use crate::result::WorkloadResult;
use crate::result::evidence::{Interval3, LatencyEvidence, PlanEvidence, Rejection, StatementEvidence};

#[derive(Serialize)]
pub(super) struct StatementView {
    pub name: String,
    pub dataset: String,
    pub anchor: String,
    pub summary: String,
    pub effect: &'static str,
    pub latency: Option<Plot>,
    pub ratio: Option<Plot>,
    pub distribution: Option<Plot>,
    pub baseline: String,
    pub legend: Vec<Legend>,
    pub figures: Vec<FigureRow>,
    /// Some row has a p99; else the column stays away.
    pub has_p99: bool,
    pub plans: Vec<PlanPair>,
    pub sql: Vec<SqlView>,
    pub rejections: Vec<RejectionView>,
}

#[derive(Serialize)]
pub(super) struct Legend {
    variant: String,
    series: usize,
}

#[derive(Serialize)]
pub(super) struct FigureRow {
    variant: String,
    series: usize,
    median: String,
    p95: String,
    p99: String,
    mean: String,
    extremes: String,
    ratio: String,
    noise_floor: String,
    samples: String,
    hit_ratio: String,
}

#[derive(Serialize)]
pub(super) struct PlanPair {
    /// None when the variant is compared with nothing.
    left: Option<String>,
    right: String,
    mode: String,
    same_shape: bool,
    buffers: String,
    lines: Vec<DiffLine>,
}

#[derive(Serialize)]
pub(super) struct SqlView {
    variants: String,
    sql: String,
}

#[derive(Serialize)]
pub(super) struct RejectionView {
    variant: String,
    rejection: Rejection,
}

/// `target`: the claim's, drawn into the plot of latencies.
pub(super) fn statement(
    workload: &WorkloadResult,
    group: &StatementGroup<'_>,
    anchor: String,
    target: Option<LatencyTarget>,
) -> Result<StatementView, PlotError> {
    let series = |evidence: &StatementEvidence| variant_rank(workload, &evidence.variant).min(99);
    let timed: Vec<(&StatementEvidence, &LatencyEvidence)> = group
        .by_variant
        .iter()
        .filter_map(|evidence| evidence.latency.as_ref().map(|latency| (*evidence, latency)))
        .collect();
    let baseline = workload.variants.first().map_or("", |facts| facts.name.as_str());
    let latency_rows: Vec<LatencyRow<'_>> = timed
        .iter()
        .map(|(evidence, latency)| LatencyRow {
            variant: &evidence.variant,
            series: series(evidence),
            median_ms: latency.median_ms,
            p95_ms: latency.p95_ms,
        })
        .collect();
    let distributions: Vec<Distribution<'_>> = timed
        .iter()
        .map(|(evidence, latency)| Distribution {
            variant: &evidence.variant,
            series: series(evidence),
            histogram: &latency.histogram,
        })
        .collect();
    let first = group.by_variant.first();
    Ok(StatementView {
        name: group.name.to_owned(),
        dataset: group.dataset.to_owned(),
        anchor,
        summary: first.map(|evidence| evidence.summary.clone()).unwrap_or_default(),
        effect: first.map_or("", |evidence| words::effect(evidence.effect)),
        latency: plot::latency(group.name, &latency_rows, target)?,
        ratio: plot::ratio(group.name, baseline, &ratio_rows(&timed, baseline, series))?,
        distribution: plot::distribution(group.name, &distributions)?,
        baseline: baseline.to_owned(),
        legend: timed
            .iter()
            .map(|(evidence, _)| Legend {
                variant: evidence.variant.clone(),
                series: series(evidence).min(4),
            })
            .collect(),
        figures: timed
            .iter()
            .map(|(evidence, latency)| figure_row(evidence, latency, series(evidence)))
            .collect(),
        has_p99: timed.iter().any(|(_, latency)| latency.p99_ms.is_some()),
        plans: plans(group),
        sql: distinct_sql(group),
        rejections: group
            .by_variant
            .iter()
            .filter_map(|evidence| {
                let rejection = evidence.rejection.clone()?;
                Some(RejectionView { variant: evidence.variant.clone(), rejection })
            })
            .collect(),
    })
}

fn ratio_rows<'a>(
    timed: &[(&'a StatementEvidence, &'a LatencyEvidence)],
    baseline: &str,
    series: impl Fn(&StatementEvidence) -> usize,
) -> Vec<RatioRow<'a>> {
    let base = timed.iter().find(|(evidence, _)| evidence.variant == baseline).map(|(_, latency)| *latency);
    timed
        .iter()
        .filter_map(|(evidence, latency)| {
            let estimate = evidence.ratio_to_baseline.as_ref()?;
            Some(RatioRow {
                variant: &evidence.variant,
                series: series(evidence),
                estimate,
                rounds: base.map(|base| paired(base, latency)).unwrap_or_default(),
                noise_floor: latency.noise_floor,
            })
        })
        .collect()
}

/// Ratio of medians in each round that both took part in.
fn paired(base: &LatencyEvidence, variant: &LatencyEvidence) -> Vec<f64> {
    variant
        .rounds
        .iter()
        .filter_map(|figure| {
            let partner = base.rounds.iter().find(|other| other.round == figure.round)?;
            Some(partner.median_ms / figure.median_ms)
        })
        .collect()
}

fn figure_row(evidence: &StatementEvidence, latency: &LatencyEvidence, series: usize) -> FigureRow {
    const NONE: &str = "–";
    let interval = |figure: &Interval3| {
        let ends = crate::stats::Interval { low: figure.low, high: figure.high };
        figures::with_interval(words::milliseconds(figure.estimate), &ends)
    };
    let or_none = |figure: &Option<Interval3>| figure.as_ref().map_or(NONE.to_owned(), interval);
    let lowest_hit_ratio =
        latency.rounds.iter().filter_map(|round| round.buffer_hit_ratio).min_by(f64::total_cmp);
    FigureRow {
        variant: evidence.variant.clone(),
        series: series.min(4),
        median: interval(&latency.median_ms),
        p95: or_none(&latency.p95_ms),
        p99: or_none(&latency.p99_ms),
        mean: words::milliseconds(latency.mean_ms),
        extremes: format!(
            "{} … {}",
            words::milliseconds(latency.min_ms),
            words::milliseconds(latency.max_ms)
        ),
        ratio: match &evidence.ratio_to_baseline {
            Some(ratio) => figures::with_interval(words::ratio(ratio.ratio), &ratio.interval),
            None => NONE.to_owned(),
        },
        noise_floor: latency.noise_floor.map_or(NONE.to_owned(), words::ratio),
        samples: format!("{} in {}", words::grouped(latency.samples), latency.rounds.len()),
        hit_ratio: lowest_hit_ratio.map_or(NONE.to_owned(), |share| format!("{:.1}\u{a0}%", share * 100.0)),
    }
}

/// The first variant that has a plan against each further one. Modes whose plans have the same shape in every
/// variant are shown once.
fn plans(group: &StatementGroup<'_>) -> Vec<PlanPair> {
    let mut modes: Vec<(String, Vec<(&str, &PlanEvidence)>)> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for mode in group.by_variant.iter().flat_map(|evidence| &evidence.plans).map(|plan| plan.mode.as_str()) {
        if seen.contains(&mode) {
            continue;
        }
        seen.push(mode);
        let of_mode: Vec<(&str, &PlanEvidence)> = group
            .by_variant
            .iter()
            .filter_map(|evidence| {
                let plan = evidence.plans.iter().find(|plan| plan.mode == mode)?;
                Some((evidence.variant.as_str(), plan))
            })
            .collect();
        match modes.iter_mut().find(|(_, other)| same_shapes(other, &of_mode)) {
            Some((name, _)) => name.push_str(&format!(", {mode} alike")),
            None => modes.push((mode.to_owned(), of_mode)),
        }
    }
    modes.into_iter().flat_map(|(mode, plans)| pairs(&mode, &plans)).collect()
}

fn same_shapes(one: &[(&str, &PlanEvidence)], other: &[(&str, &PlanEvidence)]) -> bool {
    let shapes = |plans: &[(&str, &PlanEvidence)]| -> Vec<(String, Vec<String>)> {
        plans
            .iter()
            .map(|(variant, plan)| ((*variant).to_owned(), plan.text.lines().map(plan_diff::shape).collect()))
            .collect()
    };
    shapes(one) == shapes(other)
}

fn pairs(mode: &str, plans: &[(&str, &PlanEvidence)]) -> Vec<PlanPair> {
    let Some(((base, base_plan), others)) = plans.split_first() else { return vec![] };
    if others.is_empty() {
        let line = |text: &str| DiffLine { left: None, right: Some(PlanLine::of(text)), differs: false };
        return vec![PlanPair {
            left: None,
            right: (*base).to_owned(),
            mode: mode.to_owned(),
            same_shape: false,
            buffers: words::count_of(base_plan.facts.buffers as usize, "buffer", "buffers"),
            lines: base_plan.text.lines().map(line).collect(),
        }];
    }
    let against_base = |(variant, plan): &(&str, &PlanEvidence)| {
        let lines = plan_diff::side_by_side(&base_plan.text, &plan.text);
        let (before, after) = (base_plan.facts.buffers, plan.facts.buffers);
        PlanPair {
            left: Some((*base).to_owned()),
            right: (*variant).to_owned(),
            mode: mode.to_owned(),
            same_shape: lines.iter().all(|line| !line.differs),
            buffers: format!("{} → {} buffers", words::grouped(before), words::grouped(after)),
            lines,
        }
    };
    others.iter().map(against_base).collect()
}

/// Each wording once, with the variants that run it.
fn distinct_sql(group: &StatementGroup<'_>) -> Vec<SqlView> {
    let mut views: Vec<SqlView> = Vec::new();
    for evidence in &group.by_variant {
        match views.iter_mut().find(|view| view.sql == evidence.sql) {
            Some(view) => view.variants.push_str(&format!(", {}", evidence.variant)),
            None => views.push(SqlView { variants: evidence.variant.clone(), sql: evidence.sql.clone() }),
        }
    }
    views
}
