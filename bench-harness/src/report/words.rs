//! The vocabulary of every report: verdicts as glyph and word, and numbers as a reader wants them.

use crate::result::Agreement;
use crate::verdict::Verdict;
use crate::workload::model::{ClaimKind, Effect, Scale, Statistic};

/// How a verdict is written. Glyph and word always stand together, so that colour is never the only signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct VerdictWords {
    /// Stable identifier: CSS class and filter key.
    pub key: &'static str,
    pub glyph: &'static str,
    pub word: &'static str,
    /// What the verdict means, one sentence.
    pub meaning: &'static str,
}

/// Key, glyph, word and meaning of a verdict.
pub fn verdict(verdict: Verdict) -> VerdictWords {
    let (key, glyph, word, meaning) = match verdict {
        Verdict::Proven => (
            "proven",
            "✓",
            "proven",
            "Even the unfavourable end of the interval meets the target, at the claimed size or above.",
        ),
        Verdict::Refuted => (
            "refuted",
            "✗",
            "refuted",
            "Even the favourable end of the interval misses the target, or an exact observation contradicts it.",
        ),
        Verdict::Inconclusive => (
            "inconclusive",
            "?",
            "inconclusive",
            "The budget ended before the interval cleared the target, or the data is smaller than claimed.",
        ),
        Verdict::Infeasible => (
            "infeasible",
            "∅",
            "infeasible",
            "The target contradicts arithmetic or the measured ceiling of this machine.",
        ),
        Verdict::NotRunnable => (
            "not_runnable",
            "⊘",
            "not runnable",
            "PostgreSQL rejects the statement; its message is the evidence.",
        ),
        Verdict::Skipped => (
            "skipped",
            "–",
            "skipped",
            "Something the measurement needs is missing here; the reason names it.",
        ),
        Verdict::Invalid => {
            ("invalid", "!", "invalid", "A guard failed, so the figures can't be trusted either way.")
        }
        Verdict::Measured => {
            ("measured", "≈", "measured", "The claim names no target; the figures stand for themselves.")
        }
    };
    VerdictWords { key, glyph, word, meaning }
}

/// `✓ proven`
pub fn glyph_and_word(of: Verdict) -> String {
    let words = verdict(of);
    format!("{} {}", words.glyph, words.word)
}

/// How a verdict stands to what was expected of it, in two words at most.
pub fn agreement(agreement: Agreement) -> &'static str {
    match agreement {
        Agreement::AsExpected => "as expected",
        Agreement::FellShort => "fell short",
        Agreement::Undecided => "undecided",
        Agreement::NoExpectation => "nothing expected",
    }
}

/// The kind as a reader would say it, `operations` for `ops`.
pub fn kind(kind: ClaimKind) -> &'static str {
    match kind {
        ClaimKind::Latency => "latency",
        ClaimKind::Ratio => "ratio",
        ClaimKind::Plan => "plan",
        ClaimKind::Size => "size",
        ClaimKind::Throughput => "throughput",
        ClaimKind::Runs => "runs",
        ClaimKind::Semantics => "semantics",
        ClaimKind::Ops => "operations",
    }
}

/// The scale as it is given on the command line.
pub fn scale(scale: Scale) -> &'static str {
    match scale {
        Scale::Ci => "ci",
        Scale::Small => "small",
        Scale::Full => "full",
    }
}

/// The statistic in front of a figure: `p95`.
pub fn statistic(statistic: Statistic) -> &'static str {
    statistic.name()
}

/// What the figures of a statement with this effect leave out, if anything.
pub fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "reads only",
        Effect::Commit => "each execution commits",
        Effect::Rollback => "each execution is rolled back, untimed: the figure leaves the commit out",
    }
}

/// No-break space: groups digits and ties a number to its unit, so that neither is wrapped apart.
const TIE: char = '\u{a0}';

/// Three significant digits, more only where the whole part has more: `0.0437`, `26.4`, `1 240`.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "not a number".to_owned();
    }
    let magnitude = value.abs();
    if magnitude == 0.0 {
        return "0".to_owned();
    }
    if magnitude >= 999.5 {
        let whole = grouped(magnitude.round() as u64);
        return if value < 0.0 { format!("-{whole}") } else { whole };
    }
    // Formatting with an exponent rounds first, so 9.996 counts as 10.0 and not as 10.00.
    let rounded = format!("{magnitude:.2e}");
    let exponent: i32 = rounded.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
    let decimals = (2 - exponent).clamp(0, 9) as usize;
    format!("{value:.decimals$}")
}

/// A round number as an axis shows it: [`number`] without trailing zeros, `10` and not `10.0`.
pub fn mark(value: f64) -> String {
    let text = number(value);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Digits in groups of three: `1 000 000`.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(TIE);
        }
        text.push(digit);
    }
    text
}

/// Milliseconds with the unit that reads best: `0.412 ms`, `26.4 ms`, `12.4 s`.
pub fn milliseconds(ms: f64) -> String {
    if ms.abs() >= 10_000.0 { seconds(ms / 1_000.0) } else { format!("{}{TIE}ms", number(ms)) }
}

/// Seconds, as minutes from two minutes on.
pub fn seconds(seconds: f64) -> String {
    if seconds >= 120.0 {
        let whole = seconds.round() as u64;
        format!("{}{TIE}min{TIE}{:02}{TIE}s", whole / 60, whole % 60)
    } else {
        format!("{}{TIE}s", number(seconds))
    }
}

/// `12.3×`
pub fn ratio(ratio: f64) -> String {
    format!("{}×", number(ratio))
}

/// `16.0 kB`; a kB is 1024 bytes, as in `pg_size_pretty`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1024 {
        return format!("{bytes}{TIE}bytes");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{}{TIE}{}", number(value), UNITS[unit])
}

/// `1 claim`, `2 claims`.
pub fn count_of(count: usize, one: &str, many: &str) -> String {
    format!("{}{TIE}{}", grouped(count as u64), if count == 1 { one } else { many })
}

/// Text as one line for a terminal: control characters, an escape sequence's first of all, become spaces.
pub fn one_line(text: &str) -> String {
    let visible: String = text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    visible.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// An RFC 3339 instant without its fraction: `2025-11-21 01:45:07 UTC`; unparsed text stays as it is.
pub fn instant(text: &str) -> String {
    match text.parse::<jiff::Timestamp>() {
        Ok(instant) => instant.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: String) -> String {
        text.replace(TIE, " ")
    }

    #[test]
    fn numbers_carry_three_significant_digits() {
        for (value, text) in [
            (0.0, "0"),
            (0.04371, "0.0437"),
            (0.9996, "1.00"),
            (9.996, "10.0"),
            (99.96, "100"),
            (999.6, "1 000"),
            (26.44, "26.4"),
            (1_240.4, "1 240"),
            (1_234_567.0, "1 234 567"),
            (-2.5, "-2.50"),
            (f64::NAN, "not a number"),
        ] {
            assert_eq!(plain(number(value)), text, "{value}");
        }
    }

    #[test]
    fn marks_lose_trailing_zeros_only() {
        for (value, text) in [(10.0, "10"), (0.5, "0.5"), (100.0, "100"), (1.5, "1.5"), (0.0, "0")] {
            assert_eq!(mark(value), text);
        }
    }

    #[test]
    fn units_follow_the_magnitude() {
        assert_eq!(plain(milliseconds(0.4123)), "0.412 ms");
        assert_eq!(plain(milliseconds(9_999.0)), "9 999 ms");
        assert_eq!(plain(milliseconds(12_400.0)), "12.4 s");
        assert_eq!(plain(seconds(125.4)), "2 min 05 s");
        assert_eq!(plain(bytes(1_023)), "1023 bytes");
        assert_eq!(plain(bytes(16_384)), "16.0 kB");
        assert_eq!(plain(bytes(1_048_575)), "1.00 MB");
        assert_eq!(plain(bytes(u64::MAX)), "16 777 216 TB");
    }

    #[test]
    fn a_line_holds_no_control_characters_and_keeps_tied_numbers() {
        assert_eq!(one_line(" a\n\tb\u{1b}[31m  1\u{a0}000 "), "a b [31m 1\u{a0}000");
    }

    #[test]
    fn counts_agree_with_their_noun() {
        assert_eq!(plain(count_of(1, "claim", "claims")), "1 claim");
        assert_eq!(plain(count_of(1_000, "claim", "claims")), "1 000 claims");
    }

    #[test]
    fn verdicts_differ_without_colour() {
        for (at, one) in Verdict::ALL.iter().enumerate() {
            for other in &Verdict::ALL[at + 1..] {
                assert_ne!(verdict(*one).glyph, verdict(*other).glyph);
                assert_ne!(verdict(*one).word, verdict(*other).word);
            }
        }
    }
}
