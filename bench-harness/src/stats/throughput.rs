//! Throughput over rounds.

use super::bootstrap::{Estimate, HodgesLehmann, MIN_ROUNDS, replicate, replicates};
use super::{Interval, RatioEstimate, paired_ratio};

/// Requests a second, with the interval over rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Throughput {
    pub per_second: f64,
    /// None with fewer than [`MIN_ROUNDS`] rounds.
    pub interval: Option<Interval>,
    pub rounds: u32,
}

/// From the requests a second of each round. Rates err by factors, so their location is taken on the log scale.
///
/// None without rounds, or when a rate is not a positive finite number.
///
/// # Panics
/// When `confidence` is not strictly between 0 and 1.
pub fn throughput(rates: &[f64], confidence: f64, seed: u64) -> Option<Throughput> {
    if rates.is_empty() || !rates.iter().all(|rate| rate.is_finite() && *rate > 0.0) {
        return None;
    }
    let mut logs: Vec<f64> = rates.iter().map(|rate| rate.ln()).collect();
    logs.sort_by(f64::total_cmp);
    let location = HodgesLehmann::new(&logs);
    let rounds = logs.len();
    let estimate = (rounds >= MIN_ROUNDS)
        .then(|| replicate(rounds, confidence, seed, replicates(confidence), |drawn| location.of(drawn)))
        .flatten();
    let interval = estimate.map(|Estimate { interval: Interval { low, high }, .. }| Interval {
        low: low.exp(),
        high: high.exp(),
    });
    Some(Throughput { per_second: location.of(&vec![1; rounds]).exp(), interval, rounds: rounds as u32 })
}

/// Paired ratio of throughputs, variant / baseline, from (baseline, variant) of each round; > 1 means the variant does
/// more.
///
/// None where [`paired_ratio`] gives none.
///
/// # Panics
/// When `confidence` is not strictly between 0 and 1.
pub fn throughput_ratio(rounds: &[(f64, f64)], confidence: f64, seed: u64) -> Option<RatioEstimate> {
    // Throughput is the inverse of time.
    let times: Vec<_> =
        rounds.iter().map(|(baseline, variant)| (baseline.recip(), variant.recip())).collect();
    paired_ratio(&times, confidence, seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_stalled_round_moves_little() {
        let rates = [100.0, 101.0, 99.0, 100.5, 99.5, 100.0, 101.0, 99.0, 20.0];
        let Throughput { per_second, interval, rounds } = throughput(&rates, 0.95, 1).unwrap();
        assert!((per_second - 100.0).abs() < 1.0, "{per_second}");
        let Interval { low, high } = interval.unwrap();
        assert!(low <= per_second && per_second <= high && rounds == 9);
    }

    #[test]
    fn few_rounds_leave_an_estimate_and_none_leave_nothing() {
        let few = throughput(&[10.0, 20.0], 0.95, 1).unwrap();
        assert!(few.interval.is_none() && (10.0..=20.0).contains(&few.per_second));
        assert_eq!(throughput(&[], 0.95, 1), None);
        assert_eq!(throughput(&[10.0, 0.0], 0.95, 1), None);
    }

    #[test]
    fn twice_as_much_is_a_ratio_of_two() {
        let estimate = throughput_ratio(&[(100.0, 200.0); 8], 0.95, 1).unwrap();
        assert!((estimate.ratio - 2.0).abs() < 1e-9, "{estimate:?}");
    }
}
