//! CREATE EXTENSION and DROP EXTENSION, in one database and in several of a cluster.

use std::sync::Barrier;
use std::thread;

use pg_errand_sessions::*;

const ROLES: [&str; 4] = ["errand_owner", "errand_worker", "errand_admin", "errand_monitor"];

fn drop_roles(database: &Database) {
    for role in ROLES {
        database.run(&format!("DROP ROLE IF EXISTS {role}"));
    }
}

fn error(database: &Database, sql: &str) -> postgres::Error {
    database.connect().batch_execute(sql).expect_err(sql)
}

#[test]
fn dropped_extensions_leave_only_the_roles() {
    let database = Database::new();
    database.run("DROP EXTENSION pg_errand");
    assert_eq!(database.count("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'errand%'"), 0);
    assert_eq!(database.count("SELECT count(*) FROM pg_proc WHERE proname = 'find_or_create_job'"), 0);
    assert_eq!(database.count("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'errand\\_%'"), 4);
}

#[test]
fn create_drop_and_create_again() {
    let database = Database::new();
    for _ in 0..2 {
        database.run(&format!("SELECT * FROM errand.find_or_create_job('{USER}', 't', '1')"));
        assert_eq!(database.count("SELECT count(*) FROM errand.job_queue"), 1);
        database.run("DROP EXTENSION pg_errand");
        database.run("CREATE EXTENSION pg_errand");
        assert_eq!(database.count("SELECT count(*) FROM errand.job_queue"), 0);
    }
}

#[test]
fn a_second_database_has_its_own_queue() {
    let (first, second) = (Database::new(), Database::new());
    first.run(&format!("SELECT * FROM errand.find_or_create_job('{USER}', 't', '1')"));
    assert_eq!(first.count("SELECT count(*) FROM errand.job_queue"), 1);
    assert_eq!(second.count("SELECT count(*) FROM errand.job_queue"), 0);
}

#[test]
fn databases_that_install_at_once_agree_on_the_roles() {
    for _ in 0..5 {
        let databases: Vec<Database> = (0..4).map(|_| Database::without_extension()).collect();
        drop_roles(&databases[0]);
        let barrier = Barrier::new(databases.len());
        thread::scope(|scope| {
            for database in &databases {
                let barrier = &barrier;
                scope.spawn(move || {
                    let mut client = database.connect();
                    barrier.wait();
                    client.batch_execute("CREATE EXTENSION pg_errand").expect("a lost race for a role is no error");
                });
            }
        });
        for database in &databases {
            assert_eq!(
                database.count("SELECT count(*) FROM pg_class WHERE relowner = 'errand_owner'::regrole AND relname = 'job'"),
                1
            );
        }
    }
}

#[test]
fn a_schema_that_is_there_is_not_taken_over() {
    for schema in ["errand", "errand_internal"] {
        let database = Database::without_extension();
        database.run(&format!("CREATE SCHEMA {schema}"));
        let error = error(&database, "CREATE EXTENSION pg_errand");
        assert!(error.as_db_error().unwrap().message().contains(schema), "{error:?}");
    }
}

#[test]
fn an_owner_role_with_rights_is_not_taken_over() {
    let database = Database::without_extension();
    drop_roles(&database);
    for attribute in ["SUPERUSER", "LOGIN", "CREATEROLE", "BYPASSRLS"] {
        database.run(&format!("CREATE ROLE errand_owner {attribute}"));
        let error = error(&database, "CREATE EXTENSION pg_errand");
        assert_eq!(error.code().unwrap().code(), "42501", "{attribute}: {error:?}");
        database.run("DROP ROLE errand_owner");
    }
    database.run("CREATE EXTENSION pg_errand");
}

#[test]
fn default_privileges_open_nothing() {
    let database = Database::without_extension();
    database.run(
        "DO $do$ BEGIN CREATE ROLE errand_test_stranger; EXCEPTION WHEN duplicate_object THEN NULL; END $do$;
         ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO errand_test_stranger;
         ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO errand_test_stranger;
         ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO errand_test_stranger;
         CREATE EXTENSION pg_errand",
    );
    assert_eq!(
        database.count(
            "SELECT count(*) FROM (
                 SELECT proacl AS acl FROM pg_proc WHERE pronamespace::regnamespace::text LIKE 'errand%'
                 UNION ALL SELECT relacl FROM pg_class WHERE relnamespace::regnamespace::text LIKE 'errand%' AND relkind IN ('r', 'v')
                 UNION ALL SELECT nspacl FROM pg_namespace WHERE nspname LIKE 'errand%'
             ) o, aclexplode(o.acl) a WHERE a.grantee = 'errand_test_stranger'::regrole"
        ),
        0
    );
    database.run("DROP OWNED BY errand_test_stranger; DROP ROLE errand_test_stranger");
}
