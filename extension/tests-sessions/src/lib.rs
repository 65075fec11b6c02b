//! Tests of pg_errand that need several sessions at once: races, lock orders, isolation levels, installing.
//!
//! They run against the server that `ERRAND_TEST_URL` names (a superuser's connection string), and fail
//! when it is not set: a race test that skips itself proves nothing. `extension/test` starts such a server.
//! Each test has a database of its own, which it drops.

pub mod cluster;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use postgres::error::SqlState;
use postgres::{Client, Config, NoTls};
pub use uuid::Uuid;

/// Whose jobs the tests submit.
pub const USER: &str = "00000000-0000-4000-8000-00000000000a";

/// The statement that 64 connections send.
pub const FIND_OR_CREATE: &str = "SELECT job_id, is_new, existing_status FROM errand.find_or_create_job($1::text::uuid, 'sync', $2::text::jsonb)";

/// A database with the extension, dropped when the test ends.
pub struct Database {
    name: String,
}

impl Database {
    pub fn new() -> Self {
        let database = Self::without_extension();
        database.run("CREATE EXTENSION pg_errand");
        database
    }

    pub fn without_extension() -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("errand_sessions_{}_{number}", std::process::id());
        let mut server = connect(&server());
        server.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).unwrap();
        server.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        Self { name }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn connect(&self) -> Client {
        let mut config = server();
        config.dbname(&self.name);
        connect(&config)
    }

    /// Runs statements in a session of their own.
    pub fn run(&self, sql: &str) {
        self.connect().batch_execute(sql).unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    }

    /// A number that a query counts.
    pub fn count(&self, sql: &str) -> i64 {
        self.connect().query_one(sql, &[]).unwrap_or_else(|e| panic!("{sql}: {e:?}")).get(0)
    }
}

impl Default for Database {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let dropped = connect(&server()).batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
        if let Err(error) = dropped {
            // Not a panic: during the unwinding of a failed test it would hide the failure.
            eprintln!("database {} stays behind: {error}", self.name);
        }
    }
}

/// What find_or_create_job answered; panics unless it was exactly one row.
pub struct Answer {
    pub job: Uuid,
    pub is_new: bool,
}

pub fn find_or_create(
    client: &mut impl postgres::GenericClient,
    statement: &postgres::Statement,
    params: &str,
) -> Result<Answer, postgres::Error> {
    let rows = client.query(statement, &[&USER, &params])?;
    assert_eq!(rows.len(), 1, "always one row");
    let answer = Answer { job: rows[0].get(0), is_new: rows[0].get(1) };
    let status: Option<&str> = rows[0].get(2);
    assert_eq!(answer.is_new, status.is_none(), "a found job has a status, a new one none");
    Ok(answer)
}

/// Submits that many jobs of type `t`, with params 1, 2, …
pub fn submit(database: &Database, jobs: usize) {
    database.run(&format!(
        "SELECT * FROM errand.create_jobs('{USER}', (
             SELECT jsonb_agg(jsonb_build_object('job_type', 't', 'params', n)) FROM generate_series(1, {jobs}) n))"
    ));
}

/// A picked-up job and the proof of its lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lease {
    pub job: Uuid,
    pub token: Uuid,
}

/// Picks up jobs of any type.
pub fn pick_up(client: &mut impl postgres::GenericClient, limit: i32) -> Vec<Lease> {
    client
        .query("SELECT id, lease_token FROM errand.pick_up_jobs('w', NULL, $1)", &[&limit])
        .expect("a pickup never fails")
        .iter()
        .map(|row| Lease { job: row.get(0), token: row.get(1) })
        .collect()
}

/// Waits until a session of the database waits for a lock.
pub fn wait_for_waiter(database: &Database) {
    let waiting = || {
        database.count(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        ) > 0
    };
    assert!(within(Duration::from_secs(5), waiting), "nobody waits");
}

/// Stops the other threads of a test also when it fails, so that it ends.
pub struct StopOnDrop<'a>(pub &'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Whether a condition becomes true in time.
pub fn within(time: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if condition() {
            return true;
        }
        if start.elapsed() > time {
            return false;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// How many pages a statement looks at while it runs, planning apart.
pub fn buffers(client: &mut impl postgres::GenericClient, sql: &str) -> i64 {
    let plan = client
        .query(&format!("EXPLAIN (ANALYZE, BUFFERS) {sql}"), &[])
        .unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    let lines: Vec<&str> = plan.iter().map(|row| row.get(0)).collect();
    // The top node comes first, and includes all below it.
    let top = lines
        .iter()
        .take_while(|line| !line.starts_with("Planning"))
        .find(|line| line.contains("Buffers: shared"));
    let top = top.unwrap_or_else(|| panic!("{sql}: no buffers in {lines:#?}"));
    top.split(|c: char| c.is_whitespace() || c == ',')
        .filter_map(|word| word.strip_prefix("hit=").or_else(|| word.strip_prefix("read=")))
        .map(|pages| pages.parse::<i64>().expect("EXPLAIN prints numbers"))
        .sum()
}

pub fn is_serialization_failure(error: &postgres::Error) -> bool {
    error.code() == Some(&SqlState::T_R_SERIALIZATION_FAILURE)
}

/// How often a race is run: `ERRAND_TEST_ROUNDS`, or 1 000.
pub fn rounds() -> usize {
    match std::env::var("ERRAND_TEST_ROUNDS") {
        Ok(rounds) => rounds.parse().expect("ERRAND_TEST_ROUNDS must be a number"),
        Err(_) => 1000,
    }
}

/// Pseudo-random and the same in every run: which client does what in which round.
pub fn dice(round: usize, client: usize) -> u64 {
    let mut x = (round as u64) << 32 | client as u64 | 1 << 63;
    for _ in 0..3 {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    x
}

fn server() -> Config {
    let url = std::env::var("ERRAND_TEST_URL")
        .expect("ERRAND_TEST_URL must name a server with pg_errand installed; extension/test starts one");
    url.parse().expect("ERRAND_TEST_URL must be a connection string")
}

fn connect(config: &Config) -> Client {
    config.connect(NoTls).unwrap_or_else(|e| panic!("can't connect to ERRAND_TEST_URL: {e}"))
}
