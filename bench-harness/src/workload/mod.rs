//! A workload folder as typed data: parsed strictly, validated without a server.
//!
//! [`load`] reads one folder, [`discover`] finds them, [`load_each`] reads several and holds them against each
//! other. The format is [`model`] and [`generator`]; what the rest of the harness sees is [`loaded::Workload`].

mod error;
mod files;
mod folder;
mod front_matter;
pub mod generator;
mod index_file;
pub mod load;
pub mod loaded;
pub mod model;
mod names;
mod queries;
mod read;
mod sql;
mod toml_doc;
mod validate;

use std::path::{Path, PathBuf};

pub use error::{ErrorReport, Fault, FaultAt, WorkloadError};
pub use loaded::Workload;

/// Reads and validates one workload folder.
///
/// # Errors
/// Every fault found, in file order within each file; never an empty list.
pub fn load(dir: &Path) -> Result<Workload, Vec<WorkloadError>> {
    let mut each = load_each(&[dir.to_owned()]);
    // One folder in, one outcome out.
    each.remove(0).workload
}

/// Folders directly under `root` that hold a `workload.toml`, by name.
///
/// # Errors
/// When `root` can't be listed.
pub fn discover(root: &Path) -> Result<Vec<PathBuf>, WorkloadError> {
    let unreadable = |error: std::io::Error| {
        let fault = Fault::Unreadable { path: root.to_owned(), cause: error.to_string() };
        WorkloadError::of_file(root, fault)
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.join(folder::MANIFEST).is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Reads every workload under `root`.
///
/// # Errors
/// The faults of all folders together.
pub fn load_all(root: &Path) -> Result<Vec<Workload>, Vec<WorkloadError>> {
    let dirs = discover(root).map_err(|error| vec![error])?;
    let mut workloads = Vec::new();
    let mut errors = Vec::new();
    for outcome in load_each(&dirs) {
        match outcome.workload {
            Ok(workload) => workloads.push(workload),
            Err(found) => errors.extend(found),
        }
    }
    if errors.is_empty() { Ok(workloads) } else { Err(errors) }
}

/// What became of one folder.
#[derive(Debug)]
pub struct Outcome {
    pub dir: PathBuf,
    pub workload: Result<Workload, Vec<WorkloadError>>,
}

/// Reads several folders, in the given order; a claim ID that an earlier one has is a fault of the later one.
pub fn load_each(dirs: &[PathBuf]) -> Vec<Outcome> {
    let mut places = Vec::new();
    let mut readings = Vec::new();
    for (position, dir) in dirs.iter().enumerate() {
        let mut reading = read::read(dir);
        for place in std::mem::take(&mut reading.claim_places) {
            places.push((position, place));
        }
        readings.push(reading);
    }
    let (owners, places): (Vec<_>, Vec<_>) = places.into_iter().unzip();
    for (place, error) in validate::claims::duplicates(&places) {
        readings[owners[place]].errors.push(error);
    }
    let outcome = |(dir, reading): (&PathBuf, read::Reading)| Outcome {
        dir: dir.clone(),
        workload: match reading.workload {
            Some(workload) if reading.errors.0.is_empty() => Ok(workload),
            _ => Err(reading.errors.0),
        },
    };
    dirs.iter().zip(readings).map(outcome).collect()
}

/// Whether a text may name a workload, a table or a query: `[a-z][a-z0-9_]*`.
pub fn is_identifier(name: &str) -> bool {
    names::is_identifier(name)
}

/// Splits SQL into its statements, without their semicolons.
///
/// # Errors
/// When a quote or comment has no end.
pub fn split_sql(sql: &str) -> Result<Vec<String>, String> {
    let statements = sql::split(sql).map_err(|error| format!("a {} has no end", error.what))?;
    Ok(statements.into_iter().map(|statement| sql[statement.range].to_owned()).collect())
}
