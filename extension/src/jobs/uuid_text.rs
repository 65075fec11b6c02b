//! UUIDs as people write them.

/// Reads the canonical form, in either case; None for anything else. PostgreSQL also takes braces and
/// missing hyphens, but an id from a token or from JSON has no business looking like that.
pub fn parse(text: &str) -> Option<[u8; 16]> {
    let text = text.as_bytes();
    if text.len() != 36 {
        return None;
    }
    let mut bytes = [0u8; 16];
    let mut digits = 0;
    for (position, &c) in text.iter().enumerate() {
        if matches!(position, 8 | 13 | 18 | 23) {
            if c != b'-' {
                return None;
            }
            continue;
        }
        let value = char::from(c).to_digit(16)? as u8;
        bytes[digits / 2] = bytes[digits / 2] << 4 | value;
        digits += 1;
    }
    Some(bytes)
}

#[cfg(test)]
mod unit {
    use super::parse;

    #[test]
    fn canonical_form_in_either_case() {
        let expected =
            Some([0x55, 0x0e, 0x84, 0, 0xe2, 0x9b, 0x41, 0xd4, 0xa7, 0x16, 0x44, 0x66, 0x55, 0x44, 0, 0]);
        assert_eq!(parse("550e8400-e29b-41d4-a716-446655440000"), expected);
        assert_eq!(parse("550E8400-E29B-41D4-A716-446655440000"), expected);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "550e8400e29b41d4a716446655440000",
            "{550e8400-e29b-41d4-a716-446655440000}",
            "550e8400-e29b-41d4-a716-44665544000",
            "550e8400-e29b-41d4-a716-44665544000g",
            "550e8400-e29b-41d4a-716-446655440000",
            "550e8400-e29b-41d4-a716-4466554400é",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
