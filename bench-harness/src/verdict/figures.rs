//! How figures are written in reasons.

/// `value` to `digits` significant digits, never in scientific notation.
pub(super) fn number(value: f64, digits: i32) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    // Formatting in scientific notation rounds first, so 9.996 counts as 10.0, not 10.00.
    let rounded = format!("{:.*e}", digits.max(1) as usize - 1, value);
    let magnitude: i32 = rounded.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
    let decimals = (digits - 1 - magnitude).max(0) as usize;
    format!("{value:.decimals$}")
}

/// The values to three significant digits, or as many as it takes that none reads like `target` without being it.
pub(super) fn apart_from<const N: usize>(target: f64, values: [f64; N]) -> [String; N] {
    let confusable = |digits: i32| {
        values.iter().any(|value| *value != target && number(*value, digits).parse() == Ok(target))
    };
    let digits = (3..12).find(|digits| !confusable(*digits)).unwrap_or(12);
    values.map(|value| number(value, digits))
}

/// A count with its thousands apart: `10 000`.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// `1 index`, `2 indexes`
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn significant_digits() {
        let written =
            [0.0, 0.000_123_45, 0.5, 2.3149, 9.996, 23.49, 234.567, 12_345.6].map(|value| number(value, 3));
        assert_eq!(written, ["0", "0.000123", "0.500", "2.31", "10.0", "23.5", "235", "12346"]);
    }

    #[test]
    fn a_value_just_beside_the_target_does_not_read_like_it() {
        assert_eq!(apart_from(5.0, [4.9998, 5.2]), ["4.9998", "5.2000"]);
        assert_eq!(apart_from(5.0, [5.0, 4.9]), ["5.00", "4.90"]);
    }

    #[test]
    fn thousands() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1 000", "1 234 567"]);
        assert_eq!(counted(1, "round", "rounds"), "1 round");
        assert_eq!(counted(1_000, "round", "rounds"), "1 000 rounds");
    }
}
