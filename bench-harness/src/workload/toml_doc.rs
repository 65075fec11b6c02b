//! A TOML text with the place of every key and value, so that an error found long after parsing still points at
//! its line.

use std::fmt;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::error::{Fault, SourceFile, WorkloadError};

/// Where in a document: `claim[0].part[1].name`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Key(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Name(String),
    Index(usize),
}

impl Key {
    pub fn root() -> Key {
        Key::default()
    }

    pub fn of(name: &str) -> Key {
        Key::root().name(name)
    }

    /// This place's entry `name`.
    pub fn name(&self, name: &str) -> Key {
        self.step(Step::Name(name.to_owned()))
    }

    /// This place's element `index`, from 0.
    pub fn index(&self, index: usize) -> Key {
        self.step(Step::Index(index))
    }

    fn step(&self, step: Step) -> Key {
        let mut steps = self.0.clone();
        steps.push(step);
        Key(steps)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Name(name) if position == 0 => f.write_str(name)?,
                Step::Name(name) => write!(f, ".{name}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// A parsed document and the file it stands in.
pub(super) struct TomlDoc<'t> {
    source: &'t SourceFile,
    /// Where the TOML starts in the file: not 0 for the header of a query.
    offset: usize,
    root: Spanned<DeValue<'t>>,
}

impl<'t> TomlDoc<'t> {
    /// Parses a whole file, or the part of it that is TOML. Returns every syntax error.
    pub fn parse(source: &'t SourceFile, range: Range<usize>) -> Result<TomlDoc<'t>, Vec<WorkloadError>> {
        let offset = range.start;
        let (table, errors) = DeTable::parse_recoverable(&source.text[range]);
        if !errors.is_empty() {
            let place = |error: toml::de::Error| {
                let span = error.span().unwrap_or(0..0);
                let fault = Fault::Syntax {
                    message: error.message().to_owned(),
                    way_out: Some(
                        "the text is TOML, <https://toml.io>: `key = value`, texts in quotes".into(),
                    ),
                };
                WorkloadError::at(source, span.start + offset..span.end + offset, None, fault)
            };
            return Err(errors.into_iter().map(place).collect());
        }
        let span = table.span();
        let root = Spanned::new(span, DeValue::Table(table.into_inner()));
        Ok(TomlDoc { source, offset, root })
    }

    pub fn source(&self) -> &'t SourceFile {
        self.source
    }

    /// Deserializes the whole document.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, WorkloadError> {
        self.read_value(&self.root)
    }

    /// Deserializes the value at a key; `None` when there is none.
    pub fn read_at<T: DeserializeOwned>(&self, key: &Key) -> Option<Result<T, WorkloadError>> {
        let (value, _, complete) = self.find(key);
        complete.then(|| self.read_value(value))
    }

    /// Names of the entries of a table, in file order; none when it is not one.
    pub fn names_at(&self, key: &Key) -> Vec<String> {
        match self.find(key) {
            (value, _, true) => match value.get_ref() {
                DeValue::Table(table) => table.keys().map(|name| name.get_ref().to_string()).collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// Number of elements of an array, 0 when it is not one.
    pub fn len_at(&self, key: &Key) -> usize {
        match self.find(key) {
            (value, _, true) => value.get_ref().as_array().map_or(0, |array| array.len()),
            _ => 0,
        }
    }

    pub fn str_at(&self, key: &Key) -> Option<&str> {
        match self.find(key) {
            (value, _, true) => value.get_ref().as_str(),
            _ => None,
        }
    }

    /// A fault of the value at a key; of the nearest table above when the key is not there.
    pub fn at(&self, key: &Key, fault: Fault) -> WorkloadError {
        let (value, name, complete) = self.find(key);
        // A table opened by a header, and a missing key, are best pointed at by the name above them.
        let span = match (value.get_ref(), name) {
            (DeValue::Table(_), Some(name)) if !complete => name,
            _ => value.span(),
        };
        self.error(span, key, fault)
    }

    /// A fault of the key itself: a name that is wrong, not its value.
    pub fn at_name(&self, key: &Key, fault: Fault) -> WorkloadError {
        let (value, name, _) = self.find(key);
        self.error(name.unwrap_or(value.span()), key, fault)
    }

    /// Place of a key's value in the file, in bytes.
    pub fn span_of(&self, key: &Key) -> Range<usize> {
        let span = self.find(key).0.span();
        span.start + self.offset..span.end + self.offset
    }

    /// `file:line` of a key's value.
    pub fn place_of(&self, key: &Key) -> String {
        self.source.place(self.span_of(key).start)
    }

    fn error(&self, span: Range<usize>, key: &Key, fault: Fault) -> WorkloadError {
        let span = span.start + self.offset..span.end + self.offset;
        WorkloadError::at(self.source, span, Some(key.to_string()), fault)
    }

    /// The deepest value on the way to a key, the place of its name, and whether it is the key's own.
    fn find(&self, key: &Key) -> (&Spanned<DeValue<'t>>, Option<Range<usize>>, bool) {
        let mut value = &self.root;
        let mut name = None;
        for step in &key.0 {
            let next = match (step, value.get_ref()) {
                (Step::Name(wanted), DeValue::Table(table)) => {
                    let entry = table.iter().find(|(entry, _)| entry.get_ref() == wanted);
                    entry.map(|(entry, value)| (value, Some(entry.span())))
                }
                (Step::Index(index), DeValue::Array(array)) => array.get(*index).map(|value| (value, None)),
                _ => None,
            };
            match next {
                Some((found, found_name)) => (value, name) = (found, found_name),
                None => return (value, name, false),
            }
        }
        (value, name, true)
    }

    fn read_value<T: DeserializeOwned>(&self, value: &Spanned<DeValue<'t>>) -> Result<T, WorkloadError> {
        T::deserialize(ValueDeserializer::from(value.clone())).map_err(|error| {
            let span = error.span().unwrap_or(value.span());
            let key = self.key_at(&span);
            self.error(span, &key, fault_of(error.message()))
        })
    }

    /// The innermost key whose name or value covers a span.
    fn key_at(&self, span: &Range<usize>) -> Key {
        let mut best = (usize::MAX, Key::root());
        smallest_cover(&self.root, &Key::root(), span, &mut best);
        best.1
    }
}

fn smallest_cover(value: &Spanned<DeValue<'_>>, key: &Key, span: &Range<usize>, best: &mut (usize, Key)) {
    let mut consider = |candidate: Range<usize>, key: &Key| {
        let covers = candidate.start <= span.start && span.end <= candidate.end;
        if covers && candidate.len() <= best.0 {
            *best = (candidate.len(), key.clone());
        }
    };
    consider(value.span(), key);
    match value.get_ref() {
        DeValue::Table(table) => {
            for name in table.keys() {
                consider(name.span(), &key.name(name.get_ref()));
            }
            for (name, inner) in table {
                smallest_cover(inner, &key.name(name.get_ref()), span, best);
            }
        }
        DeValue::Array(array) => {
            for (index, inner) in array.iter().enumerate() {
                smallest_cover(inner, &key.index(index), span, best);
            }
        }
        _ => {}
    }
}

/// Turns serde's message into a fault with its allowed values told apart from its words.
fn fault_of(message: &str) -> Fault {
    let quoted = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    if let Some(rest) = message.strip_prefix("unknown field ") {
        let mut names = quoted(rest).into_iter();
        if let Some(found) = names.next() {
            return Fault::UnknownKey { found, allowed: names.collect() };
        }
    }
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        let mut names = quoted(rest).into_iter();
        if let Some(found) = names.next() {
            return Fault::NotAllowed { found, allowed: names.collect() };
        }
    }
    // The keys of a struct-like enum variant, which toml checks by itself.
    if let Some((found, allowed)) = message
        .strip_prefix("unexpected keys in table: ")
        .and_then(|rest| rest.split_once(", available keys: "))
    {
        let list = |text: &str| text.split(", ").map(str::to_owned).collect::<Vec<_>>();
        let found = list(found).into_iter().next().unwrap_or_default();
        return Fault::UnknownKey { found, allowed: list(allowed) };
    }
    if let Some(rest) = message.strip_prefix("missing field ") {
        let name = quoted(rest).into_iter().next().unwrap_or_default();
        return Fault::rule(
            format!("`{name}` is missing"),
            format!("add it to this table; workloads/README.md says what `{name}` holds"),
        );
    }
    if let Some((found, expected)) =
        message.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected "))
    {
        let expected = match expected {
            "f64" => "a number",
            "u32" | "u64" => "a whole number, 0 or more",
            "i64" => "a whole number",
            "a sequence" => "a list, `[…]`",
            "a map" => "a table, `{ … }`",
            other if other.starts_with("struct ") => "a table, `{ … }`",
            other => other,
        };
        return Fault::WrongShape {
            message: format!("{found} where {expected} is expected"),
            way_out: Some(format!("write {expected}")),
        };
    }
    let (message, way_out) = match message {
        "data did not match any variant of untagged enum Scaled" => (
            "not a number per scale",
            Some(
                "write one whole number, or one per scale: `{ ci = 1_000, small = 10_000, full = 100_000 }`",
            ),
        ),
        "wanted exactly 1 element, more than 1 element"
        | "expected table with exactly 1 entry, found empty table" => (
            "exactly one choice is wanted here",
            Some(
                "write a table with one key, the kind: `{ integer = { min = 1, max = 9 } }`, `{ latency = { … } }`",
            ),
        ),
        "wanted string or table" => (
            "neither a name nor a table",
            Some(
                "write the kind alone, `\"uuid\"`, or with its arguments, `{ zipf = { count = 100, exponent = 1.1 } }`",
            ),
        ),
        other => (other, None),
    };
    Fault::WrongShape { message: message.to_owned(), way_out: way_out.map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde::Deserialize;

    use super::*;

    fn source(text: &str) -> SourceFile {
        SourceFile { path: PathBuf::from("a.toml"), text: text.into() }
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Entry {
        name: String,
        size: u32,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Entries {
        entry: Vec<Entry>,
    }

    #[test]
    fn a_type_error_deep_in_a_document_has_its_line_and_key() {
        let source = source("[[entry]]\nname = \"a\"\nsize = 1\n[[entry]]\nname = \"b\"\nsize = \"two\"\n");
        let doc = TomlDoc::parse(&source, 0..source.text.len()).unwrap();
        let error = doc.read::<Entries>().unwrap_err();
        assert_eq!(error.key.as_deref(), Some("entry[1].size"));
        assert_eq!(error.line_and_column(), Some((6, 8)));
    }

    #[test]
    fn an_unknown_key_names_the_allowed_ones() {
        let source = source("[[entry]]\nnaem = \"a\"\n");
        let doc = TomlDoc::parse(&source, 0..source.text.len()).unwrap();
        let error = doc.read::<Entries>().unwrap_err();
        assert_eq!(error.key.as_deref(), Some("entry[0].naem"));
        assert_eq!(error.help.as_deref(), Some("did you mean `name`? allowed keys: `name`, `size`"));
    }

    #[test]
    fn spans_of_an_embedded_document_point_into_the_file() {
        let source = source("/*---\nname = 3\n---*/");
        let doc = TomlDoc::parse(&source, 5..15).unwrap();
        let error = doc.at(&Key::of("name"), Fault::rule("x", "y"));
        assert_eq!(error.line_and_column(), Some((2, 8)));
        let error = doc.at_name(&Key::of("name"), Fault::rule("x", "y"));
        assert_eq!(error.line_and_column(), Some((2, 1)));
    }

    #[test]
    fn every_syntax_error_is_reported() {
        let source = source("a = \nb = 1\nc = = 2\n");
        let errors = TomlDoc::parse(&source, 0..source.text.len()).err().unwrap();
        let lines: Vec<_> =
            errors.iter().filter_map(|error| error.line_and_column()).map(|at| at.0).collect();
        assert!(lines.contains(&1) && lines.contains(&3), "{lines:?}");
    }
}
