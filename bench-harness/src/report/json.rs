//! The result file: written so that a reader never sees half of it, read so that every fault has a place.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use serde::Deserialize;
use thiserror::Error;

use crate::result::{RunResult, SCHEMA_VERSION};

/// Why a result file was not written or not read.
#[derive(Debug, Error, Diagnostic)]
pub enum ResultFileError {
    /// `action` is what was tried, as in "cannot read".
    #[error("{path}: cannot {action}: {cause}")]
    #[diagnostic(help("check that the folder exists and that this user may write or read there"))]
    Io { path: PathBuf, action: &'static str, cause: std::io::Error },

    /// JSON has no word for NaN or infinity, so such a figure would be written as `null` and never read again.
    #[error("{path}: not written, because the result could not be read back: {at}: {cause}")]
    #[diagnostic(help("a figure is not a finite number; please report this as a bug of indexproof"))]
    NotReadableBack { path: PathBuf, at: String, cause: serde_json::Error },

    /// Not JSON, or JSON of another shape; `at` is the key where reading stopped.
    #[error("{path}:{line}:{column}: not a result of `indexproof run`: at {at}: {message}")]
    #[diagnostic(help(
        "a result is the JSON file `indexproof run` writes; its schema is bench-harness/schema/result.schema.json"
    ))]
    Malformed { path: PathBuf, line: usize, column: usize, at: String, message: String },

    /// Written by an older or newer indexproof.
    #[error("{path}: schema_version {found} is not known, this indexproof reads {SCHEMA_VERSION}")]
    #[diagnostic(help("read it with the indexproof that wrote it, or run the workload again"))]
    UnknownVersion { path: PathBuf, found: u64 },
}

/// The JSON Schema of the result file, as published in `schema/result.schema.json`.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(RunResult).to_value()
}

/// Writes the result under `path`, atomically: a reader finds the old file or the new one, never a part.
///
/// # Errors
/// When the file can't be written, or when the result holds a figure that JSON can't carry.
pub fn write(result: &RunResult, path: &Path) -> Result<(), ResultFileError> {
    let io = |action| move |cause| ResultFileError::Io { path: path.to_owned(), action, cause };
    let mut text = serde_json::to_string_pretty(result).map_err(|cause| {
        ResultFileError::NotReadableBack { path: path.to_owned(), at: "?".to_owned(), cause }
    })?;
    text.push('\n');
    if let Err(fault) = parse(&text) {
        let at = fault.path().to_string();
        return Err(ResultFileError::NotReadableBack {
            path: path.to_owned(),
            at,
            cause: fault.into_inner(),
        });
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = temporary_in(folder).map_err(io("create a file beside it"))?;
    file.write_all(text.as_bytes()).map_err(io("write"))?;
    file.as_file().sync_all().map_err(io("flush"))?;
    file.persist(path).map_err(|fault| io("rename the finished file to it")(fault.error))?;
    Ok(())
}

/// A temporary file with the permissions of any other new file, not the private ones of a temporary.
fn temporary_in(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".indexproof-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Reads a result file.
///
/// # Errors
/// When the file can't be read, is of another schema version, or is malformed: with line, column and key.
pub fn read(path: &Path) -> Result<RunResult, ResultFileError> {
    let text = fs::read_to_string(path).map_err(|cause| ResultFileError::Io {
        path: path.to_owned(),
        action: "read",
        cause,
    })?;
    // The version first: a result of another version would else be called malformed.
    let header: Result<VersionOnly, _> = serde_json::from_str(&text);
    if let Ok(VersionOnly { schema_version: found }) = header
        && found != u64::from(SCHEMA_VERSION)
    {
        return Err(ResultFileError::UnknownVersion { path: path.to_owned(), found });
    }
    parse(&text).map_err(|fault| {
        let at = match fault.path().to_string() {
            root if root == "." => "the top level".to_owned(),
            key => key,
        };
        let cause = fault.into_inner();
        let (line, column) = (cause.line(), cause.column());
        // serde_json ends its message with the place, which stands in front already.
        let message = cause.to_string();
        let message =
            message.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&message).to_owned();
        ResultFileError::Malformed { path: path.to_owned(), line, column, at, message }
    })
}

#[derive(Deserialize)]
struct VersionOnly {
    schema_version: u64,
}

fn parse(text: &str) -> Result<RunResult, serde_path_to_error::Error<serde_json::Error>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut deserializer, &mut track);
    let result = RunResult::deserialize(tracked)
        .map_err(|cause| serde_path_to_error::Error::new(track.path(), cause))?;
    deserializer
        .end()
        .map_err(|cause| serde_path_to_error::Error::new(serde_path_to_error::Track::new().path(), cause))?;
    Ok(result)
}
