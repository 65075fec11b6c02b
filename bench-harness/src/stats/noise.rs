//! A/A: what two measurements of the very same thing differ by.

use super::paired_ratio;

/// The ratio below which a difference counts as noise, ≥ 1: the outer end of the interval of the |log ratio|
/// between two legs of the same statement in the same variant, `rounds` being the medians of both per round.
///
/// It holds both kinds of error: scatter (a wide interval) and bias of the schedule (an interval beside 1).
///
/// None where [`paired_ratio`] gives none.
///
/// # Panics
/// When `confidence` is not strictly between 0 and 1.
pub fn noise_floor(rounds: &[(f64, f64)], confidence: f64, seed: u64) -> Option<f64> {
    let interval = paired_ratio(rounds, confidence, seed)?.interval;
    Some(interval.high.max(1.0 / interval.low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jittered(bias: f64) -> Vec<(f64, f64)> {
        [1.0, 1.02, 0.98, 1.01, 0.99, 1.03, 0.97, 1.0].map(|jitter| (bias * jitter, 1.0)).to_vec()
    }

    #[test]
    fn scatter_sets_the_floor_just_above_one() {
        let floor = noise_floor(&jittered(1.0), 0.95, 1).unwrap();
        assert!((1.005..1.04).contains(&floor), "{floor}");
    }

    #[test]
    fn bias_counts_in_either_direction() {
        let (slower, faster) = (
            noise_floor(&jittered(1.2), 0.95, 1).unwrap(),
            noise_floor(&jittered(1.0 / 1.2), 0.95, 1).unwrap(),
        );
        assert!(slower > 1.2 && faster > 1.2, "{slower} {faster}");
        assert!((slower / faster - 1.0).abs() < 0.01, "{slower} {faster}");
    }

    #[test]
    fn never_below_one() {
        assert_eq!(noise_floor(&[(5.0, 5.0); 8], 0.95, 1), Some(1.0));
        assert_eq!(noise_floor(&[(5.0, 5.0); 3], 0.95, 1), None);
    }
}
