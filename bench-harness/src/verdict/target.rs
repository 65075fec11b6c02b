//! Targets as a reader would say them.

use super::figures::{grouped, number};
use super::ratio::threshold;
use crate::workload::load::{Load, Loop, Target};
use crate::workload::model::{Measure, PlanMeasure, Scale, Scenario};

/// The target of a part, e.g. `p95 < 10 ms`.
pub fn target_text(measure: &Measure) -> String {
    match measure {
        Measure::Latency { statistic, below_ms, .. } => {
            format!("{} < {below_ms} ms", statistic.name())
        }
        Measure::Ratio { above, .. } => ratio_target(*above),
        Measure::Plan(plan) => plan_target(plan),
        Measure::IndexSize { index, smaller_by_percent, .. } => {
            format!("{index} at least {smaller_by_percent} % smaller than in full")
        }
        Measure::Accepted { statements } => format!("{0} of {0} statements accepted", grouped(*statements)),
        Measure::Used { indexes } => format!("{0} of {0} indexes used", grouped(*indexes)),
        Measure::OpenLoop(_) | Measure::ClosedLoop(_) => load_target(measure),
        Measure::Scenario(Scenario::Storm { connections, expected, .. }) => {
            format!("{} simultaneous calls leave exactly {expected}", grouped(u64::from(*connections)))
        }
        Measure::Scenario(Scenario::Drain { .. }) => "exact order".to_owned(),
    }
}

fn ratio_target(above: f64) -> String {
    if above == 1.0 {
        format!("faster, by a ratio of at least {}", number(threshold(above), 3))
    } else {
        format!("ratio ≥ {}", threshold(above))
    }
}

fn load_target(measure: &Measure) -> String {
    let wanted = match measure.load_target() {
        Some(Target::Latency { statistic, below_ms }) => format!("{} < {below_ms} ms", statistic.name()),
        Some(Target::Throughput { at_least }) => format!("≥ {at_least} requests/s"),
        Some(Target::Ratio { above, .. }) => ratio_target(above),
        None => "no target".to_owned(),
    };
    // What is said here is the same at every scale.
    let Some(load) = Load::of(measure, Scale::Ci) else { return wanted };
    let connections = grouped(u64::from(load.connections));
    match load.how {
        Loop::Open { rate, .. } => format!("{wanted} at {rate} requests/s on {connections} connections"),
        Loop::Closed => format!("{wanted} on {connections} connections"),
    }
}

fn plan_target(plan: &PlanMeasure) -> String {
    let mut wanted = Vec::new();
    match plan.index_only {
        Some(true) => wanted.push("index-only".to_owned()),
        Some(false) => wanted.push("not index-only".to_owned()),
        None => {}
    }
    wanted.extend(plan.index.iter().map(|index| format!("uses {index}")));
    wanted.extend(plan.without.iter().map(|node| format!("no {node}")));
    wanted.extend(plan.buffers_at_most.iter().map(|most| format!("≤ {} buffers", grouped(*most))));
    if wanted.is_empty() { "the plan, without a target".to_owned() } else { wanted.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(toml: &str) -> String {
        target_text(&toml::from_str(toml).unwrap())
    }

    #[test]
    fn targets_read_like_sentences() {
        assert_eq!(said("latency = { statement = 'page', below_ms = 10 }"), "p95 < 10 ms");
        assert_eq!(
            said("latency = { statement = 'page', statistic = 'mean', below_ms = 0.5 }"),
            "mean < 0.5 ms"
        );
        assert_eq!(said("ratio = { statement = 'page', above = 1 }"), "faster, by a ratio of at least 1.05");
        assert_eq!(said("ratio = { statement = 'page', above = 10 }"), "ratio ≥ 10");
        assert_eq!(
            said(
                "plan = { statement = 'page', index_only = true, index = 'i', without = ['Sort'], buffers_at_most = 1000 }"
            ),
            "index-only, uses i, no Sort, ≤ 1 000 buffers"
        );
        assert_eq!(said("plan = { statement = 'page' }"), "the plan, without a target");
        assert_eq!(
            said("index_size = { index = 'i', full = 'CREATE INDEX …', smaller_by_percent = 80 }"),
            "i at least 80 % smaller than in full"
        );
        let open = "open_loop = { mix = 'm', rate = 100, connections = 8";
        assert_eq!(
            said(&format!("{open}, target = {{ latency = {{ statistic = 'p99', below_ms = 50 }} }} }}")),
            "p99 < 50 ms at 100 requests/s on 8 connections"
        );
        assert_eq!(said(&format!("{open} }}")), "no target at 100 requests/s on 8 connections");
        let closed = "closed_loop = { mix = 'm', connections = 8, target";
        assert_eq!(
            said(&format!("{closed} = {{ throughput = {{ at_least = 500 }} }} }}")),
            "≥ 500 requests/s on 8 connections"
        );
        assert_eq!(
            said(&format!("{closed} = {{ ratio = {{ above = 2 }} }} }}")),
            "ratio ≥ 2 on 8 connections"
        );
        assert_eq!(said("accepted = { statements = 15 }"), "15 of 15 statements accepted");
        assert_eq!(said("used = { indexes = 15 }"), "15 of 15 indexes used");
    }
}
