//! `indexproof run`: workloads in, verdicts out.

use std::path::Path;

use super::report::{Destinations, write_all};
use super::{Failure, Outcome};
use crate::cli::{RunArgs, ServerArgs};
use crate::report;
use crate::run::options::{Effort, Interrupt, RunOptions};
use crate::run::prepare::PrepareError;
use crate::server::{Server, StartOptions};
use crate::workload::loaded::Workload;

#[derive(Debug, thiserror::Error, miette::Diagnostic)]
enum RunError {
    #[error("no claim `{id}` in {}", workloads.join(", "))]
    #[diagnostic(help("`indexproof list` shows every claim; known here: {}", known.join(", ")))]
    NoClaim { id: String, workloads: Vec<String>, known: Vec<String> },
    #[error("no variant `{name}` in {}", workloads.join(", "))]
    #[diagnostic(help("variants are: {}", known.join(", ")))]
    NoVariant { name: String, workloads: Vec<String>, known: Vec<String> },
    #[error("can't write to {dir}: {reason}")]
    #[diagnostic(help("choose another folder with --out DIR"))]
    Out { dir: String, reason: String },
    #[error("Ctrl-C can't be handled: {reason}")]
    Interrupt { reason: String },
}

pub fn run(arguments: RunArgs, root: &Path) -> Result<Outcome, Failure> {
    let workloads = super::load(&arguments.names, root)?;
    names_exist(&arguments, &workloads)?;
    let interrupt = interrupt()?;

    let out = |error: std::io::Error| {
        Failure::environment(RunError::Out {
            dir: arguments.out.display().to_string(),
            reason: error.to_string(),
        })
    };
    // Before the work, not after it: a folder that can't be written would cost the whole run.
    std::fs::create_dir_all(&arguments.out).map_err(out)?;

    let server = start(&arguments.server)?;

    let options = RunOptions {
        scale: arguments.scale,
        seed: arguments.seed,
        budget: arguments.budget.unwrap_or(Effort::at(arguments.scale).budget),
        claims: arguments.claim,
        variants: arguments.variant,
        interrupt,
    };
    let result = crate::run::run(&workloads, &server, &options).map_err(|error| match error {
        PrepareError::Server(error) => Failure::environment(error),
        error => Failure::usage(error),
    })?;
    server.stop().map_err(Failure::environment)?;

    let json = arguments.out.join("result.json");
    let html = arguments.out.join("report.html");
    report::json::write(&result, &json).map_err(Failure::environment)?;
    let destinations = Destinations { html: Some(html.clone()), ..Destinations::default() };
    write_all(&result, &destinations).map_err(Failure::environment)?;
    if arguments.json {
        super::print_json(&result)?;
    } else {
        write_all(&result, &Destinations::default()).map_err(Failure::environment)?;
    }
    eprintln!("\nresult: {}\nreport: {}", json.display(), html.display());
    Ok(if crate::verdict::fell_short(&result.claims) { Outcome::FellShort } else { Outcome::AsExpected })
}

/// Raised by Ctrl-C; asked twice, the process ends at once.
pub(super) fn interrupt() -> Result<Interrupt, Failure> {
    let interrupt = Interrupt::default();
    let raise = interrupt.clone();
    ctrlc::set_handler(move || {
        if raise.raised() {
            // Asked twice: the server's watchdog removes what this process leaves behind.
            std::process::exit(130);
        }
        eprintln!("\nending after this step, keeping what is measured so far; Ctrl-C again ends at once");
        raise.raise();
    })
    .map_err(|error| Failure::environment(RunError::Interrupt { reason: error.to_string() }))?;
    Ok(interrupt)
}

/// Starts the server that was asked for, and says which it is.
pub(super) fn start(arguments: &ServerArgs) -> Result<Server, Failure> {
    let options = StartOptions { pg_bin: arguments.pg_bin.clone(), ..StartOptions::default() };
    let server = Server::start(&arguments.server, &options).map_err(Failure::environment)?;
    for note in server.notes() {
        eprintln!("{note}");
    }
    let (version, _) = server.version();
    eprintln!("server: {} PostgreSQL {version} at {} ({})", server.kind(), server.origin(), server.reason());
    Ok(server)
}

/// A misspelt claim or variant would otherwise run nothing and look like success.
fn names_exist(arguments: &RunArgs, workloads: &[Workload]) -> Result<(), Failure> {
    let named: Vec<_> = workloads.iter().map(|workload| workload.name.clone()).collect();
    let claims: Vec<_> =
        workloads.iter().flat_map(|w| w.claims.iter().map(|claim| claim.id.clone())).collect();
    if let Some(id) = arguments.claim.iter().find(|id| !claims.contains(id)) {
        return Err(Failure::usage(RunError::NoClaim { id: id.clone(), workloads: named, known: claims }));
    }
    let mut variants: Vec<_> = workloads
        .iter()
        .flat_map(|w| w.manifest.variants.iter().map(|variant| variant.name.clone()))
        .collect();
    variants.sort();
    variants.dedup();
    if let Some(name) = arguments.variant.iter().find(|name| !variants.contains(name)) {
        return Err(Failure::usage(RunError::NoVariant {
            name: name.clone(),
            workloads: named,
            known: variants,
        }));
    }
    Ok(())
}
