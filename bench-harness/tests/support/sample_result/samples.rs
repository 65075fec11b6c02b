//! Latencies drawn from a log-normal distribution, and what the harness would make of them.

use base64::Engine;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};
use indexproof::result::evidence::{Interval3, LatencyEvidence, RoundFigure};
use indexproof::stats::{Interval, RatioEstimate};
use rand::SeedableRng;
use rand_distr::{Distribution, LogNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

const ROUNDS: u32 = 14;
const SAMPLES: usize = 120;

fn quantile(sorted: &[f64], q: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * q).round() as usize]
}

/// Evidence around a median; `spread` is the standard deviation of the logarithm.
pub fn latency(seed: u64, median_ms: f64, spread: f64) -> LatencyEvidence {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let samples = LogNormal::new(median_ms.ln(), spread).expect("a positive spread");
    let drift = LogNormal::new(0.0, 0.02).expect("a positive spread");
    let mut histogram = Histogram::<u64>::new(3).expect("three digits are allowed");
    let (mut all, mut rounds) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let slow: f64 = drift.sample(&mut random);
        let mut leg: Vec<f64> = (0..SAMPLES).map(|_| samples.sample(&mut random) * slow).collect();
        leg.sort_by(f64::total_cmp);
        for ms in &leg {
            histogram.record((ms * 1e6) as u64).expect("an auto-resizing histogram takes any value");
        }
        rounds.push(RoundFigure {
            round,
            samples: SAMPLES as u64,
            median_ms: quantile(&leg, 0.5),
            p95_ms: quantile(&leg, 0.95),
            buffer_hit_ratio: Some(if round == 1 { 0.983 } else { 1.0 }),
        });
        all.extend(leg);
    }
    all.sort_by(f64::total_cmp);
    let mut bytes = Vec::new();
    V2DeflateSerializer::new().serialize(&histogram, &mut bytes).expect("writing to memory");
    let around = |q: f64, reach: f64| Interval3 {
        low: quantile(&all, q - reach),
        estimate: quantile(&all, q),
        high: quantile(&all, q + reach),
    };
    LatencyEvidence {
        load: "serial".into(),
        samples: all.len() as u64,
        mean_ms: all.iter().sum::<f64>() / all.len() as f64,
        median_ms: around(0.5, 0.025),
        p95_ms: Some(around(0.95, 0.011)),
        p99_ms: None,
        min_ms: all[0],
        max_ms: all[all.len() - 1],
        noise_floor: Some(1.04),
        rounds,
        histogram: base64::engine::general_purpose::STANDARD.encode(bytes),
    }
}

/// Ratio of medians, round by round, with a plain interval: enough to look at.
pub fn ratio(baseline: &LatencyEvidence, variant: &LatencyEvidence) -> RatioEstimate {
    let mut ratios: Vec<f64> = baseline
        .rounds
        .iter()
        .zip(&variant.rounds)
        .map(|(one, other)| one.median_ms / other.median_ms)
        .collect();
    ratios.sort_by(f64::total_cmp);
    RatioEstimate {
        ratio: quantile(&ratios, 0.5),
        interval: Interval { low: quantile(&ratios, 0.1), high: quantile(&ratios, 0.9) },
        rounds: ratios.len() as u32,
    }
}
