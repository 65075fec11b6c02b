//! A throwaway cluster from installed binaries: a directory, a process, a port and a socket, gone when dropped.

use std::fs::{self, File};
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::account::{Account, give, run_as};
use super::admin;
use super::binaries::Installation;
use super::error::{ServerError, explain};
use super::lease::{Lease, Watchdog, abandoned_dirs};
use super::settings::{self, PRELOADED};
use super::worker::Worker;

pub(super) const SUPERUSER: &str = "postgres";

/// A cold disk under load starts a server within seconds; a minute means that it hangs.
const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// Another process may take the free port between our asking for it and PostgreSQL's taking it.
const PORT_ATTEMPTS: u32 = 5;
/// Unix socket addresses are limited by the system: 104 bytes on macOS, 108 on Linux, with the file's name.
const LONGEST_SOCKET_DIR: usize = 85;

pub(super) struct LocalServer {
    // Fields drop in this order, after Drop::drop has ended the process: directory, then watchdog, which looks whether it is gone.
    lease: Lease,
    watchdog: Watchdog,
    process: Option<Child>,
    installation: Installation,
    account: Option<Account>,
    password: String,
    port: u16,
    socket_dir: Option<PathBuf>,
    preloaded: Vec<&'static str>,
}

impl LocalServer {
    /// Makes the cluster and starts it; returns when it accepts connections.
    pub fn start(
        installation: Installation,
        memory_bytes: u64,
        worker: &Worker,
    ) -> Result<Self, ServerError> {
        let account = Account::needed()?;
        let lease = Lease::take()?;
        let watchdog = Watchdog::of_cluster(lease.dir())?;
        let preloaded = PRELOADED.iter().copied().filter(|name| installation.has_library(name)).collect();
        let mut server = LocalServer {
            lease,
            watchdog,
            process: None,
            installation,
            account,
            password: uuid::Uuid::new_v4().simple().to_string(),
            port: 0,
            socket_dir: None,
            preloaded,
        };
        server.init()?;
        for attempt in 1.. {
            match server.launch(memory_bytes, worker) {
                Err(_)
                    if attempt < PORT_ATTEMPTS && server.log_tail(20).contains("Address already in use") =>
                {
                    server.end_process();
                }
                outcome => {
                    outcome?;
                    break;
                }
            }
        }
        Ok(server)
    }

    pub fn data_dir(&self) -> PathBuf {
        self.lease.dir().join("data")
    }

    pub fn lock_path(&self) -> PathBuf {
        self.lease.lock_path()
    }

    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// Folder of the Unix socket; None when the temporary directory's path is too long for one.
    pub fn socket_dir(&self) -> Option<&Path> {
        self.socket_dir.as_deref()
    }

    /// Process id of the postmaster.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// TCP over the loopback, as superuser, without a database.
    pub fn config(&self) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config.host(Ipv4Addr::LOCALHOST.to_string()).port(self.port).user(SUPERUSER).password(&self.password);
        config
    }

    /// The last lines of the server's log.
    pub fn log_tail(&self, lines: usize) -> String {
        tail(&self.log_path(), lines)
    }

    fn log_path(&self) -> PathBuf {
        self.lease.dir().join("server.log")
    }

    fn init(&mut self) -> Result<(), ServerError> {
        let data = self.data_dir();
        fs::create_dir(&data).map_err(|e| ServerError::io("can't make", &data, e))?;
        give(&data, self.account.as_ref())?;
        let password_file = self.lease.dir().join("password");
        let written = File::create_new(&password_file).and_then(|mut file| {
            // Not readable by others even for a moment: it is the superuser's.
            file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
            file.write_all(self.password.as_bytes())
        });
        written.map_err(|e| ServerError::io("can't write", &password_file, e))?;
        give(&password_file, self.account.as_ref())?;
        // Byte order, and no locale data of this machine: comparisons cost and sort the same everywhere, while
        // C.UTF-8, unlike C, does not let LIKE use plain indexes, which production databases don't either.
        let mut outcome = self.run_initdb(&data, &password_file, "C.UTF-8")?;
        if !outcome.success() && tail(&self.initdb_log(), 20).contains("invalid locale name") {
            outcome = self.run_initdb(&data, &password_file, "C")?;
        }
        fs::remove_file(&password_file).map_err(|e| ServerError::io("can't remove", &password_file, e))?;
        if outcome.success() {
            Ok(())
        } else {
            Err(self.did_not_start("initdb", outcome, &self.initdb_log()))
        }
    }

    fn initdb_log(&self) -> PathBuf {
        self.lease.dir().join("initdb.log")
    }

    fn run_initdb(&mut self, data: &Path, password: &Path, locale: &str) -> Result<ExitStatus, ServerError> {
        let mut command = self.command("initdb", &self.initdb_log())?;
        command.arg("--pgdata").arg(data).arg("--pwfile").arg(password).args([
            "--username",
            SUPERUSER,
            // Loopback ports are open to every user of the machine.
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            &format!("--locale={locale}"),
            // The files of an empty cluster need not survive a crash; the running server syncs as it must.
            "--no-sync",
            "--no-instructions",
        ]);
        let mut child = self.spawn(&mut command)?;
        self.watchdog.watch(Some(child.id()))?;
        let outcome = child.wait().map_err(|e| ServerError::io("can't wait for", "initdb", e))?;
        self.watchdog.watch(None)?;
        Ok(outcome)
    }

    fn launch(&mut self, memory_bytes: u64, worker: &Worker) -> Result<(), ServerError> {
        self.port = free_port()?;
        self.socket_dir = Some(self.lease.dir().to_owned().join("s"))
            .filter(|dir| dir.as_os_str().len() <= LONGEST_SOCKET_DIR);
        if let Some(dir) = self.socket_dir.as_ref().filter(|dir| !dir.exists()) {
            fs::create_dir(dir).map_err(|e| ServerError::io("can't make", dir, e))?;
            give(dir, self.account.as_ref())?;
        }
        let mut command = self.command("postgres", &self.log_path())?;
        command.arg("-D").arg(self.data_dir());
        let sockets = self.socket_dir.as_ref().map(|dir| dir.display().to_string()).unwrap_or_default();
        let place = [
            format!("port={}", self.port),
            format!("listen_addresses={}", Ipv4Addr::LOCALHOST),
            format!("unix_socket_directories={sockets}"),
        ];
        let tuned = settings::at_start(memory_bytes, &self.preloaded);
        for argument in place.into_iter().chain(tuned.iter().map(|setting| setting.argument())) {
            command.arg("-c").arg(argument);
        }
        let child = self.spawn(&mut command)?;
        let pid = child.id();
        self.process = Some(child);
        self.watchdog.watch(Some(pid))?;
        self.wait_until_ready(worker)
    }

    fn wait_until_ready(&mut self, worker: &Worker) -> Result<(), ServerError> {
        let deadline = Instant::now() + START_LIMIT;
        let config = self.config();
        loop {
            if let Some(child) = self.process.as_mut() {
                let ended = child.try_wait().map_err(|e| ServerError::io("can't watch", "postgres", e))?;
                if let Some(status) = ended {
                    return Err(self.did_not_start("postgres", status, &self.log_path()));
                }
            }
            let refused = match worker.run(async || admin::connect(&config, "postgres").await) {
                Ok(_) => return Ok(()),
                Err(e) => explain(&e),
            };
            if Instant::now() > deadline {
                return Err(ServerError::DidNotStart {
                    what: "postgres".into(),
                    outcome: format!("no connection within {} s: {refused}", START_LIMIT.as_secs()),
                    log: self.log_tail(30),
                });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A server program, unprivileged, with its output going to a log.
    fn command(&self, program: &str, log: &Path) -> Result<Command, ServerError> {
        let io = |e| ServerError::io("can't write", log, e);
        let out = File::create(log).map_err(io)?;
        let err = out.try_clone().map_err(io)?;
        let mut command = Command::new(self.installation.bin.join(program));
        command.stdin(Stdio::null()).stdout(out).stderr(err).current_dir("/");
        // Ctrl-C goes to the whole foreground group; the run must be able to end before its server does.
        command.process_group(0);
        // PGDATA, PGPORT, PGOPTIONS … of the user's own servers would change this one.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C").env("TZ", "UTC");
        run_as(&mut command, self.account.as_ref());
        Ok(command)
    }

    fn spawn(&self, command: &mut Command) -> Result<Child, ServerError> {
        command.spawn().map_err(|e| ServerError::NotExecutable {
            program: command.get_program().into(),
            account: Account::name_of(self.account.as_ref()),
            reason: e.to_string(),
        })
    }

    fn did_not_start(&self, what: &str, status: ExitStatus, log: &Path) -> ServerError {
        let outcome = match (status.code(), status.signal()) {
            (Some(code), _) => format!("exit code {code}"),
            (None, signal) => format!("ended by signal {}", signal.unwrap_or_default()),
        };
        ServerError::DidNotStart { what: what.to_owned(), outcome, log: tail(log, 30) }
    }

    /// Ends the server at once: nobody will read these data again, so no checkpoint is owed to them.
    fn end_process(&mut self) {
        let Some(mut child) = self.process.take() else { return };
        if let Some(pid) = Pid::from_raw(child.id().cast_signed()) {
            // Not reaped yet, so the id is still this child's. It may have ended by itself: then nothing is to be done.
            let _ = kill_process(pid, Signal::QUIT);
        }
        let deadline = Instant::now() + STOP_LIMIT;
        while matches!(child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                // Its children notice and end; shared memory may stay behind, hence not the first choice.
                let _ = child.kill();
                let _ = child.wait();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        if let Err(e) = self.watchdog.watch(None) {
            eprintln!("indexproof: {e}");
        }
    }
}

impl Drop for LocalServer {
    fn drop(&mut self) {
        self.end_process();
    }
}

fn free_port() -> Result<u16, ServerError> {
    let found = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    found
        .map(|address| address.port())
        .map_err(|e| ServerError::io("can't get a free port on", "127.0.0.1", e))
}

fn tail(path: &Path, lines: usize) -> String {
    match fs::read(path) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            let all: Vec<&str> = text.lines().collect();
            all[all.len().saturating_sub(lines)..].join("\n")
        }
        Err(e) => format!("(no log: {}: {e})", path.display()),
    }
}

/// Removes clusters whose run is over (`kill -9`, power cut); returns their directories.
pub(super) fn sweep() -> Vec<PathBuf> {
    abandoned_dirs().into_iter().filter(|dir| remove_cluster(dir)).collect()
}

fn remove_cluster(dir: &Path) -> bool {
    if let Some(pid) = running_postmaster(&dir.join("data")) {
        let _ = kill_process(pid, Signal::QUIT);
        let deadline = Instant::now() + STOP_LIMIT;
        while test_kill_process(pid).is_ok() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    match fs::remove_dir_all(dir) {
        Ok(()) => true,
        Err(e) => {
            eprintln!("indexproof: could not remove {} of an earlier run: {e}", dir.display());
            false
        }
    }
}

/// The process named in a cluster's postmaster.pid, if it really is the postmaster of that cluster.
fn running_postmaster(data: &Path) -> Option<Pid> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let pid: i32 = text.lines().next()?.trim().parse().ok()?;
    // The file is as old as the crash, and ids are used again: only a process with this very -D is ours to end.
    let answer = Command::new("ps").args(["-ww", "-o", "args=", "-p", &pid.to_string()]).output().ok();
    let by_ps = answer.filter(|o| o.status.success()).map(|o| o.stdout);
    let args = fs::read(format!("/proc/{pid}/cmdline")).ok().or(by_ps)?;
    let args = String::from_utf8_lossy(&args).replace('\0', " ");
    args.contains(&format!("-D {}", data.display())).then(|| Pid::from_raw(pid)).flatten()
}
