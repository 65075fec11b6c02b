//! `indexproof check`: whether workload folders are in order, without a server.

use std::io::{self, Write};
use std::path::PathBuf;

use miette::{GraphicalReportHandler, GraphicalTheme};
use serde::Serialize;

use crate::workload::{self, ErrorReport, Outcome, Workload, WorkloadError};

/// How the findings are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Each fault with the lines it stands in.
    Text { color: bool, width: usize },
    /// One JSON document, [`Report`].
    Json,
}

/// What `check --json` prints.
#[derive(Debug, Serialize)]
pub struct Report {
    pub ok: bool,
    pub workloads: Vec<WorkloadReport>,
}

/// One folder of a [`Report`].
#[derive(Debug, Serialize)]
pub struct WorkloadReport {
    pub dir: String,
    /// Absent when there are errors.
    pub summary: Option<Summary>,
    pub errors: Vec<ErrorReport>,
}

/// What a workload consists of, in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub tables: usize,
    pub datasets: usize,
    pub variants: usize,
    /// Query files; replacements for a variant not counted.
    pub statements: usize,
    pub claims: usize,
}

impl Summary {
    pub fn of(workload: &Workload) -> Summary {
        Summary {
            tables: workload.manifest.tables.len(),
            datasets: workload.manifest.datasets.len(),
            variants: workload.manifest.variants.len(),
            statements: workload.queries.len(),
            claims: workload.claims.len(),
        }
    }
}

/// Validates folders, each by itself and against each other, and writes what was found to `out`.
///
/// Returns whether all are in order.
///
/// # Errors
/// Only when `out` can't be written; faults of the folders are what is written.
pub fn check(dirs: &[PathBuf], format: Format, out: &mut impl Write) -> io::Result<bool> {
    let outcomes = workload::load_each(dirs);
    let ok = outcomes.iter().all(|outcome| outcome.workload.is_ok());
    match format {
        Format::Text { color, width } => {
            for outcome in &outcomes {
                write_text(outcome, color, width, out)?;
            }
        }
        Format::Json => {
            let workloads = outcomes.iter().map(report).collect();
            serde_json::to_writer_pretty(&mut *out, &Report { ok, workloads })?;
            writeln!(out)?;
        }
    }
    Ok(ok)
}

fn write_text(outcome: &Outcome, color: bool, width: usize, out: &mut impl Write) -> io::Result<()> {
    let dir = outcome.dir.display();
    match &outcome.workload {
        Ok(workload) => {
            let Summary { tables, datasets, variants, statements, claims } = Summary::of(workload);
            writeln!(
                out,
                "{dir}: ok, {}, {}, {}, {}, {}",
                counted(tables, "table"),
                counted(datasets, "data set"),
                counted(variants, "variant"),
                counted(statements, "statement"),
                counted(claims, "claim"),
            )
        }
        Err(errors) => {
            for error in errors {
                writeln!(out, "{}", rendered(error, color, width))?;
            }
            writeln!(out, "{dir}: {}", counted(errors.len(), "error"))
        }
    }
}

/// A fault as a terminal shows it.
pub fn rendered(error: &WorkloadError, color: bool, width: usize) -> String {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(width).with_links(false);
    let mut text = String::new();
    match handler.render_report(&mut text, error) {
        Ok(()) => text,
        // Rendering reads only what the error holds; should it fail, the plain words still reach the reader.
        Err(_) => format!("{error}\n{}\n", error.help.as_deref().unwrap_or_default()),
    }
}

fn report(outcome: &Outcome) -> WorkloadReport {
    let dir = outcome.dir.display().to_string();
    match &outcome.workload {
        Ok(workload) => WorkloadReport { dir, summary: Some(Summary::of(workload)), errors: Vec::new() },
        Err(errors) => WorkloadReport {
            dir,
            summary: None,
            errors: errors.iter().map(WorkloadError::to_report).collect(),
        },
    }
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
