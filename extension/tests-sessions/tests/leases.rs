//! Leases: a stale token changes nothing, one answer counts, failures are tried again, and nothing deadlocks.

use std::sync::Barrier;
use std::thread;

use pg_errand_sessions::*;
use postgres::{Client, GenericClient};

/// What a worker can say about one lease. Each answers with the job, whether it counted, and the status.
const ANSWERS: [(&str, &str); 6] = [
    ("complete_job", "SELECT job_id, completed, status FROM errand.complete_job($1, $2, '\"done\"')"),
    (
        "complete_jobs",
        "SELECT job_id, completed, status FROM errand.complete_jobs(ARRAY[$1::uuid], ARRAY[$2::uuid], ARRAY['1'::jsonb])",
    ),
    ("fail_job", "SELECT job_id, failed, status FROM errand.fail_job($1, $2, 'broken')"),
    (
        "fail_jobs",
        "SELECT job_id, failed, status FROM errand.fail_jobs(ARRAY[$1::uuid], ARRAY[$2::uuid], ARRAY['broken'])",
    ),
    ("release_job", "SELECT job_id, released, status FROM errand.release_job($1, $2)"),
    ("extend_lease", "SELECT job_id, extended, status FROM errand.extend_lease($1, $2)"),
];

fn answer(client: &mut impl GenericClient, sql: &str, lease: Lease) -> (bool, Option<String>) {
    let row = client.query_one(sql, &[&lease.job, &lease.token]).unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    assert_eq!(row.get::<_, Uuid>(0), lease.job);
    (row.get(1), row.get(2))
}

/// Everything the engine stores about jobs, as one value.
fn everything(client: &mut Client) -> String {
    let sql = "SELECT md5(concat(
        (SELECT string_agg(j::text, '|' ORDER BY j.id) FROM errand_internal.stored_job j),
        (SELECT string_agg(d::text, '|' ORDER BY d::text) FROM errand_internal.counter_delta d),
        (SELECT string_agg(t::text, '|' ORDER BY t::text) FROM errand_internal.type_total t)))";
    client.query_one(sql, &[]).unwrap().get(0)
}

/// Asserts that no answer with this lease does anything, and that each tells the job's status.
fn assert_stale(client: &mut Client, lease: Lease, status: Option<&str>, when: &str) {
    for (name, sql) in ANSWERS {
        let before = everything(client);
        let (counted, told) = answer(client, sql, lease);
        assert!(!counted, "{name} {when}: a stale token counted");
        assert_eq!(told.as_deref(), status, "{name} {when}");
        assert_eq!(everything(client), before, "{name} {when}: something changed");
    }
}

#[test]
fn a_stale_token_changes_nothing_and_says_so() {
    let database = Database::new();
    let mut client = database.connect();
    submit(&database, 1);
    let first = pick_up(&mut client, 1)[0];
    let wrong = Lease { token: Uuid::from_u128(7), ..first };
    assert_stale(&mut client, wrong, Some("processing"), "with a token that never was");
    let unknown = Lease { job: Uuid::from_u128(7), ..first };
    assert_stale(&mut client, unknown, None, "with a job that never was");

    assert!(answer(&mut client, ANSWERS[4].1, first).0);
    assert_stale(&mut client, first, Some("pending"), "after a release");
    let second = pick_up(&mut client, 1)[0];
    assert_eq!(second.job, first.job);
    assert_stale(&mut client, first, Some("processing"), "after another pickup");
    assert!(answer(&mut client, ANSWERS[0].1, second).0);
    assert_stale(&mut client, second, Some("completed"), "after completion");
}

#[test]
fn in_an_array_each_answer_counts_for_itself() {
    let database = Database::new();
    let mut client = database.connect();
    for function in ["complete_jobs", "fail_jobs"] {
        database.run("DELETE FROM errand_internal.job");
        submit(&database, 10);
        let leases = pick_up(&mut client, 10);
        let jobs: Vec<Uuid> = leases.iter().rev().map(|lease| lease.job).collect();
        // Every other token belongs to another job.
        let tokens: Vec<Uuid> = (0..10)
            .map(|n| if n % 2 == 0 { leases[9 - n].token } else { leases[(19 - n) % 10].token })
            .collect();
        let rows =
            client.query(&format!("SELECT * FROM errand.{function}($1, $2)"), &[&jobs, &tokens]).unwrap();
        assert_eq!(
            rows.iter().map(|row| row.get(0)).collect::<Vec<Uuid>>(),
            jobs,
            "{function}: one row a job, in order"
        );
        for (n, row) in rows.iter().enumerate() {
            let own = tokens[n] == leases[9 - n].token;
            assert_eq!(row.get::<_, bool>(1), own, "{function}: {n}");
            let done = if function == "fail_jobs" { "pending" } else { "completed" };
            assert_eq!(row.get::<_, &str>(2), if own { done } else { "processing" }, "{function}: {n}");
        }
    }
}

#[test]
fn failures_are_tried_again_with_backoff_until_attempts_are_exhausted() {
    let database = Database::new();
    let mut client = database.connect();
    client.batch_execute("SET errand.retry_delay = '300ms'; SET errand.max_attempts = 3").unwrap();
    submit(&database, 1);
    for attempt in 1..=2 {
        let lease = pick_up(&mut client, 1)[0];
        let row = client
            .query_one(
                "SELECT failed, status FROM errand.fail_job($1, $2, $3)",
                &[&lease.job, &lease.token, &format!("error {attempt}")],
            )
            .unwrap();
        assert_eq!((row.get(0), row.get(1)), (true, "pending"));
        let row = client
            .query_one(
                "SELECT extract(epoch FROM scheduled_for - updated_at)::float8, retry_count, last_error FROM errand.job_queue",
                &[],
            )
            .unwrap();
        let (delay, retries, error): (f64, i32, String) = (row.get(0), row.get(1), row.get(2));
        let expected = 0.3 * f64::from(1 << (attempt - 1));
        assert!((expected * 0.8..=expected * 1.2).contains(&delay), "attempt {attempt}: {delay} s");
        assert_eq!((retries, error), (attempt, format!("error {attempt}")));
        assert!(pick_up(&mut client, 1).is_empty(), "not before its time");
        assert_stale(&mut client, lease, Some("pending"), "after a failure");
        let mut again = Vec::new();
        let wait = std::time::Duration::from_secs_f64(delay + 1.5);
        assert!(
            within(wait, || {
                database
                    .count("SELECT count(*) FROM errand.job_queue WHERE scheduled_for <= clock_timestamp()")
                    == 1
            }),
            "its time never comes"
        );
        assert!(
            within(wait, || {
                again = pick_up(&mut client, 1);
                !again.is_empty()
            }),
            "not tried again"
        );
        assert!(answer(&mut client, ANSWERS[4].1, again[0]).0, "given back, which counts no failure");
        assert_eq!(database.count("SELECT retry_count::int8 FROM errand.job_queue"), i64::from(attempt));
        let mut lease = Vec::new();
        assert!(within(wait, || {
            lease = pick_up(&mut client, 1);
            !lease.is_empty()
        }));
        if attempt == 2 {
            let row = client
                .query_one(
                    "SELECT failed, status, retry_at IS NULL FROM errand.fail_job($1, $2, 'the last one')",
                    &[&lease[0].job, &lease[0].token],
                )
                .unwrap();
            assert_eq!((row.get(0), row.get(1), row.get(2)), (true, "failed", true));
            assert_stale(&mut client, lease[0], Some("failed"), "after the last failure");
        } else {
            assert!(answer(&mut client, ANSWERS[4].1, lease[0]).0);
        }
    }
    let row = client
        .query_one(
            "SELECT status, retry_count, last_error, completed_at IS NOT NULL FROM errand.job_queue",
            &[],
        )
        .unwrap();
    assert_eq!((row.get(0), row.get(1), row.get(2), row.get(3)), ("failed", 3, "the last one", true));
}

#[test]
fn without_retry_the_first_failure_is_the_last() {
    let database = Database::new();
    let mut client = database.connect();
    submit(&database, 2);
    let leases = pick_up(&mut client, 2);
    let single = client
        .query_one(
            "SELECT failed, status FROM errand.fail_job($1, $2, 'no', false)",
            &[&leases[0].job, &leases[0].token],
        )
        .unwrap();
    let array = client
        .query_one(
            "SELECT failed, status FROM errand.fail_jobs(ARRAY[$1::uuid], ARRAY[$2::uuid], ARRAY['no'], false)",
            &[&leases[1].job, &leases[1].token],
        )
        .unwrap();
    for row in [single, array] {
        assert_eq!((row.get(0), row.get(1)), (true, "failed"));
    }
    let failed = "SELECT count(*) FROM errand.job_queue WHERE status = 'failed' AND retry_count = 1 AND last_error = 'no'";
    assert_eq!(database.count(failed), 2);
}

#[test]
fn cancelling_kills_the_lease_and_extend_lease_tells_it() {
    let database = Database::new();
    let mut worker = database.connect();
    submit(&database, 1);
    let lease = pick_up(&mut worker, 1)[0];
    let row = worker
        .query_one(
            "SELECT extended, status, lease_expires_at BETWEEN now() + '58 minutes' AND now() + '62 minutes'
             FROM errand.extend_lease($1, $2, '1 hour')",
            &[&lease.job, &lease.token],
        )
        .unwrap();
    assert_eq!((row.get(0), row.get(1), row.get(2)), (true, "processing", true));
    let other = "00000000-0000-4000-8000-00000000000b";
    assert_eq!(
        database.count(&format!(
            "SELECT count(*) FROM errand.cancel_jobs('{other}', ARRAY['{}'::uuid])",
            lease.job
        )),
        0
    );
    assert!(answer(&mut worker, ANSWERS[5].1, lease).0, "another user can't cancel it");
    assert_eq!(
        database.count(&format!(
            "SELECT count(*) FROM errand.cancel_jobs('{USER}', ARRAY['{}'::uuid])",
            lease.job
        )),
        1
    );
    assert_stale(&mut worker, lease, Some("cancelled"), "after it was cancelled");
}

#[test]
fn of_all_answers_at_once_one_counts() {
    let database = Database::new();
    let cancel = format!(
        "SELECT $1::uuid, count(*) = 1, NULL::text FROM errand.cancel_jobs('{USER}', ARRAY[$1::uuid]) WHERE $2::uuid IS NOT NULL"
    );
    let racers: Vec<&str> = ANSWERS[..5].iter().map(|(_, sql)| *sql).chain([cancel.as_str()]).collect();
    let mut clients: Vec<Client> = racers.iter().map(|_| database.connect()).collect();
    let mut worker = database.connect();
    worker.batch_execute("SET errand.retry_delay = 0").unwrap();
    for round in 0..40 {
        database.run("DELETE FROM errand_internal.job");
        submit(&database, 1);
        let lease = pick_up(&mut worker, 1)[0];
        let barrier = Barrier::new(racers.len());
        let counted: Vec<bool> = thread::scope(|scope| {
            let answers: Vec<_> = racers
                .iter()
                .zip(&mut clients)
                .map(|(sql, client)| {
                    let barrier = &barrier;
                    scope.spawn(move || {
                        barrier.wait();
                        answer(client, sql, lease).0
                    })
                })
                .collect();
            answers.into_iter().map(|answer| answer.join().expect("no error for a stale token")).collect()
        });
        // A release or a failure makes it pending, and the user may still cancel that.
        let by_token = counted[..5].iter().filter(|counted| **counted).count();
        assert!(by_token <= 1 && by_token + usize::from(counted[5]) >= 1, "round {round}: {counted:?}");
        let status: String = worker
            .query_one("SELECT status FROM errand.get_job_status($1::text::uuid, $2)", &[&USER, &lease.job])
            .unwrap()
            .get(1 - 1);
        let expected = match counted.as_slice() {
            [.., true] => "cancelled",
            [true, ..] | [_, true, ..] => "completed",
            _ => "pending",
        };
        assert_eq!(status, expected, "round {round}: {counted:?}");
    }
}

#[test]
fn an_answer_counts_whatever_else_changed_the_job_while_it_waited() {
    let database = Database::new();
    let others = [
        ("extending the lease", "SELECT FROM errand.extend_lease($1, $2)".to_owned()),
        // The same request with a shorter window: the running job gives up its identity to a new one.
        (
            "a newer request",
            format!(
                "SELECT FROM errand.find_or_create_job('{USER}', 't', '1', '1 microsecond') WHERE $1::uuid IS NOT NULL AND $2::uuid IS NOT NULL"
            ),
        ),
    ];
    for (name, sql) in &ANSWERS {
        for (what, other) in &others {
            database.run("DELETE FROM errand_internal.job");
            submit(&database, 1);
            let (mut worker, mut second) = (database.connect(), database.connect());
            let lease = pick_up(&mut worker, 1)[0];
            let mut open = second.transaction().unwrap();
            open.execute(other, &[&lease.job, &lease.token]).unwrap();
            let (counted, status) = thread::scope(|scope| {
                let waiting = scope.spawn(|| answer(&mut worker, sql, lease));
                wait_for_waiter(&database);
                open.commit().unwrap();
                waiting.join().unwrap()
            });
            assert!(counted, "{name} after {what}: the token is good, but the job is {status:?}");
        }
    }
}

/// Six sessions run statements on the same jobs, forwards and backwards.
fn crowd(database: &Database, statements: &[String]) {
    let barrier = Barrier::new(statements.len());
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

#[test]
fn overlapping_batches_in_opposite_orders_never_deadlock() {
    let database = Database::new();
    database.run("CREATE TABLE leased (id uuid, lease_token uuid)");
    let leased = |order: &str| {
        format!(
            "(SELECT array_agg(id ORDER BY {order}) AS ids, array_agg(lease_token ORDER BY {order}) AS tokens FROM leased)"
        )
    };
    let up = leased("id");
    let down = leased("id DESC");
    // Requests that no running job is new enough for take the identities away from those that run.
    let create = |order: &str| {
        format!(
            "SELECT * FROM errand.create_jobs('{USER}', (
                 SELECT jsonb_agg(jsonb_build_object('job_type', 't', 'params', n, 'dedupe_window', '1 microsecond') ORDER BY n {order})
                 FROM generate_series(1, 100) n))"
        )
    };
    let statements = [
        format!("SELECT f.* FROM {up} a, errand.complete_jobs(a.ids, a.tokens) f"),
        format!("SELECT f.* FROM {down} a, errand.complete_jobs(a.ids, a.tokens) f"),
        format!("SELECT f.* FROM {down} a, errand.fail_jobs(a.ids, a.tokens, NULL, false) f"),
        format!("SELECT f.* FROM {up} a, errand.fail_jobs(a.ids, a.tokens) f"),
        format!("SELECT * FROM errand.cancel_jobs('{USER}', (SELECT a.ids FROM {down} a))"),
        create("ASC"),
        create("DESC"),
    ];
    for _ in 0..40 {
        database.run("TRUNCATE leased; DELETE FROM errand_internal.job");
        submit(&database, 100);
        database.run("INSERT INTO leased SELECT id, lease_token FROM errand.pick_up_jobs('w', NULL, 1000)");
        crowd(&database, &statements);
    }
    assert_eq!(
        database.count(
            "SELECT count(*) FROM (SELECT FROM errand_internal.stored_job GROUP BY id HAVING count(*) > 1) d"
        ),
        0,
        "no job twice"
    );
}
