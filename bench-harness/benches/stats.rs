//! What a look costs: it must vanish beside the rounds it looks at.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use indexproof::stats::quantile::{effective_samples, upper_rank};
use indexproof::stats::{LatencySummary, LegRecorder, RoundSamples, noise_floor, paired_ratio};
use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

const CONFIDENCE: f64 = 0.99;

fn random() -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(1)
}

/// 1 to 2 ms, evenly spread: the worst case for the number of occupied buckets.
fn legs(rounds: u32, samples: u32) -> Vec<RoundSamples> {
    let (mut random, mut recorder) = (random(), LegRecorder::new());
    (0..rounds)
        .filter_map(|round| {
            (0..samples).for_each(|_| {
                recorder.record(Duration::from_nanos(random.random_range(1_000_000..2_000_000)))
            });
            recorder.finish(round, None)
        })
        .collect()
}

fn ratios(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("paired_ratio");
    for rounds in [8, 20, 40] {
        let mut random = random();
        let medians: Vec<(f64, f64)> =
            (0..rounds).map(|_| (random.random_range(1.0..1.2), random.random_range(1.0..1.2))).collect();
        group.bench_with_input(BenchmarkId::from_parameter(rounds), &medians, |bencher, medians| {
            bencher.iter(|| paired_ratio(black_box(medians), CONFIDENCE, 1));
        });
        group.bench_with_input(BenchmarkId::new("noise_floor", rounds), &medians, |bencher, medians| {
            bencher.iter(|| noise_floor(black_box(medians), CONFIDENCE, 1));
        });
    }
    group.finish();
}

fn summaries(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("latency_summary");
    group.sample_size(20);
    for (rounds, samples) in [(8, 50), (20, 200), (40, 1_000)] {
        let legs = legs(rounds, samples);
        group.bench_with_input(BenchmarkId::new(rounds.to_string(), samples), &legs, |bencher, legs| {
            bencher.iter(|| LatencySummary::from_rounds(black_box(legs), CONFIDENCE, 1));
        });
    }
    group.finish();
}

fn quantiles(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("quantile");
    for samples in [1_000u64, 1_000_000] {
        group.bench_with_input(BenchmarkId::new("upper_rank", samples), &samples, |bencher, samples| {
            bencher.iter(|| upper_rank(black_box(*samples), 0.95, CONFIDENCE));
        });
    }
    let rounds: Vec<(u64, u64)> = (0..20).map(|round| (200, 180 + round)).collect();
    group.bench_function("effective_samples", |bencher| {
        bencher.iter(|| effective_samples(black_box(&rounds), 0.95, CONFIDENCE));
    });
    group.finish();
}

/// Stands between two executions of a statement, outside their times but inside the round.
fn recording(criterion: &mut Criterion) {
    let mut recorder = LegRecorder::new();
    criterion.bench_function("record", |bencher| {
        bencher.iter(|| recorder.record(black_box(Duration::from_micros(1_234))));
    });
}

criterion_group!(benches, ratios, summaries, quantiles, recording);
criterion_main!(benches);
