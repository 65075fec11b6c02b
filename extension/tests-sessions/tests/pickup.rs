//! Pickup positions: what comes back behind them is found in time, and they hide nothing else.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pg_errand_sessions::*;
use postgres::{Client, GenericClient};

/// errand.pickup_resync is one second; the rest is for a machine that is busy with other things.
const RESYNC: Duration = Duration::from_secs(2);

/// Submits a job of its own kind, whatever else there is.
fn submit_one(client: &mut impl GenericClient, job_type: &str, priority: i32) -> Uuid {
    let sql = "SELECT job_id FROM errand.find_or_create_job($1::text::uuid, $2, '1', '0', $3)";
    client.query_one(sql, &[&USER, &job_type, &priority]).unwrap().get(0)
}

fn ids(leases: &[Lease]) -> Vec<Uuid> {
    leases.iter().map(|lease| lease.job).collect()
}

/// What a test does while others work. Returns the job that comes back late, and when it came back.
type Late<'a> = &'a mut dyn FnMut() -> (Uuid, Instant);

/// How long it takes until a session that has been picking up all the while finds a job that comes back,
/// while newer jobs keep coming.
fn found_after(database: &Database, late: Late) -> Duration {
    let stop = AtomicBool::new(false);
    let picked: Mutex<HashMap<Uuid, Instant>> = Mutex::default();
    thread::scope(|scope| {
        let _stop = StopOnDrop(&stop);
        scope.spawn(|| {
            let mut feeder = database.connect();
            while !stop.load(Ordering::Relaxed) {
                submit_one(&mut feeder, "new", 0);
                thread::sleep(Duration::from_millis(3));
            }
        });
        scope.spawn(|| {
            let mut worker = database.connect();
            while !stop.load(Ordering::Relaxed) {
                for lease in pick_up(&mut worker, 1) {
                    picked.lock().unwrap().insert(lease.job, Instant::now());
                }
                thread::sleep(Duration::from_millis(2));
            }
        });
        thread::sleep(Duration::from_millis(500));
        let (job, back) = late();
        let at = |job: &Uuid| picked.lock().unwrap().get(job).copied();
        let found = within(3 * RESYNC, || at(&job).is_some_and(|when| when >= back));
        assert!(found, "never found");
        at(&job).expect("it was found").duration_since(back)
    })
}

/// A session that takes one of the jobs which the feeder makes.
fn take_one(client: &mut impl GenericClient) -> Lease {
    let mut leases = Vec::new();
    assert!(
        within(RESYNC, || {
            leases = pick_up(client, 1);
            !leases.is_empty()
        }),
        "nothing to pick up"
    );
    leases[0]
}

fn assert_found(database: &Database, what: &str, late: Late) {
    let after = found_after(database, late);
    println!("{what}: found after {} ms", after.as_millis());
    assert!(after < RESYNC, "{what}: found after {after:?}");
}

/// Long enough for everybody's position to move on.
const MOVE_ON: Duration = Duration::from_millis(600);

#[test]
fn a_pickup_rolled_back_is_found_by_others() {
    let database = Database::new();
    let mut other = database.connect();
    assert_found(&database, "rollback", &mut || {
        let mut open = other.transaction().unwrap();
        let lease = take_one(&mut open);
        thread::sleep(MOVE_ON);
        open.rollback().unwrap();
        (lease.job, Instant::now())
    });
}

fn release(client: &mut Client, lease: Lease) -> (Uuid, Instant) {
    let row = client
        .query_one("SELECT released FROM errand.release_job($1, $2)", &[&lease.job, &lease.token])
        .unwrap();
    assert!(row.get::<_, bool>(0));
    (lease.job, Instant::now())
}

#[test]
fn a_released_job_is_found_by_others() {
    let database = Database::new();
    let mut other = database.connect();
    assert_found(&database, "release", &mut || {
        let lease = take_one(&mut other);
        thread::sleep(MOVE_ON);
        release(&mut other, lease)
    });
}

#[test]
fn a_job_whose_transaction_took_long_is_found() {
    let database = Database::new();
    let mut other = database.connect();
    assert_found(&database, "late commit", &mut || {
        let mut open = other.transaction().unwrap();
        let job = submit_one(&mut open, "late", 0);
        thread::sleep(MOVE_ON);
        open.commit().unwrap();
        (job, Instant::now())
    });
}

#[test]
fn the_job_of_a_killed_worker_connection_is_found() {
    let database = Database::new();
    let mut other = database.connect();
    assert_found(&database, "killed connection", &mut || {
        let pid: i32 = other.query_one("SELECT pg_backend_pid()", &[]).unwrap().get(0);
        let mut open = other.transaction().unwrap();
        let lease = take_one(&mut open);
        thread::sleep(MOVE_ON);
        database.run(&format!("SELECT pg_terminate_backend({pid}, 5000)"));
        (lease.job, Instant::now())
    });
}

#[test]
fn a_released_job_is_found_while_a_worker_that_looked_stays_in_its_transaction() {
    let database = Database::new();
    // Longer than by default, so that late is clearly later than in time on a busy machine.
    database.run("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET errand.pickup_resync = ''2s''', current_database()); END $$");
    let (mut slow, mut other) = (database.connect(), database.connect());
    let after = found_after(&database, &mut || {
        let lease = take_one(&mut other);
        // As a pickup does whose turn it is to look: others see what it found when it commits.
        slow.batch_execute("BEGIN; SELECT pg_advisory_xact_lock(errand_internal.advisory_key('look 0'))")
            .unwrap();
        thread::sleep(Duration::from_millis(100));
        release(&mut other, lease)
    });
    println!("release, with an open look: found after {} ms of 2000", after.as_millis());
    assert!(after < Duration::from_secs(3), "found after {after:?}");
}

#[test]
fn a_released_job_is_found_among_more_priorities_than_positions_are_kept_for() {
    let database = Database::new();
    // 200 priorities whose jobs all wait for tomorrow.
    database.run(&format!(
        "SELECT * FROM errand.create_jobs('{USER}', (
             SELECT jsonb_agg(jsonb_build_object('job_type', 'later', 'params', n, 'job_priority', n, 'scheduled_for', now() + '1 day'))
             FROM generate_series(-100, 100) n WHERE n <> 0))"
    ));
    let mut other = database.connect();
    assert_found(&database, "release, among 200 priorities", &mut || {
        let lease = take_one(&mut other);
        thread::sleep(MOVE_ON);
        release(&mut other, lease)
    });
}

#[test]
fn the_highest_priority_goes_first_also_when_the_session_never_saw_it() {
    let database = Database::new();
    let mut worker = database.connect();
    let mut submitter = database.connect();
    let mut waiting: Vec<(i32, Uuid)> = Vec::new();
    for round in 0..600 {
        let throw = dice(round, 0);
        for n in 0..throw % 4 {
            let priority = match dice(round, n as usize + 1) % 200 {
                0 => i32::from(i16::MAX),
                1 => i32::from(i16::MIN),
                p => p as i32 - 100,
            };
            waiting.push((priority, submit_one(&mut submitter, "t", priority)));
        }
        // The one that is due: of the highest priority the oldest.
        let due = waiting.iter().map(|(priority, _)| *priority).max();
        let due = due.and_then(|highest| waiting.iter().position(|(priority, _)| *priority == highest));
        let picked = ids(&pick_up(&mut worker, 1));
        match due {
            Some(index) => assert_eq!(picked, [waiting.remove(index).1], "round {round}"),
            None => assert!(picked.is_empty(), "round {round}"),
        }
    }
}

#[test]
fn ones_own_rollback_is_picked_up_again() {
    let database = Database::new();
    let mut worker = database.connect();
    submit(&database, 30);
    thread::sleep(Duration::from_millis(300)); // far enough behind now for positions to pass them
    let first = ids(&pick_up(&mut worker, 10));

    let mut open = worker.transaction().unwrap();
    let second = ids(&pick_up(&mut open, 10));
    open.rollback().unwrap();
    let mut open = worker.transaction().unwrap();
    assert_eq!(ids(&pick_up(&mut open, 10)), second, "at once, after a rollback");
    open.rollback().unwrap();

    let mut open = worker.transaction().unwrap();
    assert_eq!(ids(&pick_up(&mut open, 10)), second);
    open.batch_execute("SAVEPOINT s").unwrap();
    let third = ids(&pick_up(&mut open, 10));
    assert_eq!(third.len(), 10);
    open.batch_execute("ROLLBACK TO s").unwrap();
    let mut again: HashSet<Uuid> = HashSet::new();
    assert!(
        within(RESYNC, || {
            again.extend(ids(&pick_up(&mut open, 10)));
            again.len() == 10
        }),
        "after the rollback of a savepoint"
    );
    assert_eq!(again, third.into_iter().collect());
    open.commit().unwrap();
    assert!(pick_up(&mut worker, 10).is_empty());
    assert_eq!(first.len(), 10);
}

#[test]
fn positions_do_not_outlive_the_extension() {
    let database = Database::new();
    let mut worker = database.connect();
    let old = |client: &mut Client| {
        for n in 0..10 {
            let sql = "SELECT FROM errand.find_or_create_job($1::text::uuid, 't', '1', '0', 0, now() - make_interval(hours => $2))";
            client.execute(sql, &[&USER, &n]).unwrap();
        }
    };
    let mut submitter = database.connect();
    submit_one(&mut submitter, "t", 0);
    thread::sleep(Duration::from_millis(300));
    assert_eq!(pick_up(&mut worker, 100).len(), 1);
    worker.batch_execute("DROP EXTENSION pg_errand; CREATE EXTENSION pg_errand").unwrap();
    old(&mut submitter);
    assert_eq!(pick_up(&mut worker, 100).len(), 10);
}

#[test]
fn filters_do_not_disturb_one_another() {
    let database = Database::new();
    let mut worker = database.connect();
    let mut submitter = database.connect();
    for n in 0..30 {
        submit_one(&mut submitter, ["a", "b", "c"][n % 3], 0);
    }
    thread::sleep(Duration::from_millis(300));
    for (types, expected) in
        [("'{a}'", 10), ("'{a}'", 0), ("'{b,a}'", 10), ("'{a,b}'", 0), ("'{}'", 0), ("NULL", 10), ("NULL", 0)]
    {
        let sql = format!("SELECT job_type FROM errand.pick_up_jobs('w', {types}, 100)");
        let rows = worker.query(&sql, &[]).unwrap();
        assert_eq!(rows.len(), expected, "{types}");
        assert!(rows.iter().all(|row| types == "NULL" || types.contains(row.get::<_, &str>(0))), "{types}");
    }
}

#[test]
fn expired_jobs_never_and_scheduled_jobs_at_their_time() {
    let database = Database::new();
    let mut worker = database.connect();
    let mut submitter = database.connect();
    let sql = "SELECT job_id FROM errand.find_or_create_job($1::text::uuid, $2, '1', '0', 0, now() + $3::text::interval, now() + $4::text::interval)";
    let mut make = |job_type: &str, scheduled: &str, expires: Option<&str>| -> Uuid {
        submitter.query_one(sql, &[&USER, &job_type, &scheduled, &expires]).unwrap().get(0)
    };
    make("expires unseen", "-1 minute", Some("20 ms"));
    thread::sleep(Duration::from_millis(50));
    let lasting = make("lasts", "-1 minute", Some("1 hour"));
    let later: HashMap<Uuid, Duration> = (1..=8)
        .map(|n| (make("later", &format!("{} ms", 200 * n), None), Duration::from_millis(200 * n)))
        .collect();
    let start = Instant::now();
    assert_eq!(ids(&pick_up(&mut worker, 1)), [lasting]);
    let mut picked = 0;
    while start.elapsed() < Duration::from_millis(2500) {
        let rows = worker
            .query("SELECT id, (extract(epoch FROM clock_timestamp() - scheduled_for) * 1000)::float8 FROM errand.pick_up_jobs('w', NULL, 10)", &[])
            .unwrap();
        for row in rows {
            let after: f64 = row.get(1);
            assert!(later.contains_key(&row.get(0)), "only those that don't expire");
            assert!((0.0..400.0).contains(&after), "{after} ms after its time");
            picked += 1;
        }
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(picked, later.len());
    assert_eq!(
        database.count("SELECT count(*) FROM errand.job_queue WHERE status = 'pending'"),
        1,
        "the expired one"
    );
}

#[test]
fn a_full_drain_is_in_order() {
    let database = Database::new();
    database.run(&format!(
        "SELECT * FROM errand.create_jobs('{USER}', (
             SELECT jsonb_agg(jsonb_build_object('job_type', 't', 'params', n, 'job_priority', n % 7 - 3,
                 'scheduled_for', now() - make_interval(secs => (n * 7919) % 997)))
             FROM generate_series(1, 4000) n))"
    ));
    let mut worker = database.connect();
    let mut drained: Vec<(i32, f64)> = Vec::new();
    for round in 0.. {
        let limit = 1 + (dice(round, 0) % 90) as i32;
        let rows = worker
            .query(
                "SELECT job_priority, extract(epoch FROM scheduled_for)::float8 FROM errand.pick_up_jobs('w', NULL, $1)",
                &[&limit],
            )
            .unwrap();
        if rows.is_empty() {
            break;
        }
        drained.extend(rows.iter().map(|row| (row.get::<_, i32>(0), row.get::<_, f64>(1))));
    }
    assert_eq!(drained.len(), 4000);
    for pair in drained.windows(2) {
        let [(priority, schedule), (next_priority, next_schedule)] = pair else { unreachable!() };
        assert!(
            priority > next_priority || (priority == next_priority && schedule <= next_schedule),
            "{pair:?}"
        );
    }
}

#[test]
fn a_pickup_costs_the_same_under_a_held_snapshot() {
    const JOBS: usize = 5000;
    let database = Database::new();
    let mut holder = database.connect();
    holder
        .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM errand.job_queue")
        .unwrap();
    let (mut submitter, mut worker) = (database.connect(), database.connect());
    let new =
        submitter.prepare("SELECT FROM errand.find_or_create_job($1::text::uuid, 't', '1', '0')").unwrap();
    let work = worker
        .prepare(
            "SELECT c.completed FROM errand.pick_up_jobs('w') p, errand.complete_job(p.id, p.lease_token) c",
        )
        .unwrap();
    let mut costs: Vec<i64> = Vec::new();
    for job in 0..JOBS {
        submitter.execute(&new, &[&USER]).unwrap();
        // Not from the first job on: what was made within 100 ms is passed again, however long the queue is.
        if job < 400 || (500..JOBS - 100).contains(&job) {
            assert!(worker.query_one(&work, &[]).unwrap().get::<_, bool>(0));
        } else {
            costs.push(buffers(&mut worker, "SELECT * FROM errand.pick_up_jobs('w')"));
        }
    }
    let median = |costs: &[i64]| {
        let mut costs = costs.to_vec();
        costs.sort_unstable();
        costs[costs.len() / 2]
    };
    let (first, last) = (median(&costs[..100]), median(&costs[100..]));
    println!("buffers of a pickup, median: jobs 400 to 500 {first}, the last 100 of {JOBS} {last}");
    assert!(last < 2 * first, "jobs 400 to 500: {first} pages, the last 100: {last}");
    holder.batch_execute("COMMIT").unwrap();
}
