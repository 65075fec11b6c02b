//! Do the intervals cover what they promise? Seeded simulations of noisy machines, small enough for every test run.
//!
//! Each bound below leaves three standard errors of the simulation itself, so a failure means worse statistics, not
//! bad luck; the seeds are fixed besides.

use std::time::Duration;

use rand::RngExt;
use rand_distr::{Distribution, Exp1, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use super::bootstrap::MIN_ROUNDS;
use super::pool::Pool;
use super::ratio::paired_ratio_with;
use super::summary::{Resampling, quantile_bounds};
use super::{LegRecorder, LookPlan, RatioEstimate, RoundSamples, noise_floor};

/// What the machine does to the two legs of a round.
#[derive(Clone, Copy, Debug)]
enum Noise {
    /// Lognormal, 3 %.
    Even,
    /// As `Even`, and every fifth leg is stalled to up to twice its time.
    Stalls,
    /// Exponential delays: always slower, never faster.
    Skewed,
}

fn leg_median(noise: Noise, random: &mut Xoshiro256PlusPlus) -> f64 {
    let even: f64 = StandardNormal.sample(random);
    let even = (0.03 * even).exp();
    match noise {
        Noise::Even => even,
        Noise::Stalls if random.random::<f64>() < 0.2 => even * (1.0 + random.random::<f64>()),
        Noise::Stalls => even,
        Noise::Skewed => {
            let delay: f64 = Exp1.sample(random);
            1.0 + 0.1 * delay
        }
    }
}

fn rounds(count: usize, effect: f64, noise: Noise, random: &mut Xoshiro256PlusPlus) -> Vec<(f64, f64)> {
    (0..count).map(|_| (effect * leg_median(noise, random), leg_median(noise, random))).collect()
}

/// Share of simulated runs for which `holds`.
fn share(runs: u64, mut holds: impl FnMut(&mut Xoshiro256PlusPlus, u64) -> bool) -> f64 {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(20_260_101);
    (0..runs).filter(|run| holds(&mut random, *run)).count() as f64 / runs as f64
}

/// `promised` less three standard errors of a share over `runs`.
fn allowing_for_chance(promised: f64, runs: u64) -> f64 {
    promised - 3.0 * (promised * (1.0 - promised) / runs as f64).sqrt()
}

fn covers(estimate: &RatioEstimate, truth: f64) -> bool {
    estimate.interval.low <= truth && truth <= estimate.interval.high
}

#[test]
fn a_planted_tenth_is_covered_whatever_the_noise() {
    for noise in [Noise::Even, Noise::Stalls, Noise::Skewed] {
        for count in [MIN_ROUNDS, 12] {
            let covered = share(250, |random, run| {
                covers(&paired_ratio_with(&rounds(count, 1.1, noise, random), 0.95, run, 399).unwrap(), 1.1)
            });
            assert!(covered >= allowing_for_chance(0.95, 250), "{noise:?}, {count} rounds: {covered}");
        }
    }
}

#[test]
fn a_planted_tenth_is_seen_in_even_noise() {
    let seen = share(200, |random, run| {
        paired_ratio_with(&rounds(12, 1.1, Noise::Even, random), 0.95, run, 399).unwrap().interval.low > 1.0
    });
    assert!(seen > 0.95, "power {seen}");
}

#[test]
fn identical_legs_raise_no_more_alarms_than_promised() {
    for noise in [Noise::Even, Noise::Stalls] {
        let alarms = share(250, |random, run| {
            !covers(&paired_ratio_with(&rounds(10, 1.0, noise, random), 0.95, run, 399).unwrap(), 1.0)
        });
        assert!(1.0 - alarms >= allowing_for_chance(0.95, 250), "{noise:?}: {alarms}");
    }
}

/// The trap sequential looks are there for: four tries at 95 % each raise far more than 5 % alarms.
#[test]
fn looking_four_times_keeps_the_promise() {
    let plan = LookPlan::new(0.95, 8, 27);
    let alarms_at = |confidence: f64| {
        share(250, |random, run| {
            let all = rounds(27, 1.0, Noise::Even, random);
            plan.looks().iter().any(|look| {
                let estimate = paired_ratio_with(&all[..*look as usize], confidence, run, 399).unwrap();
                !covers(&estimate, 1.0)
            })
        })
    };
    let (spent, naive) = (alarms_at(plan.confidence_per_look()), alarms_at(plan.confidence()));
    assert!(1.0 - spent >= allowing_for_chance(0.95, 250), "{spent}");
    assert!(naive > spent, "without spending {naive}, with it {spent}");
}

/// The floor as a judge uses it: what an A/A shows must seldom exceed the floor of another A/A.
#[test]
fn an_effect_below_the_floor_is_noise() {
    let exceeding = share(60, |random, run| {
        let floor = noise_floor(&rounds(10, 1.0, Noise::Even, random), 0.95, run).unwrap();
        let estimate = paired_ratio_with(&rounds(10, 1.0, Noise::Even, random), 0.95, run, 399).unwrap();
        estimate.interval.low > floor || estimate.interval.high < 1.0 / floor
    });
    assert!(exceeding <= 0.02, "{exceeding}");
}

/// Requests of 1 ms, lognormal 30 %, in rounds that differ by a lognormal 20 %.
fn uneven_legs(random: &mut Xoshiro256PlusPlus, recorder: &mut LegRecorder) -> Vec<RoundSamples> {
    (0..10)
        .map(|round| {
            let weather: f64 = StandardNormal.sample(random);
            for _ in 0..40 {
                let request: f64 = StandardNormal.sample(random);
                recorder.record(Duration::from_secs_f64(0.001 * (0.2 * weather + 0.3 * request).exp()));
            }
            recorder.finish(round, None).unwrap()
        })
        .collect()
}

#[test]
fn latency_intervals_cover_although_requests_of_a_round_are_alike() {
    // √(0.2² + 0.3²) = 0.36056; its normal quantiles give the truth.
    let (median, p95, runs) = (1.0, (1.644_854 * 0.360_555_f64).exp(), 80);
    let mut recorder = LegRecorder::new();
    let (mut median_covered, mut p95_low, mut p95_high) = (0, 0, 0);
    share(runs, |random, run| {
        let pool = Pool::new(&uneven_legs(random, &mut recorder));
        let resampling = Resampling { confidence: 0.95, seed: run, replicates: 399 };
        let interval = quantile_bounds(&pool, 0.5, resampling).interval().unwrap();
        median_covered += u64::from(interval.low <= median && median <= interval.high);
        let tail = quantile_bounds(&pool, 0.95, resampling);
        p95_low += u64::from(tail.low_ms.unwrap() <= p95);
        p95_high += u64::from(tail.high_ms.is_none_or(|high| p95 <= high));
        true
    });
    for (what, covered, promised) in [
        ("median", median_covered, 0.95),
        ("lower bound of p95", p95_low, 0.975),
        ("upper bound of p95", p95_high, 0.975),
    ] {
        let covered = covered as f64 / runs as f64;
        assert!(covered >= allowing_for_chance(promised, runs), "{what}: {covered}");
    }
}
