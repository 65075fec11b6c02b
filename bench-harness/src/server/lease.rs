//! Who owns what a run leaves on this machine, so that nothing outlives its run.
//!
//! A run holds a lock on a file in a directory of its own; the kernel lets go of it however the run ends. What
//! belongs to a run (cluster, container, database) names that file: whoever can take the lock may clean up.
//! A lock and not a process id, because ids are used again and differ between containers.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use super::error::ServerError;

const PREFIX: &str = "indexproof-";
const LOCK: &str = "owner.lock";
/// A directory without a lock this long after its making belongs to nobody; before, to somebody about to lock it.
const GRACE: Duration = Duration::from_secs(60);

/// A directory of this run and the lock that says it lives. Removed on drop.
pub(super) struct Lease {
    dir: PathBuf,
    /// Held for its lock alone.
    _lock: File,
}

impl Lease {
    /// Makes the directory in the system's place for temporary files (`TMPDIR`), and takes the lock.
    pub fn take() -> Result<Self, ServerError> {
        let base = std::env::temp_dir();
        loop {
            let dir = tempfile::Builder::new()
                .prefix(PREFIX)
                .tempdir_in(&base)
                .map_err(|e| ServerError::io("can't make a directory in", &base, e))?
                .keep();
            // Others may pass through (the unprivileged account does) but not look around.
            fs::set_permissions(&dir, fs::Permissions::from_mode(0o711))
                .map_err(|e| ServerError::io("can't set the rights of", &dir, e))?;
            let path = dir.join(LOCK);
            let locked = File::create_new(&path).and_then(|file| file.lock().map(|()| file));
            match locked {
                // Between making and locking, a sweep of another run may have removed it.
                Ok(lock) if path.exists() => return Ok(Lease { dir, _lock: lock }),
                Ok(_) => continue,
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(e) => return Err(ServerError::io("can't lock", path, e)),
            }
        }
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn lock_path(&self) -> PathBuf {
        self.dir.join(LOCK)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Err(e) = fs::remove_dir_all(&self.dir)
            && e.kind() != io::ErrorKind::NotFound
        {
            eprintln!("indexproof: could not remove {}: {e} (the next run will)", self.dir.display());
        }
    }
}

/// Whether the run that locked this file is over.
pub(super) fn owner_is_gone(lock: &Path) -> bool {
    match OpenOptions::new().read(true).write(true).open(lock) {
        // Taken: the owner is gone. The lock is let go again when `file` is dropped.
        Ok(file) => file.try_lock().is_ok(),
        // A run removes its lock last.
        Err(e) => e.kind() == io::ErrorKind::NotFound,
    }
}

/// Directories of runs on this machine that are over; only those of this user.
pub(super) fn abandoned_dirs() -> Vec<PathBuf> {
    let me = rustix::process::geteuid().as_raw();
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else {
        // Taking a lease fails in the same place, and says why.
        return Vec::new();
    };
    let ours = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    ours.map(|entry| entry.path()).filter(|dir| is_abandoned(dir, me)).collect()
}

fn is_abandoned(dir: &Path, me: u32) -> bool {
    // Not followed if it is a link, and not touched if somebody else's: /tmp is shared.
    let Ok(meta) = fs::symlink_metadata(dir) else { return false };
    if !meta.is_dir() || meta.uid() != me {
        return false;
    }
    let lock = dir.join(LOCK);
    if lock.exists() {
        return owner_is_gone(&lock);
    }
    let age = meta.modified().ok().and_then(|made| SystemTime::now().duration_since(made).ok());
    age.is_some_and(|age| age > GRACE)
}

/// Name of this machine, as far as locks on it can be tried from here.
pub(super) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// A shell process that cleans up when this process ends in any way, `kill -9` included: its standard input
/// is a pipe that only this process holds, and it acts when that closes.
pub(super) struct Watchdog {
    child: Child,
}

impl Watchdog {
    /// Ends the process of a throwaway cluster and removes its directory.
    pub fn of_cluster(dir: &Path) -> Result<Self, ServerError> {
        Self::spawn(CLUSTER_SCRIPT, dir.as_os_str())
    }

    /// Removes the containers that carry a label (`key=value`).
    pub fn of_containers(label: &str) -> Result<Self, ServerError> {
        Self::spawn(CONTAINERS_SCRIPT, label.as_ref())
    }

    fn spawn(script: &str, argument: &std::ffi::OsStr) -> Result<Self, ServerError> {
        let child = Command::new("/bin/sh")
            .args(["-c", script, "indexproof-watchdog"])
            .arg(argument)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            // Ctrl-C goes to the whole foreground group; this process must outlive it.
            .process_group(0)
            .spawn()
            .map_err(|e| ServerError::io("can't start the watchdog", "/bin/sh", e))?;
        Ok(Watchdog { child })
    }

    /// Names the process to end; None once it is reaped, because its id may then be another's.
    pub fn watch(&mut self, pid: Option<u32>) -> Result<(), ServerError> {
        let pid = pid.map(|pid| pid.to_string()).unwrap_or_default();
        let Some(pipe) = self.child.stdin.as_mut() else {
            unreachable!("stdin is piped, taken only by drop")
        };
        writeln!(pipe, "{pid}").map_err(|e| ServerError::io("can't write to the watchdog", "/bin/sh", e))
    }
}

/// Call after cleaning up: the script then finds nothing to do, and what was forgotten is done after all.
impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        if let Err(e) = self.child.wait() {
            eprintln!("indexproof: lost the watchdog process: {e}");
        }
    }
}

/// SIGQUIT is PostgreSQL's immediate shutdown: the data are thrown away, so no checkpoint is owed to them.
const CLUSTER_SCRIPT: &str = r#"
trap '' INT TERM HUP
pid=
while IFS= read -r line; do pid=$line; done
[ -d "$1" ] || exit 0
if [ -n "$pid" ]; then
  kill -QUIT "$pid"
  tries=0
  while kill -0 "$pid" && [ $tries -lt 100 ]; do tries=$((tries + 1)); sleep 0.1; done
  kill -KILL "$pid"
fi
tries=0
while ! rm -rf "$1" && [ $tries -lt 20 ]; do tries=$((tries + 1)); sleep 0.5; done
"#;

const CONTAINERS_SCRIPT: &str = r#"
trap '' INT TERM HUP
while IFS= read -r line; do :; done
ids=$(docker ps --all --quiet --filter "label=$1") || exit 0
[ -z "$ids" ] || docker rm --force --volumes $ids
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_lives_until_dropped() {
        let lease = Lease::take().expect("lease");
        let (dir, lock) = (lease.dir().to_owned(), lease.lock_path());
        let me = rustix::process::geteuid().as_raw();
        assert!(!owner_is_gone(&lock), "held by this process");
        assert!(!is_abandoned(&dir, me));
        drop(lease);
        assert!(!dir.exists());
        assert!(owner_is_gone(&lock), "a removed lock is a finished run");
    }

    #[test]
    fn an_unlocked_directory_is_abandoned_only_to_its_user() {
        let dir = tempfile::tempdir().expect("tempdir");
        let me = rustix::process::geteuid().as_raw();
        assert!(!is_abandoned(dir.path(), me), "fresh and not locked yet: its maker is about to");
        fs::write(dir.path().join(LOCK), "").expect("write");
        assert!(is_abandoned(dir.path(), me));
        assert!(!is_abandoned(dir.path(), me + 1), "somebody else's");
    }

    #[test]
    fn a_link_is_never_followed() {
        let dir = tempfile::tempdir().expect("tempdir");
        let target = dir.path().join("target");
        fs::create_dir(&target).expect("mkdir");
        fs::write(target.join(LOCK), "").expect("write");
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&target, &link).expect("symlink");
        assert!(!is_abandoned(&link, rustix::process::geteuid().as_raw()));
    }

    #[test]
    fn the_watchdog_ends_the_process_and_removes_the_directory() {
        let dir = tempfile::tempdir().expect("tempdir").keep();
        let mut victim = Command::new("sleep").arg("600").spawn().expect("sleep");
        let mut watchdog = Watchdog::of_cluster(&dir).expect("watchdog");
        watchdog.watch(Some(victim.id())).expect("watch");
        // Stands for the end of this process: the pipe closes. Reaping must go on, or kill -0 sees a zombie.
        let pipe = watchdog.child.stdin.take();
        drop(pipe);
        let status = victim.wait().expect("wait");
        assert!(!status.success(), "ended by a signal: {status}");
        drop(watchdog);
        assert!(!dir.exists());
    }
}
