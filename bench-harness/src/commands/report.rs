//! `indexproof report`: draws a result file anew, in as many forms as asked for.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use thiserror::Error;

use crate::report::table::Terminal;
use crate::report::{github, html, json, junit, markdown, table};
use crate::result::RunResult;

/// Where each form goes; `-` is standard output.
#[derive(Clone, Debug, Default)]
pub struct Destinations {
    pub html: Option<PathBuf>,
    pub markdown: Option<PathBuf>,
    pub junit: Option<PathBuf>,
    /// Appended to, as GitHub asks for the file that `GITHUB_STEP_SUMMARY` names.
    pub github: Option<PathBuf>,
}

impl Destinations {
    fn none(&self) -> bool {
        self.html.is_none() && self.markdown.is_none() && self.junit.is_none() && self.github.is_none()
    }
}

/// Why a report was not drawn.
#[derive(Debug, Error, Diagnostic)]
pub enum ReportError {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Result(#[from] json::ResultFileError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Html(#[from] html::HtmlError),
    #[error("cannot write JUnit XML: {0}")]
    Junit(#[from] quick_junit::SerializeError),
    #[error("{path}: cannot write the report: {cause}")]
    #[diagnostic(help("check that the folder exists and that this user may write there"))]
    Write { path: PathBuf, cause: std::io::Error },
}

/// Reads `result` and writes every form that has a destination; the verdict table to standard output when
/// none has. Returns the files written.
///
/// # Errors
/// When the result can't be read, a form can't be drawn, or a file can't be written.
pub fn report(result: &Path, to: &Destinations) -> Result<Vec<PathBuf>, ReportError> {
    write_all(&json::read(result)?, to)
}

/// The same, of a result at hand.
///
/// # Errors
/// As [`report`].
pub fn write_all(result: &RunResult, to: &Destinations) -> Result<Vec<PathBuf>, ReportError> {
    if to.none() {
        let Terminal { width, colour } = Terminal::detect();
        put(Path::new("-"), &table::render(result, width, colour), false)?;
    }
    let mut written = Vec::new();
    let mut write = |path: &Option<PathBuf>, text: &dyn Fn() -> Result<String, ReportError>, append| {
        let Some(path) = path else { return Ok(()) };
        put(path, &text()?, append)?;
        if path != Path::new("-") {
            written.push(path.clone());
        }
        Ok::<(), ReportError>(())
    };
    write(&to.html, &|| Ok(html::render(result)?), false)?;
    write(&to.markdown, &|| Ok(markdown::render(result)), false)?;
    write(&to.junit, &|| Ok(junit::render(result)?), false)?;
    write(&to.github, &|| Ok(github::render(result)), true)?;
    Ok(written)
}

pub(super) fn put(path: &Path, text: &str, append: bool) -> Result<(), ReportError> {
    let written = if path == Path::new("-") {
        match std::io::stdout().write_all(text.as_bytes()) {
            // Whoever reads has seen enough: `indexproof report … | head` is no fault.
            Err(cause) if cause.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    } else if append {
        fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
    } else {
        fs::write(path, text)
    };
    written.map_err(|cause| ReportError::Write { path: path.to_owned(), cause })
}
