//! Exactly one job, whatever the concurrency.

use std::collections::HashSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use pg_errand_sessions::*;

const CONNECTIONS: usize = 64;

/// Runs `each` in every round on every connection, all starting a round at the same moment. Collects the
/// answers by round.
fn race<T: Send>(
    database: &Database,
    rounds: usize,
    each: impl Fn(&mut postgres::Client, &postgres::Statement, usize, usize) -> T + Sync,
) -> Vec<Vec<T>> {
    let barrier = Barrier::new(CONNECTIONS);
    let by_connection: Vec<Vec<T>> = thread::scope(|scope| {
        let sessions: Vec<_> = (0..CONNECTIONS)
            .map(|connection| {
                let (barrier, each) = (&barrier, &each);
                scope.spawn(move || {
                    let mut client = database.connect();
                    let statement = client.prepare(FIND_OR_CREATE).unwrap();
                    (0..rounds)
                        .map(|round| {
                            barrier.wait();
                            each(&mut client, &statement, round, connection)
                        })
                        .collect()
                })
            })
            .collect();
        sessions.into_iter().map(|session| session.join().expect("a session failed")).collect()
    });
    let mut by_round: Vec<Vec<T>> = (0..rounds).map(|_| Vec::with_capacity(CONNECTIONS)).collect();
    for answers in by_connection {
        for (round, answer) in answers.into_iter().enumerate() {
            by_round[round].push(answer);
        }
    }
    by_round
}

#[test]
fn identical_requests_create_one_job() {
    let database = Database::new();
    let rounds = rounds();
    let answers = race(&database, rounds, |client, statement, round, _| {
        find_or_create(client, statement, &format!(r#"{{"round": {round}}}"#))
            .expect("no error for losing a race")
    });
    for (round, answers) in answers.iter().enumerate() {
        let jobs: HashSet<Uuid> = answers.iter().map(|answer| answer.job).collect();
        assert_eq!(jobs.len(), 1, "round {round}: everybody has the same job");
        assert_eq!(answers.iter().filter(|answer| answer.is_new).count(), 1, "round {round}: one made it");
    }
    assert_eq!(database.count("SELECT count(*) FROM errand.job_queue"), rounds as i64);
}

#[test]
fn also_when_half_of_the_transactions_roll_back() {
    let database = Database::new();
    let rounds = rounds();
    let committed = race(&database, rounds, |client, statement, round, connection| {
        let mut transaction = client.transaction().unwrap();
        let answer = find_or_create(&mut transaction, statement, &round.to_string()).expect("no error");
        if dice(round, connection).is_multiple_of(2) {
            transaction.rollback().unwrap();
            None
        } else {
            transaction.commit().unwrap();
            Some(answer)
        }
    });
    let mut expected = 0;
    for (round, answers) in committed.iter().enumerate() {
        let answers: Vec<&Answer> = answers.iter().flatten().collect();
        let jobs: HashSet<Uuid> = answers.iter().map(|answer| answer.job).collect();
        assert_eq!(jobs.len(), usize::from(!answers.is_empty()), "round {round}");
        assert!(answers.iter().filter(|answer| answer.is_new).count() <= 1, "round {round}");
        expected += jobs.len() as i64;
    }
    assert_eq!(database.count("SELECT count(*) FROM errand.job_queue"), expected);
    assert_eq!(database.count("SELECT count(DISTINCT params) FROM errand.job_queue"), expected);
}

#[test]
fn also_while_workers_finish_the_jobs() {
    let database = Database::new();
    let rounds = rounds();
    let submitting = AtomicBool::new(true);
    let answers = thread::scope(|scope| {
        // No snapshot ever shows two: times would not tell, because clocks are read before locks are got.
        scope.spawn(|| {
            let mut client = database.connect();
            while submitting.load(Ordering::Relaxed) {
                let active: i64 = client
                    .query_one(
                        "SELECT count(*) FROM errand.job_queue WHERE status IN ('pending', 'processing')",
                        &[],
                    )
                    .unwrap()
                    .get(0);
                assert!(active <= 1, "{active} twins at once");
            }
        });
        for worker in 0..4 {
            let (database, submitting) = (&database, &submitting);
            scope.spawn(move || {
                let mut client = database.connect();
                let name = format!("worker {worker}");
                while submitting.load(Ordering::Relaxed) {
                    client
                        .execute(
                            "SELECT f.* FROM errand.pick_up_jobs($1, NULL, 3) p,
                             LATERAL errand.complete_job(p.id, p.lease_token, '1') f",
                            &[&name],
                        )
                        .expect("workers see no error");
                }
            });
        }
        // All rounds ask for the same job: it is found, running, finished and made again all the time.
        let answers =
            race(&database, rounds, |client, statement, _, _| find_or_create(client, statement, "0"));
        submitting.store(false, Ordering::Relaxed);
        answers
    });
    let answers: Vec<Answer> =
        answers.into_iter().flatten().map(|answer| answer.expect("no error")).collect();
    let made: HashSet<Uuid> =
        answers.iter().filter(|answer| answer.is_new).map(|answer| answer.job).collect();
    assert_eq!(made.len(), answers.iter().filter(|answer| answer.is_new).count(), "each job is new once");
    assert!(answers.iter().all(|answer| made.contains(&answer.job)), "whoever found a job found a real one");
    assert_eq!(database.count("SELECT count(*) FROM errand.job_queue"), made.len() as i64);
}
