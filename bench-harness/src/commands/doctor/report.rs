//! What `doctor` found, as data (`--json`) and as text.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::noise::Noise;
use crate::result::Machine;

#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub postgresql: Vec<Postgres>,
    pub docker: Docker,
    pub programs: Vec<Program>,
    /// The server a run would get; absent when none can be had, which `cannot_run` explains.
    pub server: Option<Trial>,
    pub cannot_run: Option<String>,
    pub extensions: Vec<ExtensionLine>,
    /// What a run would leave out, by name.
    pub skipped: Vec<Skipped>,
    pub machine: Machine,
    pub free_memory_bytes: u64,
    pub disk: Option<Disk>,
    pub noise: Option<Noise>,
    /// What may spoil figures, in sentences.
    pub doubts: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Postgres {
    pub version: String,
    pub bin: PathBuf,
    /// The one `--server local` uses.
    pub used: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct Docker {
    /// The engine's version; None when none answers.
    pub engine: Option<String>,
    pub image: String,
    pub has_image: bool,
    pub why_not: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Program {
    pub name: String,
    pub path: Option<PathBuf>,
    pub needed_for: String,
}

/// A server that was started (or connected to), asked and stopped.
#[derive(Clone, Debug, Serialize)]
pub struct Trial {
    pub kind: String,
    pub origin: String,
    pub version: String,
    pub reason: String,
    pub ready_after_ms: f64,
    pub guards_lost: Vec<String>,
    /// What earlier runs had left and was removed.
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ExtensionLine {
    pub name: String,
    /// None: not installed.
    pub version: Option<String>,
    pub creatable: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Skipped {
    pub workload: String,
    pub variant: String,
    pub missing: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct Disk {
    pub filesystem: String,
    pub free_bytes: u64,
    pub total_bytes: u64,
}

impl Report {
    /// 0, or 3 when nothing can run here.
    pub fn exit_code(&self) -> u8 {
        if self.server.is_some() { 0 } else { crate::server::ServerError::EXIT_CODE }
    }
}

/// One line: a mark for the eye, and words that say the same.
fn line(f: &mut fmt::Formatter<'_>, good: bool, name: &str, text: &str) -> fmt::Result {
    writeln!(f, "  {} {name:<20} {text}", if good { "✓" } else { "–" })
}

fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.servers(f)?;
        self.trial(f)?;
        writeln!(f, "\nPrograms")?;
        for program in &self.programs {
            let text = match &program.path {
                Some(path) => path.display().to_string(),
                None => format!("missing; needed for {}", program.needed_for),
            };
            line(f, program.path.is_some(), &program.name, &text)?;
        }
        self.here(f)?;
        list(f, "Skipped here for lack of something", &self.skipped)?;
        list(f, "Doubts", &self.doubts)?;
        match &self.cannot_run {
            Some(why) => writeln!(f, "\nNothing can run here: {why}"),
            None => writeln!(f, "\nReady to run."),
        }
    }
}

fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, title: &str, items: &[T]) -> fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}")?;
    items.iter().try_for_each(|item| writeln!(f, "  - {item}"))
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, variant {}: {}", self.workload, self.variant, self.missing)
    }
}

impl Report {
    fn servers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Servers")?;
        for found in &self.postgresql {
            let used = if found.used { " (used by --server local)" } else { "" };
            let text = format!("{}{used}", found.bin.display());
            line(f, true, &format!("PostgreSQL {}", found.version), &text)?;
        }
        if self.postgresql.is_empty() {
            line(f, false, "PostgreSQL", "not installed; --server local needs it: ci/setup installs it")?;
        }
        let docker = &self.docker;
        match (&docker.engine, &docker.why_not) {
            (Some(version), _) => line(f, true, "Docker engine", version)?,
            (None, why) => line(f, false, "Docker engine", why.as_deref().unwrap_or("none answers"))?,
        }
        let image = match (&docker.engine, docker.has_image) {
            (_, true) => "is there",
            (Some(_), false) => "not built; ci/image does",
            (None, false) => "unknown without an engine",
        };
        line(f, docker.has_image, "Docker image", &format!("{} {image}", docker.image))
    }

    fn trial(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(server) = &self.server else { return Ok(()) };
        writeln!(f, "\nA run would use")?;
        let text = format!("PostgreSQL {}, {} ({})", server.version, server.origin, server.reason);
        line(f, true, &server.kind, &text)?;
        line(f, true, "ready after", &format!("{:.0} ms", server.ready_after_ms))?;
        for extension in &self.extensions {
            let text = match (&extension.version, extension.creatable) {
                (Some(version), true) => version.clone(),
                (Some(version), false) => format!("{version}, but only a superuser may create it"),
                (None, _) => "not installed".to_owned(),
            };
            line(f, extension.creatable, &extension.name, &text)?;
        }
        for note in &server.notes {
            writeln!(f, "  - {note}")?;
        }
        list(f, "Guards lost on this server", &server.guards_lost)
    }

    fn here(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nMachine")?;
        let machine = &self.machine;
        line(f, true, "system", &machine.os)?;
        line(f, true, "processor", &format!("{} × {}", machine.cores, machine.cpu))?;
        let memory =
            format!("{}, {} free", gigabytes(machine.memory_bytes), gigabytes(self.free_memory_bytes));
        line(f, true, "memory", &memory)?;
        if let Some(disk) = &self.disk {
            let text = format!(
                "{}: {} free of {}",
                disk.filesystem,
                gigabytes(disk.free_bytes),
                gigabytes(disk.total_bytes)
            );
            line(f, true, "temporary files", &text)?;
        }
        let Some(noise) = &self.noise else { return Ok(()) };
        let clock =
            format!("resolution {} ns, one reading {} ns", noise.clock_resolution_ns, noise.clock_read_ns);
        line(f, true, "clock", &clock)?;
        let timers =
            format!("1 ms sleeps end {:.0} µs late (p99 {:.0} µs)", noise.late_p50_us, noise.late_p99_us);
        line(f, true, "timers", &timers)?;
        let quiet = format!(
            "taken away {:.1} % of the time, {:.0} µs at the longest",
            noise.taken_percent, noise.longest_gap_us
        );
        line(f, noise.taken_percent <= 2.0, "quiet", &quiet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report {
            postgresql: vec![Postgres { version: "17.2".into(), bin: "/pg/17/bin".into(), used: true }],
            docker: Docker {
                engine: Some("28.0.0".into()),
                image: "errand-postgres:17".into(),
                has_image: false,
                why_not: None,
            },
            programs: vec![
                Program { name: "pgbouncer".into(), path: None, needed_for: "claims about a pooler".into() },
                Program {
                    name: "chromium".into(),
                    path: Some("/usr/bin/chromium".into()),
                    needed_for: "the report's test".into(),
                },
            ],
            server: Some(Trial {
                kind: "local".into(),
                origin: "/pg/17/bin".into(),
                version: "17.2".into(),
                reason: "not docker: the image is not there".into(),
                ready_after_ms: 812.4,
                guards_lost: vec![],
                notes: vec!["removed /tmp/indexproof-x, left by a run that was killed".into()],
            }),
            cannot_run: None,
            extensions: vec![
                ExtensionLine { name: "pg_errand".into(), version: None, creatable: false },
                ExtensionLine {
                    name: "pg_stat_statements".into(),
                    version: Some("1.11".into()),
                    creatable: true,
                },
                ExtensionLine { name: "postgis".into(), version: Some("3.5".into()), creatable: false },
            ],
            skipped: vec![Skipped {
                workload: "stream_jobs".into(),
                variant: "extension".into(),
                missing: "extension pg_errand is not installed on this server".into(),
            }],
            machine: Machine {
                cpu: "A Processor".into(),
                cores: 2,
                memory_bytes: 24_000_000_000,
                os: "Linux".into(),
                filesystem: Some("ext4".into()),
            },
            free_memory_bytes: 20_000_000_000,
            disk: Some(Disk {
                filesystem: "ext4".into(),
                free_bytes: 69_000_000_000,
                total_bytes: 252_000_000_000,
            }),
            noise: Some(Noise {
                clock_resolution_ns: 1,
                clock_read_ns: 31,
                late_p50_us: 58.2,
                late_p99_us: 171.0,
                longest_gap_us: 2210.0,
                taken_percent: 3.4,
            }),
            doubts: vec!["a virtual machine: its neighbours are part of the noise".into()],
        }
    }

    #[test]
    fn the_text_says_what_was_found_and_what_is_left_out() {
        insta::assert_snapshot!(report());
    }

    #[test]
    fn without_any_server_nothing_can_run() {
        let report = Report {
            postgresql: vec![],
            docker: Docker {
                engine: None,
                image: "errand-postgres:17".into(),
                has_image: false,
                why_not: Some("no Docker engine answers: no socket".into()),
            },
            server: None,
            cannot_run: Some("no PostgreSQL server binaries found\nci/setup installs it".into()),
            extensions: vec![],
            skipped: vec![],
            noise: None,
            doubts: vec![],
            ..report()
        };
        assert_eq!(report.exit_code(), 3);
        insta::assert_snapshot!(report);
    }
}
