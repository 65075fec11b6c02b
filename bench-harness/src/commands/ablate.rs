//! `indexproof ablate`: what each index of a variant's set is worth, and the smallest set that keeps everything.

use std::fs;
use std::path::Path;

use super::report::put;
use super::{Failure, Outcome, print_json};
use crate::ablation::Ablation;
use crate::cli::AblateArgs;
use crate::report::ablation;
use crate::report::table::Terminal;
use crate::run::ablate::{self, AblateOptions};
use crate::run::options::{Effort, RunOptions};
use crate::run::prepare::PrepareError;
use crate::workload::loaded::Workload;

#[derive(Debug, thiserror::Error, miette::Diagnostic)]
enum AblateError {
    #[error("workload `{workload}` has no variant `{name}` with an index file")]
    #[diagnostic(help("variants with one: {known}; choose with --variant NAME"))]
    NoIndexSet { workload: String, name: String, known: String },
    #[error("variant `{name}` can't run here: {missing}")]
    #[diagnostic(help("choose another variant, or a server that has it"))]
    Missing { name: String, missing: String },
    #[error("can't write to {path}: {reason}")]
    #[diagnostic(help("check that the folder exists and that this user may write there"))]
    Write { path: String, reason: String },
    #[error("interrupted before anything was measured")]
    Interrupted,
    #[error("the ablation can't be written as JSON: {reason}")]
    #[diagnostic(help("please report this as a bug of indexproof"))]
    Json { reason: String },
}

pub fn run(arguments: &AblateArgs, root: &Path) -> Result<Outcome, Failure> {
    let workloads = super::load(std::slice::from_ref(&arguments.name), root)?;
    let Some(workload) = workloads.first() else { return Err(Failure::UsageTold) };
    let variant = variant(workload, arguments.variant.as_deref())?;
    for path in [&arguments.out, &arguments.sql, &arguments.markdown].into_iter().flatten() {
        writable(path)?;
    }
    let interrupt = super::run::interrupt()?;
    let server = super::run::start(&arguments.server)?;
    let requirements = workload.variant(&variant).map(|it| it.requires.clone()).unwrap_or_default();
    if let Some(missing) = requirements.iter().find_map(|requirement| server.missing(requirement)) {
        return Err(Failure::environment(AblateError::Missing { name: variant, missing }));
    }
    let options = AblateOptions {
        run: RunOptions {
            scale: arguments.scale,
            seed: arguments.seed,
            budget: arguments.budget.unwrap_or(2 * Effort::at(arguments.scale).budget),
            claims: Vec::new(),
            variants: Vec::new(),
            interrupt,
        },
        variant,
        tolerance: arguments.tolerance,
    };
    let found = ablate::ablate(workload, &server, &options).map_err(|error| match error {
        PrepareError::Server(error) => Failure::environment(error),
        PrepareError::Interrupted => Failure::environment(AblateError::Interrupted),
        error => Failure::usage(error),
    })?;
    server.stop().map_err(Failure::environment)?;
    write(arguments, &found)
}

fn write(arguments: &AblateArgs, found: &Ablation) -> Result<Outcome, Failure> {
    if let Some(path) = &arguments.out {
        let mut json = serde_json::to_string_pretty(found)
            .map_err(|error| Failure::environment(AblateError::Json { reason: error.to_string() }))?;
        json.push('\n');
        put(path, &json, false).map_err(Failure::environment)?;
    }
    if let Some(path) = &arguments.sql {
        put(path, &found.reduced.sql, false).map_err(Failure::environment)?;
    }
    if let Some(path) = &arguments.markdown {
        put(path, &ablation::markdown(found), false).map_err(Failure::environment)?;
    }
    if arguments.json {
        return print_json(found);
    }
    let Terminal { width, colour } = Terminal::detect();
    let mut text = ablation::table(found, width, colour);
    if arguments.sql.is_none() {
        text.push_str(&format!("\n{}", found.reduced.sql));
    }
    put(Path::new("-"), &text, false).map_err(Failure::environment)?;
    for path in [&arguments.out, &arguments.sql, &arguments.markdown].into_iter().flatten() {
        eprintln!("{}", path.display());
    }
    Ok(Outcome::AsExpected)
}

/// The variant asked for, else the first with an index file.
fn variant(workload: &Workload, asked: Option<&str>) -> Result<String, Failure> {
    let with_sets = || {
        let names = workload.manifest.variants.iter().map(|variant| &variant.name);
        names.filter(|name| workload.index_sets.contains_key(*name))
    };
    let found = match asked {
        Some(name) => with_sets().find(|known| *known == name),
        None => with_sets().next(),
    };
    found.cloned().ok_or_else(|| {
        let known: Vec<&str> = with_sets().map(String::as_str).collect();
        Failure::usage(AblateError::NoIndexSet {
            workload: workload.name.clone(),
            name: asked.unwrap_or("any").to_owned(),
            known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
        })
    })
}

/// Before the work, not after it: a file that can't be written would cost the whole ablation.
fn writable(path: &Path) -> Result<(), Failure> {
    if path == Path::new("-") {
        return Ok(());
    }
    let opened = fs::OpenOptions::new().create(true).append(true).open(path);
    opened.map(|_| ()).map_err(|error| {
        Failure::usage(AblateError::Write { path: path.display().to_string(), reason: error.to_string() })
    })
}
