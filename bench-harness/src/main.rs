use std::process::ExitCode;

use clap::Parser;
use indexproof::cli::Cli;
use indexproof::commands;

fn main() -> ExitCode {
    commands::dispatch(Cli::parse())
}
