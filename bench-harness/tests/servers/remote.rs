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
        let rows = self.admin.query("SELECT datname::text FROM pg_database ORDER BY 1", &[]).expect("list");
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
