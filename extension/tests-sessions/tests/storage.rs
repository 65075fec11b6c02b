//! Finished storage: partitions come by themselves, jobs are found wherever they are, and old ones leave.

use std::collections::HashMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pg_errand_sessions::*;
use postgres::{Client, GenericClient};

const PARTITIONS: &str =
    "SELECT count(*) FROM pg_inherits WHERE inhparent = 'errand_internal.finished'::regclass";
const DROP_PARTITIONS: &str = "DO $$ DECLARE t text; BEGIN
    FOR t IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'errand_internal.finished'::regclass LOOP
        EXECUTE 'DROP TABLE ' || t;
    END LOOP; END $$";

fn finish(client: &mut impl GenericClient, jobs: i32) -> Vec<Uuid> {
    let leases = pick_up(client, jobs);
    for lease in &leases {
        let row = client.query_one(
            "SELECT completed FROM errand.complete_job($1, $2, '\"done\"')",
            &[&lease.job, &lease.token],
        );
        assert!(row.unwrap().get::<_, bool>(0));
    }
    leases.iter().map(|lease| lease.job).collect()
}

/// Finished jobs that look as if all had happened so many days ago. Their partition exists, and belongs to
/// the owner, as if the engine had made it on that day.
fn finished_days_ago(database: &Database, days: i32, jobs: usize) {
    database.run(&format!(
        "SET ROLE errand_owner;
         SELECT errand_internal.add_finished_partitions(now() - make_interval(days => {days}));
         RESET ROLE;
         DO $$ BEGIN -- the day after is not needed, unless it is today
             IF {days} > 1 THEN
                 EXECUTE 'DROP TABLE errand_internal.' || errand_internal.finished_partition_name(now() - make_interval(days => {days} - 1));
             END IF;
         END $$;
         SELECT * FROM errand.create_jobs('{USER}', (
             SELECT jsonb_agg(jsonb_build_object('job_type', 'd{days}', 'params', n)) FROM generate_series(1, {jobs}) n));
         UPDATE errand_internal.job SET created_at = created_at - make_interval(days => {days}),
             id = errand_internal.job_id(created_at - make_interval(days => {days}))
         WHERE job_type = 'd{days}'"
    ));
    assert_eq!(finish(&mut database.connect(), jobs as i32).len(), jobs);
    database.run(&format!(
        "UPDATE errand_internal.finished SET completed_at = completed_at - make_interval(days => {days}) WHERE job_type = 'd{days}'"
    ));
}

fn cleanup(client: &mut impl GenericClient) -> (i64, i32, i32) {
    let row = client
        .query_one("SELECT archived, partitions_moved, deferred FROM errand.cleanup_old_jobs('7 days')", &[])
        .unwrap();
    (row.get(0), row.get(1), row.get(2))
}

#[test]
fn partitions_come_by_themselves() {
    let database = Database::new();
    assert_eq!(database.count(PARTITIONS), 0);
    submit(&database, 1);
    assert_eq!(database.count(PARTITIONS), 2, "today's and tomorrow's");
    finish(&mut database.connect(), 1);
    assert_eq!(database.count("SELECT count(*) FROM errand_internal.finished"), 1);
}

#[test]
fn sessions_that_need_a_partition_at_once() {
    for _ in 0..10 {
        let database = Database::new();
        let barrier = Barrier::new(8);
        thread::scope(|scope| {
            for n in 0..8 {
                let (database, barrier) = (&database, &barrier);
                scope.spawn(move || {
                    let mut client = database.connect();
                    barrier.wait();
                    client
                        .execute(
                            "SELECT errand.find_or_create_job($1::text::uuid, 't', to_jsonb($2::int))",
                            &[&USER, &n],
                        )
                        .expect("nobody fails for a partition");
                });
            }
        });
        assert_eq!(database.count(PARTITIONS), 2);
        assert_eq!(finish(&mut database.connect(), 10).len(), 8);
        assert_eq!(database.count("SELECT count(*) FROM errand_internal.finished"), 8);
    }
}

#[test]
fn a_submitter_that_made_the_partition_rolls_back() {
    let database = Database::new();
    let (mut first, mut second) = (database.connect(), database.connect());
    second.batch_execute("SET statement_timeout = '2s'").unwrap();
    let mut open = first.transaction().unwrap();
    open.execute("SELECT errand.find_or_create_job($1::text::uuid, 't', '1')", &[&USER]).unwrap();
    second
        .execute("SELECT errand.find_or_create_job($1::text::uuid, 't', '2')", &[&USER])
        .expect("it waits for nobody");
    let early = finish(&mut second, 1);
    assert_eq!(
        database.count("SELECT count(*) FROM errand_internal.finished_undated"),
        1,
        "the day had no partition yet"
    );
    open.rollback().unwrap();
    assert_eq!(database.count(PARTITIONS), 0);
    second.execute("SELECT errand.find_or_create_job($1::text::uuid, 't', '3')", &[&USER]).unwrap();
    assert_eq!(database.count(PARTITIONS), 2);
    finish(&mut second, 1);
    assert_eq!(database.count("SELECT count(*) FROM errand_internal.finished"), 1);
    let status: String = second
        .query_one("SELECT status FROM errand.get_job_status($1::text::uuid, $2)", &[&USER, &early[0]])
        .unwrap()
        .get(0);
    assert_eq!(status, "completed");
}

#[test]
fn a_job_whose_day_has_no_partition_is_still_found() {
    let database = Database::new();
    let mut client = database.connect();
    submit(&database, 3);
    database.run(DROP_PARTITIONS);
    let jobs = finish(&mut client, 2);
    let lease = pick_up(&mut client, 1)[0];
    client
        .execute("SELECT errand.complete_jobs(ARRAY[$1::uuid], ARRAY[$2::uuid])", &[&lease.job, &lease.token])
        .unwrap();
    assert_eq!(database.count("SELECT count(*) FROM errand_internal.finished_undated"), 3);
    for sql in [
        "SELECT count(*) FROM errand.get_job($1::text::uuid, $2) WHERE status = 'completed' AND result = '\"done\"'",
        "SELECT count(*) FROM errand.get_job_status($1::text::uuid, $2) WHERE status = 'completed'",
        "SELECT count(*) FROM errand.get_user_jobs($1::text::uuid, 'completed') WHERE id = $2",
        "SELECT count(*) FROM errand.get_user_jobs_page($1::text::uuid) WHERE id = $2",
        "SELECT count(*) FROM errand.job_queue j, errand.get_cached_job_result($1::text::uuid, 't', j.params) c WHERE j.id = $2 AND c.job_id = $2",
        "SELECT count(*) FROM errand.job_queue WHERE user_id = $1::text::uuid AND id = $2",
    ] {
        assert_eq!(client.query_one(sql, &[&USER, &jobs[0]]).unwrap().get::<_, i64>(0), 1, "{sql}");
    }
}

#[test]
fn a_walk_over_pages_meets_every_job_once_while_jobs_come_and_finish() {
    let database = Database::new();
    for days in [3, 2, 1] {
        finished_days_ago(&database, days, 60);
    }
    submit(&database, 60);
    database.run(DROP_PARTITIONS.replace("LOOP\n", "LOOP CONTINUE WHEN t NOT LIKE '%' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD') || '%';\n").as_str());
    finish(&mut database.connect(), 30); // to no partition
    database.run(&format!(
        "SELECT * FROM errand.create_jobs('{USER}', (
             SELECT jsonb_agg(jsonb_build_object('job_type', 'u', 'params', n)) FROM generate_series(1, 400) n))"
    ));
    finish(&mut database.connect(), 50);
    assert!(database.count("SELECT count(*) FROM errand_internal.finished_undated") >= 30);
    let mut reader = database.connect();
    let there: Vec<Uuid> =
        reader.query("SELECT id FROM errand.job_queue", &[]).unwrap().iter().map(|row| row.get(0)).collect();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let _stop = StopOnDrop(&stop);
        let (database, stop) = (&database, &stop);
        scope.spawn(move || {
            let mut client = database.connect();
            while !stop.load(Ordering::Relaxed) {
                client
                    .execute("SELECT errand.find_or_create_job($1::text::uuid, 'new', '1', '0')", &[&USER])
                    .unwrap();
                finish(&mut client, 2);
            }
        });
        let mut moved = 0;
        for _ in 0..3 {
            let before = database.count("SELECT count(*) FROM errand_internal.job WHERE job_type <> 'new'");
            let mut seen: HashMap<Uuid, usize> = HashMap::new();
            let mut cursor: Option<String> = None;
            loop {
                let rows = reader
                    .query("SELECT id, cursor, has_more FROM errand.get_user_jobs_page($1::text::uuid, $2, NULL, NULL, 7)", &[&USER, &cursor])
                    .unwrap();
                for row in &rows {
                    *seen.entry(row.get(0)).or_default() += 1;
                }
                let Some(last) = rows.last() else { break };
                cursor = last.get(1);
                if !last.get::<_, bool>(2) {
                    break;
                }
            }
            for job in &there {
                assert_eq!(seen.get(job), Some(&1), "{job}");
            }
            assert!(seen.values().all(|times| *times == 1), "new ones too come at most once");
            moved +=
                before - database.count("SELECT count(*) FROM errand_internal.job WHERE job_type <> 'new'");
        }
        assert!(moved > 0, "jobs finished meanwhile");
    });
}

#[test]
fn jobs_leave_at_exactly_the_line() {
    let database = Database::new();
    let mut client = database.connect();
    finished_days_ago(&database, 9, 10);
    // One second on either side of seven days, and far away from it.
    let ages = ["7 days 1 second", "6 days 23:59:57", "8 days", "1 day"];
    for (n, age) in ages.iter().enumerate() {
        let sql = format!(
            "UPDATE errand_internal.finished SET completed_at = now() - '{age}'::interval
             WHERE id = (SELECT id FROM errand_internal.finished ORDER BY id OFFSET {n} LIMIT 1)"
        );
        client.batch_execute(&sql).unwrap();
    }
    assert_eq!(database.count(&format!("SELECT errand.count_user_jobs('{USER}')")), 10);
    assert_eq!(cleanup(&mut client), (8, 0, 0), "two stay, and so does their partition");
    let left = format!(
        "SELECT count(*) FROM errand.get_user_jobs('{USER}') WHERE completed_at > now() - interval '7 days'"
    );
    assert_eq!(database.count(&left), 2);
    assert_eq!(database.count(&format!("SELECT count(*) FROM errand.get_user_jobs_page('{USER}')")), 2);
    assert_eq!(database.count(&format!("SELECT errand.count_user_jobs('{USER}')")), 2);
    assert_eq!(database.count("SELECT total_jobs FROM errand.get_job_queue_stats()"), 2);
    assert_eq!(database.count("SELECT completed_ever FROM errand.get_job_queue_stats()"), 10);
    assert_eq!(cleanup(&mut client).0, 0, "nobody leaves twice");

    client
        .batch_execute("UPDATE errand_internal.finished SET completed_at = now() - interval '8 days'")
        .unwrap();
    client
        .batch_execute("UPDATE errand_internal.retention SET queue_from = now() - interval '10 days'")
        .unwrap();
    let (_, moved, deferred) = cleanup(&mut client);
    assert_eq!((moved, deferred), (1, 0), "now its partition goes");
    assert_eq!(database.count("SELECT count(*) FROM errand_internal.archived"), 10);
    let row = client
        .query_one("SELECT deleted, partitions_dropped, deferred FROM errand.archive_jobs('30 days')", &[])
        .unwrap();
    assert_eq!((row.get(0), row.get(1), row.get(2)), (0_i64, 0, 0));
    let row = client
        .query_one("SELECT deleted, partitions_dropped, deferred FROM errand.archive_jobs('7 days')", &[])
        .unwrap();
    assert_eq!((row.get(0), row.get(1), row.get(2)), (10_i64, 1, 0));
    assert_eq!(database.count("SELECT count(*) FROM errand_internal.archived"), 0);
}

/// Runs a cleanup that must not wait long, nor let others wait.
fn cleanup_in_time(database: &Database) -> (i64, i32, i32) {
    let start = Instant::now();
    let answer = cleanup(&mut database.connect());
    assert!(start.elapsed() < Duration::from_secs(3), "took {:?}", start.elapsed());
    answer
}

#[test]
fn a_partition_that_is_read_is_deferred_and_nobody_waits_long() {
    let database = Database::new();
    finished_days_ago(&database, 9, 10);
    let mut reader = database.connect();
    reader.batch_execute("BEGIN; SELECT count(*) FROM errand.job_queue").unwrap();
    let stop = AtomicBool::new(false);
    let slowest = thread::scope(|scope| {
        let _stop = StopOnDrop(&stop);
        let user = scope.spawn(|| {
            let mut client = database.connect();
            let mut slowest = Duration::ZERO;
            while !stop.load(Ordering::Relaxed) {
                let start = Instant::now();
                client.execute("SELECT * FROM errand.get_user_jobs($1::text::uuid)", &[&USER]).unwrap();
                client
                    .execute("SELECT errand.find_or_create_job($1::text::uuid, 'new', '1', '0')", &[&USER])
                    .unwrap();
                finish(&mut client, 1);
                slowest = slowest.max(start.elapsed());
            }
            slowest
        });
        thread::sleep(Duration::from_millis(100));
        assert_eq!(cleanup_in_time(&database), (10, 0, 1), "they left, their storage is still read");
        stop.store(true, Ordering::Relaxed);
        user.join().expect("nobody fails because of a cleanup")
    });
    println!("slowest of the others: {} ms", slowest.as_millis());
    assert!(slowest < Duration::from_secs(1), "others waited {slowest:?}");
    reader.batch_execute("COMMIT").unwrap();
    assert_eq!(cleanup_in_time(&database), (0, 1, 0));
}

#[test]
fn the_partition_of_a_day_with_an_active_job_is_deferred() {
    let database = Database::new();
    finished_days_ago(&database, 9, 10);
    submit(&database, 1);
    database.run("UPDATE errand_internal.job SET created_at = created_at - interval '9 days'");
    assert_eq!(cleanup_in_time(&database), (10, 0, 1));
    // It still finds its place.
    assert_eq!(finish(&mut database.connect(), 1).len(), 1);
    assert_eq!(database.count("SELECT count(*) FROM errand_internal.finished WHERE job_type = 't'"), 1);
    database.run("UPDATE errand_internal.finished SET completed_at = completed_at - interval '9 days' WHERE job_type = 't'");
    database.run("UPDATE errand_internal.retention SET queue_from = now() - interval '10 days'");
    let (_, moved, deferred) = cleanup_in_time(&database);
    assert_eq!((moved, deferred), (1, 0));
}

#[test]
fn a_finisher_in_flight_is_waited_for() {
    let database = Database::new();
    submit(&database, 1);
    let mut worker = database.connect();
    let mut open = worker.transaction().unwrap();
    finish(&mut open, 1);
    // Longer than a cleanup waits: it does nothing, and says so.
    let start = Instant::now();
    assert_eq!(cleanup(&mut database.connect()), (0, 0, 1));
    assert!(
        (Duration::from_millis(1900)..Duration::from_secs(4)).contains(&start.elapsed()),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(database.count("SELECT count(*) FROM errand_internal.retention"), 0);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| cleanup(&mut database.connect()));
        thread::sleep(Duration::from_millis(500));
        assert!(!waiting.is_finished(), "it waits");
        open.commit().unwrap();
        assert_eq!(waiting.join().unwrap(), (0, 0, 0));
    });
    assert_eq!(database.count("SELECT count(*) FROM errand_internal.retention"), 1);
}

#[test]
fn cleanups_at_once_count_each_job_once() {
    for _ in 0..5 {
        let database = Database::new();
        finished_days_ago(&database, 9, 20);
        let barrier = Barrier::new(6);
        let answers: Vec<(i64, i32, i32)> = thread::scope(|scope| {
            let cleanups: Vec<_> = (0..6)
                .map(|_| {
                    let (database, barrier) = (&database, &barrier);
                    scope.spawn(move || {
                        let mut client = database.connect();
                        barrier.wait();
                        let answer = cleanup(&mut client);
                        client
                            .execute("SELECT * FROM errand.archive_jobs('8 days')", &[])
                            .expect("safe at once");
                        answer
                    })
                })
                .collect();
            cleanups.into_iter().map(|cleanup| cleanup.join().expect("safe at once")).collect()
        });
        assert_eq!(answers.iter().map(|answer| answer.0).sum::<i64>(), 20, "{answers:?}");
        assert_eq!(database.count(&format!("SELECT errand.count_user_jobs('{USER}')")), 0, "{answers:?}");
        assert_eq!(database.count("SELECT total_jobs FROM errand.get_job_queue_stats()"), 0, "{answers:?}");
    }
}

#[test]
fn a_status_costs_the_same_however_many_partitions_there_are() {
    let database = Database::new();
    let mut costs = Vec::new();
    let status = |client: &mut Client, job: Uuid| -> i64 {
        let sql = format!("SELECT * FROM errand.get_job_status('{USER}', '{job}')");
        (0..10).map(|_| buffers(client, &sql)).last().expect("ten times")
    };
    for partitions in [1, 20, 60] {
        for days in 1..=partitions {
            database.run(&format!("SET ROLE errand_owner; SELECT errand_internal.add_finished_partitions(now() - make_interval(days => {days}))"));
        }
        database.run("DELETE FROM errand_internal.job");
        submit(&database, 3);
        let mut client = database.connect();
        let finished = finish(&mut client, 2)[0];
        let running = pick_up(&mut client, 1)[0].job;
        costs.push((partitions, status(&mut client, finished), status(&mut client, running)));
    }
    println!("buffers of get_job_status (days, finished, running): {costs:?}");
    assert!(costs.iter().all(|(_, finished, running)| *finished <= 10 && *running <= 10), "{costs:?}");
}
