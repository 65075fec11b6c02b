//! `indexproof compare`: two results held against each other; a gate for CI.

use std::path::{Path, PathBuf};

use super::report::{ReportError, put};
use super::{Failure, Outcome, print_json};
use crate::cli::{CompareArgs, FailOn};
use crate::compare::{self, Change, Comparison};
use crate::report::table::Terminal;
use crate::report::{comparison, json};

pub fn run(arguments: &CompareArgs) -> Result<Outcome, Failure> {
    let read = |path: &PathBuf| json::read(path).map_err(|error| Failure::usage(ReportError::from(error)));
    let (old, new) = (read(&arguments.old)?, read(&arguments.new)?);
    let compared = compare::compare(&old, &new, arguments.tolerance);
    if let Some(path) = &arguments.markdown {
        put(path, &comparison::markdown(&compared), false).map_err(Failure::usage)?;
    }
    if let Some(path) = &arguments.github {
        put(path, &comparison::markdown(&compared), true).map_err(Failure::usage)?;
    }
    let to_stdout = [&arguments.markdown, &arguments.github];
    if arguments.json {
        print_json(&compared)?;
    } else if !to_stdout.into_iter().flatten().any(|path| path == Path::new("-")) {
        let Terminal { width, colour } = Terminal::detect();
        put(Path::new("-"), &comparison::table(&compared, width, colour), false).map_err(Failure::usage)?;
    }
    Ok(if fails(&compared, arguments.fail_on) { Outcome::FellShort } else { Outcome::AsExpected })
}

fn fails(compared: &Comparison, on: Option<FailOn>) -> bool {
    let grave: &[Change] = match on {
        None => &[],
        Some(FailOn::Regression) => &[Change::Worse],
        Some(FailOn::Loss) => &[Change::Worse, Change::Lost, Change::Disappeared],
    };
    compared.findings.iter().any(|finding| grave.contains(&finding.change))
}
