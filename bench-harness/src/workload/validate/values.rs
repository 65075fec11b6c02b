//! What values a generator can make, as far as that can be told without making any.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::workload::generator::Generator;

/// Whether a generator makes timestamps (or NULLs) and nothing else.
pub(super) fn yields_timestamp(generator: &Generator) -> bool {
    match generator {
        Generator::Timestamp { .. } | Generator::After { .. } => true,
        Generator::Nullable { of, .. } => yields_timestamp(of),
        Generator::Case { when, otherwise, .. } => {
            let mut all = when.values().chain([&**otherwise]);
            all.all(|inner| matches!(inner, Generator::Null) || yields_timestamp(inner))
        }
        _ => false,
    }
}

/// The values a generator can make, as text, when they can be listed.
pub(super) fn possible_values(generator: &Generator) -> Option<BTreeSet<String>> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match generator {
        Generator::Constant(value) => Some([text(value)].into()),
        Generator::Boolean { .. } => Some(["true".to_owned(), "false".to_owned()].into()),
        Generator::Null => Some(BTreeSet::new()),
        Generator::Nullable { of, .. } => possible_values(of),
        Generator::Weighted(choices) => {
            union(choices.iter().map(|choice| match (&choice.value, &choice.of) {
                (Some(value), _) => Some([text(value)].into()),
                (None, Some(of)) => possible_values(of),
                (None, None) => None,
            }))
        }
        Generator::Quota { values, rest } => {
            union(values.iter().map(|share| Some([text(&share.value)].into())).chain([possible_values(rest)]))
        }
        Generator::Case { when, otherwise, .. } => {
            union(when.values().chain([&**otherwise]).map(possible_values))
        }
        _ => None,
    }
}

fn union(sets: impl Iterator<Item = Option<BTreeSet<String>>>) -> Option<BTreeSet<String>> {
    sets.collect::<Option<Vec<_>>>().map(|sets| sets.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generator(written: &str) -> Generator {
        toml::from_str(written).unwrap()
    }

    #[test]
    fn timestamps_through_wrappers() {
        let at = r#"{ timestamp = { from = "-1d", to = "0s" } }"#;
        assert!(yields_timestamp(&generator(&format!("nullable = {{ probability = 0.5, of = {at} }}"))));
        let case = |otherwise: &str| {
            generator(&format!("case = {{ column = \"a\", when = {{ x = {at} }}, otherwise = {otherwise} }}"))
        };
        assert!(yields_timestamp(&case("\"null\"")));
        assert!(!yields_timestamp(&case("\"row\"")));
    }

    #[test]
    fn values_that_can_be_listed() {
        let quota = r#"quota = { values = [{ value = "a", rows = 1 }], rest = { weighted = [{ weight = 1, value = 2 }, { weight = 1, of = { boolean = { probability = 0.5 } } }] } }"#;
        let found = possible_values(&generator(quota)).unwrap();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["2", "a", "false", "true"]);
        assert_eq!(possible_values(&generator("words = { min = 1, max = 2 }")), None);
    }
}
