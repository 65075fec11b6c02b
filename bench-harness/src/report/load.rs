//! Measurements under load as sentences.

use super::figures::with_interval;
use super::words;
use crate::result::evidence::Interval3;
use crate::result::load::{LoadEvidence, LoadRound, LoadTarget};
use crate::stats::Interval;
use crate::workload::load::Arrivals;
use crate::workload::model::Statistic;

/// What the part is about; without a target, all of it.
pub fn short(evidence: &LoadEvidence) -> String {
    match &evidence.target {
        Some(LoadTarget::Latency { statistic, .. }) => latency(evidence, *statistic),
        Some(LoadTarget::Throughput { .. }) => per_second(evidence),
        Some(LoadTarget::Ratio { .. }) => match &evidence.ratio_to_baseline {
            Some(estimate) => with_interval(words::ratio(estimate.ratio), &estimate.interval),
            None => "no ratio".to_owned(),
        },
        None => format!("{}, {}", latency(evidence, Statistic::P99), per_second(evidence)),
    }
}

/// How load was applied, what came of it, and what the load generator says of itself.
pub fn detail(evidence: &LoadEvidence) -> String {
    let load = &evidence.load;
    let connections = words::count_of(load.connections as usize, "connection", "connections");
    let how = match load.rate {
        Some(rate) => {
            let arrivals = match load.arrivals {
                Some(Arrivals::Constant) => "evenly spaced",
                Some(Arrivals::Poisson) | None => "as independent users make them",
            };
            format!("open loop, {} requests/s {arrivals} on {connections}", words::number(rate))
        }
        None => format!("closed loop on {connections}"),
    };
    let mut all = vec![format!("mix {} on {}: {how}", load.mix, evidence.dataset)];
    all.extend(load.rtt_ms.map(|rtt| format!("round trip of {} added", words::milliseconds(rtt))));
    if let Some(LoadTarget::Ratio { baseline, .. }) = &evidence.target {
        let noise = evidence.latency.noise_floor;
        let noise = noise.map_or("noise floor not measured".to_owned(), |floor| {
            format!("noise floor {}", words::ratio(floor))
        });
        all.push(format!("against {baseline}, {noise}"));
    }
    if !matches!(evidence.target, Some(LoadTarget::Throughput { .. }) | None) {
        all.push(format!("{} answered", per_second(evidence)));
    }
    let select_one = words::number(evidence.select_one_per_second);
    all.push(format!("SELECT 1 reaches {select_one}/s"));
    let unanswered: u64 = evidence.rounds.iter().map(|round| round.unanswered).sum();
    if unanswered > 0 {
        all.push(format!("{} never answered in time", words::grouped(unanswered)));
    }
    all.push(format!(
        "{} of generator CPU a request",
        micros(median(evidence, |round| Some(round.generator_cpu_us)))
    ));
    if load.rate.is_some() {
        let lag = words::milliseconds(median(evidence, |round| round.lag_p99_ms));
        all.push(format!("generator lag p99 {lag}"));
    }
    if evidence.rounds.iter().any(|round| round.round_trips.is_some()) {
        let trips = words::number(median(evidence, |round| round.round_trips));
        all.push(format!("{trips} round trips a request"));
    }
    if evidence.invalid_rounds > 0 {
        let rounds = words::count_of(evidence.invalid_rounds as usize, "round", "rounds");
        all.push(format!("{rounds} left out, as the generator could not keep up"));
    }
    all.join("; ")
}

fn latency(evidence: &LoadEvidence, statistic: Statistic) -> String {
    let name = words::statistic(statistic);
    let latency = &evidence.latency;
    let interval = match statistic {
        Statistic::Mean => return format!("{name} {}", words::milliseconds(latency.mean_ms)),
        Statistic::Median => Some(latency.median_ms),
        Statistic::P95 => latency.p95_ms,
        Statistic::P99 => latency.p99_ms,
    };
    match interval {
        Some(Interval3 { low, estimate, high }) => {
            format!("{name} {}", with_interval(words::milliseconds(estimate), &Interval { low, high }))
        }
        None => format!("{name} without an interval, at most {} seen", words::milliseconds(latency.max_ms)),
    }
}

fn per_second(evidence: &LoadEvidence) -> String {
    let rate = format!("{} requests/s", words::number(evidence.per_second));
    match evidence.per_second_interval {
        Some(Interval3 { low, high, .. }) => with_interval(rate, &Interval { low, high }),
        None => rate,
    }
}

fn micros(us: f64) -> String {
    format!("{}\u{a0}µs", words::number(us))
}

/// The median over rounds; zero when no round has it.
fn median(evidence: &LoadEvidence, of: impl Fn(&LoadRound) -> Option<f64>) -> f64 {
    let mut values: Vec<f64> = evidence.rounds.iter().filter_map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::result::evidence::LatencyEvidence;
    use crate::result::load::LoadFacts;

    fn evidence(target: Option<LoadTarget>) -> LoadEvidence {
        let round = LoadRound {
            round: 0,
            requests: 100,
            per_second: 99.0,
            unanswered: 3,
            lag_p99_ms: Some(0.21),
            lag_max_ms: Some(0.5),
            generator_cpu_us: 14.0,
            generator_busy: 0.1,
            round_trips: Some(1.0),
            invalid: None,
        };
        let interval = |estimate: f64| Interval3 { low: 0.9 * estimate, estimate, high: 1.1 * estimate };
        LoadEvidence {
            load: LoadFacts {
                mix: "browsing".into(),
                statements: BTreeMap::from([("page".into(), 9)]),
                rate: Some(100.0),
                arrivals: Some(Arrivals::Poisson),
                connections: 8,
                seconds: 3.0,
                rtt_ms: Some(32.0),
            },
            dataset: "orders".into(),
            target,
            latency: LatencyEvidence {
                load: "open loop".into(),
                samples: 100,
                rounds: vec![],
                mean_ms: 40.0,
                median_ms: interval(35.0),
                p95_ms: Some(interval(50.0)),
                p99_ms: None,
                min_ms: 33.0,
                max_ms: 80.0,
                noise_floor: None,
                histogram: String::new(),
            },
            per_second: 99.0,
            per_second_interval: None,
            ratio_to_baseline: None,
            select_one_per_second: 12_000.0,
            invalid_rounds: 1,
            rounds: vec![round],
        }
    }

    #[test]
    fn the_figure_is_what_the_part_is_about() {
        let p95 = LoadTarget::Latency { statistic: Statistic::P95, below_ms: 60.0 };
        assert_eq!(short(&evidence(Some(p95))), "p95 50.0\u{a0}ms (45.0–55.0)");
        assert_eq!(short(&evidence(Some(LoadTarget::Throughput { at_least: 50.0 }))), "99.0 requests/s");
        assert_eq!(
            short(&evidence(None)),
            "p99 without an interval, at most 80.0\u{a0}ms seen, 99.0 requests/s"
        );
    }

    #[test]
    fn the_detail_says_how_load_was_applied_and_what_the_generator_cost() {
        let p95 = LoadTarget::Latency { statistic: Statistic::P95, below_ms: 60.0 };
        assert_eq!(
            detail(&evidence(Some(p95))).replace('\u{a0}', " "),
            "mix browsing on orders: open loop, 100 requests/s as independent users make them on 8 connections; \
             round trip of 32.0 ms added; 99.0 requests/s answered; SELECT 1 reaches 12 000/s; \
             3 never answered in time; 14.0 µs of generator CPU a request; generator lag p99 0.210 ms; \
             1.00 round trips a request; 1 round left out, as the generator could not keep up"
        );
    }
}
