//! This test program runs itself as the owner of a server, and ends that process in rude ways.
use super::*;

const TASK: &str = "INDEXPROOF_TEST_TASK";

/// Does nothing unless run by [`helper`].
#[test]
fn owner_process() {
    let Ok(task) = std::env::var(TASK) else { return };
    let (choice, hold) = task.split_once(' ').expect("CHOICE hold|stop");
    let server = Server::start(&choice.parse().expect("choice"), &options()).expect("server");
    let mut out = std::io::stdout();
    writeln!(out, "note={}: {}", server.kind(), server.reason()).expect("write");
    for note in server.notes() {
        writeln!(out, "note={note}").expect("write");
    }
    let data = server.data_dir().map(|data| data.display().to_string());
    let pid = server.pid().map(|pid| pid.to_string());
    let place = data.or(server.container_id().map(str::to_owned)).unwrap_or_default();
    writeln!(out, "server={} {place}", pid.unwrap_or_default()).expect("write");
    if hold == "hold" {
        std::thread::sleep(Duration::from_secs(120));
    }
    server.stop().expect("stop");
}

pub struct Helper {
    pub process: Child,
    /// Kind and reason of the server first.
    pub notes: Vec<String>,
    pub server_pid: Option<u32>,
    /// Data directory or container id.
    pub place: String,
}

/// Runs `owner_process` in a process of its own, with a place for temporary files of its own.
pub fn helper(task: &str, tmp: &Path) -> Helper {
    helper_with(task, tmp, &[])
}

pub fn helper_with(task: &str, tmp: &Path, environment: &[(&str, &str)]) -> Helper {
    let mut process = Command::new(std::env::current_exe().expect("this program"))
        .args(["killed::owner_process", "--exact", "--nocapture", "--test-threads=1"])
        .env(TASK, task)
        .env("TMPDIR", tmp)
        .envs(environment.iter().copied())
        .stdout(Stdio::piped())
        .spawn()
        .expect("spawn");
    let mut notes = Vec::new();
    let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
    while let Some(line) = lines.next().map(|line| line.expect("line")) {
        if let Some((_, note)) = line.split_once("note=") {
            notes.push(note.to_owned());
        }
        if let Some((_, found)) = line.split_once("server=") {
            let (pid, place) = found.split_once(' ').expect("pid and place");
            // Read on to the end, or the process fails when it writes.
            std::thread::spawn(move || lines.for_each(drop));
            return Helper { process, notes, server_pid: pid.parse().ok(), place: place.to_owned() };
        }
    }
    panic!("the owner process ended early: {:?}", process.wait());
}

impl Helper {
    pub fn end(mut self, signal: &str) -> (Option<u32>, PathBuf) {
        let killed = Command::new("kill").args([signal, &self.process.id().to_string()]).status();
        assert!(killed.expect("kill").success());
        self.process.wait().expect("reap");
        (self.server_pid, self.place.into())
    }

    #[cfg(target_os = "linux")]
    pub fn kill_watchdog(&self) {
        let owner = self.process.id().to_string();
        let children = Command::new("ps").args(["-ww", "-o", "pid=,args=", "--ppid", &owner]).output();
        let children = String::from_utf8(children.expect("ps").stdout).expect("text");
        let watchdog = children.lines().find(|line| line.contains("indexproof-watchdog"));
        // The script's text has line breaks; ps shows them as spaces or as lines of their own.
        let pid = watchdog.or(children.lines().find(|line| line.contains("/bin/sh -c")));
        let pid = pid.expect("a watchdog").split_whitespace().next().expect("pid").to_owned();
        assert!(Command::new("kill").args(["-9", &pid]).status().expect("kill").success());
    }
}

/// Others may pass through: the server runs as another account when this runs as root.
pub fn temporary() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("tempdir");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o711)).expect("chmod");
    dir
}

fn left_in(tmp: &Path) -> Vec<PathBuf> {
    fs::read_dir(tmp).expect("read").map(|entry| entry.expect("entry").path()).collect()
}

#[test]
fn ctrl_c_and_kill_9_leave_no_process_and_no_directory() {
    for signal in ["-INT", "-TERM", "-KILL"] {
        let tmp = temporary();
        let owner = helper("local hold", tmp.path());
        assert!(owner.server_pid.is_some_and(is_running));
        let (pid, _) = owner.end(signal);
        let limit = Duration::from_secs(15);
        wait_for("the server ends", limit, || !pid.is_some_and(is_running));
        wait_for("its directory goes", limit, || left_in(tmp.path()).is_empty());
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_next_run_removes_what_not_even_a_watchdog_could() {
    let tmp = temporary();
    let owner = helper("local hold", tmp.path());
    owner.kill_watchdog();
    let (pid, data) = owner.end("-KILL");
    let pid = pid.expect("pid");
    assert!(is_running(pid) && data.exists(), "nobody was there to clean up");
    let mut next = helper("local stop", tmp.path());
    assert!(!is_running(pid), "the sweep ends the orphan");
    let run_dir = data.parent().expect("run directory").display().to_string();
    assert!(next.notes.iter().any(|note| note.contains(&run_dir)), "and says so: {:?}", next.notes);
    assert!(next.process.wait().expect("wait").success());
    assert_eq!(left_in(tmp.path()), Vec::<PathBuf>::new());
}

#[test]
fn without_an_engine_auto_is_local_and_says_why() {
    let tmp = temporary();
    let mut run = helper_with("auto stop", tmp.path(), &[("DOCKER_HOST", "unix:///no/such/docker.sock")]);
    let said = &run.notes[0];
    assert!(said.starts_with("local: not docker: no Docker engine answers"), "{said}");
    assert!(run.process.wait().expect("wait").success());
}

#[test]
fn a_run_that_lives_is_left_alone() {
    let tmp = temporary();
    let owner = helper("local hold", tmp.path());
    let mut next = helper("local stop", tmp.path());
    assert_eq!(next.notes, ["local: as asked"]);
    assert!(next.process.wait().expect("wait").success());
    assert!(owner.server_pid.is_some_and(is_running));
    owner.end("-TERM");
}
