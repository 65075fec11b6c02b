//! A throwaway PostgreSQL cluster of a test's own, from the server binaries in `ERRAND_TEST_BIN`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use postgres::{Client, Config};

/// Runs a program of the server as the user who may; panics with what it said if it fails.
pub fn run(program: &str, arguments: &[&str]) -> Output {
    let bin = std::env::var("ERRAND_TEST_BIN")
        .expect("ERRAND_TEST_BIN must name the server's folder of programs; extension/test sets it");
    let program = Path::new(&bin).join(program);
    // PostgreSQL refuses to run as root.
    let mut command = if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(&program);
        command
    } else {
        Command::new(&program)
    };
    let output = command.args(arguments).output().unwrap_or_else(|e| panic!("{}: {e}", program.display()));
    assert!(
        output.status.success(),
        "{} {arguments:?}: {}{}",
        program.display(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("there is a program id");
    id.stdout.trim_ascii() == b"0"
}

/// A folder that the server's user may write to, removed when the test ends.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        // A socket's path may not be long, and the server's user must get there: not in target/.
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("errand-sessions-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        if is_root() {
            let chown = Command::new("chown").arg("postgres").arg(&path).status();
            assert!(chown.is_ok_and(|status| status.success()), "chown postgres {}", path.display());
        }
        Self(path)
    }

    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("the path is UTF-8").to_owned()
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{} stays behind: {error}", self.0.display());
        }
    }
}

pub struct Cluster {
    folder: Folder,
    settings: String,
}

impl Cluster {
    /// Makes and starts one, with `-c name=value` settings.
    pub fn start(settings: &str) -> Self {
        let folder = Folder::new();
        let settings =
            format!("-c listen_addresses= -c unix_socket_directories={} {settings}", folder.path(""));
        run(
            "initdb",
            &[
                "-D",
                &folder.path("data"),
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-locale",
                "--no-sync",
            ],
        );
        let cluster = Self { folder, settings };
        cluster.restart();
        cluster
    }

    /// Starts it again, and waits until it has recovered.
    pub fn restart(&self) {
        let (data, log) = (self.folder.path("data"), self.folder.path("log"));
        run("pg_ctl", &["-D", &data, "-l", &log, "-w", "-s", "-o", &self.settings, "start"]);
    }

    pub fn config(&self) -> Config {
        let mut config = Config::new();
        config.host(&self.folder.path("")).user("postgres").dbname("postgres");
        config
    }

    pub fn connect(&self) -> Client {
        crate::connect(&self.config())
    }

    /// What libpq's programs take to connect to a database of it.
    pub fn url(&self, database: &str) -> String {
        format!("host={} user=postgres dbname={database}", self.folder.path(""))
    }

    fn postmaster(&self) -> Option<u32> {
        let file = std::fs::read_to_string(self.folder.path("data/postmaster.pid")).ok()?;
        file.lines().next()?.trim().parse().ok()
    }

    /// kill -9 of the server and of all its processes: nobody gets to clean up or to write anything.
    pub fn kill(&self) {
        let postmaster = self.postmaster().expect("it runs");
        signal("-STOP", &[postmaster]); // so that it starts no more of them
        let mut all = children(postmaster);
        all.push(postmaster);
        signal("-KILL", &all);
        let gone = crate::within(std::time::Duration::from_secs(10), || {
            all.iter().all(|pid| !Path::new(&format!("/proc/{pid}")).exists() || is_zombie(*pid))
        });
        assert!(gone, "processes of the server survived SIGKILL");
        // In a container there may be nobody to collect what is left of it, and that would count as running.
        for lock in ["data/postmaster.pid", ".s.PGSQL.5432.lock"] {
            std::fs::remove_file(self.folder.path(lock)).expect("the server can't remove it any more");
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(postmaster) = self.postmaster() {
            signal("-KILL", &children(postmaster).into_iter().chain([postmaster]).collect::<Vec<_>>());
            crate::within(std::time::Duration::from_secs(5), || {
                !Path::new(&format!("/proc/{postmaster}")).exists()
            });
        }
    }
}

fn signal(signal: &str, pids: &[u32]) {
    // Some may have ended meanwhile: the exit status says nothing.
    let _ = Command::new("kill").arg(signal).args(pids.iter().map(u32::to_string)).output();
}

fn stat(pid: u32) -> Option<(String, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}

fn is_zombie(pid: u32) -> bool {
    stat(pid).is_none_or(|(state, _)| state == "Z")
}

fn children(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").expect("there is /proc");
    processes
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| stat(*pid).is_some_and(|(_, of)| of == parent))
        .collect()
}
