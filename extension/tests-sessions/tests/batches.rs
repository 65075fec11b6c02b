//! Batches that overlap in opposite order don't deadlock.

use std::sync::Barrier;
use std::thread;

use pg_errand_sessions::*;

const ROUNDS: usize = 50;
const JOBS: usize = 200;

/// Runs two statements at the same moment, in sessions of their own.
fn at_once(database: &Database, statements: [&str; 2]) {
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        for statement in statements {
            let barrier = &barrier;
            scope.spawn(move || {
                let mut client = database.connect();
                // A deadlock is found at once, not after a second that lets the test pass by chance.
                client.batch_execute("SET deadlock_timeout = '10ms'").unwrap();
                barrier.wait();
                client.batch_execute(statement).unwrap_or_else(|e| panic!("{statement}: {e:?}"));
            });
        }
    });
}

fn create(round: usize, direction: &str) -> String {
    format!(
        "SELECT * FROM errand.create_jobs('{USER}', (
             SELECT jsonb_agg(jsonb_build_object('job_type', 'r{round}', 'params', n) ORDER BY n {direction})
             FROM generate_series(1, {JOBS}) n))"
    )
}

#[test]
fn creating() {
    let database = Database::new();
    for round in 0..ROUNDS {
        at_once(&database, [&create(round, "ASC"), &create(round, "DESC")]);
    }
    assert_eq!(database.count("SELECT count(*) FROM errand.job_queue"), (ROUNDS * JOBS) as i64);
}

#[test]
fn completing_and_cancelling() {
    let database = Database::new();
    for round in 0..ROUNDS {
        database.run(&create(round, "ASC"));
        database.run(
            "CREATE TABLE IF NOT EXISTS leased (id uuid, lease_token uuid); TRUNCATE leased;
             INSERT INTO leased SELECT id, lease_token FROM errand.pick_up_jobs('w', NULL, 1000)",
        );
        let complete = "SELECT f.* FROM (SELECT array_agg(id ORDER BY id DESC) AS ids, array_agg(lease_token ORDER BY id DESC) AS tokens
                        FROM leased) a, errand.complete_jobs(a.ids, a.tokens) f";
        let cancel = format!("SELECT * FROM errand.cancel_jobs('{USER}', ARRAY(SELECT id FROM leased ORDER BY random()))");
        at_once(&database, [complete, &cancel]);
    }
    let done = database.count("SELECT count(*) FROM errand.job_queue WHERE status IN ('completed', 'cancelled')");
    assert_eq!(done, (ROUNDS * JOBS) as i64);
}
