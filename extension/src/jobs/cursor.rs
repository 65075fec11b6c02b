//! Cursors of job lists: `2026-11-21T12:34:56.789012Z_550e8400-e29b-41d4-a716-446655440000`, the time of
//! creation in UTC to the microsecond and the id. No pgrx inside; times are microseconds since 2000.

use super::{day, uuid_text};

const SECOND: i64 = 1_000_000;

/// The cursor behind a job.
pub fn write(created_at: i64, id: &[u8; 16]) -> String {
    let (year, month, day) = day::civil(created_at.div_euclid(day::MICROS_PER_DAY));
    let micros = created_at.rem_euclid(day::MICROS_PER_DAY);
    let (seconds, fraction) = (micros / SECOND, micros % SECOND);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let sign = if year < 0 { "-" } else { "" };
    let mut text = format!(
        "{sign}{:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z_",
        year.abs()
    );
    for (position, byte) in id.iter().enumerate() {
        if matches!(position, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// The inverse of `write`; None for anything else. Fewer digits of the second are taken, as the documents
/// write them.
pub fn read(text: &str) -> Option<(i64, [u8; 16])> {
    let (time, id) = text.split_once('_')?;
    let (date, clock) = time.strip_suffix('Z')?.split_once('T')?;
    let (negative, date) = match date.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, date),
    };
    let mut date = date.split('-');
    let year = digits(date.next()?, 4..=6)?;
    let year = if negative { -year } else { year };
    let (month, day) = (digits(date.next()?, 2..=2)?, digits(date.next()?, 2..=2)?);
    let mut clock = clock.split(':');
    let (hour, minute) = (digits(clock.next()?, 2..=2)?, digits(clock.next()?, 2..=2)?);
    let (second, fraction) = match clock.next()?.split_once('.') {
        Some((second, fraction)) => (second, format!("{fraction:0<6}")),
        None => return None,
    };
    let (second, fraction) = (digits(second, 2..=2)?, digits(&fraction, 6..=6)?);
    if date.next().is_some() || clock.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let number = day::number(year, month, day);
    // A day that the month does not have would be another day.
    if day::civil(number) != (year, month, day) {
        return None;
    }
    let seconds = (hour * 60 + minute) * 60 + second;
    let micros = number.checked_mul(day::MICROS_PER_DAY)?.checked_add(seconds * SECOND + fraction)?;
    Some((micros, uuid_text::parse(id)?))
}

fn digits(text: &str, lengths: std::ops::RangeInclusive<usize>) -> Option<i64> {
    (lengths.contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "550e8400-e29b-41d4-a716-446655440000";

    #[test]
    fn as_the_documents_write_it() {
        let (micros, id) = read(&format!("2025-11-07T12:34:56.789Z_{ID}")).unwrap();
        assert_eq!(write(micros, &id), format!("2025-11-07T12:34:56.789000Z_{ID}"));
    }

    #[test]
    fn anything_else_is_refused() {
        for time in [
            "",
            "2025-11-07",
            "2025-11-07T12:34:56Z",
            "2025-11-07T12:34:56.789",
            "2025-11-07 12:34:56.789Z",
            "2025-02-29T12:34:56.789Z",
            "2025-13-07T12:34:56.789Z",
            "2025-00-07T12:34:56.789Z",
            "2025-11-07T24:00:00.000Z",
            "2025-11-07T12:60:56.789Z",
            "2025-11-07T12:34:60.789Z",
            "2025-11-07T12:34:56.7891234Z",
            "2025-11-07T12:34:56.+89Z",
            "25-11-07T12:34:56.789Z",
            "2025-11-07T12:34:56.789+00",
            "--2025-11-07T12:34:56.789Z",
            "2025-11-07T12:34:56:00.789Z",
            "9999999-11-07T12:34:56.789Z",
            "٢٠٢٥-11-07T12:34:56.789Z",
        ] {
            assert_eq!(read(&format!("{time}_{ID}")), None, "{time}");
        }
        for text in [
            "",
            "_",
            ID,
            "2025-11-07T12:34:56.789Z",
            "2025-11-07T12:34:56.789Z_",
            "2025-11-07T12:34:56.789Z_1",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(micros in -200_000_000_000_000_000i64..9_000_000_000_000_000_000, id: [u8; 16]) {
            let text = write(micros, &id);
            prop_assert_eq!(read(&text), Some((micros, id)), "{}", text);
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = read(&text);
        }

        #[test]
        fn nearly_right_text_is_read_or_refused(text in "[-0-9]{1,7}-[0-9]{2}-[0-9]{2}T[0-9:.]{1,16}Z_[0-9a-f-]{36}") {
            if let Some((micros, id)) = read(&text) {
                prop_assert_eq!(read(&write(micros, &id)), Some((micros, id)));
            }
        }
    }
}
