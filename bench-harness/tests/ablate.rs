//! `indexproof ablate` on a small workload whose indexes' worths are known beforehand.

#[path = "support/folder.rs"]
mod folder;

use std::fs;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use assert_cmd::Command;
use folder::copy;
use indexproof::ablation::{Ablation, IndexWorth, ReadOutcome, Worth};
use tempfile::TempDir;

/// One index of each worth on the shop's orders, and one that PostgreSQL rejects.
const INDEXES: &str = "
-- used by orders_of_customer, with nothing in its place
CREATE INDEX orders_customer ON orders (customer_id, placed_at DESC, id);
-- one of two that serve open_orders alike
CREATE INDEX orders_open ON orders (placed_at) WHERE status = 'open';
CREATE INDEX orders_open_again ON orders (placed_at) WHERE status = 'open';
-- nothing asks for it
CREATE INDEX orders_details ON orders USING gin (details);
-- enforces something
CREATE UNIQUE INDEX orders_once ON orders (id, placed_at);
CREATE INDEX orders_wrong ON orders (no_such_column);
";

struct Trial {
    dir: TempDir,
    /// Times are compared, so these tests don't run beside each other.
    _alone: MutexGuard<'static, ()>,
}

static ALONE: Mutex<()> = Mutex::new(());

impl Trial {
    fn new(indexes: &str) -> Trial {
        // A test that failed has poisoned it, which says nothing about this one.
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = TempDir::new().unwrap();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/workloads/shop");
        copy(&from, &dir.path().join("w/shop"));
        fs::write(dir.path().join("w/shop/indexes/as-written.sql"), indexes).unwrap();
        let claims = dir.path().join("w/shop/claims.toml");
        let text = fs::read_to_string(&claims).unwrap();
        fs::write(
            claims,
            text.replace("statements = 2", "statements = 6").replace("indexes = 2", "indexes = 5"),
        )
        .unwrap();
        Trial { dir, _alone: alone }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_indexproof"));
        command.arg("--workloads").arg(self.dir.path().join("w")).args(["ablate", "shop"]);
        command.args(["--scale", "ci", "--server", "local", "--budget", "90s"]).args(arguments);
        command.current_dir(self.dir.path());
        command
    }
}

#[test]
fn each_index_gets_its_worth_and_the_smallest_set_is_confirmed() {
    let trial = Trial::new(INDEXES);
    let arguments = ["--out", "ablation.json", "--sql", "smallest.sql", "--markdown", "ablation.md"];
    let output = trial.command(&arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    let text = |name: &str| fs::read_to_string(trial.dir.path().join(name)).unwrap();
    let found: Ablation = serde_json::from_str(&text("ablation.json")).unwrap();
    let worth = |name: &str| -> &IndexWorth { found.indexes.iter().find(|it| it.name == name).unwrap() };

    let customer = worth("orders_customer");
    assert_eq!(customer.worth, Worth::Essential, "{}", customer.reason);
    let read = customer.reads.iter().find(|read| read.statement == "orders_of_customer").unwrap();
    assert_eq!(read.outcome, ReadOutcome::Worse);
    assert!(read.buffers_without > Some(read.buffers_with), "{read:?}");

    assert_eq!(worth("orders_once").worth, Worth::Essential, "{}", worth("orders_once").reason);
    let details = worth("orders_details");
    assert_eq!(details.worth, Worth::Harmful, "{}", details.reason);
    let insert = details.writes.iter().find(|write| write.statement == "insert into orders").unwrap();
    assert!(insert.wal_bytes_with > insert.wal_bytes_without, "{insert:?}");
    // Equal indexes: PostgreSQL plans with one of them; the other is there for nothing.
    let twins = [worth("orders_open").worth, worth("orders_open_again").worth];
    assert!(twins.iter().all(|worth| *worth != Worth::Essential), "{twins:?}");
    assert!(found.rejected.iter().any(|rejection| rejection.sql.contains("orders_wrong")));

    // One of the twins stays: both gone would be missed.
    let kept = &found.reduced.kept;
    let open = kept.iter().filter(|name| name.starts_with("orders_open")).count();
    assert_eq!(open, 1, "{kept:?} {:?}", found.notes);
    assert!(kept.contains(&"orders_customer".to_owned()) && kept.contains(&"orders_once".to_owned()));
    assert!(found.reduced.dropped.contains(&"orders_details".to_owned()));
    assert!(found.reduced.confirmed, "{:?} {:?}", found.reduced.verdicts, found.notes);
    assert!(found.reduced.size_bytes_reduced < found.reduced.size_bytes_full);

    let sql = text("smallest.sql");
    assert!(
        sql.contains("CREATE INDEX orders_customer") && !sql.contains("CREATE INDEX orders_details"),
        "{sql}"
    );
    assert!(sql.contains("DROP INDEX CONCURRENTLY orders_details;"), "{sql}");
    assert!(text("ablation.md").contains("| orders\\_details | **✗ harmful** |"));
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(table.contains("harmful") && table.contains("The smallest set keeps"), "{table}");
    published(&text("ablation.json"));
}

/// Against the published schema.
fn published(json: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/ablation.schema.json");
    let schema: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> = validator.iter_errors(&value).map(|fault| fault.to_string()).collect();
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn an_unknown_variant_is_told_the_ones_with_indexes() {
    let trial = Trial::new(INDEXES);
    let output = trial.command(&["--variant", "bare"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("no variant `bare` with an index file") && told.contains("as-written"), "{told}");
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_the_work() {
    let trial = Trial::new(INDEXES);
    let output = trial.command(&["--out", "no/such/folder/a.json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("can't write to no/such/folder/a.json"), "{told}");
    assert!(!told.contains("server:"), "{told}");
}
