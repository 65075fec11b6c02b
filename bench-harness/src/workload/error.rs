//! What can be wrong with a workload folder, said so that its author can mend it: what, where, the allowed
//! values, the way out.

use std::fmt;
use std::ops::{Deref, Range};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};
use serde::Serialize;
use thiserror::Error;

/// One fault of a workload folder and its place. Prints as a miette diagnostic.
#[derive(Debug, Error, Diagnostic)]
#[error(transparent)]
#[diagnostic(transparent)]
pub struct WorkloadError(Box<FaultAt>);

/// What a [`WorkloadError`] says; behind a pointer, as errors travel through many results.
#[derive(Debug, Error, Diagnostic)]
#[error("{}{fault}", Prefix::new(.key, .file, .fault, .source_code.is_some()))]
pub struct FaultAt {
    /// What is wrong.
    pub fault: Fault,
    /// The file at fault, as reached from the folder given to [`super::load`].
    pub file: PathBuf,
    /// Dotted TOML key, e.g. `claim[2].decided_on`; absent for SQL and for files as a whole.
    pub key: Option<String>,
    #[source_code]
    source_code: Option<NamedSource<Arc<str>>>,
    #[label("{label}")]
    span: Option<SourceSpan>,
    label: String,
    /// Allowed values and the way out.
    #[help]
    pub help: Option<String>,
}

impl Deref for WorkloadError {
    type Target = FaultAt;
    fn deref(&self) -> &FaultAt {
        &self.0
    }
}

/// The kind of a fault, with what its message needs.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    #[error("can't read {}: {cause}", .path.display())]
    Unreadable { path: PathBuf, cause: String },
    #[error("{} is missing", .path.display())]
    MissingFile { path: PathBuf, way_out: String },
    #[error("{} belongs to nothing", .path.display())]
    UnexpectedFile { path: PathBuf, way_out: String },
    /// Not TOML, or SQL whose quotes and comments don't close.
    #[error("{message}")]
    Syntax { message: String, way_out: Option<String> },
    #[error("unknown key `{found}`")]
    UnknownKey { found: String, allowed: Vec<String> },
    /// Valid TOML of the wrong type or shape.
    #[error("{message}")]
    WrongShape { message: String, way_out: Option<String> },
    #[error("`{found}` is not one of the allowed values")]
    NotAllowed { found: String, allowed: Vec<String> },
    #[error("unknown {what} `{name}`")]
    Unknown { what: &'static str, name: String, known: Vec<String> },
    #[error("{what} `{name}` is there twice")]
    Duplicate { what: &'static str, name: String, first: String },
    #[error("`{name}` is no name for a {what}")]
    BadName { what: &'static str, name: String, pattern: &'static str },
    #[error("{what} is {found}")]
    OutOfRange { what: String, found: String, allowed: String },
    /// Two things the folder says can't both hold, or a thing that must be said is not.
    #[error("{says}")]
    Rule { says: String, way_out: String },
}

impl Fault {
    /// Stable name of the kind of fault, for tools that read the JSON form.
    pub fn code(&self) -> &'static str {
        match self {
            Fault::Unreadable { .. } => "unreadable",
            Fault::MissingFile { .. } => "missing_file",
            Fault::UnexpectedFile { .. } => "unexpected_file",
            Fault::Syntax { .. } => "syntax",
            Fault::UnknownKey { .. } => "unknown_key",
            Fault::WrongShape { .. } => "wrong_shape",
            Fault::NotAllowed { .. } => "not_allowed",
            Fault::Unknown { .. } => "unknown_name",
            Fault::Duplicate { .. } => "duplicate",
            Fault::BadName { .. } => "bad_name",
            Fault::OutOfRange { .. } => "out_of_range",
            Fault::Rule { .. } => "rule",
        }
    }

    /// Shorthand for [`Fault::Rule`].
    pub(super) fn rule(says: impl Into<String>, way_out: impl Into<String>) -> Fault {
        Fault::Rule { says: says.into(), way_out: way_out.into() }
    }

    /// A name that refers to nothing; `known` are the names it could have been.
    pub(super) fn unknown<S: Into<String>>(
        what: &'static str,
        name: &str,
        known: impl IntoIterator<Item = S>,
    ) -> Fault {
        Fault::Unknown { what, name: name.to_owned(), known: known.into_iter().map(Into::into).collect() }
    }

    /// A quote or comment that doesn't close.
    pub(super) fn open(what: &str) -> Fault {
        let way_out = match what {
            "comment" => "end it with `*/`, once for each `/*` in it",
            "dollar-quoted string" => "end it with the same `$…$` that opens it",
            _ => "end it with the quote that opens it; a quote inside is written twice",
        };
        Fault::Syntax { message: format!("this {what} doesn't close"), way_out: Some(way_out.to_owned()) }
    }

    /// A number outside what it may be.
    pub(super) fn range(
        what: impl Into<String>,
        found: impl fmt::Display,
        allowed: impl Into<String>,
    ) -> Fault {
        Fault::OutOfRange { what: what.into(), found: found.to_string(), allowed: allowed.into() }
    }

    fn label(&self) -> String {
        match self {
            Fault::Unreadable { .. } | Fault::MissingFile { .. } | Fault::UnexpectedFile { .. } => {
                "named here".to_owned()
            }
            Fault::Syntax { .. } | Fault::WrongShape { .. } | Fault::Rule { .. } => "here".to_owned(),
            Fault::UnknownKey { .. } => "not a key of this table".to_owned(),
            Fault::NotAllowed { .. } => "not allowed here".to_owned(),
            Fault::Unknown { what, .. } => format!("no such {what}"),
            Fault::Duplicate { first, .. } => format!("first in {first}"),
            Fault::BadName { .. } => "not a valid name".to_owned(),
            Fault::OutOfRange { .. } => "out of range".to_owned(),
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Fault::Unreadable { .. } => Some("check that it exists, is text in UTF-8 and may be read".into()),
            Fault::MissingFile { way_out, .. }
            | Fault::UnexpectedFile { way_out, .. }
            | Fault::Rule { way_out, .. } => Some(way_out.clone()),
            Fault::Syntax { way_out, .. } | Fault::WrongShape { way_out, .. } => way_out.clone(),
            Fault::UnknownKey { found, allowed } => Some(choices(found, allowed, "allowed keys")),
            Fault::NotAllowed { found, allowed } => Some(choices(found, allowed, "allowed values")),
            Fault::Unknown { what, name, known } if known.is_empty() => {
                Some(format!("no {what} is defined that could be meant by `{name}`"))
            }
            Fault::Unknown { name, known, .. } => Some(choices(name, known, "known")),
            Fault::Duplicate { what, .. } => Some(format!("give each {what} its own name")),
            Fault::BadName { what, pattern, .. } => Some(format!("a {what}'s name matches {pattern}")),
            Fault::OutOfRange { what, allowed, .. } => Some(format!("{what} must be {allowed}")),
        }
    }
}

impl WorkloadError {
    /// A fault of a file, or of something that should be one.
    pub(super) fn of_file(file: &Path, fault: Fault) -> WorkloadError {
        WorkloadError(Box::new(FaultAt {
            help: fault.help(),
            label: fault.label(),
            fault,
            file: file.to_owned(),
            key: None,
            source_code: None,
            span: None,
        }))
    }

    /// A fault at a place in a file: `span` counts bytes from the start of the file.
    pub(super) fn at(
        source: &SourceFile,
        span: Range<usize>,
        key: Option<String>,
        fault: Fault,
    ) -> WorkloadError {
        WorkloadError(Box::new(FaultAt {
            help: fault.help(),
            label: fault.label(),
            fault,
            file: source.path.clone(),
            key: key.filter(|key| !key.is_empty()),
            source_code: Some(NamedSource::new(source.path.display().to_string(), source.text.clone())),
            span: Some(span.into()),
        }))
    }

    /// Line and column, both from 1, the column in characters; absent when a file as a whole is at fault.
    pub fn line_and_column(&self) -> Option<(usize, usize)> {
        let text = self.source_code.as_ref()?.inner();
        Some(line_and_column(text, self.span?.offset()))
    }

    /// The diagnostic as data, for `indexproof check --json`.
    pub fn to_report(&self) -> ErrorReport {
        let place = self.line_and_column();
        ErrorReport {
            file: self.file.display().to_string(),
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
            key: self.key.clone(),
            code: self.fault.code(),
            message: self.fault.to_string(),
            help: self.help.clone(),
        }
    }

    /// Same place and same words: the second of two ways to the same finding is dropped.
    pub(super) fn is_same_as(&self, other: &WorkloadError) -> bool {
        self.file == other.file && self.span == other.span && self.fault == other.fault
    }
}

/// A diagnostic as data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorReport {
    pub file: String,
    /// From 1.
    pub line: Option<usize>,
    /// From 1, in characters.
    pub column: Option<usize>,
    pub key: Option<String>,
    /// See [`Fault::code`].
    pub code: &'static str,
    pub message: String,
    pub help: Option<String>,
}

/// A file's text, kept as long as an error may quote it.
#[derive(Clone, Debug)]
pub(super) struct SourceFile {
    pub path: PathBuf,
    pub text: Arc<str>,
}

impl SourceFile {
    pub fn read(path: &Path) -> Result<SourceFile, WorkloadError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(SourceFile { path: path.to_owned(), text: text.into() }),
            Err(error) => Err(WorkloadError::of_file(
                path,
                Fault::Unreadable { path: path.to_owned(), cause: error.to_string() },
            )),
        }
    }

    /// `file:line` of a byte offset, as other errors refer to it.
    pub fn place(&self, offset: usize) -> String {
        format!("{}:{}", self.path.display(), line_and_column(&self.text, offset).0)
    }
}

/// Line and column of a byte offset, both from 1.
pub(super) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// The candidate nearest to what was written, if any is near enough to be a slip of the keyboard.
pub(super) fn nearest<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (found.chars().count() / 4).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(found, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn choices(found: &str, allowed: &[String], heading: &str) -> String {
    let list = allowed.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match nearest(found, allowed.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`? {heading}: {list}"),
        None => format!("{heading}: {list}"),
    }
}

/// The key, or the file when nothing else names it.
struct Prefix<'a> {
    key: &'a Option<String>,
    file: &'a Path,
    fault: &'a Fault,
    /// The file's lines are shown below the message.
    quoted: bool,
}

impl<'a> Prefix<'a> {
    fn new(key: &'a Option<String>, file: &'a Path, fault: &'a Fault, quoted: bool) -> Prefix<'a> {
        Prefix { key, file, fault, quoted }
    }
}

impl fmt::Display for Prefix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.key, self.fault) {
            (Some(key), _) => write!(f, "{key}: "),
            (_, Fault::Unreadable { .. } | Fault::MissingFile { .. } | Fault::UnexpectedFile { .. }) => {
                Ok(())
            }
            (None, _) if self.quoted => Ok(()),
            (None, _) => write!(f, "{}: ", self.file.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let text = "a\nüb\n";
        assert_eq!(line_and_column(text, 0), (1, 1));
        assert_eq!(line_and_column(text, 2), (2, 1));
        assert_eq!(line_and_column(text, 4), (2, 2), "ü is two bytes and one column");
        assert_eq!(line_and_column(text, text.len()), (3, 1));
    }

    #[test]
    fn nearest_offers_slips_only() {
        let known = ["bare", "as-written", "corrected"];
        assert_eq!(nearest("as-writen", known), Some("as-written"));
        assert_eq!(nearest("bera", known), None, "two slips in four letters are another word");
        assert_eq!(nearest("extension", known), None);
    }
}
