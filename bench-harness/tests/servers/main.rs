//! Real servers: started, asked, killed; nothing may be left behind.
//!
//! What a machine lacks is skipped with a line `skipped: NAME: reason` on stderr, which ci/test counts.

mod docker;
mod doctor;
mod killed;
mod remote;

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
