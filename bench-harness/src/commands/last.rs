//! Which results `list` and `show` speak of when none is named.

use std::path::{Path, PathBuf};

use super::Failure;
use crate::cli::DEFAULT_OUT;
use crate::report::json;
use crate::result::{ClaimResult, RunResult};

/// Where reference results stand in a repository.
const REFERENCE: &str = "results/reference";

/// The named results; else the newest run in this folder, then the reference results.
pub fn results(named: &[PathBuf]) -> Result<Vec<RunResult>, Failure> {
    let paths = if named.is_empty() { usual() } else { named.to_vec() };
    paths.iter().map(|path| json::read(path).map_err(Failure::usage)).collect()
}

fn usual() -> Vec<PathBuf> {
    let run = Path::new(DEFAULT_OUT).join("result.json");
    let mut reference: Vec<PathBuf> = std::fs::read_dir(REFERENCE)
        .map(|entries| entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect())
        .unwrap_or_default();
    reference.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    reference.sort();
    run.is_file().then_some(run).into_iter().chain(reference).collect()
}

/// The first result that holds a workload.
pub fn of_workload<'a>(results: &'a [RunResult], workload: &str) -> Option<&'a RunResult> {
    results.iter().find(|result| result.workloads.iter().any(|other| other.name == workload))
}

/// The first result that holds a claim.
pub fn of_claim<'a>(results: &'a [RunResult], id: &str) -> Option<(&'a RunResult, &'a ClaimResult)> {
    results.iter().find_map(|result| {
        let claim = result.claims.iter().find(|claim| claim.id.eq_ignore_ascii_case(id))?;
        Some((result, claim))
    })
}
