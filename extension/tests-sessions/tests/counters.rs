//! Counters equal a recount: in every snapshot, after any mix of changes, with folds forced all the time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pg_errand_sessions::*;
use postgres::{Client, GenericClient};

const USERS: u64 = 3;
const TYPES: u64 = 2;

/// Each figure that does not equal a recount. One statement, so one snapshot, at any isolation level.
const WRONG: &str = "
    WITH q AS MATERIALIZED (
        SELECT user_id, job_type, status FROM errand.job_queue
        WHERE completed_at IS NULL OR completed_at > errand_internal.queue_from()
    ), kind AS (
        SELECT u.user_id, t.job_type, s.status
        FROM (SELECT format('00000000-0000-4000-8000-%s', lpad(n::text, 12, '0'))::uuid FROM generate_series(0, 2) n) u (user_id)
        CROSS JOIN (VALUES ('t0'), ('t1'), (NULL)) t (job_type)
        CROSS JOIN (VALUES ('pending'), ('processing'), ('completed'), ('failed'), ('cancelled'), (NULL)) s (status)
    ), figure AS (
        SELECT 'stats: ' || s.status AS what, s.n AS counted,
               (SELECT count(*) FROM q WHERE s.status = 'all' OR q.status = s.status) AS recounted
        FROM errand.get_job_queue_stats() g
        CROSS JOIN LATERAL (VALUES ('all', g.total_jobs), ('pending', g.pending_jobs), ('processing', g.processing_jobs),
            ('completed', g.completed_jobs), ('failed', g.failed_jobs), ('cancelled', g.cancelled_jobs)) s (status, n)
        UNION ALL
        SELECT format('stats: %s, %s', t.job_type, s.status), coalesce((g.jobs_by_type -> t.job_type ->> s.status)::int8, 0),
               (SELECT count(*) FROM q WHERE q.status = s.status AND q.job_type = t.job_type)
        FROM errand.get_job_queue_stats() g
        CROSS JOIN (VALUES ('t0'), ('t1')) t (job_type)
        CROSS JOIN (VALUES ('pending'), ('processing'), ('completed'), ('failed'), ('cancelled')) s (status)
        UNION ALL
        SELECT format('count_user_jobs(%s, %s, %s)', k.user_id, k.status, k.job_type),
               errand.count_user_jobs(k.user_id, k.status, k.job_type),
               (SELECT count(*) FROM q WHERE q.user_id = k.user_id
                AND (k.status IS NULL OR q.status = k.status) AND (k.job_type IS NULL OR q.job_type = k.job_type))
        FROM kind k
        UNION ALL
        SELECT format('get_user_jobs(%s, %s, %s)', k.user_id, k.status, k.job_type),
               coalesce((SELECT j.total_count FROM errand.get_user_jobs(k.user_id, k.status, k.job_type, 1) j), 0),
               (SELECT count(*) FROM q WHERE q.user_id = k.user_id
                AND (k.status IS NULL OR q.status = k.status) AND (k.job_type IS NULL OR q.job_type = k.job_type))
        FROM kind k
    )
    SELECT format('%s: counted %s, recounted %s', what, counted, recounted) FROM figure WHERE counted IS DISTINCT FROM recounted";

fn assert_equal(client: &mut impl GenericClient, when: &str) {
    let wrong: Vec<String> = client.query(WRONG, &[]).unwrap().iter().map(|row| row.get(0)).collect();
    assert!(wrong.is_empty(), "{when}: {wrong:#?}");
}

fn user(throw: u64) -> String {
    format!("00000000-0000-4000-8000-{:012}", throw % USERS)
}

/// One change, or several in one call; what it is and for whom, the dice say.
fn change(client: &mut impl GenericClient, throw: u64) {
    let (user, job_type, few) = (user(throw / 7), format!("t{}", throw / 31 % TYPES), throw / 101 % 12);
    let sql = match throw % 12 {
        0 | 1 => format!("SELECT * FROM errand.find_or_create_job('{user}', '{job_type}', '{}', '0')", throw / 17),
        2 => format!("SELECT * FROM errand.find_or_create_job('{user}', '{job_type}', '{few}')"),
        3 => format!(
            "SELECT * FROM errand.create_jobs('{user}', (
                 SELECT jsonb_agg(jsonb_build_object('job_type', '{job_type}', 'params', n)) FROM generate_series(0, {few}) n))"
        ),
        4 => "SELECT * FROM errand.pick_up_jobs('w')".to_owned(),
        5 => format!("SELECT * FROM errand.pick_up_jobs('w', NULL, {})", few + 1),
        // Of what runs, by chance; another session may be quicker, and then the token is stale.
        6 => leased(1, "errand.complete_job(l.ids[1], l.tokens[1])"),
        7 => leased(few + 1, "errand.complete_jobs(l.ids, l.tokens)"),
        8 => leased(few / 3 + 1, &format!("errand.fail_jobs(l.ids, l.tokens, NULL, {})", !(throw / 13).is_multiple_of(3))),
        9 => leased(1, "errand.release_job(l.ids[1], l.tokens[1])"),
        10 => format!(
            "SELECT * FROM errand.cancel_jobs('{user}', (SELECT array_agg(id) FROM (
                 SELECT id FROM errand_internal.job ORDER BY random() LIMIT {}) j)) WHERE EXISTS (SELECT FROM errand_internal.job)",
            few / 4 + 1
        ),
        _ => leased(1, "errand.extend_lease(l.ids[1], l.tokens[1])"),
    };
    client.batch_execute(&sql).unwrap_or_else(|e| panic!("{sql}: {e:?}"));
}

fn leased(jobs: u64, call: &str) -> String {
    format!(
        "SELECT f.* FROM (
             SELECT array_agg(id) AS ids, array_agg(lease_token) AS tokens
             FROM (SELECT * FROM errand_internal.job WHERE status = 'processing' ORDER BY random() LIMIT {jobs}) j
         ) l, {call} f WHERE l.ids IS NOT NULL"
    )
}

/// A change that stays, or one that is rolled back, whole or in part.
fn step(client: &mut Client, throw: u64) {
    match throw / 1009 % 6 {
        0 => {
            let mut open = client.transaction().unwrap();
            change(&mut open, throw);
            open.rollback().unwrap();
        }
        // Never two changes that stay in one transaction: those would lock jobs in an order of their own.
        1 => {
            let mut open = client.transaction().unwrap();
            let mut savepoint = open.savepoint("s").unwrap();
            change(&mut savepoint, throw);
            savepoint.rollback().unwrap();
            change(&mut open, throw / 3);
            open.commit().unwrap();
        }
        2 => {
            // The fold is rolled back, with or without what it folded.
            let mut open = client.transaction().unwrap();
            if (throw / 5).is_multiple_of(2) {
                change(&mut open, throw);
                open.execute("SELECT errand_internal.fold_counters()", &[]).unwrap();
                open.rollback().unwrap();
            } else {
                change(&mut open, throw);
                let mut savepoint = open.savepoint("s").unwrap();
                savepoint.execute("SELECT errand_internal.fold_counters()", &[]).unwrap();
                savepoint.rollback().unwrap();
                open.commit().unwrap();
            }
        }
        _ => change(client, throw),
    }
}

/// Submits jobs that nobody else can find, in an open transaction, and checks what that transaction sees.
fn long_writer(database: &Database, stop: &AtomicBool) {
    let mut client = database.connect();
    for round in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let mut open = client.transaction().unwrap();
        for n in 0..20 {
            let throw = dice(round, n);
            let sql = format!(
                "SELECT * FROM errand.find_or_create_job('{}', 't{}', '1', '0')",
                user(throw),
                throw % TYPES
            );
            open.batch_execute(&sql).unwrap();
            if n % 4 == 0 {
                open.execute("SELECT errand_internal.fold_counters()", &[]).unwrap();
            }
            assert_equal(&mut open, "inside a long transaction");
            thread::sleep(Duration::from_millis(15)); // others fold meanwhile
        }
        if round % 2 == 0 { open.commit().unwrap() } else { open.rollback().unwrap() }
    }
}

#[test]
fn counters_equal_a_recount_during_and_after_any_mix() {
    let database = Database::new();
    let stop = AtomicBool::new(false);
    let mut steps = 0;
    let (mut folds, mut checks) = (0, 0);
    // A snapshot from before everything, one from the middle: they stay right whatever is folded later.
    let mut early = database.connect();
    early.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").unwrap();
    assert_equal(&mut early, "before");
    let mut middle = database.connect();
    thread::scope(|scope| {
        let stop = &stop;
        let database = &database;
        let _stop = StopOnDrop(stop);
        let sessions: Vec<_> = (0..6)
            .map(|session| {
                scope.spawn(move || {
                    let mut client = database.connect();
                    // A retry is due at once, so that it is seen again.
                    client.batch_execute("SET errand.retry_delay = 0").unwrap();
                    let mut steps = 0;
                    while !stop.load(Ordering::Relaxed) {
                        step(&mut client, dice(steps, session));
                        steps += 1;
                    }
                    steps
                })
            })
            .collect();
        let folder = scope.spawn(move || {
            let mut client = database.connect();
            let mut folds = 0;
            while !stop.load(Ordering::Relaxed) {
                let folded: i64 =
                    client.query_one("SELECT errand_internal.fold_counters()", &[]).unwrap().get(0);
                folds += usize::from(folded > 0);
            }
            folds
        });
        let writer = scope.spawn(move || long_writer(database, stop));
        let mut reader = database.connect();
        let start = Instant::now();
        let mut held = false;
        while start.elapsed() < Duration::from_secs(8) {
            if sessions.iter().any(|session| session.is_finished())
                || writer.is_finished()
                || folder.is_finished()
            {
                break; // it failed; joining tells how
            }
            let mut snapshot = reader
                .build_transaction()
                .isolation_level(postgres::IsolationLevel::RepeatableRead)
                .start()
                .unwrap();
            assert_equal(&mut snapshot, "in a snapshot");
            thread::sleep(Duration::from_millis(20));
            assert_equal(&mut snapshot, "in the same snapshot, later");
            snapshot.commit().unwrap();
            assert_equal(&mut reader, "in one statement");
            checks += 3;
            if !held && start.elapsed() > Duration::from_secs(3) {
                middle.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").unwrap();
                assert_equal(&mut middle, "in the middle");
                held = true;
            }
        }
        stop.store(true, Ordering::Relaxed);
        steps = sessions.into_iter().map(|session| session.join().expect("a session failed")).sum();
        folds = folder.join().expect("the folder failed");
        writer.join().expect("the long writer failed");
    });
    println!("{steps} steps, {folds} folds, {checks} checks");
    assert!(
        steps > 200 && folds > 20 && checks >= 6,
        "too little happened: {steps} steps, {folds} folds, {checks} checks"
    );
    let mut client = database.connect();
    assert_equal(&mut client, "afterwards");
    assert_equal(&mut early, "in the snapshot from before");
    assert_equal(&mut middle, "in the snapshot from the middle");
    while client.query_one("SELECT errand_internal.fold_counters()", &[]).unwrap().get::<_, i64>(0) > 0 {}
    assert_eq!(database.count("SELECT count(*) FROM errand_internal.counter_delta"), 0, "all is folded");
    assert_equal(&mut client, "after the last fold");
    assert_equal(&mut early, "in the snapshot from before, after the last fold");
}

#[test]
fn figures_of_ever_and_of_the_last_hour_count_each_job_once() {
    let database = Database::new();
    let mut client = database.connect();
    submit(&database, 20);
    let leases = pick_up(&mut client, 10);
    for (n, lease) in leases.iter().enumerate() {
        let sql = if n < 6 {
            "SELECT errand.complete_job($1, $2)"
        } else {
            "SELECT errand.fail_job($1, $2, NULL, false)"
        };
        client.execute(sql, &[&lease.job, &lease.token]).unwrap();
        if n == 3 {
            client.execute("SELECT errand_internal.fold_counters()", &[]).unwrap();
        }
    }
    let figures = |client: &mut Client| {
        let row = client
            .query_one(
                "SELECT completed_ever, failed_ever, recent_error_rate FROM errand.get_job_queue_stats()",
                &[],
            )
            .unwrap();
        (row.get::<_, i64>(0), row.get::<_, i64>(1), row.get::<_, f64>(2))
    };
    assert_eq!(figures(&mut client), (6, 4, 0.4));
    client.execute("SELECT errand_internal.fold_counters()", &[]).unwrap();
    assert_eq!(figures(&mut client), (6, 4, 0.4));
}
