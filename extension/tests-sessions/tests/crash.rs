//! kill -9 of the whole server under load: what was acknowledged is there, and everything fits together.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use pg_errand_sessions::cluster::Cluster;
use pg_errand_sessions::*;

/// What the server told a client, and so must never forget.
#[derive(Default)]
struct Acknowledged {
    submitted: HashSet<Uuid>,
    completed: HashMap<Uuid, Uuid>,
    /// Tokens that were lost, by a release that was acknowledged; with each the server was asked to complete.
    stale: HashMap<Uuid, Uuid>,
}

fn kills() -> usize {
    match std::env::var("ERRAND_TEST_KILLS") {
        Ok(kills) => kills.parse().expect("ERRAND_TEST_KILLS must be a number"),
        Err(_) => 3,
    }
}

/// Submits until the server is gone.
fn submitter(cluster: &Cluster, acknowledged: &Mutex<Acknowledged>) -> Result<(), postgres::Error> {
    let mut client = cluster.connect();
    for n in 0.. {
        if n % 5 == 0 {
            let sql = "SELECT job_id FROM errand.create_jobs($1::text::uuid, (
                           SELECT jsonb_agg(jsonb_build_object('job_type', 't', 'params', n, 'dedupe_window', '0')) FROM generate_series(1, 10) n))";
            let rows = client.query(sql, &[&USER])?;
            acknowledged.lock().unwrap().submitted.extend(rows.iter().map(|row| row.get::<_, Uuid>(0)));
        } else {
            let sql = "SELECT job_id FROM errand.find_or_create_job($1::text::uuid, 't', '1', '0')";
            let job = client.query_one(sql, &[&USER])?.get(0);
            acknowledged.lock().unwrap().submitted.insert(job);
        }
    }
    Ok(())
}

/// Works until the server is gone. The result of a job is the token it was completed with.
fn worker(
    cluster: &Cluster,
    acknowledged: &Mutex<Acknowledged>,
    number: usize,
) -> Result<(), postgres::Error> {
    let mut client = cluster.connect();
    for round in 0.. {
        let leases = client.query("SELECT id, lease_token FROM errand.pick_up_jobs('w', NULL, 3)", &[])?;
        for (n, row) in leases.iter().enumerate() {
            let (job, token): (Uuid, Uuid) = (row.get(0), row.get(1));
            let complete = "SELECT completed FROM errand.complete_job($1, $2, to_jsonb($2::uuid::text))";
            if n == 0 && dice(round, number).is_multiple_of(4) {
                client.query_one("SELECT FROM errand.release_job($1, $2)", &[&job, &token])?;
                acknowledged.lock().unwrap().stale.insert(token, job);
                // A worker that doesn't know it yet.
                assert!(!client.query_one(complete, &[&job, &token])?.get::<_, bool>(0));
            } else {
                let completed: bool = client.query_one(complete, &[&job, &token])?.get(0);
                assert!(completed, "a good token");
                acknowledged.lock().unwrap().completed.insert(job, token);
            }
        }
        if leases.is_empty() {
            thread::sleep(Duration::from_millis(1));
        }
    }
    Ok(())
}

fn assert_all_there(cluster: &Cluster, acknowledged: &Acknowledged, kill: usize) {
    let mut client = cluster.connect();
    let stored: Vec<(Uuid, String, Option<String>)> = client
        .query("SELECT id, status, result #>> '{}' FROM errand.job_queue", &[])
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect();
    let by_id: HashMap<Uuid, (&str, Option<&str>)> =
        stored.iter().map(|(id, status, result)| (*id, (status.as_str(), result.as_deref()))).collect();
    assert_eq!(by_id.len(), stored.len(), "kill {kill}: no job is there twice, waiting and finished");
    for job in &acknowledged.submitted {
        assert!(by_id.contains_key(job), "kill {kill}: the acknowledged job {job} is lost");
    }
    for (job, token) in &acknowledged.completed {
        let expected = ("completed", Some(token.to_string()));
        let (status, result) = by_id[job];
        assert_eq!(
            (status, result.map(str::to_owned)),
            expected,
            "kill {kill}: an acknowledged completion of {job} is lost"
        );
    }
    for (id, status, result) in &stored {
        if status == "completed" {
            let token: Uuid =
                result.as_deref().and_then(|token| token.parse().ok()).expect("each says by which token");
            assert!(
                !acknowledged.stale.contains_key(&token),
                "kill {kill}: {id} was completed under a stale lease"
            );
        }
    }
    let counters = "
        SELECT count(*) FROM errand.get_job_queue_stats() g,
            (SELECT count(*) AS n, count(*) FILTER (WHERE status = 'pending') AS pending, count(*) FILTER (WHERE status = 'processing') AS processing,
                    count(*) FILTER (WHERE status = 'completed') AS completed FROM errand.job_queue) q
        WHERE (g.total_jobs, g.pending_jobs, g.processing_jobs, g.completed_jobs, errand.count_user_jobs($1::text::uuid), g.completed_ever)
            = (q.n, q.pending, q.processing, q.completed, q.n, q.completed)";
    for _ in 0..2 {
        let equal: i64 = client.query_one(counters, &[&USER]).unwrap().get(0);
        assert_eq!(equal, 1, "kill {kill}: counters don't equal a recount");
        client.execute("SELECT errand_internal.fold_counters()", &[]).unwrap();
    }
    println!(
        "kill {kill}: {} jobs there, of {} acknowledged; {} acknowledged completions, {} stale tokens",
        stored.len(),
        acknowledged.submitted.len(),
        acknowledged.completed.len(),
        acknowledged.stale.len()
    );
}

#[test]
fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
    let cluster = Cluster::start("-c fsync=on -c synchronous_commit=on -c max_connections=50");
    cluster.connect().batch_execute("CREATE EXTENSION pg_errand").unwrap();
    let acknowledged = Mutex::<Acknowledged>::default();
    for kill in 1..=kills() {
        let (submitted, completed) = {
            let acknowledged = acknowledged.lock().unwrap();
            (acknowledged.submitted.len(), acknowledged.completed.len())
        };
        thread::scope(|scope| {
            let (cluster, acknowledged) = (&cluster, &acknowledged);
            let mut clients: Vec<_> =
                (0..2).map(|_| scope.spawn(move || submitter(cluster, acknowledged))).collect();
            clients.extend((0..4).map(|n| scope.spawn(move || worker(cluster, acknowledged, n))));
            // Not always at the same point of the work.
            thread::sleep(Duration::from_millis(800 + dice(kill, 0) % 700));
            cluster.kill();
            for client in clients {
                let error =
                    client.join().expect("a client failed").expect_err("it works until the server is gone");
                assert!(
                    error.is_closed() || error.code().is_none(),
                    "not by an error of the queue: {error:?}"
                );
            }
        });
        cluster.restart();
        let acknowledged = acknowledged.lock().unwrap();
        assert!(
            acknowledged.submitted.len() > submitted && acknowledged.completed.len() > completed,
            "kill {kill}: there was no load"
        );
        assert_all_there(&cluster, &acknowledged, kill);
    }
}
