//! From the legs of a statement to its latency figures, each with an interval.
//!
//! A quantile gets the envelope of two intervals. Order-statistic bounds know how rare the tail is and say when
//! there is too little of it to speak at all; taken over all requests they would be far too narrow, as requests of
//! a round are not independent, so they are taken over the number of independent ones these are worth
//! ([`effective_samples`]). The round bootstrap sees how whole rounds differ, but nothing beyond the slowest
//! request. Simulated coverage of a promised 95 %, 400 runs each:
//!
//! | 100 requests a round, rounds differ by | rounds | statistic | order statistics of all requests | bootstrap | here |
//! |---|---|---|---|---|---|
//! | nothing | 8 | p95 | 95.5 | 92.8 | 99.8 |
//! | 20 % (lognormal) | 8 | median | 31 | 93.5 | 96.8 |
//! | 20 % | 8 | p95 | 46 | 88.2 | 96.8 |
//! | 20 % | 20 | p95 | 38 | 87.5 | 96.2 |
//!
//! What no interval can do is know of stalls that struck no round.

use super::bootstrap::{replicate, replicates};
use super::pool::Pool;
use super::quantile::{effective_samples, lower_rank, samples_needed, upper_rank};
use super::samples::{NS_PER_MS, export_histogram};
use super::{Interval, RoundSamples};
use crate::result::evidence::{Interval3, LatencyEvidence, RoundFigure};
use crate::workload::model::Statistic;

/// A statistic of latency, ms, with whatever bounds the data give.
///
/// A lower bound without an upper one is common and useful: eleven slow requests can't bound p95 from above, but
/// they refute a target below them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StatisticBounds {
    pub estimate_ms: f64,
    pub low_ms: Option<f64>,
    pub high_ms: Option<f64>,
    pub samples: u64,
    /// Independent samples that these are worth.
    pub effective_samples: u64,
    /// Independent samples that an upper bound needs.
    pub samples_needed: u64,
    /// Rounds it rests on; below [`super::MIN_ROUNDS`] there are no bounds.
    pub rounds: u32,
}

impl StatisticBounds {
    /// Both bounds, when there are both.
    pub fn interval(&self) -> Option<Interval> {
        Some(Interval { low: self.low_ms?, high: self.high_ms? })
    }

    fn interval3(&self) -> Option<Interval3> {
        self.interval().map(|Interval { low, high }| Interval3 { low, estimate: self.estimate_ms, high })
    }
}

/// The latency of one statement in one variant over all its rounds.
#[derive(Clone, Debug)]
pub struct LatencySummary {
    pub samples: u64,
    /// Executions outside 1 µs … 10 min; see [`crate::verdict::GuardFailure::Saturated`].
    pub saturated: u64,
    pub rounds: Vec<RoundFigure>,
    pub mean: StatisticBounds,
    pub median: StatisticBounds,
    pub p95: StatisticBounds,
    pub p99: StatisticBounds,
    pub min_ms: f64,
    pub max_ms: f64,
    histogram: String,
}

impl LatencySummary {
    /// `confidence` is that of each two-sided interval (at a sequential look:
    /// [`super::LookPlan::confidence_per_look`]). Legs should hold like numbers of samples: pooled figures weigh
    /// requests, not rounds. None without any round.
    ///
    /// # Panics
    /// When `confidence` is not strictly between 0 and 1.
    pub fn from_rounds(rounds: &[RoundSamples], confidence: f64, seed: u64) -> Option<Self> {
        let (first, rest) = rounds.split_first()?;
        let extreme = |pick: fn(f64, f64) -> f64, of: fn(&RoundSamples) -> f64| {
            rest.iter().map(of).fold(of(first), pick)
        };
        let pool = Pool::new(rounds);
        let resampling = Resampling { confidence, seed, replicates: replicates(confidence) };
        Some(Self {
            samples: rounds.iter().map(RoundSamples::samples).sum(),
            saturated: rounds.iter().map(RoundSamples::saturated).sum(),
            rounds: rounds.iter().map(RoundSamples::figure).collect(),
            mean: mean_bounds(&pool, resampling),
            median: quantile_bounds(&pool, 0.5, resampling),
            p95: quantile_bounds(&pool, 0.95, resampling),
            p99: quantile_bounds(&pool, 0.99, resampling),
            min_ms: extreme(f64::min, RoundSamples::min_ms),
            max_ms: extreme(f64::max, RoundSamples::max_ms),
            histogram: export_histogram(rounds),
        })
    }

    pub fn statistic(&self, statistic: Statistic) -> &StatisticBounds {
        match statistic {
            Statistic::Mean => &self.mean,
            Statistic::Median => &self.median,
            Statistic::P95 => &self.p95,
            Statistic::P99 => &self.p99,
        }
    }

    /// The figures as the result file holds them. With too few rounds for an interval, that of the median is the
    /// whole range seen, which claims nothing.
    ///
    /// `load`: how load was applied, e.g. `serial`. `noise_floor`: from [`super::noise_floor`].
    pub fn evidence(&self, load: &str, noise_floor: Option<f64>) -> LatencyEvidence {
        let range_seen = Interval3 { low: self.min_ms, estimate: self.median.estimate_ms, high: self.max_ms };
        LatencyEvidence {
            load: load.to_owned(),
            samples: self.samples,
            rounds: self.rounds.clone(),
            mean_ms: self.mean.estimate_ms,
            median_ms: self.median.interval3().unwrap_or(range_seen),
            p95_ms: self.p95.interval3(),
            p99_ms: self.p99.interval3(),
            min_ms: self.min_ms,
            max_ms: self.max_ms,
            noise_floor,
            histogram: self.histogram.clone(),
        }
    }
}

/// How an interval is to be drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resampling {
    pub confidence: f64,
    pub seed: u64,
    pub replicates: usize,
}

pub(super) fn quantile_bounds(pool: &Pool, q: f64, resampling: Resampling) -> StatisticBounds {
    let all = vec![1; pool.rounds()];
    let samples = pool.samples(&all);
    let estimate = pool.quantile_ns(&all, q);
    let side = 1.0 - (1.0 - resampling.confidence) / 2.0;
    let mut bounds = StatisticBounds {
        estimate_ms: estimate / NS_PER_MS,
        low_ms: None,
        high_ms: None,
        samples,
        effective_samples: samples,
        samples_needed: samples_needed(q, side),
        rounds: pool.rounds() as u32,
    };
    let resampled = log_bootstrap(pool, resampling, |drawn| pool.quantile_ns(drawn, q));
    if let Some(Interval { low, high }) = resampled {
        let worth = effective_samples(&pool.at_or_below(estimate), q, side);
        // Ranks among the independent samples, carried over to the same place among all of them.
        let scale = samples as f64 / worth as f64;
        let at_rank = |rank: f64| pool.at_rank(&all, (rank as u64).clamp(1, samples)) / NS_PER_MS;
        let lower = lower_rank(worth, q, side).map(|rank| at_rank(((rank - 1) as f64 * scale).floor() + 1.0));
        let upper = upper_rank(worth, q, side).map(|rank| at_rank((rank as f64 * scale).ceil()));
        bounds.effective_samples = worth;
        bounds.low_ms = lower.ok().map(|bound| bound.min(low));
        bounds.high_ms = upper.ok().map(|bound| bound.max(high));
    }
    bounds
}

fn mean_bounds(pool: &Pool, resampling: Resampling) -> StatisticBounds {
    let all = vec![1; pool.rounds()];
    let samples = pool.samples(&all);
    let interval = log_bootstrap(pool, resampling, |drawn| pool.mean_ns(drawn));
    StatisticBounds {
        estimate_ms: pool.mean_ns(&all) / NS_PER_MS,
        low_ms: interval.map(|interval| interval.low),
        high_ms: interval.map(|interval| interval.high),
        samples,
        effective_samples: samples,
        samples_needed: 1,
        rounds: pool.rounds() as u32,
    }
}

/// Times err by factors, so they are resampled on the log scale; ms.
fn log_bootstrap(
    pool: &Pool,
    Resampling { confidence, seed, replicates }: Resampling,
    mut statistic_ns: impl FnMut(&[u32]) -> f64,
) -> Option<Interval> {
    let interval =
        replicate(pool.rounds(), confidence, seed, replicates, |drawn| statistic_ns(drawn).ln())?.interval;
    Some(Interval { low: interval.low.exp() / NS_PER_MS, high: interval.high.exp() / NS_PER_MS })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::stats::LegRecorder;
    use crate::stats::samples::import_histogram;

    fn legs(rounds: &[Vec<u64>]) -> Vec<RoundSamples> {
        let mut recorder = LegRecorder::new();
        (0..)
            .zip(rounds)
            .map(|(round, micros)| {
                micros.iter().for_each(|time| recorder.record(Duration::from_micros(*time)));
                recorder.finish(round, None).unwrap()
            })
            .collect()
    }

    /// Rounds of 1 to `samples` ms, all alike.
    fn alike(rounds: usize, samples: u64) -> Vec<RoundSamples> {
        legs(&vec![(1..=samples).map(|ms| ms * 1_000).collect(); rounds])
    }

    #[test]
    fn rounds_all_alike_leave_the_order_statistics() {
        let summary = LatencySummary::from_rounds(&alike(10, 10), 0.95, 1).unwrap();
        // Ten rounds of 1..10 ms: the median lies between ranks 40 and 61 of 100 (Conover's table), 4 and 7 ms.
        let median = summary.median.interval().unwrap();
        assert!(
            (median.low / 4.0 - 1.0).abs() < 1e-3 && (median.high / 7.0 - 1.0).abs() < 1e-3,
            "{median:?}"
        );
        assert!((summary.mean.estimate_ms - 5.5).abs() < 1e-9);
        assert_eq!((summary.samples, summary.min_ms, summary.max_ms, summary.saturated), (100, 1.0, 10.0, 0));
        assert_eq!(summary.statistic(Statistic::Mean), &summary.mean);
        assert_eq!(summary.statistic(Statistic::P99), &summary.p99);
    }

    #[test]
    fn rounds_that_differ_widen_the_interval_beyond_the_order_statistics() {
        let rounds: Vec<Vec<u64>> = (0..10).map(|round| vec![1_000 + 100 * round; 200]).collect();
        let summary = LatencySummary::from_rounds(&legs(&rounds), 0.95, 1).unwrap();
        // By order statistics alone 2 000 requests would pin the median to 1.4 … 1.5 ms.
        let median = summary.median.interval().unwrap();
        assert!(median.low < 1.25 && median.high > 1.65, "{median:?}");
    }

    #[test]
    fn too_few_samples_leave_only_the_lower_bound_of_a_tail() {
        let summary = LatencySummary::from_rounds(&alike(8, 5), 0.95, 1).unwrap();
        assert!(summary.p95.low_ms.is_some() && summary.p95.high_ms.is_none());
        assert_eq!(
            (summary.p95.samples, summary.p95.effective_samples, summary.p95.samples_needed),
            (40, 29, 72)
        );
        assert_eq!(summary.evidence("serial", None).p95_ms, None);
        assert!(LatencySummary::from_rounds(&alike(8, 13), 0.95, 1).unwrap().p95.high_ms.is_some());
    }

    #[test]
    fn too_few_rounds_claim_nothing() {
        let summary = LatencySummary::from_rounds(&alike(7, 100), 0.95, 1).unwrap();
        assert!([summary.mean, summary.median, summary.p95].iter().all(|bounds| bounds.interval().is_none()));
        let evidence = summary.evidence("serial", Some(1.02));
        assert_eq!((evidence.median_ms.low, evidence.median_ms.high), (1.0, 100.0));
        assert_eq!(evidence.noise_floor, Some(1.02));
        assert!(LatencySummary::from_rounds(&[], 0.95, 1).is_none());
    }

    #[test]
    fn evidence_carries_the_histogram_and_the_rounds() {
        let summary = LatencySummary::from_rounds(&alike(9, 20), 0.95, 1).unwrap();
        let evidence = summary.evidence("serial", None);
        assert_eq!(import_histogram(&evidence.histogram).unwrap().len(), 180);
        assert_eq!((evidence.rounds.len(), evidence.rounds[8].round, evidence.rounds[8].samples), (9, 8, 20));
        assert_eq!(evidence.load, "serial");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(6))]

        #[test]
        fn intervals_contain_their_estimates_and_ignore_the_order_of_rounds(
            (rounds, shuffled) in proptest::collection::vec(proptest::collection::vec(100u64..9_000, 40), 8..12)
                .prop_flat_map(|rounds| (Just(rounds.clone()), Just(rounds).prop_shuffle())),
        ) {
            let [plain, shuffled] =
                [rounds, shuffled].map(|rounds| LatencySummary::from_rounds(&legs(&rounds), 0.9, 5).unwrap());
            for statistic in [Statistic::Mean, Statistic::Median, Statistic::P95] {
                let bounds = plain.statistic(statistic);
                prop_assert_eq!(bounds, shuffled.statistic(statistic));
                prop_assert!(bounds.low_ms.unwrap() <= bounds.estimate_ms);
                prop_assert!(bounds.high_ms.is_none_or(|high| bounds.estimate_ms <= high));
            }
        }

        #[test]
        fn twice_as_slow_is_twice_the_interval(
            rounds in proptest::collection::vec(proptest::collection::vec(100u64..9_000, 40), 8..10),
        ) {
            let doubled: Vec<Vec<u64>> = rounds.iter().map(|times| times.iter().map(|time| time * 2).collect()).collect();
            let [plain, doubled] =
                [rounds, doubled].map(|rounds| LatencySummary::from_rounds(&legs(&rounds), 0.9, 5).unwrap());
            for statistic in [Statistic::Mean, Statistic::Median, Statistic::P95] {
                let (single, double) = (plain.statistic(statistic), doubled.statistic(statistic));
                prop_assert_eq!(single.high_ms.is_some(), double.high_ms.is_some());
                for (single, double) in [
                    (single.estimate_ms, double.estimate_ms),
                    (single.low_ms.unwrap(), double.low_ms.unwrap()),
                    (single.high_ms.unwrap_or(1.0), double.high_ms.unwrap_or(2.0)),
                ] {
                    prop_assert!((double / single / 2.0 - 1.0).abs() < 5e-3, "{} is not twice {}", double, single);
                }
            }
        }
    }
}
