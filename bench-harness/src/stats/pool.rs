//! Legs pooled, so that a quantile of any redraw of the rounds costs a binary search.

use super::samples::{Bucket, RoundSamples};

/// For each distinct time, how many samples of each round are no longer than it.
pub(super) struct Pool {
    /// Distinct times, ascending.
    values: Vec<u64>,
    /// `cumulative[value * rounds + round]`
    cumulative: Vec<u64>,
    samples: Vec<u64>,
    sums: Vec<f64>,
}

impl Pool {
    /// Rounds are brought into an order of their own contents: seeded draws then don't depend on the order given.
    pub fn new(rounds: &[RoundSamples]) -> Self {
        let mut rounds: Vec<&RoundSamples> = rounds.iter().collect();
        rounds.sort_by(|left, right| (left.buckets(), left.sum_ns()).cmp(&(right.buckets(), right.sum_ns())));
        let mut values: Vec<u64> =
            rounds.iter().flat_map(|round| round.buckets()).map(|bucket| bucket.ns).collect();
        values.sort_unstable();
        values.dedup();

        let mut cumulative = vec![0; values.len() * rounds.len()];
        for (column, round) in rounds.iter().enumerate() {
            let mut buckets = round.buckets().iter().peekable();
            let mut passed = 0;
            for (row, value) in values.iter().enumerate() {
                if let Some(Bucket { count, .. }) = buckets.next_if(|bucket| bucket.ns == *value) {
                    passed += count;
                }
                cumulative[row * rounds.len() + column] = passed;
            }
        }
        Self {
            values,
            cumulative,
            samples: rounds.iter().map(|round| round.samples()).collect(),
            sums: rounds.iter().map(|round| round.sum_ns() as f64).collect(),
        }
    }

    pub fn rounds(&self) -> usize {
        self.samples.len()
    }

    /// Samples of a redraw, `drawn[i]` telling how often round i was drawn.
    pub fn samples(&self, drawn: &[u32]) -> u64 {
        weigh(&self.samples, drawn)
    }

    pub fn mean_ns(&self, drawn: &[u32]) -> f64 {
        let sum: f64 = self.sums.iter().zip(drawn).map(|(sum, times)| sum * f64::from(*times)).sum();
        sum / self.samples(drawn) as f64
    }

    /// Inverse of the empirical distribution; where it jumps, the mean of both sides (the usual median of an even
    /// number of samples, for every quantile).
    pub fn quantile_ns(&self, drawn: &[u32], q: f64) -> f64 {
        assert!((0.0..=1.0).contains(&q), "quantile {q} must lie between 0 and 1");
        let samples = self.samples(drawn);
        let position = q * samples as f64;
        let whole = position.round();
        if (position - whole).abs() > 1e-9 * samples as f64 {
            return self.at_rank(drawn, position.ceil() as u64);
        }
        let rank = (whole as u64).clamp(1, samples);
        let next = (whole as u64 + 1).min(samples);
        (self.at_rank(drawn, rank) + self.at_rank(drawn, next)) / 2.0
    }

    /// For each round, its samples and how many of them are no longer than `ns`.
    pub fn at_or_below(&self, ns: f64) -> Vec<(u64, u64)> {
        let rounds = self.rounds();
        let below = match self.values.partition_point(|value| *value as f64 <= ns) {
            0 => &vec![0; rounds],
            row => &self.cumulative[(row - 1) * rounds..row * rounds],
        };
        self.samples.iter().copied().zip(below.iter().copied()).collect()
    }

    /// The `rank`-th smallest time of a redraw; 1 is the smallest.
    pub fn at_rank(&self, drawn: &[u32], rank: u64) -> f64 {
        let rounds = self.rounds();
        let (mut short, mut enough) = (0, self.values.len() - 1);
        while short < enough {
            let middle = short + (enough - short) / 2;
            if weigh(&self.cumulative[middle * rounds..(middle + 1) * rounds], drawn) >= rank {
                enough = middle;
            } else {
                short = middle + 1;
            }
        }
        self.values[enough] as f64
    }
}

fn weigh(counts: &[u64], drawn: &[u32]) -> u64 {
    counts.iter().zip(drawn).map(|(count, times)| count * u64::from(*times)).sum()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::stats::LegRecorder;

    fn leg(micros: &[u64]) -> RoundSamples {
        let mut recorder = LegRecorder::new();
        micros.iter().for_each(|time| recorder.record(Duration::from_micros(*time)));
        recorder.finish(1, None).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// Against the plain way: write the redraw out and sort it.
        #[test]
        fn a_redraw_is_the_sorted_concatenation(
            rounds in proptest::collection::vec((proptest::collection::vec(1u64..2_000, 1..20), 0u32..4), 1..6),
        ) {
            let legs: Vec<RoundSamples> = rounds.iter().map(|(times, _)| leg(times)).collect();
            // The pool has its own order of rounds; with one draw count per content the order cancels out.
            let pool = Pool::new(&legs);
            let mut by_content: Vec<_> = legs.iter().zip(&rounds).collect();
            by_content.sort_by(|left, right| {
                (left.0.buckets(), left.0.sum_ns()).cmp(&(right.0.buckets(), right.0.sum_ns()))
            });
            let drawn: Vec<u32> = by_content.iter().map(|(_, (_, times))| *times).collect();
            let mut all: Vec<u64> = by_content
                .iter()
                .flat_map(|(_, (times, drawn))| times.iter().copied().cycle().take(times.len() * *drawn as usize))
                .collect();
            all.sort_unstable();
            prop_assume!(!all.is_empty());

            prop_assert_eq!(pool.samples(&drawn), all.len() as u64);
            let mean = all.iter().sum::<u64>() as f64 / all.len() as f64 * 1_000.0;
            prop_assert!((pool.mean_ns(&drawn) / mean - 1.0).abs() < 1e-9);
            for (index, value) in all.iter().enumerate() {
                let found = pool.at_rank(&drawn, index as u64 + 1) / 1_000.0;
                prop_assert!((found / *value as f64 - 1.0).abs() < 1e-3, "rank {}: {} is not {}", index + 1, found, value);
            }
        }
    }

    #[test]
    fn counts_at_or_below_a_time() {
        let pool = Pool::new(&[leg(&[10, 20, 30]), leg(&[40, 50])]);
        let counts = |micros: f64| pool.at_or_below(micros * 1_000.0);
        assert_eq!(counts(9.0), [(3, 0), (2, 0)]);
        assert_eq!(counts(21.0), [(3, 2), (2, 0)]);
        assert_eq!(counts(60.0), [(3, 3), (2, 2)]);
    }

    #[test]
    fn quantiles_between_two_samples_are_their_mean() {
        let pool = Pool::new(&[leg(&[1, 2]), leg(&[3, 4])]);
        let near = |ns: f64, micros: f64| (ns / 1_000.0 / micros - 1.0).abs() < 1e-3;
        assert!(near(pool.quantile_ns(&[1, 1], 0.5), 2.5));
        assert!(near(pool.quantile_ns(&[1, 1], 0.6), 3.0));
        assert!(near(pool.quantile_ns(&[2, 0], 0.5), 1.5));
        assert!(near(pool.quantile_ns(&[1, 1], 0.0), 1.0) && near(pool.quantile_ns(&[1, 1], 1.0), 4.0));
    }
}
