//! `indexproof doctor`: what is installed here, what a run would leave out for lack of it, and how noisy it is.

pub mod noise;
pub mod report;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Instant;

use miette::Diagnostic;

use crate::server::binaries::Search;
use crate::server::{DEFAULT_IMAGE, Server, ServerChoice, ServerError, StartOptions, docker_status, machine};
use crate::workload::loaded::Workload;
use crate::workload::model::Requirement;
use noise::Noise;
use report::{Disk, Docker, ExtensionLine, Postgres, Program, Report, Skipped, Trial};

/// Extensions that claims make use of, asked for by a workload or not.
const EXTENSIONS: &[&str] = &["pg_errand", "pg_stat_statements", "pgstattuple", "postgis", "pg_cron"];

/// Programs beside PostgreSQL: the names each is known by, and what needs it.
const PROGRAMS: &[(&[&str], &str)] = &[
    (&["pgbouncer"], "claims about a pooler"),
    (&["chromium", "chromium-browser", "google-chrome"], "the test of the HTML report"),
    (&["docker"], "removing containers at once when a run is killed, and building images"),
];

/// Less free space than this is not enough for data sets beyond scale ci with their copies.
const LITTLE_DISK_BYTES: u64 = 10_000_000_000;
const LITTLE_MEMORY_BYTES: u64 = 1_000_000_000;

/// Examines this machine, starts the chosen server once, and writes what it found.
///
/// `json`: one JSON document instead of text. Returns the exit code: 0, or 3 when nothing can run here.
///
/// # Errors
/// Only when `out` can't be written.
pub fn doctor(
    workloads: &[Workload],
    choice: &ServerChoice,
    options: &StartOptions,
    json: bool,
    out: &mut impl Write,
) -> io::Result<u8> {
    let report = examine(workloads, choice, options);
    if json {
        serde_json::to_writer_pretty(&mut *out, &report)?;
        writeln!(out)?;
    } else {
        write!(out, "{report}")?;
    }
    Ok(report.exit_code())
}

/// Looks at everything; starts and stops the chosen server on the way. Takes a few seconds.
pub fn examine(workloads: &[Workload], choice: &ServerChoice, options: &StartOptions) -> Report {
    let asked_for = requirements(workloads);
    let mut report = Report {
        postgresql: installed(options),
        docker: docker(choice),
        programs: PROGRAMS.iter().map(|(names, needed_for)| program(names, needed_for)).collect(),
        server: None,
        cannot_run: None,
        extensions: Vec::new(),
        skipped: Vec::new(),
        machine: machine::machine(Some(&std::env::temp_dir())),
        free_memory_bytes: machine::free_memory_bytes(),
        disk: disk(),
        noise: None,
        doubts: Vec::new(),
    };
    // While no server of ours is running.
    match Noise::measure() {
        Ok(noise) => report.noise = Some(noise),
        Err(e) => report.doubts.push(format!("the clock could not be watched: {e}")),
    }
    match try_server(choice, options, &asked_for) {
        Ok((server, trial)) => {
            report.extensions = extensions(&server, &asked_for);
            report.skipped = skipped(workloads, &server);
            report.server = Some(trial);
            if let Err(e) = server.stop() {
                report.doubts.push(e.to_string());
            }
        }
        Err(e) => report.cannot_run = Some(with_help(&e)),
    }
    let doubts = doubts(&report);
    report.doubts.extend(doubts);
    report
}

fn with_help(error: &ServerError) -> String {
    let help = error.help().map(|help| format!("\n{help}")).unwrap_or_default();
    format!("{error}{help}")
}

fn requirements(workloads: &[Workload]) -> Vec<Requirement> {
    let mut all: Vec<Requirement> = Vec::new();
    for requirement in workloads.iter().flat_map(|w| &w.manifest.variants).flat_map(|v| &v.requires) {
        if !all.contains(requirement) {
            all.push(requirement.clone());
        }
    }
    all
}

fn installed(options: &StartOptions) -> Vec<Postgres> {
    // None at all is said by the empty list, and by the trial when a server is wanted from it.
    let all = Search::usual(options.pg_bin.as_deref()).all().unwrap_or_default();
    let line = |(index, found): (usize, crate::server::binaries::Installation)| Postgres {
        version: found.version,
        bin: found.bin,
        used: index == 0,
    };
    all.into_iter().enumerate().map(line).collect()
}

fn docker(choice: &ServerChoice) -> Docker {
    let image = match choice {
        ServerChoice::Docker { image } => image.clone(),
        _ => DEFAULT_IMAGE.to_owned(),
    };
    match docker_status(&image) {
        Ok(status) => {
            Docker { engine: Some(status.version), has_image: status.has_image, why_not: None, image }
        }
        Err(e) => Docker { engine: None, has_image: false, why_not: Some(e.to_string()), image },
    }
}

fn program(names: &[&str], needed_for: &str) -> Program {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian keeps pgbouncer in sbin, which an ordinary user's PATH leaves out.
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found =
        folders.flat_map(|dir| names.iter().map(move |name| dir.join(name))).find(|path| path.is_file());
    let name = names.first().map(|name| (*name).to_owned()).unwrap_or_default();
    Program { name, path: found, needed_for: needed_for.to_owned() }
}

fn try_server(
    choice: &ServerChoice,
    options: &StartOptions,
    asked_for: &[Requirement],
) -> Result<(Server, Trial), ServerError> {
    let start = Instant::now();
    let server = Server::start(choice, options)?;
    let ready_after_ms = start.elapsed().as_secs_f64() * 1_000.0;
    let facts = server.facts(asked_for)?;
    let trial = Trial {
        kind: facts.kind,
        origin: server.origin(),
        version: facts.version,
        reason: server.reason().to_owned(),
        ready_after_ms,
        guards_lost: facts.guards_lost,
        notes: server.notes().to_vec(),
    };
    Ok((server, trial))
}

fn extensions(server: &Server, asked_for: &[Requirement]) -> Vec<ExtensionLine> {
    let asked = asked_for.iter().map(|Requirement::Extension(name)| name.as_str());
    let mut seen = BTreeSet::new();
    let names = EXTENSIONS.iter().copied().chain(asked).filter(|name| seen.insert(*name));
    let line = |name: &str| ExtensionLine {
        name: name.to_owned(),
        version: server.extension(name).map(|extension| extension.version.clone()),
        creatable: server.has_extension(name),
    };
    names.map(line).collect()
}

fn skipped(workloads: &[Workload], server: &Server) -> Vec<Skipped> {
    let mut skipped = Vec::new();
    for workload in workloads {
        for variant in &workload.manifest.variants {
            for missing in variant.requires.iter().filter_map(|requirement| server.missing(requirement)) {
                let (workload, variant) = (workload.name.clone(), variant.name.clone());
                skipped.push(Skipped { workload, variant, missing });
            }
        }
    }
    skipped
}

fn disk() -> Option<Disk> {
    let space = machine::space(&std::env::temp_dir())?;
    Some(Disk { filesystem: space.filesystem, free_bytes: space.free_bytes, total_bytes: space.total_bytes })
}

fn doubts(report: &Report) -> Vec<String> {
    let mut doubts = report.noise.as_ref().map(Noise::doubts).unwrap_or_default();
    if let Some(disk) = &report.disk {
        if disk.filesystem == "tmpfs" {
            doubts.push(
                "temporary files are kept in memory, where writes cost nothing: set TMPDIR to a disk".into(),
            );
        }
        if disk.free_bytes < LITTLE_DISK_BYTES {
            doubts.push(
                "little disk space: data beyond scale ci may not fit; TMPDIR moves them elsewhere".into(),
            );
        }
    }
    if report.free_memory_bytes < LITTLE_MEMORY_BYTES {
        doubts.push("little free memory: warm data may not stay in memory".into());
    }
    doubts.extend(system_doubts());
    doubts
}

/// What Linux tells of frequency scaling, virtualisation and other work; nothing elsewhere.
fn system_doubts() -> Vec<String> {
    let read = |path: &str| fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
    let governor = read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
        .filter(|governor| governor != "performance")
        .map(|governor| {
            format!("the processor's frequency varies (governor {governor}); `performance` is steadier")
        });
    let guest = read("/proc/cpuinfo")
        .filter(|text| text.lines().any(|line| line.starts_with("flags") && line.contains(" hypervisor")))
        .map(|_| "a virtual machine: its neighbours are part of the noise".to_owned());
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    let load = read("/proc/loadavg")
        .and_then(|text| text.split(' ').next()?.parse::<f64>().ok())
        .filter(|load| *load > cores / 2.0)
        .map(|load| format!("other work is running: load {load} on {cores} processors"));
    [governor, guest, load].into_iter().flatten().collect()
}
