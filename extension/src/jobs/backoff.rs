//! When a failed job is tried again. No pgrx inside.

/// The longest delay, whatever the number of failures.
pub const LONGEST_MICROS: i64 = 3_600_000_000;

/// How long to wait after the `failures`-th failed attempt, in microseconds: `base`, doubled with each
/// further failure, at most an hour; then spread evenly over 80 % to 120 % of that by `random` in 0..1, so
/// that jobs which failed together don't come back together.
pub fn delay_micros(failures: u32, base: i64, random: f64) -> i64 {
    let doublings = failures.saturating_sub(1).min(62);
    let delay = i128::from(base.max(0)) << doublings;
    let delay = delay.min(i128::from(LONGEST_MICROS)) as f64;
    (delay * (0.8 + 0.4 * random.clamp(0.0, 1.0))) as i64
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn doubles_until_an_hour() {
        let delays: Vec<i64> =
            [1, 2, 3, 20, u32::MAX].into_iter().map(|n| delay_micros(n, 10 * SECOND, 0.5)).collect();
        assert_eq!(delays, [10 * SECOND, 20 * SECOND, 40 * SECOND, 3600 * SECOND, 3600 * SECOND]);
    }

    proptest! {
        #[test]
        fn spread_is_a_fifth_either_way(failures in 1u32..100, base in 0..LONGEST_MICROS, random in 0.0f64..1.0) {
            let middle = delay_micros(failures, base, 0.5) as f64;
            let delay = delay_micros(failures, base, random) as f64;
            prop_assert!(delay >= middle * 0.8 - 1.0 && delay <= middle * 1.2 + 1.0, "{delay} {middle}");
        }

        #[test]
        fn never_shorter_after_another_failure(failures in 1u32..100, base in 0..LONGEST_MICROS) {
            prop_assert!(delay_micros(failures + 1, base, 0.5) >= delay_micros(failures, base, 0.5));
        }
    }
}
