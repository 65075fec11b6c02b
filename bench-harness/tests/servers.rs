//! Real servers: started, asked, killed; nothing may be left behind.
//!
//! What a machine lacks is skipped with a line `skipped: NAME: reason` on stderr, which ci/test counts.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use indexproof::server::{DEFAULT_IMAGE, Profile, Server, ServerChoice, ServerError, StartOptions};
use indexproof::workload::model::Requirement;
use postgres::{Client, NoTls};

/// Small caches: many servers run at once here, on whatever machine this is.
fn options() -> StartOptions {
    StartOptions { memory_bytes: Some(512 << 20), ..StartOptions::default() }
}

fn local() -> Server {
    Server::start(&ServerChoice::Local, &options()).expect("a local server (ci/setup installs PostgreSQL)")
}

fn open(server: &Server, database: &str) -> Client {
    server.connect_sync(database).connect(NoTls).expect("connect")
}

fn shown(client: &mut Client, setting: &str) -> String {
    client.query_one(&format!("SHOW {setting}"), &[]).expect(setting).get(0)
}

fn wait_for(what: &str, limit: Duration, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !done() {
        assert!(Instant::now() < deadline, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn is_running(pid: u32) -> bool {
    // A zombie has ended; nobody here waits for grandchildren.
    let status = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().expect("ps");
    let state = String::from_utf8_lossy(&status.stdout).trim().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

#[test]
fn a_local_server_starts_works_and_leaves_nothing() {
    let server = local();
    assert_eq!((server.kind(), server.reason()), ("local", "as asked"));
    server.create_database("first", None).expect("create");
    let mut client = open(&server, "first");
    client.batch_execute("CREATE TABLE t AS SELECT g FROM generate_series(1, 1000) g").expect("table");
    drop(client);
    server.create_database("copy", Some("first")).expect("copy");
    let count: i64 = open(&server, "copy").query_one("SELECT count(*) FROM t", &[]).expect("count").get(0);
    assert_eq!(count, 1000);
    assert_eq!(server.databases().expect("list"), ["copy", "first"]);
    server.drop_database("copy").expect("drop");
    server.drop_database("copy").expect("a second drop finds nothing to do");
    assert_eq!(server.databases().expect("list"), ["first"]);
    assert!(server.checkpoint().expect("checkpoint"));

    let (pid, data) = (server.pid().expect("pid"), server.data_dir().expect("data"));
    let dir = data.parent().expect("run directory").to_owned();
    assert!(is_running(pid) && data.is_dir());
    server.stop().expect("stop");
    assert!(!is_running(pid), "postmaster {pid} still runs");
    assert!(!dir.exists(), "{} is still there", dir.display());
}

#[test]
fn connections_are_loopback_and_need_the_password() {
    let server = local();
    server.create_database("d", None).expect("create");
    let mut client = open(&server, "d");
    assert_eq!(shown(&mut client, "listen_addresses"), "127.0.0.1");
    let mut wrong = server.connect_sync("d");
    wrong.password("wrong");
    let refused = wrong.connect(NoTls).err().expect("a wrong password is refused");
    assert_eq!(refused.code().map(|code| code.code()), Some("28P01"), "{refused}");
    let unix: postgres::Config = server.connect_unix("d").expect("short enough for a socket").into();
    let address = unix.connect(NoTls).expect("socket").query_one("SELECT inet_server_addr()::text", &[]);
    assert_eq!(
        address.expect("query").get::<_, Option<String>>(0),
        None,
        "no TCP address over a Unix socket"
    );
}

#[test]
fn settings_keep_commits_durable_and_are_reported() {
    let server = local();
    server.create_database("d", None).expect("create");
    let mut client = open(&server, "d");
    for (setting, value) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("jit", "off"),
        ("shared_buffers", "128MB"),
        ("autovacuum", "off"),
        ("lc_messages", "C"),
    ] {
        assert_eq!(shown(&mut client, setting), value, "{setting}");
    }
    let connections: u32 = shown(&mut client, "max_connections").parse().expect("number");
    assert!(connections >= 150, "a 64-connection storm beside pools and us: {connections}");
    assert!(server.apply(Profile::Queue).expect("apply"));
    assert_eq!(shown(&mut open(&server, "d"), "autovacuum"), "on");

    let asked = |name: &str| Requirement::Extension(name.into());
    let facts = server.facts(&[asked("plpgsql"), asked("no_such_extension")]).expect("facts");
    assert_eq!(
        facts.version_num / 10_000,
        facts.version.split('.').next().expect("major").parse::<u32>().expect("n")
    );
    assert_eq!(facts.settings.get("jit").map(String::as_str), Some("off"));
    assert!(!facts.settings.contains_key("fsync"), "it has its default, so it is not among the changed ones");
    assert!(!facts.settings.contains_key("data_directory"), "a path of this machine");
    assert_eq!(facts.extensions.keys().collect::<Vec<_>>(), ["plpgsql"]);
    assert_eq!(facts.guards_lost, Vec::<String>::new());
    assert!(server.has_extension("plpgsql") && !server.has_extension("no_such_extension"));
    assert!(server.machine().filesystem.is_some());
}

#[test]
fn as_root_the_server_runs_unprivileged() {
    let server = local();
    let pid = server.pid().expect("pid");
    let uid = Command::new("ps").args(["-o", "uid=", "-p", &pid.to_string()]).output().expect("ps").stdout;
    let uid: u32 = String::from_utf8_lossy(&uid).trim().parse().expect("uid");
    assert_ne!(uid, 0, "PostgreSQL as root");
}

#[tokio::test]
async fn the_blocking_api_works_inside_async_code() {
    let server = local();
    server.create_database("d", None).expect("create");
    let (client, connection) = server.connect("d").connect(tokio_postgres::NoTls).await.expect("connect");
    let driver = tokio::spawn(connection);
    assert_eq!(client.query_one("SELECT 1", &[]).await.expect("query").get::<_, i32>(0), 1);
    drop(client);
    driver.await.expect("join").expect("connection");
    // Dropped here, inside the runtime, without a panic.
}

#[test]
fn a_panic_takes_the_server_along() {
    let seen = std::sync::Mutex::new((0, PathBuf::new()));
    let panicked = std::panic::catch_unwind(|| {
        let server = local();
        *seen.lock().expect("lock") = (server.pid().expect("pid"), server.data_dir().expect("data"));
        std::panic::resume_unwind(Box::new("on purpose"));
    });
    assert!(panicked.is_err());
    let (pid, data) = seen.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    assert!(pid > 0 && !is_running(pid) && !data.exists());
}

#[test]
fn without_postgresql_the_error_says_how_to_install_it() {
    let empty = tempfile::tempdir().expect("tempdir");
    let options = StartOptions { pg_bin: Some(empty.path().to_owned()), ..options() };
    let error = Server::start(&ServerChoice::Local, &options).err().expect("no server in an empty folder");
    assert!(matches!(error, ServerError::PgBin { .. }), "{error}");
    assert_eq!(ServerError::EXIT_CODE, 3);
    let help = miette::Diagnostic::help(&error).expect("help").to_string();
    assert!(help.contains("ci/setup") && help.contains("apt-get install -y postgresql"), "{help}");
}

#[test]
fn a_server_that_does_not_start_shows_its_log() {
    // A postgres that complains and ends stands for any bad installation; initdb does nothing, well.
    let bin = tempfile::tempdir().expect("tempdir");
    fs::set_permissions(bin.path(), fs::Permissions::from_mode(0o755)).expect("chmod");
    let postgres = "#!/bin/sh\n[ \"$1\" = --version ] && echo 'postgres (PostgreSQL) 17.0' && exit\n\
                    echo 'FATAL: out of cheese' >&2\nexit 1\n";
    for (name, script) in [("initdb", "#!/bin/sh\n"), ("postgres", postgres)] {
        let path = bin.path().join(name);
        fs::write(&path, script).expect("write");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("chmod");
    }
    let options = StartOptions { pg_bin: Some(bin.path().to_owned()), ..options() };
    let error = Server::start(&ServerChoice::Local, &options).err().expect("can't start").to_string();
    assert!(error.contains("postgres failed (exit code 1)") && error.contains("out of cheese"), "{error}");
}

mod killed {
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
        pub notes: Vec<String>,
        pub server_pid: Option<u32>,
        /// Data directory or container id.
        pub place: String,
    }

    /// Runs `owner_process` in a process of its own, with a place for temporary files of its own.
    pub fn helper(task: &str, tmp: &Path) -> Helper {
        let mut process = Command::new(std::env::current_exe().expect("this program"))
            .args(["killed::owner_process", "--exact", "--nocapture", "--test-threads=1"])
            .env(TASK, task)
            .env("TMPDIR", tmp)
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
    fn a_run_that_lives_is_left_alone() {
        let tmp = temporary();
        let owner = helper("local hold", tmp.path());
        let mut next = helper("local stop", tmp.path());
        assert_eq!(next.notes, Vec::<String>::new());
        assert!(next.process.wait().expect("wait").success());
        assert!(owner.server_pid.is_some_and(is_running));
        owner.end("-TERM");
    }
}

mod doctor {
    use super::*;
    use indexproof::commands::doctor::doctor;

    fn run(options: &StartOptions, json: bool) -> (u8, String) {
        let mut out = Vec::new();
        let code =
            doctor(&[], &ServerChoice::Local, options, json, &mut out).expect("a Vec takes everything");
        (code, String::from_utf8(out).expect("text"))
    }

    #[test]
    fn where_a_server_starts_it_says_which_and_ends_with_0() {
        let (code, text) = run(&options(), true);
        assert_eq!(code, 0, "{text}");
        let json: serde_json::Value = serde_json::from_str(&text).expect("one JSON document");
        assert_eq!(json["server"]["kind"], "local");
        assert_eq!(json["postgresql"][0]["used"], true);
        assert_eq!(json["postgresql"][0]["bin"], json["server"]["origin"]);
        assert!(json["noise"]["clock_read_ns"].as_u64().is_some_and(|ns| ns > 0), "{text}");
        let extensions = json["extensions"].as_array().expect("list");
        assert!(extensions.iter().any(|extension| extension["name"] == "pg_errand"), "{text}");
    }

    #[test]
    fn where_none_can_be_had_it_says_what_to_install_and_ends_with_3() {
        let empty = tempfile::tempdir().expect("tempdir");
        let options = StartOptions { pg_bin: Some(empty.path().to_owned()), ..options() };
        let (code, text) = run(&options, false);
        assert_eq!(code, 3);
        assert!(text.contains("Nothing can run here") && text.contains("ci/setup"), "{text}");
    }
}

mod remote {
    //! A local server plays someone's own server; the user has CREATEDB and nothing else.
    use super::*;

    struct Host {
        server: Server,
        admin: Client,
    }

    fn host() -> Host {
        let server = local();
        server.create_database("home", None).expect("create");
        let mut admin = open(&server, "home");
        admin
            .batch_execute(
                "CREATE ROLE bencher LOGIN CREATEDB PASSWORD 'pw'; CREATE ROLE reader LOGIN PASSWORD 'pw'",
            )
            .expect("roles");
        Host { server, admin }
    }

    impl Host {
        fn url(&self, user: &str) -> String {
            let port = self.server.connect("home").get_ports()[0];
            format!("postgres://{user}:pw@127.0.0.1:{port}/{}", self.server.database_name("home"))
        }

        fn open(&self, user: &str) -> Result<Server, ServerError> {
            Server::start(&ServerChoice::Remote { url: self.url(user) }, &options())
        }

        fn databases(&mut self) -> Vec<String> {
            let rows =
                self.admin.query("SELECT datname::text FROM pg_database ORDER BY 1", &[]).expect("list");
            rows.into_iter().map(|row| row.get(0)).collect()
        }
    }

    #[test]
    fn createdb_is_enough_and_all_databases_go_at_the_end() {
        let mut host = host();
        let before = host.databases();
        let remote = host.open("bencher").expect("open");
        remote.create_database("a", None).expect("create");
        remote.create_database("b", Some("a")).expect("copy");
        open(&remote, "b").batch_execute("CREATE TABLE t ()").expect("owner of its databases");
        assert_eq!(host.databases().len(), before.len() + 2);
        assert!(!remote.checkpoint().expect("no error"), "bencher lacks pg_checkpoint");
        assert!(!remote.apply(Profile::Queue).expect("no error"), "its settings are its owner's");
        let facts = remote.facts(&[Requirement::Extension("pg_stat_statements".into())]).expect("facts");
        assert_eq!(facts.kind, "remote");
        let lost = facts.guards_lost.join("\n");
        assert!(lost.contains("lacks the role pg_checkpoint"), "{lost}");
        assert!(!lost.contains("autovacuum is"), "off on this server: {lost}");
        remote.stop().expect("stop");
        assert_eq!(host.databases(), before);
    }

    #[test]
    fn an_unmarked_database_is_never_dropped() {
        let mut host = host();
        let remote = host.open("bencher").expect("open");
        let name = remote.database_name("precious");
        host.admin.batch_execute(&format!("CREATE DATABASE {name} OWNER bencher")).expect("create");
        let error = remote.drop_database("precious").expect_err("not marked");
        assert!(matches!(&error, ServerError::NotOurs { database, .. } if *database == name), "{error}");
        host.admin.batch_execute(&format!("COMMENT ON DATABASE {name} IS 'production'")).expect("comment");
        assert!(matches!(remote.drop_database("precious"), Err(ServerError::NotOurs { .. })));
        remote.stop().expect("stop");
        assert!(host.databases().contains(&name), "it survives the run");
    }

    #[test]
    fn databases_of_a_killed_run_go_with_the_next_run_and_others_stay() {
        let mut host = host();
        let nodename = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let mut marked = |run: &str, machine: &str| {
            let name = format!("indexproof_{run}_x");
            let mark = format!("indexproof run={run} host={machine} lock=/no/such/indexproof.lock");
            host.admin.batch_execute(&format!("CREATE DATABASE {name} OWNER bencher")).expect("create");
            host.admin.batch_execute(&format!("COMMENT ON DATABASE {name} IS '{mark}'")).expect("mark");
            name
        };
        let (dead, elsewhere) = (marked("00000001", &nodename), marked("00000002", "another-machine"));
        let remote = host.open("bencher").expect("open");
        assert!(remote.notes().iter().any(|note| note.contains(&dead)), "{:?}", remote.notes());
        let left = host.databases();
        assert!(!left.contains(&dead) && left.contains(&elsewhere), "{left:?}");
    }

    #[test]
    fn a_user_without_createdb_is_told_the_statement_that_helps() {
        let host = host();
        let error = host.open("reader").err().expect("refused");
        assert!(matches!(&error, ServerError::NoCreateDb { user, .. } if user == "reader"), "{error}");
        let help = miette::Diagnostic::help(&error).expect("help").to_string();
        assert!(help.contains("ALTER ROLE \"reader\" CREATEDB"), "{help}");
    }

    #[test]
    fn a_server_that_is_not_there_is_an_error_without_the_password() {
        let choice = ServerChoice::Remote { url: "postgres://u:sesame@127.0.0.1:1/db".into() };
        let error = Server::start(&choice, &options()).err().expect("nobody listens on port 1");
        let text = format!("{error} {error:?}");
        assert!(text.contains("127.0.0.1:1") && !text.contains("sesame"), "{text}");
    }
}

mod docker {
    use super::*;

    /// One at a time: each start of a docker server removes what another test has just orphaned on purpose.
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

    fn alone() -> std::sync::MutexGuard<'static, ()> {
        ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The image to test with, or None after saying what is missing.
    fn image() -> Option<String> {
        let image = std::env::var("INDEXPROOF_TEST_IMAGE").unwrap_or_else(|_| DEFAULT_IMAGE.to_owned());
        let inspect = Command::new("docker").args(["image", "inspect", &image]).output();
        let reason = match inspect {
            Ok(answer) if answer.status.success() => return Some(image),
            Ok(answer) => String::from_utf8_lossy(&answer.stderr).trim().replace('\n', " "),
            Err(e) => format!("no docker command: {e}"),
        };
        // Not by eprintln!, which the test runner swallows when a test passes.
        writeln!(std::io::stderr(), "skipped: docker: {reason}").expect("stderr");
        None
    }

    fn exists(container: &str) -> bool {
        Command::new("docker").args(["inspect", container]).output().expect("docker").status.success()
    }

    #[test]
    fn a_container_starts_works_and_is_removed() {
        let _alone = alone();
        let Some(image) = image() else { return };
        let server =
            Server::start(&ServerChoice::Docker { image: image.clone() }, &options()).expect("start");
        assert_eq!((server.kind(), server.origin()), ("docker", image));
        server.create_database("first", None).expect("create");
        server.create_database("copy", Some("first")).expect("copy");
        let mut client = open(&server, "copy");
        for (setting, value) in [("fsync", "on"), ("jit", "off"), ("autovacuum", "off"), ("TimeZone", "UTC")]
        {
            assert_eq!(shown(&mut client, setting), value, "{setting}");
        }
        let facts = server.facts(&[]).expect("facts");
        assert_eq!(facts.settings.get("lc_collate").map(String::as_str), Some("C.UTF-8"));
        assert!(server.log_tail(50).is_some_and(|log| log.contains("ready to accept connections")));
        let id = server.container_id().expect("id").to_owned();
        let port = Command::new("docker").args(["port", &id, "5432/tcp"]).output().expect("docker port");
        let port = String::from_utf8_lossy(&port.stdout).trim().to_owned();
        assert!(port.starts_with("127.0.0.1:") && port.lines().count() == 1, "on the loopback alone: {port}");
        assert!(exists(&id));
        server.stop().expect("stop");
        assert!(!exists(&id));
    }

    #[test]
    fn kill_9_leaves_no_container() {
        let _alone = alone();
        let Some(image) = image() else { return };
        let tmp = killed::temporary();
        let owner = killed::helper(&format!("docker:{image} hold"), tmp.path());
        let (_, id) = owner.end("-KILL");
        let id = id.display().to_string();
        wait_for("the container goes", Duration::from_secs(20), || !exists(&id));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_next_run_removes_a_container_without_an_owner() {
        let _alone = alone();
        let Some(image) = image() else { return };
        let tmp = killed::temporary();
        let owner = killed::helper(&format!("docker:{image} hold"), tmp.path());
        owner.kill_watchdog();
        let (_, id) = owner.end("-KILL");
        let id = id.display().to_string();
        assert!(exists(&id), "nobody was there to clean up");
        let mut next = killed::helper(&format!("docker:{image} stop"), tmp.path());
        assert!(!exists(&id));
        assert!(next.process.wait().expect("wait").success());
    }

    #[test]
    fn an_image_that_is_nowhere_is_an_error_with_the_way_out() {
        let _alone = alone();
        if image().is_none() {
            return;
        }
        let choice = ServerChoice::Docker { image: "localhost:1/no-such-image:0".into() };
        let error = Server::start(&choice, &options()).err().expect("no such image");
        assert!(matches!(&error, ServerError::NoImage { .. }), "{error}");
        assert!(miette::Diagnostic::help(&error).expect("help").to_string().contains("ci/image"));
    }
}
