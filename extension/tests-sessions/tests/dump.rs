//! pg_dump and pg_restore keep every job, the retention line and the counters, and what is restored works.

use pg_errand_sessions::cluster::{Cluster, Folder, run};
use pg_errand_sessions::*;
use postgres::{Client, Config, NoTls};

/// Jobs everywhere a job can be: waiting, scheduled and running, in partitions of today and of days long
/// ago, in none, and in the archive; counters partly folded.
fn fill(client: &mut Client) {
    let make = |client: &mut Client, kind: &str, from: i32, to: i32| {
        client
            .batch_execute(&format!(
                "SELECT * FROM errand.create_jobs('{USER}', (
                     SELECT jsonb_agg(jsonb_build_object('job_type', '{kind}', 'params', jsonb_build_object('n', n, 'text', E'ä\\t\"\\n')))
                     FROM generate_series({from}, {to}) n))"
            ))
            .unwrap();
    };
    let finish = |client: &mut Client, jobs: i32| {
        for lease in pick_up(client, jobs) {
            client
                .execute(
                    "SELECT errand.complete_job($1, $2, '{\"ok\": [1, null]}')",
                    &[&lease.job, &lease.token],
                )
                .unwrap();
        }
    };
    // Days over two months; each with a partition that the engine made when it was that day.
    for days in [64, 40, 33, 20, 9, 3, 1] {
        make(client, "old", days * 10, days * 10 + 4);
        client
            .batch_execute(&format!(
                "SET ROLE errand_owner; SELECT errand_internal.add_finished_partitions(now() - make_interval(days => {days})); RESET ROLE;
                 UPDATE errand_internal.job SET created_at = created_at - make_interval(days => {days}),
                     id = errand_internal.job_id(created_at - make_interval(days => {days}))
                 WHERE job_type = 'old' AND status = 'pending'"
            ))
            .unwrap();
        finish(client, 5);
        client
            .batch_execute(&format!(
                "UPDATE errand_internal.finished SET completed_at = completed_at - make_interval(days => {days})
                 WHERE completed_at > now() - interval '1 hour' AND created_at < now() - interval '1 hour'"
            ))
            .unwrap();
    }
    // One day without a partition.
    make(client, "old", 1, 5);
    client
        .batch_execute(
            "UPDATE errand_internal.job SET created_at = created_at - interval '15 days' WHERE job_type = 'old'",
        )
        .unwrap();
    finish(client, 5);
    client.batch_execute("SELECT errand.cleanup_old_jobs('30 days')").unwrap();
    make(client, "now", 1, 40);
    finish(client, 10);
    client.batch_execute("SELECT errand_internal.fold_counters()").unwrap();
    let leases = pick_up(client, 10);
    client.execute("SELECT errand.fail_job($1, $2, 'later')", &[&leases[0].job, &leases[0].token]).unwrap();
    client
        .execute("SELECT errand.fail_job($1, $2, 'never', false)", &[&leases[1].job, &leases[1].token])
        .unwrap();
}

/// Every row of every table that is dumped, as ordered text; and the figures that users see.
fn contents(client: &mut Client) -> Vec<(String, i64, String)> {
    let mut found = Vec::new();
    for table in ["job", "finished", "finished_undated", "archived", "retention"] {
        let sql = format!(
            "SELECT count(*), coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '') FROM errand_internal.{table} t"
        );
        let row = client.query_one(&sql, &[]).unwrap();
        found.push((table.to_owned(), row.get(0), row.get(1)));
    }
    for (name, sql) in [
        ("stats", "SELECT (to_jsonb(g) - 'oldest_pending_age')::text FROM errand.get_job_queue_stats() g".to_owned()),
        (
            "counts",
            format!(
                "SELECT string_agg(format('%s %s %s', s, t, errand.count_user_jobs('{USER}', s, t)), ', ' ORDER BY s, t)
                 FROM unnest('{{pending,processing,completed,failed,cancelled,NULL}}'::text[]) s, unnest('{{old,now,NULL}}'::text[]) t"
            ),
        ),
        (
            "partitions",
            "SELECT string_agg(i.inhparent::regclass || ': ' || c.relname || ' ' || pg_get_expr(c.relpartbound, c.oid)
                               || ' ' || c.relrowsecurity || ' ' || pg_get_userbyid(c.relowner)
                               || ' ' || (SELECT count(*) FROM pg_index x WHERE x.indrelid = c.oid), E'\\n' ORDER BY c.relname)
             FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
                .to_owned(),
        ),
    ] {
        found.push((name.to_owned(), 0, client.query_one(&sql, &[]).unwrap().get(0)));
    }
    found
}

/// The engine goes on where it was.
fn assert_works(client: &mut Client) {
    let answer = |client: &mut Client, n: i32| -> bool {
        let sql = format!(
            "SELECT is_new FROM errand.find_or_create_job('{USER}', 'now', jsonb_build_object('n', $1::int, 'text', E'ä\\t\"\\n'))"
        );
        client.query_one(&sql, &[&n]).unwrap().get(0)
    };
    assert!(!answer(client, 40), "an identical job that was restored is found");
    assert!(answer(client, 41), "another one is made");
    let lease = pick_up(client, 1)[0];
    let completed = client
        .query_one("SELECT completed FROM errand.complete_job($1, $2, '7')", &[&lease.job, &lease.token]);
    assert!(completed.unwrap().get::<_, bool>(0));
    let cached: i64 = client
        .query_one(
            &format!("SELECT count(*) FROM errand.get_cached_job_result('{USER}', 'now', jsonb_build_object('n', 1, 'text', E'ä\\t\"\\n'))"),
            &[],
        )
        .unwrap()
        .get(0);
    assert_eq!(cached, 1, "the cache finds restored results");
    let equal = "SELECT count(*) FROM errand.get_job_queue_stats() g,
            (SELECT count(*) AS n, count(*) FILTER (WHERE status = 'completed') AS completed FROM errand.job_queue
             WHERE completed_at IS NULL OR completed_at > errand_internal.queue_from()) q
        WHERE (g.total_jobs, g.completed_jobs, errand.count_user_jobs($1::text::uuid)) = (q.n, q.completed, q.n)";
    let assert_equal = |client: &mut Client, when: &str| {
        assert_eq!(
            client.query_one(equal, &[&USER]).unwrap().get::<_, i64>(0),
            1,
            "counters don't equal a recount {when}"
        );
    };
    assert_equal(client, "after some work");
    let folded: i64 = client.query_one("SELECT errand_internal.fold_counters()", &[]).unwrap().get(0);
    assert!(folded > 0);
    assert_equal(client, "after a fold");
    let row = client
        .query_one("SELECT archived, partitions_moved, deferred FROM errand.cleanup_old_jobs('8 days')", &[])
        .unwrap();
    assert_eq!(
        (row.get(0), row.get(1), row.get(2)),
        (10_i64, 3, 0),
        "the jobs of 20 and of 9 days ago leave, and an empty day"
    );
    assert_equal(client, "after a cleanup");
    let row = client
        .query_one("SELECT deleted, partitions_dropped, deferred FROM errand.archive_jobs('35 days')", &[])
        .unwrap();
    assert_eq!(
        (row.get(0), row.get(1), row.get(2)),
        (10_i64, 6, 0),
        "those of 64 and of 40 days ago go for good, and empty days"
    );
}

fn dump(url: &str, file: &str) {
    run("pg_dump", &["-Fc", "-d", url, "-f", file]);
}

fn restore(url: &str, file: &str) {
    run("pg_restore", &["--exit-on-error", "--single-transaction", "-d", url, file]);
}

#[test]
fn dump_and_restore_keep_everything() {
    let server = std::env::var("ERRAND_TEST_URL").expect("ERRAND_TEST_URL is set");
    let url = |database: &str| format!("{server} dbname={database}");
    let folder = Folder::new();
    let (first, second) = (folder.path("first"), folder.path("second"));

    let original = Database::new();
    let mut client = original.connect();
    fill(&mut client);
    let before = contents(&mut client);
    for (table, rows, _) in &before[..5] {
        println!("{table}: {rows} rows");
        assert!(*rows > 0, "{table} is part of the test");
    }
    let unfolded: i64 =
        client.query_one("SELECT count(*) FROM errand_internal.counter_delta", &[]).unwrap().get(0);
    assert!(unfolded > 0, "some counters are not folded");
    dump(&url(original.name()), &first);

    // Beside the original, where transaction ids go on.
    let beside = Database::without_extension();
    restore(&url(beside.name()), &first);
    assert_eq!(contents(&mut beside.connect()), before, "in the same cluster");

    // Where nobody ever heard of the roles, and transaction ids are others.
    let cluster = Cluster::start("-c fsync=off");
    let database = |name: &str| -> Client {
        cluster.connect().batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        let config: Config = cluster.url(name).parse().unwrap();
        config.connect(NoTls).unwrap()
    };
    let mut elsewhere = database("elsewhere");
    restore(&cluster.url("elsewhere"), &first);
    assert_eq!(contents(&mut elsewhere), before, "in another cluster");

    // A dump of what was restored.
    dump(&cluster.url("elsewhere"), &second);
    let mut again = database("again");
    restore(&cluster.url("again"), &second);
    assert_eq!(contents(&mut again), before, "restored twice");

    for mut client in [beside.connect(), elsewhere, again] {
        assert_works(&mut client);
    }
    assert_works(&mut client);
}
