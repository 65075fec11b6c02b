//! A generated value and its two spellings: a COPY field and a statement parameter.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use uuid::Uuid;

/// RFC 3339 in UTC with microseconds, all PostgreSQL keeps.
const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(6));

/// One cell or parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Text(String),
    Int(i64),
    Float(f64),
    Bool(bool),
    Uuid(Uuid),
    Timestamp(Timestamp),
    /// Text of a JSON document.
    Json(String),
}

impl Value {
    /// A fixed value from TOML or JSON: tables and arrays are JSON documents.
    pub fn from_json(value: &serde_json::Value) -> Value {
        match value {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(flag) => Value::Bool(*flag),
            serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Value::Int(whole),
                (None, Some(float)) => Value::Float(float),
                (None, None) => Value::Text(number.to_string()),
            },
            serde_json::Value::String(text) => Value::Text(text.clone()),
            document => Value::Json(document.to_string()),
        }
    }

    /// The value as PostgreSQL reads it from a text parameter; `None` is NULL.
    pub fn as_param_text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Value::Null => return None,
            Value::Text(text) | Value::Json(text) => Cow::Borrowed(text),
            Value::Int(number) => Cow::Owned(number.to_string()),
            // Debug keeps exponents where Display writes hundreds of digits; both read back to the same number.
            Value::Float(number) => Cow::Owned(format!("{number:?}")),
            Value::Bool(flag) => Cow::Borrowed(if *flag { "true" } else { "false" }),
            Value::Uuid(uuid) => Cow::Owned(uuid.hyphenated().to_string()),
            Value::Timestamp(timestamp) => Cow::Owned(PRINTER.timestamp_to_string(timestamp)),
        })
    }

    /// Appends the value as a field of COPY's text format.
    pub fn as_copy(&self, out: &mut Vec<u8>) {
        match self {
            Value::Null => out.extend_from_slice(b"\\N"),
            Value::Text(text) | Value::Json(text) => escape(text, out),
            Value::Uuid(uuid) => {
                let mut buffer = Uuid::encode_buffer();
                out.extend_from_slice(uuid.hyphenated().encode_lower(&mut buffer).as_bytes());
            }
            // Numbers, booleans and times hold nothing to escape.
            other => {
                if let Some(text) = other.as_param_text() {
                    out.extend_from_slice(text.as_bytes());
                }
            }
        }
    }

    /// Appends the value as it stands in a text template; NULL is nothing.
    pub(super) fn push_text(&self, out: &mut String) {
        if let Some(text) = self.as_param_text() {
            out.push_str(&text);
        }
    }

    /// Appends the value as JSON; what JSON has no type for is a string.
    pub(super) fn push_json(&self, out: &mut String) {
        match self {
            Value::Null => out.push_str("null"),
            Value::Json(document) => out.push_str(document),
            Value::Int(_) | Value::Float(_) | Value::Bool(_) => self.push_text(out),
            Value::Text(text) => out.push_str(&serde_json::Value::from(text.as_str()).to_string()),
            Value::Uuid(_) | Value::Timestamp(_) => {
                out.push('"');
                self.push_text(out);
                out.push('"');
            }
        }
    }
}

/// Escapes what COPY's text format gives a meaning to: backslash, and the signs that end a field or a row.
fn escape(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn copy(value: &Value) -> String {
        let mut out = Vec::new();
        value.as_copy(&mut out);
        String::from_utf8(out).unwrap()
    }

    fn json(value: &Value) -> String {
        let mut out = String::new();
        value.push_json(&mut out);
        out
    }

    #[test]
    fn each_type_in_its_three_spellings() {
        let epoch: Timestamp = "2024-02-29T12:00:00.000001Z".parse().unwrap();
        for (value, as_copy, as_param, as_json) in [
            (Value::Null, "\\N", None, "null"),
            (Value::Text("\\N".into()), "\\\\N", Some("\\N"), "\"\\\\N\""),
            (Value::Int(-3), "-3", Some("-3"), "-3"),
            (Value::Float(1e300), "1e300", Some("1e300"), "1e300"),
            (Value::Bool(true), "true", Some("true"), "true"),
            (
                Value::Uuid(Uuid::from_u128(1)),
                "00000000-0000-0000-0000-000000000001",
                Some("00000000-0000-0000-0000-000000000001"),
                "\"00000000-0000-0000-0000-000000000001\"",
            ),
            (
                Value::Timestamp(epoch),
                "2024-02-29T12:00:00.000001Z",
                Some("2024-02-29T12:00:00.000001Z"),
                "\"2024-02-29T12:00:00.000001Z\"",
            ),
            (
                Value::Json("{\"a\":\"\\n\"}".into()),
                "{\"a\":\"\\\\n\"}",
                Some("{\"a\":\"\\n\"}"),
                "{\"a\":\"\\n\"}",
            ),
        ] {
            assert_eq!(copy(&value), as_copy);
            assert_eq!(value.as_param_text().as_deref(), as_param);
            assert_eq!(json(&value), as_json);
        }
    }

    #[test]
    fn whole_seconds_keep_their_six_digits() {
        assert_eq!(copy(&Value::Timestamp(Timestamp::UNIX_EPOCH)), "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn fixed_values_keep_their_type() {
        assert_eq!(Value::from_json(&json!(3)), Value::Int(3));
        assert_eq!(Value::from_json(&json!(3.5)), Value::Float(3.5));
        assert_eq!(Value::from_json(&json!([1])), Value::Json("[1]".into()));
    }

    /// Reads a field as PostgreSQL's COPY does.
    fn unescape(field: &str) -> Option<String> {
        if field == "\\N" {
            return None;
        }
        let mut out = String::new();
        let mut signs = field.chars();
        while let Some(sign) = signs.next() {
            out.push(match (sign, sign == '\\') {
                (_, true) => match signs.next().unwrap() {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    other => other,
                },
                (plain, false) => plain,
            });
        }
        Some(out)
    }

    proptest! {
        #[test]
        fn copy_gives_the_text_back(text in "(\\PC|[\\\\\n\r\tN.]){0,40}") {
            let field = copy(&Value::Text(text.clone()));
            prop_assert!(!field.contains(['\n', '\r', '\t']));
            prop_assert_ne!(&field, "\\.", "would end the COPY");
            prop_assert_eq!(unescape(&field), Some(text));
        }

        #[test]
        fn json_gives_the_text_back(text in "\\PC{0,40}") {
            let read: serde_json::Value = serde_json::from_str(&json(&Value::Text(text.clone()))).unwrap();
            prop_assert_eq!(read, serde_json::Value::from(text));
        }
    }
}
