//! The identity of a job: one 128-bit hash of user, job type and params. No pgrx inside.
//!
//! Two params are the same when PostgreSQL says that they are equal as jsonb. The text of a jsonb value
//! is almost its canonical form already: keys are sorted at every level and occur once, strings are
//! escaped in one way. What is left is how numbers are written (1, 1.0 and 1e0 are equal) and whitespace.
//! So the canonical form is made in one pass over that text, with no tree and no recursion, and a number
//! never passes through a double, which would make different numbers equal.
//!
//! The hash only finds candidates. Whoever uses it compares the columns themselves, so a collision costs a
//! comparison (or lets two submitters wait for each other) and can't mix up two jobs.

use xxhash_rust::xxh3::xxh3_128;

/// Part of the hashed bytes. Stored hashes of another version never match, so a change of the canonical
/// form means a new number and an upgrade script that rewrites the stored ones.
const VERSION: u8 = 1;

/// The identity of a job. `params` is the text that PostgreSQL prints for a jsonb.
pub fn identity(user: &[u8; 16], job_type: &str, params: &str) -> [u8; 16] {
    let mut bytes = Vec::with_capacity(32 + job_type.len() + params.len());
    bytes.push(VERSION);
    bytes.extend_from_slice(user);
    // The length keeps a job type from running into the params.
    bytes.extend_from_slice(&(job_type.len() as u64).to_le_bytes());
    bytes.extend_from_slice(job_type.as_bytes());
    canonical(params, &mut bytes);
    xxh3_128(&bytes).to_be_bytes()
}

/// Appends the canonical form of a jsonb's text.
fn canonical(text: &str, out: &mut Vec<u8>) {
    let text = text.as_bytes();
    let mut at = 0;
    while at < text.len() {
        let end = match text[at] {
            b'"' => string_end(text, at),
            b'-' | b'0'..=b'9' => number_end(text, at),
            _ => at + 1,
        };
        let token = &text[at..end];
        match token[0] {
            b' ' | b'\t' | b'\n' | b'\r' => {}
            b'-' | b'0'..=b'9' => canonical_number(token, out),
            _ => out.extend_from_slice(token),
        }
        at = end;
    }
}

/// The end of the string that starts at `start`, behind its closing quote.
fn string_end(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < text.len() && text[at] != b'"' {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(text.len())
}

fn number_end(text: &[u8], start: usize) -> usize {
    let rest = text[start..].iter();
    start + rest.take_while(|c| matches!(c, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')).count()
}

/// Appends a number as its digits without zeros at either end, `E`, and the power of ten of the last
/// digit: 100, 1e2 and 100.00 all become 1E2. Zero is 0E0, whatever its sign.
fn canonical_number(number: &[u8], out: &mut Vec<u8>) {
    let (negative, number) = match number.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, number),
    };
    let (mantissa, exponent) = match number.iter().position(|c| matches!(c, b'e' | b'E')) {
        Some(e) => (&number[..e], written_exponent(&number[e + 1..])),
        None => (number, 0),
    };
    let (whole, decimals) = match mantissa.iter().position(|&c| c == b'.') {
        Some(point) => (&mantissa[..point], &mantissa[point + 1..]),
        None => (mantissa, &[][..]),
    };
    let digits = || whole.iter().chain(decimals);
    let count = whole.len() + decimals.len();
    let leading = digits().take_while(|&&c| c == b'0').count();
    if leading == count {
        out.extend_from_slice(b"0E0");
        return;
    }
    let trailing = digits().rev().take_while(|&&c| c == b'0').count();

    if negative {
        out.push(b'-');
    }
    out.extend(digits().skip(leading).take(count - leading - trailing));
    let power = exponent - decimals.len() as i64 + trailing as i64;
    out.extend_from_slice(format!("E{power}").as_bytes());
}

/// PostgreSQL prints a jsonb's numbers without exponents; they are understood here so that the canonical
/// form is defined for every way to write a number. No exponent that PostgreSQL accepts needs saturating.
fn written_exponent(text: &[u8]) -> i64 {
    let (sign, digits) = match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        _ => (1, text),
    };
    let magnitude =
        digits.iter().fold(0i64, |sum, c| sum.saturating_mul(10).saturating_add(i64::from(c - b'0')));
    sign * magnitude.min(i64::from(i32::MAX))
}

#[cfg(test)]
mod unit;
