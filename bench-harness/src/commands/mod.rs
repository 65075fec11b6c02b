//! One file a command: what it does. This file: which one is asked for, and how the process ends.

pub mod ablate;
pub mod check;
pub mod compare;
pub mod doctor;
pub mod init;
pub mod list;
pub mod report;
pub mod run;
pub mod selftest;
pub mod show;

mod last;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::CommandFactory;
use serde::Serialize;

use crate::cli::{CheckArgs, Cli, Command, DoctorArgs, ListArgs, ReportArgs, ShowArgs};
use crate::report::table::Terminal;
use crate::server::StartOptions;
use crate::workload::{self, Workload};

/// How a command that did its work ends. The numbers are documented in `--help` and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    AsExpected = 0,
    FellShort = 1,
}

/// A command that could not do its work, by whose fault it is.
#[derive(Debug)]
pub enum Failure {
    /// Exit code 2: the command line or a workload is wrong.
    Usage(miette::Report),
    /// Exit code 2; the errors were printed already.
    UsageTold,
    /// Exit code 3: the server or the machine.
    Environment(miette::Report),
    /// Exit code 3; the errors were printed already.
    EnvironmentTold,
}

impl Failure {
    pub fn usage(report: impl Into<miette::Report>) -> Failure {
        Failure::Usage(report.into())
    }

    pub fn environment(report: impl Into<miette::Report>) -> Failure {
        Failure::Environment(report.into())
    }
}

/// Standard output or standard error can't be written: nobody is left to be told.
impl From<io::Error> for Failure {
    fn from(_: io::Error) -> Failure {
        Failure::EnvironmentTold
    }
}

/// Runs the command and prints what went wrong, if anything did.
pub fn dispatch(cli: Cli) -> ExitCode {
    let root = cli.workloads.as_path();
    let outcome = match cli.command {
        Command::Run(arguments) => run::run(arguments, root),
        Command::List(arguments) => list(&arguments, root),
        Command::Show(arguments) => show(&arguments, root),
        Command::Check(arguments) => check(&arguments, root),
        Command::Ablate(arguments) => ablate::run(&arguments, root),
        Command::Init(arguments) => init::run(&arguments, root),
        Command::Completions(arguments) => completions(arguments.shell),
        Command::Report(arguments) => report(arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Doctor(arguments) => doctor(&arguments, root),
        Command::Selftest(arguments) => selftest::run(&arguments),
    };
    match outcome {
        Ok(outcome) => ExitCode::from(outcome as u8),
        Err(Failure::UsageTold) => ExitCode::from(2),
        Err(Failure::EnvironmentTold) => ExitCode::from(3),
        Err(Failure::Usage(report)) => {
            eprintln!("{report:?}");
            ExitCode::from(2)
        }
        Err(Failure::Environment(report)) => {
            eprintln!("{report:?}");
            ExitCode::from(3)
        }
    }
}

fn list(arguments: &ListArgs, root: &Path) -> Result<Outcome, Failure> {
    let workloads = load(&arguments.names, root)?;
    let results = last::results(&arguments.result)?;
    if arguments.json {
        return print_json(&list::entries(&workloads, &results));
    }
    let Terminal { width, colour } = Terminal::detect();
    let mut out = io::stdout().lock();
    for workload in &workloads {
        let last = last::of_workload(&results, &workload.name);
        write!(out, "{}", list::render(std::slice::from_ref(workload), last, width, colour))?;
    }
    Ok(Outcome::AsExpected)
}

fn show(arguments: &ShowArgs, root: &Path) -> Result<Outcome, Failure> {
    let workloads = load(&[], root)?;
    let results = last::results(&arguments.result)?;
    let last = last::of_claim(&results, &arguments.claim);
    if arguments.json
        && let Some((_, claim)) = last
    {
        return print_json(claim);
    }
    let Terminal { width, colour } = Terminal::detect();
    let last = last.map(|(result, _)| result);
    let text = show::render(&workloads, last, &arguments.claim, width, colour).map_err(Failure::usage)?;
    write!(io::stdout().lock(), "{text}")?;
    Ok(Outcome::AsExpected)
}

fn check(arguments: &CheckArgs, root: &Path) -> Result<Outcome, Failure> {
    let dirs = dirs(&arguments.names, root)?;
    let Terminal { width, colour: color } = Terminal::detect();
    let format = if arguments.json {
        check::Format::Json
    } else {
        check::Format::Text { color, width: usize::from(width) }
    };
    if check::check(&dirs, format, &mut io::stdout().lock())? {
        Ok(Outcome::AsExpected)
    } else {
        Err(Failure::UsageTold)
    }
}

fn report(arguments: ReportArgs) -> Result<Outcome, Failure> {
    let to = report::Destinations {
        html: arguments.html,
        markdown: arguments.markdown,
        junit: arguments.junit,
        github: arguments.github,
    };
    for written in report::report(&arguments.result, &to).map_err(Failure::usage)? {
        eprintln!("{}", written.display());
    }
    Ok(Outcome::AsExpected)
}

fn doctor(arguments: &DoctorArgs, root: &Path) -> Result<Outcome, Failure> {
    // A doctor that refuses to look because a workload is broken would be no help; `check` tells about those.
    let workloads = load(&[], root).unwrap_or_default();
    let options = StartOptions { pg_bin: arguments.server.pg_bin.clone(), ..StartOptions::default() };
    let choice = &arguments.server.server;
    match doctor::doctor(&workloads, choice, &options, arguments.json, &mut io::stdout().lock())? {
        0 => Ok(Outcome::AsExpected),
        _ => Err(Failure::EnvironmentTold),
    }
}

fn completions(shell: clap_complete::Shell) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "indexproof", &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(Outcome::AsExpected)
}

fn print_json(value: &impl Serialize) -> Result<Outcome, Failure> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(Outcome::AsExpected)
}

#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("there is no workload `{name}` in {root}")]
#[diagnostic(help("it has: {known}; --workloads DIR names another folder"))]
struct NoWorkload {
    name: String,
    root: String,
    known: String,
}

/// Folders of the named workloads (by name, or by path), of all when none is named.
fn dirs(names: &[String], root: &Path) -> Result<Vec<PathBuf>, Failure> {
    if names.is_empty() {
        return workload::discover(root).map_err(Failure::usage);
    }
    let by_path = |name: &str| Path::new(name).join("workload.toml").is_file().then(|| PathBuf::from(name));
    let mut dirs = Vec::new();
    for name in names {
        let dir = root.join(name);
        if dir.join("workload.toml").is_file() {
            dirs.push(dir);
        } else if let Some(dir) = by_path(name) {
            dirs.push(dir);
        } else {
            let known = workload::discover(root).map_err(Failure::usage)?;
            let known: Vec<_> = known
                .iter()
                .filter_map(|dir| Some(dir.file_name()?.to_string_lossy().into_owned()))
                .collect();
            return Err(Failure::usage(NoWorkload {
                name: name.clone(),
                root: root.display().to_string(),
                known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
            }));
        }
    }
    Ok(dirs)
}

/// Loads workloads; what is wrong with any of them is printed.
fn load(names: &[String], root: &Path) -> Result<Vec<Workload>, Failure> {
    let mut workloads = Vec::new();
    let mut broken = false;
    for outcome in workload::load_each(&dirs(names, root)?) {
        match outcome.workload {
            Ok(workload) => workloads.push(workload),
            Err(errors) => {
                broken = true;
                for error in errors {
                    eprintln!("{:?}", miette::Report::new(error));
                }
            }
        }
    }
    if broken { Err(Failure::UsageTold) } else { Ok(workloads) }
}
