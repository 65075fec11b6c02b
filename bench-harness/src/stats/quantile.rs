//! Confidence bounds of a quantile from order statistics: no assumption on the distribution's shape.
//!
//! The r-th smallest of n independent samples lies above the q-quantile exactly when fewer than r samples lie
//! below it, and that number is binomial(n, q). A bound is the outermost rank this makes safe enough; with too
//! few samples no rank is, and then there is no bound, only the number of samples it would take.
//!
//! Requests of one round are not independent, so what enters as n is not how many there are but how many
//! independent ones they are worth ([`effective_samples`]).

use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, StudentsT};

/// Fewer samples than a bound needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{have} samples, but a bound on this quantile needs {needed}")]
pub struct TooFewSamples {
    pub have: u64,
    pub needed: u64,
}

/// Rank (1 is the smallest sample) of the one-sided lower bound of the `q`-quantile of `n` samples: the quantile
/// lies at or above that sample with probability ≥ `confidence`.
///
/// # Errors
/// [`TooFewSamples`] when even the smallest sample is not safely below the quantile.
///
/// # Panics
/// When `q` or `confidence` is not strictly between 0 and 1.
pub fn lower_rank(n: u64, q: f64, confidence: f64) -> Result<u64, TooFewSamples> {
    // The lower bound of a quantile is the upper bound of the mirrored one, counted from the other end.
    upper_rank(n, 1.0 - q, confidence).map(|mirrored| n + 1 - mirrored)
}

/// Rank of the one-sided upper bound of the `q`-quantile: it lies at or below that sample with probability ≥
/// `confidence`.
///
/// # Errors
/// [`TooFewSamples`] when even the largest sample is not safely above the quantile: p95 at 95 % needs 59.
///
/// # Panics
/// When `q` or `confidence` is not strictly between 0 and 1.
pub fn upper_rank(n: u64, q: f64, confidence: f64) -> Result<u64, TooFewSamples> {
    let needed = samples_needed(q, confidence);
    if n < needed {
        return Err(TooFewSamples { have: n, needed });
    }
    let below = Binomial::new(q, n).expect("q was checked to be a probability");
    // Smallest rank s with P(fewer than s samples below the quantile) ≥ confidence; n is one, by the floor above.
    let (mut unsafe_rank, mut safe_rank) = (0, n);
    while safe_rank - unsafe_rank > 1 {
        let rank = unsafe_rank + (safe_rank - unsafe_rank) / 2;
        if below.cdf(rank - 1) >= confidence {
            safe_rank = rank;
        } else {
            unsafe_rank = rank;
        }
    }
    Ok(safe_rank)
}

/// Samples that a one-sided upper bound of the `q`-quantile needs at least: the smallest n with 1 − qⁿ ≥
/// `confidence`. For a lower bound ask for `1 - q`.
///
/// # Panics
/// When `q` or `confidence` is not strictly between 0 and 1.
pub fn samples_needed(q: f64, confidence: f64) -> u64 {
    assert!(q > 0.0 && q < 1.0, "quantile {q} must lie between 0 and 1");
    super::bootstrap::assert_confidence(confidence);
    ((1.0 - confidence).ln() / q.ln()).ceil().max(1.0) as u64
}

/// How many independent samples the samples of all rounds are worth where the `q`-quantile lies, at most as many as
/// there are and at least one: Korn and Graubard (1998), as surveys use it for clustered samples.
///
/// `rounds`: for each, the number of samples and how many of them are no longer than the estimated quantile. If
/// rounds were alike, these shares would scatter as coin tosses do; the variance beyond that (the design effect)
/// divides the number. That the variance is known from few rounds only costs another factor, (t of the samples / t
/// of the rounds)². `confidence` is one-sided.
///
/// # Panics
/// When there are fewer than two rounds, or `q` or `confidence` is not strictly between 0 and 1.
pub fn effective_samples(rounds: &[(u64, u64)], q: f64, confidence: f64) -> u64 {
    assert!(rounds.len() >= 2, "one round shows nothing of how rounds differ");
    assert!(q > 0.0 && q < 1.0, "quantile {q} must lie between 0 and 1");
    super::bootstrap::assert_confidence(confidence);
    let count = rounds.len() as f64;
    let samples = rounds.iter().map(|(samples, _)| *samples).sum::<u64>() as f64;
    let share = rounds.iter().map(|(_, below)| *below).sum::<u64>() as f64 / samples;
    let scatter: f64 =
        rounds.iter().map(|(samples, below)| (*below as f64 - share * *samples as f64).powi(2)).sum();
    let variance = scatter / samples.powi(2) * count / (count - 1.0);
    let design_effect = (variance / (q * (1.0 - q) / samples)).max(1.0);
    let t = |freedom: f64| {
        StudentsT::new(0.0, 1.0, freedom)
            .expect("two rounds hold two samples, so there is a degree of freedom")
            .inverse_cdf(confidence)
    };
    // Below a confidence of one half t changes its sign; the factor only ever takes away.
    let known_from_few = (t(samples - 1.0) / t(count - 1.0)).abs().min(1.0).powi(2);
    (samples / design_effect * known_from_few).max(1.0) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rounds_alike_cost_only_their_small_number() {
        // t(0.975, 159) = 1.97500, t(0.975, 7) = 2.36462: 160 × 0.69760.
        assert_eq!(effective_samples(&[(20, 19); 8], 0.95, 0.975), 111);
    }

    #[test]
    fn rounds_that_are_all_slow_or_all_fast_count_one_each_at_most() {
        let rounds: Vec<(u64, u64)> = (0..20).map(|round| (100, if round == 0 { 0 } else { 100 })).collect();
        let worth = effective_samples(&rounds, 0.95, 0.975);
        assert!((15..=20).contains(&worth), "{worth}");
    }

    #[test]
    fn p95_at_95_percent_needs_59_samples() {
        assert_eq!(samples_needed(0.95, 0.95), 59);
        assert_eq!(upper_rank(58, 0.95, 0.95), Err(TooFewSamples { have: 58, needed: 59 }));
        assert_eq!(upper_rank(59, 0.95, 0.95), Ok(59));
        // Two-sided 95 % puts 2.5 % on each side; p99 needs five times as many.
        assert_eq!(samples_needed(0.95, 0.975), 72);
        assert_eq!(samples_needed(0.99, 0.95), 299);
    }

    #[test]
    fn ranks_match_published_tables() {
        // Two-sided 95 % interval of the median: Conover, Practical Nonparametric Statistics, n = 10 and 20.
        assert_eq!((lower_rank(10, 0.5, 0.975), upper_rank(10, 0.5, 0.975)), (Ok(2), Ok(9)));
        assert_eq!((lower_rank(20, 0.5, 0.975), upper_rank(20, 0.5, 0.975)), (Ok(6), Ok(15)));
        assert_eq!(lower_rank(5, 0.5, 0.975), Err(TooFewSamples { have: 5, needed: 6 }));
    }

    #[test]
    fn upper_rank_is_the_first_safe_one() {
        for n in [59, 100, 1_000, 20_000] {
            let rank = upper_rank(n, 0.95, 0.95).unwrap();
            let below = Binomial::new(0.95, n).unwrap();
            assert!(below.cdf(rank - 1) >= 0.95, "rank {rank} of {n} is unsafe");
            assert!(below.cdf(rank - 2) < 0.95, "rank {rank} of {n} is further out than needed");
        }
    }

    proptest! {
        #[test]
        fn bounds_enclose_the_quantile_and_widen_with_confidence(
            n in 1u64..5_000, q in 0.01f64..0.99, confidence in 0.5f64..0.99,
        ) {
            let wider = confidence + (1.0 - confidence) / 2.0;
            if let (Ok(low), Ok(high)) = (lower_rank(n, q, wider), upper_rank(n, q, wider)) {
                let (inner_low, inner_high) =
                    (lower_rank(n, q, confidence).unwrap(), upper_rank(n, q, confidence).unwrap());
                prop_assert!(1 <= low && low <= inner_low && inner_low <= inner_high + 1);
                prop_assert!(inner_high <= high && high <= n);
                prop_assert!(low as f64 <= (q * n as f64).ceil() && (q * n as f64).floor() <= high as f64);
            }
        }

        #[test]
        fn never_worth_more_than_there_are(
            rounds in proptest::collection::vec((1u64..100, 0.0f64..=1.0), 2..30), q in 0.05f64..0.99,
        ) {
            let rounds: Vec<(u64, u64)> =
                rounds.iter().map(|(samples, share)| (*samples, (*samples as f64 * share) as u64)).collect();
            let samples: u64 = rounds.iter().map(|(samples, _)| samples).sum();
            prop_assert!((1..=samples).contains(&effective_samples(&rounds, q, 0.975)));
        }

        #[test]
        fn mirrored_quantiles_have_mirrored_bounds(n in 1u64..2_000, q in 0.05f64..0.95) {
            let mirrored = upper_rank(n, 1.0 - q, 0.95).map(|rank| n + 1 - rank);
            prop_assert_eq!(lower_rank(n, q, 0.95), mirrored);
        }
    }
}
