//! What may be called how.

/// Tables, columns, queries, data sets, parameters.
pub(super) const IDENTIFIER: &str = "[a-z][a-z0-9_]*";
/// Variants.
pub(super) const DASHED: &str = "[a-z][a-z0-9-]*";
/// Columns: a leading `_` makes one virtual.
pub(super) const COLUMN: &str = "_?[a-z][a-z0-9_]*";
/// Claims.
pub(super) const CLAIM: &str = "[A-Z][A-Z0-9]*-[0-9]+";

pub(super) fn is_identifier(name: &str) -> bool {
    starts_low(name) && name.chars().all(|c| c == '_' || is_low(c))
}

pub(super) fn is_dashed(name: &str) -> bool {
    starts_low(name) && name.chars().all(|c| c == '-' || is_low(c))
}

pub(super) fn is_column(name: &str) -> bool {
    is_identifier(name.strip_prefix('_').unwrap_or(name))
}

pub(super) fn is_claim(id: &str) -> bool {
    let Some((document, number)) = id.rsplit_once('-') else { return false };
    document.starts_with(|c: char| c.is_ascii_uppercase())
        && document.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        && !number.is_empty()
        && number.chars().all(|c| c.is_ascii_digit())
}

fn starts_low(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
}

fn is_low(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_their_patterns() {
        for good in ["a", "job_queue", "t1"] {
            assert!(is_identifier(good) && is_column(good), "{good}");
        }
        for bad in ["", "_a", "A", "1a", "a-b", "ä", "a b"] {
            assert!(!is_identifier(bad), "{bad}");
        }
        assert!(is_column("_user") && !is_column("__user") && !is_column("_"));
        assert!(is_dashed("as-written") && !is_dashed("as_written") && !is_dashed("-a"));
        assert!(is_claim("SJ-01") && is_claim("X2-7"));
        for bad in ["SJ", "SJ-", "sj-01", "-1", "SJ-0a", "S J-1"] {
            assert!(!is_claim(bad), "{bad}");
        }
    }
}
