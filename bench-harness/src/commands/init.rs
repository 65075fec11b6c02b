//! `indexproof init`: a new workload folder.

use std::path::Path;

use super::{Failure, Outcome};
use crate::cli::InitArgs;
use crate::driver::session::describe;
use crate::init::{self, NothingToTake};
use crate::server::choice::without_password;
use crate::workload;

#[derive(Debug, thiserror::Error, miette::Diagnostic)]
enum InitError {
    #[error("`{name}` is no name for a workload")]
    #[diagnostic(help("lower-case letters, digits and underscores, a letter first: my_shop"))]
    Name { name: String },
    #[error("{path} is there already")]
    #[diagnostic(help(
        "choose another name, or another folder with --workloads DIR; nothing is ever overwritten"
    ))]
    Exists { path: String },
    #[error("can't write {path}: {reason}")]
    #[diagnostic(help("check that this user may write there"))]
    Write { path: String, reason: String },
    #[error("can't connect to {url}: {reason}")]
    #[diagnostic(help("try the same URL with psql"))]
    Connect { url: String, reason: String },
    #[error("can't read {url}: {reason}")]
    #[diagnostic(help(
        "the user needs SELECT on the tables, and pg_read_all_stats to see others' statements"
    ))]
    Read { url: String, reason: String },
    #[error("no workload can be made of {url}: {reason}")]
    #[diagnostic(help(
        "name the database in the URL, run the application against it with pg_stat_statements on, then again"
    ))]
    Nothing { url: String, reason: NothingToTake },
    #[error("what was written to {path} does not pass `indexproof check`")]
    #[diagnostic(help(
        "the errors stand above; the folder is left for you to mend. Please report this as a bug"
    ))]
    Unsound { path: String },
}

pub fn run(arguments: &InitArgs, root: &Path) -> Result<Outcome, Failure> {
    let name = &arguments.name;
    if !workload::is_identifier(name) {
        return Err(Failure::usage(InitError::Name { name: name.clone() }));
    }
    let folder = root.join(name);
    let path = folder.display().to_string();
    if folder.exists() {
        return Err(Failure::usage(InitError::Exists { path }));
    }
    let files = match &arguments.from {
        None => init::skeleton(name),
        Some(url) => {
            let shown = without_password(&url.0);
            let mut client = postgres::Client::connect(&url.0, postgres::NoTls).map_err(|error| {
                Failure::environment(InitError::Connect { url: shown.clone(), reason: describe(&error) })
            })?;
            let database =
                init::catalogue::read(&mut client, usize::from(arguments.statements)).map_err(|error| {
                    Failure::environment(InitError::Read { url: shown.clone(), reason: describe(&error) })
                })?;
            init::from_database(name, database)
                .map_err(|reason| Failure::usage(InitError::Nothing { url: shown, reason }))?
        }
    };
    init::write(&folder, &files).map_err(|(path, error)| {
        Failure::usage(InitError::Write { path: path.display().to_string(), reason: error.to_string() })
    })?;
    if let Err(errors) = workload::load(&folder) {
        for error in errors {
            eprintln!("{:?}", miette::Report::new(error));
        }
        return Err(Failure::environment(InitError::Unsound { path }));
    }
    eprintln!(
        "{path}: {} files\nnext: indexproof --workloads {} run {name} --scale ci",
        files.len(),
        root.display()
    );
    Ok(Outcome::AsExpected)
}
