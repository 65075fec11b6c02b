//! One file a command. Each returns what the process should end with; errors carry their exit code.

pub mod check;
pub mod doctor;
pub mod list;
pub mod report;
pub mod run;
pub mod show;

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use crate::cli::{Cli, Command};
use crate::workload::loaded::Workload;

/// How the process ends. The numbers are documented in `--help` and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    AsExpected = 0,
    FellShort = 1,
}

/// A command that could not do its work, with whose fault it is.
#[derive(Debug)]
pub enum Failure {
    /// Exit code 2: the command line or a workload is wrong. The reports were not printed yet.
    Usage(Vec<miette::Report>),
    /// Exit code 3: the server or the machine.
    Environment(miette::Report),
}

impl Failure {
    pub fn usage(report: impl Into<miette::Report>) -> Failure {
        Failure::Usage(vec![report.into()])
    }

    pub fn environment(report: impl Into<miette::Report>) -> Failure {
        Failure::Environment(report.into())
    }
}

/// Runs the command and prints what went wrong, if anything did.
pub fn dispatch(cli: Cli) -> ExitCode {
    let workloads = cli.workloads.as_path();
    let outcome = match cli.command {
        Command::Run(arguments) => run::run(arguments, workloads),
        Command::List(arguments) => list::run(&arguments, workloads),
        Command::Show(arguments) => show::run(&arguments, workloads),
        Command::Check(arguments) => check::run(&arguments, workloads),
        Command::Report(arguments) => report::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments, workloads),
    };
    match outcome {
        Ok(outcome) => ExitCode::from(outcome as u8),
        Err(Failure::Usage(reports)) => {
            for report in reports {
                eprintln!("{report:?}");
            }
            ExitCode::from(2)
        }
        Err(Failure::Environment(report)) => {
            eprintln!("{report:?}");
            ExitCode::from(3)
        }
    }
}

/// Whether a stream shows colour: a terminal, and the user did not decline (<https://no-color.org>).
fn colour(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Columns to lay tables out for.
fn terminal_width() -> usize {
    console::Term::stdout().size_checked().map_or(100, |(_, columns)| usize::from(columns))
}
