//! Containers, where an engine and the image are to be had.

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
    let server = Server::start(&ServerChoice::Docker { image: image.clone() }, &options()).expect("start");
    assert_eq!((server.kind(), server.origin()), ("docker", image));
    server.create_database("first", None).expect("create");
    server.create_database("copy", Some("first")).expect("copy");
    let mut client = open(&server, "copy");
    for (setting, value) in [("fsync", "on"), ("jit", "off"), ("autovacuum", "off"), ("TimeZone", "UTC")] {
        assert_eq!(shown(&mut client, setting), value, "{setting}");
    }
    let facts = server.facts(&[]).expect("facts");
    if server.origin() == DEFAULT_IMAGE {
        assert!(server.has_extension("pg_errand"), "what ci/image builds has the extension in it");
        client.batch_execute("CREATE EXTENSION pg_errand").expect("its library loads in this image");
    }
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
