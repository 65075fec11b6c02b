//! `indexproof init`: the skeleton, and a workload made from a database never seen before.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use indexproof::ablation::{Ablation, Worth};
use indexproof::report::json;
use indexproof::server::binaries::Search;
use indexproof::server::{Server, ServerChoice, StartOptions};
use tempfile::TempDir;

fn indexproof(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_indexproof"));
    command.current_dir(folder).arg("--workloads").arg("w");
    command
}

fn text(folder: &TempDir, path: &str) -> String {
    fs::read_to_string(folder.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_skeleton_passes_check_and_runs() {
    let folder = TempDir::new().unwrap();
    indexproof(folder.path()).args(["init", "my_notes"]).assert().code(0);
    indexproof(folder.path()).args(["check", "my_notes"]).assert().code(0);
    let run = ["run", "my_notes", "--scale", "ci", "--server", "local", "--budget", "10s", "--out", "out"];
    indexproof(folder.path()).args(run).assert().code(0);
    let result = json::read(&folder.path().join("out/result.json")).unwrap();
    let plan = result.claims[0].variants.iter().find(|it| it.variant == "as-written").unwrap();
    assert_eq!(plan.parts[1].verdict, indexproof::verdict::Verdict::Proven, "{}", plan.parts[1].reason);
}

#[test]
fn nothing_is_overwritten_and_names_are_names() {
    let folder = TempDir::new().unwrap();
    indexproof(folder.path()).args(["init", "twice"]).assert().code(0);
    let told = indexproof(folder.path()).args(["init", "twice"]).output().unwrap();
    assert_eq!(told.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&told.stderr).contains("is there already"));
    indexproof(folder.path()).args(["init", "My-Notes"]).assert().code(2);
    indexproof(folder.path()).args(["init", "x", "--from", "mysql://h/db"]).assert().code(2);
    let told = indexproof(folder.path())
        .args(["init", "x", "--from", "postgres://me:hunter2@127.0.0.1:1/db"])
        .output()
        .unwrap();
    assert_eq!(told.status.code(), Some(3));
    assert!(!String::from_utf8_lossy(&told.stderr).contains("hunter2"), "the password is never shown");
    assert!(!folder.path().join("w/x").exists());
}

/// A server with a database of somebody else's, and a program of the same PostgreSQL.
struct Elsewhere {
    server: Server,
    bin: PathBuf,
}

impl Elsewhere {
    fn start() -> Elsewhere {
        let options = StartOptions { memory_bytes: Some(512 << 20), ..StartOptions::default() };
        let server =
            Server::start(&ServerChoice::Local, &options).expect("a local server (ci/setup installs it)");
        server.create_database("theirs", None).unwrap();
        Elsewhere { server, bin: Search::usual(None).first().unwrap().bin }
    }

    fn client(&self) -> postgres::Client {
        self.server.connect_sync("theirs").connect(postgres::NoTls).unwrap()
    }

    fn url(&self) -> String {
        let config = self.server.connect("theirs");
        let port = config.get_ports()[0];
        let password = String::from_utf8(config.get_password().unwrap().to_vec()).unwrap();
        let user = config.get_user().unwrap();
        format!("postgres://{user}:{password}@127.0.0.1:{port}/{}", self.server.database_name("theirs"))
    }

    fn pgbench(&self, arguments: &[&str]) {
        let output = std::process::Command::new(self.bin.join("pgbench"))
            .args(arguments)
            .env(
                "PGPASSWORD",
                String::from_utf8_lossy(self.server.connect("theirs").get_password().unwrap()).as_ref(),
            )
            .arg(self.url())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

fn ablated(folder: &TempDir, name: &str) -> Ablation {
    let arguments =
        ["ablate", name, "--scale", "ci", "--server", "local", "--budget", "20s", "--out", "ablation.json"];
    let output = indexproof(folder.path()).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&text(folder, "ablation.json")).unwrap()
}

/// pgbench's own load never asks for a branch's accounts, so an index on `bid` only costs; once a statement asks, it
/// is what that statement needs. Nobody touches a file in between.
#[test]
fn an_index_of_a_pgbench_database_is_useless_until_a_statement_asks_for_it() {
    let elsewhere = Elsewhere::start();
    let mut client = elsewhere.client();
    if client.batch_execute("CREATE EXTENSION pg_stat_statements").is_err() {
        eprintln!("skipped: init from pgbench: pg_stat_statements is not installed");
        return;
    }
    // Ten branches: at one, a lookup by branch would be the whole table.
    elsewhere.pgbench(&["-i", "-s", "10", "-q"]);
    client
        .batch_execute(
            "CREATE INDEX accounts_bid ON pgbench_accounts (bid); SELECT pg_stat_statements_reset()",
        )
        .unwrap();
    elsewhere.pgbench(&["-t", "100", "-n"]);
    client.batch_execute("VACUUM ANALYZE").unwrap();

    let folder = TempDir::new().unwrap();
    indexproof(folder.path()).args(["init", "bank", "--from", &elsewhere.url()]).assert().code(0);
    indexproof(folder.path()).args(["check", "bank"]).assert().code(0);
    let manifest = text(&folder, "w/bank/workload.toml");
    assert!(manifest.contains("pgbench_accounts = { ci = 50000, small = 1000000"), "{manifest}");
    assert!(text(&folder, "w/bank/README.md").contains("pgbench_accounts.bid lies in order in the database"));
    assert!(text(&folder, "w/bank/queries/insert_pgbench_history.sql").contains("effect = \"rollback\""));
    assert!(text(&folder, "w/bank/indexes/as-written.sql").contains("CREATE INDEX accounts_bid"));
    let run = ["run", "bank", "--scale", "ci", "--server", "local", "--budget", "10s", "--out", "out"];
    indexproof(folder.path()).args(run).assert().code(0);
    let result = json::read(&folder.path().join("out/result.json")).unwrap();
    assert!(result.claims.len() >= 4, "{} claims", result.claims.len());
    for claim in &result.claims {
        assert!(
            !matches!(
                claim.verdict,
                indexproof::verdict::Verdict::Invalid | indexproof::verdict::Verdict::NotRunnable
            ),
            "{} {}",
            claim.title,
            claim.reason
        );
    }

    let found = ablated(&folder, "bank");
    let bid = found.indexes.iter().find(|index| index.name == "accounts_bid").unwrap();
    assert_eq!(bid.worth, Worth::Harmful, "{}", bid.reason);
    assert_eq!(found.reduced.dropped, ["accounts_bid"]);

    for branch in 1..=10 {
        let sql = format!("SELECT sum(abalance) FROM pgbench_accounts WHERE bid = {branch}");
        client.simple_query(&sql).unwrap();
    }
    indexproof(folder.path()).args(["init", "bank_by_branch", "--from", &elsewhere.url()]).assert().code(0);
    let found = ablated(&folder, "bank_by_branch");
    let bid = found.indexes.iter().find(|index| index.name == "accounts_bid").unwrap();
    assert_eq!(bid.worth, Worth::Essential, "{}", bid.reason);
    assert!(found.reduced.dropped.is_empty());
}

/// Types, keys and names of every awkward kind, and no pg_stat_statements: what can't be carried over is left out and
/// said, and the rest runs.
#[test]
fn an_awkward_database_becomes_a_workload_that_runs() {
    let elsewhere = Elsewhere::start();
    elsewhere
        .client()
        .batch_execute(
            "CREATE TYPE mood AS ENUM ('ok', 'it''s fine');
             CREATE DOMAIN share AS numeric(5, 4) CHECK (VALUE <= 1);
             CREATE FUNCTION tag() RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$;
             CREATE TABLE \"order\" (
                 id serial PRIMARY KEY, code varchar(3) NOT NULL, mood mood, part share, tags text[], address inet,
                 note text DEFAULT tag(), doc jsonb NOT NULL DEFAULT '{}', flag boolean, paid date,
                 twice int GENERATED ALWAYS AS (2) STORED, parent int REFERENCES \"order\", nothing text,
                 CHECK (length(code) < 4));
             CREATE TABLE line (order_id int REFERENCES \"order\", place smallint, price numeric(9, 2),
                 amount double precision, at timestamptz, PRIMARY KEY (order_id, place));
             CREATE UNIQUE INDEX line_once ON line (at, place);
             CREATE TABLE \"Odd Name\" (x int);
             CREATE TABLE empty (id uuid PRIMARY KEY, label bpchar(2) UNIQUE);
             CREATE SCHEMA app; CREATE TABLE app.hidden (x int);
             INSERT INTO \"order\" (code, mood, part, tags, address, doc, flag, paid, parent)
                 SELECT 'a' || g % 7, CASE WHEN g % 3 = 0 THEN 'ok'::mood ELSE 'it''s fine' END, 0.5, ARRAY['x', 'y'],
                        '10.0.0.1', '{\"a\": \"it''s\"}', g % 2 = 0, current_date - g % 99, NULLIF(g / 2, 0)
                 FROM generate_series(1, 2000) AS g;
             INSERT INTO line SELECT g, p, g * 1.5, g / 3.0, now() - g * interval '1 hour'
                 FROM generate_series(1, 2000) AS g, generate_series(1, 3) AS p;
             CREATE INDEX order_mood ON \"order\" (mood, paid);
             ANALYZE;",
        )
        .unwrap();
    let folder = TempDir::new().unwrap();
    let output =
        indexproof(folder.path()).args(["init", "shop", "--from", &elsewhere.url()]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let schema = text(&folder, "w/shop/schema.sql");
    for left_out in ["-- left out: PRIMARY KEY", "-- left out: CHECK", "-- left out: FOREIGN KEY (parent)"] {
        assert!(schema.contains(left_out), "{left_out}\n{schema}");
    }
    let readme = text(&folder, "w/shop/README.md");
    for told in ["Odd Name", "schema app", "pg_stat_statements is not in this database"] {
        assert!(readme.contains(told), "{told}\n{readme}");
    }
    assert!(text(&folder, "w/shop/indexes/as-written.sql").contains("-- UNIQUE in the database"));
    let run = ["run", "shop", "--scale", "ci", "--server", "local", "--budget", "5s", "--out", "out"];
    let output = indexproof(folder.path()).args(run).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
