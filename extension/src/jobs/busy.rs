//! Working times in logarithmic buckets, from which percentiles are read. No pgrx inside.

/// Each bucket ends 10 % after the one before it, so a bucket's middle is at most 1/21 (4.8 %) away from
/// anything in it.
const GROWTH: f64 = 1.1;

/// The bucket of a duration in microseconds; everything up to one microsecond is in bucket 0.
pub fn bucket(micros: i64) -> i16 {
    // At most 459 for the largest i64.
    ((micros.max(1) as f64).ln() / GROWTH.ln()).ceil() as i16
}

/// The duration that stands for a bucket, in microseconds.
pub fn middle(bucket: i16) -> f64 {
    2.0 * GROWTH.powi(i32::from(bucket)) / (GROWTH + 1.0)
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_and_less_is_in_the_first_bucket() {
        assert_eq!([bucket(i64::MIN), bucket(0), bucket(1)], [0, 0, 0]);
        assert!(bucket(i64::MAX) < 500);
    }

    proptest! {
        #[test]
        fn a_bucket_stands_for_what_is_in_it(micros in 1i64..=i64::MAX) {
            let seen = middle(bucket(micros));
            prop_assert!((seen / micros as f64 - 1.0).abs() < 0.048, "{micros} {seen}");
        }

        #[test]
        fn longer_is_never_in_an_earlier_bucket(a in 0i64.., b in 0i64..) {
            prop_assert!(bucket(a.min(b)) <= bucket(a.max(b)));
        }
    }
}
