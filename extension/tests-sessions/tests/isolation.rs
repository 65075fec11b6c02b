//! Above READ COMMITTED a lost race is 40001, and never a duplicate.

use std::thread;

use pg_errand_sessions::*;

const LEVELS: [&str; 2] = ["REPEATABLE READ", "SERIALIZABLE"];

/// Begins a transaction whose snapshot is taken now.
fn begin(client: &mut postgres::Client, level: &str) {
    client
        .batch_execute(&format!("BEGIN ISOLATION LEVEL {level}; SELECT count(*) FROM errand.job_queue"))
        .unwrap();
}

#[test]
fn a_job_that_the_snapshot_can_not_see_is_not_duplicated() {
    for level in LEVELS {
        let database = Database::new();
        let (mut late, mut early) = (database.connect(), database.connect());
        let statement = late.prepare(FIND_OR_CREATE).unwrap();
        let early_statement = early.prepare(FIND_OR_CREATE).unwrap();

        begin(&mut late, level);
        let first = find_or_create(&mut early, &early_statement, "1").unwrap();
        let error = find_or_create(&mut late, &statement, "1").err().expect("the race is lost");
        assert!(is_serialization_failure(&error), "{level}: {error:?}");
        late.batch_execute("ROLLBACK").unwrap();

        begin(&mut late, level);
        let again = find_or_create(&mut late, &statement, "1").unwrap();
        late.batch_execute("COMMIT").unwrap();
        assert_eq!((again.job, again.is_new), (first.job, false), "{level}: a retry finds it");
        assert_eq!(database.count("SELECT count(*) FROM errand.job_queue"), 1);
    }
}

#[test]
fn also_when_the_slot_is_an_old_one() {
    for level in LEVELS {
        let database = Database::new();
        let (mut late, mut early) = (database.connect(), database.connect());
        let statement = late.prepare(FIND_OR_CREATE).unwrap();
        let early_statement = early.prepare(FIND_OR_CREATE).unwrap();
        find_or_create(&mut early, &early_statement, "1").unwrap();
        database
            .run("SELECT f.* FROM errand.pick_up_jobs('w') p, errand.complete_job(p.id, p.lease_token) f");

        begin(&mut late, level);
        find_or_create(&mut early, &early_statement, "1").unwrap();
        let error = find_or_create(&mut late, &statement, "1").err().expect("the race is lost");
        assert!(is_serialization_failure(&error), "{level}: {error:?}");
        assert_eq!(database.count("SELECT count(*) FROM errand.job_queue WHERE status = 'pending'"), 1);
    }
}

#[test]
fn waiting_for_a_winner_that_commits_fails_and_for_one_that_rolls_back_succeeds() {
    for level in LEVELS {
        for winner_commits in [true, false] {
            let database = Database::new();
            let mut winner = database.connect();
            let statement = winner.prepare(FIND_OR_CREATE).unwrap();
            winner.batch_execute("BEGIN").unwrap();
            find_or_create(&mut winner, &statement, "1").unwrap();

            let outcome = thread::scope(|scope| {
                let loser = scope.spawn(|| {
                    let mut client = database.connect();
                    let statement = client.prepare(FIND_OR_CREATE).unwrap();
                    begin(&mut client, level);
                    let outcome = find_or_create(&mut client, &statement, "1");
                    client.batch_execute(if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" }).unwrap();
                    outcome
                });
                wait_for_waiter(&database);
                winner.batch_execute(if winner_commits { "COMMIT" } else { "ROLLBACK" }).unwrap();
                loser.join().unwrap()
            });
            match outcome {
                Ok(answer) => assert!(!winner_commits && answer.is_new, "{level}"),
                Err(error) => {
                    assert!(winner_commits && is_serialization_failure(&error), "{level}: {error:?}")
                }
            }
            assert_eq!(database.count("SELECT count(*) FROM errand.job_queue"), 1, "{level}");
        }
    }
}
