//! Workers: no job twice, nobody waits, one answer counts.

use std::collections::HashSet;
use std::sync::Barrier;
use std::thread;

use pg_errand_sessions::*;

const WORKERS: usize = 16;

#[test]
fn no_job_is_handed_to_two_workers() {
    let database = Database::new();
    submit(&database, 3000);
    let barrier = Barrier::new(WORKERS);
    let mut picked: Vec<Uuid> = Vec::new();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| {
                let (database, barrier) = (&database, &barrier);
                scope.spawn(move || {
                    let mut client = database.connect();
                    let mut mine: Vec<Uuid> = Vec::new();
                    barrier.wait();
                    for round in 0.. {
                        let mut transaction = client.transaction().unwrap();
                        let limit = 1 + (dice(round, worker) % 7) as i32;
                        let rows = transaction
                            .query("SELECT id FROM errand.pick_up_jobs('w', NULL, $1)", &[&limit])
                            .expect("no error");
                        if rows.is_empty() {
                            break;
                        }
                        if dice(round, worker).is_multiple_of(5) {
                            transaction.rollback().unwrap(); // a worker that crashed: its jobs are there again
                        } else {
                            transaction.commit().unwrap();
                            mine.extend(rows.iter().map(|row| row.get::<_, Uuid>(0)));
                        }
                    }
                    mine
                })
            })
            .collect();
        for worker in workers {
            picked.extend(worker.join().expect("a worker failed"));
        }
    });
    // A rollback at the very end may leave jobs that everybody else had skipped.
    let left = database.count("SELECT count(*) FROM errand.job_queue WHERE status = 'pending'");
    let distinct: HashSet<&Uuid> = picked.iter().collect();
    assert_eq!(distinct.len(), picked.len(), "no job twice");
    assert_eq!(picked.len() as i64 + left, 3000, "no job lost");
}

#[test]
fn no_worker_waits_for_another() {
    let database = Database::new();
    submit(&database, 10);
    let (mut slow, mut quick) = (database.connect(), database.connect());
    let mut open = slow.transaction().unwrap();
    let held = open.query("SELECT id FROM errand.pick_up_jobs('slow', NULL, 4)", &[]).unwrap();
    assert_eq!(held.len(), 4);

    quick.batch_execute("SET statement_timeout = '2s'").unwrap();
    let rows = quick.query("SELECT id FROM errand.pick_up_jobs('quick', NULL, 10)", &[]).expect("no waiting");
    assert_eq!(rows.len(), 6, "the rest, in one pickup");
    open.rollback().unwrap();
    let rows = quick.query("SELECT id FROM errand.pick_up_jobs('quick', NULL, 10)", &[]).unwrap();
    assert_eq!(rows.len(), 4, "what was given back");
}

#[test]
fn one_of_two_identical_answers_counts() {
    let database = Database::new();
    for round in 0..100 {
        submit(&database, 1);
        let mut worker = database.connect();
        let lease = worker.query_one("SELECT id, lease_token FROM errand.pick_up_jobs('w')", &[]).unwrap();
        let (job, token): (Uuid, Uuid) = (lease.get(0), lease.get(1));
        let barrier = Barrier::new(2);
        let taken: usize = thread::scope(|scope| {
            let answers: Vec<_> = (0..2)
                .map(|_| {
                    let (database, barrier) = (&database, &barrier);
                    scope.spawn(move || {
                        let mut client = database.connect();
                        barrier.wait();
                        let row = client
                            .query_one(
                                "SELECT completed, status FROM errand.complete_job($1, $2)",
                                &[&job, &token],
                            )
                            .expect("no error for a stale token");
                        assert_eq!(row.get::<_, &str>(1), "completed");
                        usize::from(row.get::<_, bool>(0))
                    })
                })
                .collect();
            answers.into_iter().map(|answer| answer.join().unwrap()).sum()
        });
        assert_eq!(taken, 1, "round {round}");
    }
}

#[test]
fn a_cancelled_jobs_answer_is_refused() {
    let database = Database::new();
    submit(&database, 1);
    let mut worker = database.connect();
    let lease = worker.query_one("SELECT id, lease_token FROM errand.pick_up_jobs('w')", &[]).unwrap();
    let (job, token): (Uuid, Uuid) = (lease.get(0), lease.get(1));

    // The cancellation is open while the answer arrives, and wins.
    let mut user = database.connect();
    let mut cancelling = user.transaction().unwrap();
    cancelling.execute(&format!("SELECT errand.cancel_jobs('{USER}', ARRAY[$1::uuid])"), &[&job]).unwrap();
    let (completed, status) = thread::scope(|scope| {
        let answer = scope.spawn(|| {
            let row = worker
                .query_one("SELECT completed, status FROM errand.complete_job($1, $2, '1')", &[&job, &token])
                .unwrap();
            (row.get::<_, bool>(0), row.get::<_, String>(1))
        });
        thread::sleep(std::time::Duration::from_millis(200));
        cancelling.commit().unwrap();
        answer.join().unwrap()
    });
    assert_eq!((completed, status.as_str()), (false, "cancelled"));
    assert_eq!(database.count("SELECT count(*) FROM errand.job_queue WHERE result IS NOT NULL"), 0);
}
