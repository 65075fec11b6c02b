//! Durations as generators write them: `30d`, `12h`, `5m`, `10s`, `250ms`, `-1h 30m`.

use jiff::fmt::friendly::SpanParser;
use jiff::{SignedDuration, SpanRelativeTo};

/// Longest duration either way: far beyond any data set, and near enough that sums of them stay in the calendar.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 36_525);

/// What a duration may look like, for messages.
pub const ALLOWED: &str = "a number with its unit (d, h, m, s, ms, us) and an optional sign, such as `30d`, `-5m` \
                           or `250ms`, at most a hundred years";

/// Parses a duration; a day is 24 hours.
///
/// # Errors
/// When the text is no duration, counts in months or years (which differ in length), or exceeds a hundred years.
pub fn parse(text: &str) -> Result<SignedDuration, String> {
    let refuse = || format!("`{text}` is no duration, expected {ALLOWED}");
    let span = SpanParser::new().parse_span(text).map_err(|_| refuse())?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| refuse())?;
    if duration.abs() > LONGEST { Err(refuse()) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_signs() {
        let millis = |text| parse(text).unwrap().as_millis();
        assert_eq!(millis("30d"), 30 * 86_400_000);
        assert_eq!(millis("-12h"), -12 * 3_600_000);
        assert_eq!(millis("+5m"), 300_000);
        assert_eq!(millis("10s"), 10_000);
        assert_eq!(millis("250ms"), 250);
        assert_eq!(millis("0s"), 0);
        assert_eq!(millis("1h 30m"), 5_400_000);
        assert_eq!(parse("7us").unwrap().as_micros(), 7);
    }

    #[test]
    fn what_is_no_fixed_length_is_refused() {
        for text in ["", "30", "d", "1 fortnight", "1mo", "2y", "101 years", "40000d", "P1D", "--1d"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
