//! The UTC day that a job was created on, as the name of the partition its finished row goes to.
//! No pgrx inside.

pub const MICROS_PER_DAY: i64 = 86_400_000_000;

/// `finished_20261121` for an instant of that day, in microseconds since 2000-01-01 UTC. None outside the
/// years 1 to 9999, for which no partition is ever made.
pub fn partition_name(micros_since_2000: i64) -> Option<String> {
    let (year, month, day) = civil(micros_since_2000.div_euclid(MICROS_PER_DAY));
    (1..=9999).contains(&year).then(|| format!("finished_{year:04}{month:02}{day:02}"))
}

/// Year, month and day of a day number that counts from 2000-01-01, in the Gregorian calendar, which
/// PostgreSQL too uses for all times. (Days are counted from 0000-03-01, so that the leap day is a year's last.)
pub fn civil(days_since_2000: i64) -> (i64, i64, i64) {
    const DAYS_PER_ERA: i64 = 146_097; // 400 years
    let days = days_since_2000 + 730_425;
    let era = days.div_euclid(DAYS_PER_ERA);
    let day_of_era = days.rem_euclid(DAYS_PER_ERA);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153; // 0 is March
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// The day number of a date, which must be one; the inverse of `civil`.
pub fn number(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 730_425
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;

    fn leap(year: i64) -> bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    #[test]
    fn known_days() {
        assert_eq!(civil(0), (2000, 1, 1));
        assert_eq!(civil(59), (2000, 2, 29));
        assert_eq!(civil(-1), (1999, 12, 31));
        assert_eq!(civil(9821), (2026, 11, 21));
    }

    #[test]
    fn a_day_begins_at_midnight_utc() {
        assert_eq!(partition_name(0).as_deref(), Some("finished_20000101"));
        assert_eq!(partition_name(-1).as_deref(), Some("finished_19991231"));
        assert_eq!(partition_name(MICROS_PER_DAY - 1).as_deref(), Some("finished_20000101"));
    }

    #[test]
    fn infinite_and_far_times_have_no_partition() {
        assert_eq!(partition_name(i64::MAX), None);
        assert_eq!(partition_name(i64::MIN), None);
    }

    proptest! {
        #[test]
        fn the_next_day_is_the_next_day(days in -700_000i64..2_900_000) {
            let (year, month, day) = civil(days);
            let length = match month {
                2 => if leap(year) { 29 } else { 28 },
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            let next = match (month, day) {
                (12, 31) => (year + 1, 1, 1),
                (_, d) if d == length => (year, month + 1, 1),
                _ => (year, month, day + 1),
            };
            prop_assert_eq!(civil(days + 1), next);
            prop_assert_eq!(number(year, month, day), days);
        }
    }
}
