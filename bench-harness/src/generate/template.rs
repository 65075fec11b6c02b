//! Templates of text and JSON: literal pieces with named slots between them.

use serde_json::Value;

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Goes out as it is; in a JSON template it is JSON text.
    Literal(String),
    /// Is replaced by the value of this name.
    Slot(String),
}

/// Splits a text template: `{name}` is a slot, `{{` and `}}` are braces.
///
/// # Errors
/// Names the brace that has no partner or no name.
pub fn text(template: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Pieces::default();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        pieces.literal(&rest[..at]);
        let brace = &rest[at..at + 1];
        let after = &rest[at + 1..];
        if after.starts_with(brace) {
            pieces.literal(brace);
            rest = &after[1..];
            continue;
        }
        let slot = if brace == "{" { after.split_once('}') } else { None };
        match slot {
            Some((name, after)) if !name.is_empty() && !name.contains('{') => {
                pieces.slot(name);
                rest = after;
            }
            _ => return Err(format!("a lone `{brace}` in `{template}`; double it to mean the sign itself")),
        }
    }
    pieces.literal(rest);
    Ok(pieces.done())
}

/// Splits a JSON template: a string `"$name"` is a slot, `"$$…"` is a string that starts with one dollar sign.
pub fn json(template: &Value) -> Vec<Piece> {
    let mut pieces = Pieces::default();
    push_json(template, &mut pieces);
    pieces.done()
}

/// Names of the slots of a template, in order, each as often as it stands there.
pub fn slots(pieces: &[Piece]) -> impl Iterator<Item = &str> {
    pieces.iter().filter_map(|piece| match piece {
        Piece::Slot(name) => Some(name.as_str()),
        Piece::Literal(_) => None,
    })
}

fn push_json(value: &Value, pieces: &mut Pieces) {
    match value {
        Value::String(text) => match text.strip_prefix('$') {
            Some(rest) if rest.starts_with('$') => pieces.literal(&Value::from(rest).to_string()),
            Some(name) if !name.is_empty() => pieces.slot(name),
            _ => pieces.literal(&value.to_string()),
        },
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pieces.literal(if index == 0 { "[" } else { "," });
                push_json(item, pieces);
            }
            pieces.literal(if items.is_empty() { "[]" } else { "]" });
        }
        Value::Object(entries) => {
            for (index, (name, item)) in entries.iter().enumerate() {
                pieces.literal(if index == 0 { "{" } else { "," });
                pieces.literal(&Value::from(name.as_str()).to_string());
                pieces.literal(":");
                push_json(item, pieces);
            }
            pieces.literal(if entries.is_empty() { "{}" } else { "}" });
        }
        scalar => pieces.literal(&scalar.to_string()),
    }
}

/// Joins neighbouring literals, so that evaluation copies few pieces.
#[derive(Default)]
struct Pieces {
    done: Vec<Piece>,
    literal: String,
}

impl Pieces {
    fn literal(&mut self, text: &str) {
        self.literal.push_str(text);
    }

    fn slot(&mut self, name: &str) {
        self.flush();
        self.done.push(Piece::Slot(name.to_owned()));
    }

    fn flush(&mut self) {
        if !self.literal.is_empty() {
            self.done.push(Piece::Literal(std::mem::take(&mut self.literal)));
        }
    }

    fn done(mut self) -> Vec<Piece> {
        self.flush();
        self.done
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn literal(text: &str) -> Piece {
        Piece::Literal(text.into())
    }

    fn slot(name: &str) -> Piece {
        Piece::Slot(name.into())
    }

    #[test]
    fn text_slots_and_doubled_braces() {
        assert_eq!(text("a {b}{c} {{d}}").unwrap(), [literal("a "), slot("b"), slot("c"), literal(" {d}")]);
        assert_eq!(text("").unwrap(), []);
        for bad in ["{", "}", "a}b", "{}", "{a", "{a{b}}"] {
            assert!(text(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn json_slots_stand_for_whole_strings() {
        let pieces = json(&json!({"a": "$x", "b": ["$$x", "a$x", "$", 1.5, null, {}], "c\"": [["$y"]]}));
        assert_eq!(
            pieces,
            [
                literal(r#"{"a":"#),
                slot("x"),
                literal(r#","b":["$x","a$x","$",1.5,null,{}],"c\"":[["#),
                slot("y"),
                literal("]]}"),
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn a_template_without_slots_is_its_own_text(text in "[^{}]{0,40}") {
            let expected: Vec<_> = (!text.is_empty()).then(|| literal(&text)).into_iter().collect();
            proptest::prop_assert_eq!(super::text(&text).unwrap(), expected);
        }
    }
}
