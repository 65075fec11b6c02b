use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::workload::loaded::Workload;
use crate::workload::model::Scale;

const TABLES: &str = r#"
title = "t"
summary = "s"
document = { id = "000", title = "d" }

[tables.account]
id = "uuid"
owner = { entity = { name = "user", pick = { cycle = { count = 10 } } } }
parent = { nullable = { probability = 0.5, of = { reference = { table = "account", column = "id" } } } }

[tables.job]
number = "row"
id = "uuid"
_rank = { zipf = { count = 50, exponent = 1.1 } }
user_id = { entity = { name = "user", pick = { zipf = { count = 10, exponent = 1.0 } } } }
any_user = { entity = { name = "user", pick = { uniform = { count = 10 } } } }
account_id = { reference = { table = "account", column = "id", pick = { zipf = { exponent = 1.2 } } } }
status = { quota = { values = [{ value = "pending", rows = { ci = 30, small = 300, full = 300 } }, { value = "processing", rows = 7 }], rest = { weighted = [{ weight = 9, value = "completed" }, { weight = 1, of = { constant = "failed" } }] } } }
priority = { integer = { min = -5, max = 10 } }
share = { float = { min = 0.0, max = 1.0 } }
flag = { boolean = { probability = 0.25 } }
created_at = { timestamp = { from = "-30d", to = "0s", skew = 2.0 } }
completed_at = { case = { column = "status", when = { completed = { after = { column = "created_at", min = "1s", max = "10m", skew = 3.0 } } }, otherwise = "null" } }
archived_at = { after = { column = "completed_at", min = "1d", max = "1d" } }
params = { json = { template = { account = "$account", n = ["$n", "$$n"], x = "a\\b" }, with = { account = "uuid", n = { integer = { min = 1, max = 3 } } } } }
message = { template = { text = ["took {ms} ms", "{{x}} {words}"], with = { ms = { integer = { min = 1, max = 99 } }, words = { words = { min = 0, max = 4 } } } } }
nothing = "null"

[datasets.both]
summary = "s"
rows.account = 20
rows.job = { ci = 200, small = 2_000, full = 2_000 }

[datasets.accounts]
summary = "s"
rows.account = 20

[[variant]]
name = "bare"
summary = "s"
"#;

fn workload() -> Workload {
    Workload::of_manifest("t", toml::from_str(TABLES).unwrap())
}

fn epoch() -> Timestamp {
    "2025-01-31T12:00:00Z".parse().unwrap()
}

fn plan(seed: u64) -> DatasetPlan {
    DatasetPlan::compile(&workload(), "both", Scale::Ci, seed, epoch()).unwrap()
}

fn copied(plan: &DatasetPlan, table: &str, rows: Range<u64>) -> String {
    let mut out = Vec::new();
    plan.write_copy(table, rows, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The fields of one column.
fn column(plan: &DatasetPlan, table: &str, name: &str) -> Vec<String> {
    let shown = plan.tables().iter().find(|shown| shown.name == table).unwrap();
    let position = shown.columns.iter().position(|column| column == name).unwrap();
    let text = copied(plan, table, 0..shown.rows);
    text.lines().map(|line| line.split('\t').nth(position).unwrap().to_owned()).collect()
}

/// The bytes are a contract: a run with the same seed and epoch must meet the same data after an upgrade of any
/// library. A change here changes every reference result.
#[test]
fn the_bytes_of_a_seed() {
    let plan = plan(7);
    insta::assert_snapshot!(format!("{}\n{}", copied(&plan, "account", 0..4), copied(&plan, "job", 0..8)));
}

#[test]
fn tables_come_in_load_order_without_virtual_columns() {
    let plan = plan(1);
    let names: Vec<_> = plan.tables().iter().map(|table| (table.name.as_str(), table.rows)).collect();
    assert_eq!(names, [("account", 20), ("job", 200)]);
    let job = &plan.tables()[1].columns;
    assert_eq!(&job[..3], ["number", "id", "user_id"]);
    assert!(!job.contains(&"_rank".to_owned()));
}

#[test]
fn a_table_that_the_data_set_leaves_empty_is_not_planned() {
    let plan = DatasetPlan::compile(&workload(), "accounts", Scale::Ci, 1, epoch()).unwrap();
    assert_eq!(plan.tables().len(), 1);
    assert!(matches!(plan.write_copy("job", 0..1, &mut Vec::new()), Err(GenerateError::UnknownTable { .. })));
}

#[test]
fn different_seeds_give_different_rows() {
    assert_ne!(column(&plan(1), "job", "id"), column(&plan(2), "job", "id"));
    assert_ne!(column(&plan(1), "job", "status"), column(&plan(2), "job", "status"));
}

#[test]
fn entities_are_the_same_everywhere_and_evenly_cycled() {
    let plan = plan(3);
    let owners = column(&plan, "account", "owner");
    let users: BTreeSet<_> = owners.iter().collect();
    assert_eq!(users.len(), 10);
    assert!(users.iter().all(|user| owners.iter().filter(|owner| owner == user).count() == 2));
    for name in ["user_id", "any_user"] {
        let seen = column(&plan, "job", name);
        assert!(seen.iter().all(|user| users.contains(user)), "{name} has a user that owns no account");
    }
}

#[test]
fn references_hold() {
    let plan = plan(4);
    let ids: BTreeSet<_> = column(&plan, "account", "id").into_iter().collect();
    assert!(column(&plan, "job", "account_id").iter().all(|id| ids.contains(id)));
    let parents = column(&plan, "account", "parent");
    assert!(parents.iter().all(|id| id == "\\N" || ids.contains(id)));
    assert!(parents.iter().any(|id| id != "\\N"));
}

#[test]
fn times_follow_each_other() {
    let plan = plan(5);
    let parse = |field: &String| field.parse::<Timestamp>().ok();
    let created: Vec<_> = column(&plan, "job", "created_at").iter().map(parse).collect();
    let completed: Vec<_> = column(&plan, "job", "completed_at").iter().map(parse).collect();
    let archived: Vec<_> = column(&plan, "job", "archived_at").iter().map(parse).collect();
    let statuses = column(&plan, "job", "status");
    for row in 0..statuses.len() {
        let created = created[row].unwrap();
        assert!(created <= epoch() && created >= epoch() - jiff::SignedDuration::from_hours(720));
        assert_eq!(completed[row].is_some(), statuses[row] == "completed");
        assert_eq!(archived[row].is_some(), completed[row].is_some());
        if let (Some(completed), Some(archived)) = (completed[row], archived[row]) {
            let took = completed.duration_since(created).as_secs_f64();
            assert!((1.0..=600.0).contains(&took), "{took}");
            assert_eq!(archived.duration_since(completed).as_hours(), 24);
        }
    }
    let late = created.iter().flatten().filter(|at| **at > epoch() - jiff::SignedDuration::from_hours(360));
    let late = late.count() as f64 / created.len() as f64;
    assert!((0.6..0.8).contains(&late), "skew 2 puts 71 % into the later half, not {late}");
}

#[test]
fn shares_and_ranges() {
    let plan = DatasetPlan::compile(&workload(), "both", Scale::Small, 6, epoch()).unwrap();
    let of = |name: &str| column(&plan, "job", name);
    let share =
        |name: &str, value: &str| of(name).iter().filter(|field| *field == value).count() as f64 / 2000.0;
    assert!((0.22..0.28).contains(&share("flag", "true")));
    assert!((0.08..0.14).contains(&(share("status", "failed") / (1.0 - 0.15 - 0.0035))));
    let priorities: BTreeSet<i64> = of("priority").iter().map(|field| field.parse().unwrap()).collect();
    assert_eq!(priorities, (-5..=10).collect());
    let users = of("user_id");
    let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
    users.iter().for_each(|user| *counts.entry(user).or_default() += 1);
    let most = counts.values().max().unwrap();
    assert!((600..760).contains(most), "zipf 1.0 over 10 gives the first 34 %, not {most} of 2000");
}

#[test]
fn json_and_text_are_filled() {
    let plan = plan(8);
    for field in column(&plan, "job", "params") {
        let document: serde_json::Value = serde_json::from_str(&field.replace("\\\\", "\\")).unwrap();
        assert_eq!(document["n"][1], "$n");
        assert_eq!(document["x"], "a\\b");
        assert!((1..=3).contains(&document["n"][0].as_i64().unwrap()), "{document}");
        assert_eq!(document["account"].as_str().unwrap().len(), 36);
    }
    let messages = column(&plan, "job", "message");
    assert!(messages.iter().any(|text| text.starts_with("took ")));
    assert!(messages.iter().any(|text| text.starts_with("{x} ")));
}

#[test]
fn ranges_beyond_the_table_are_refused() {
    let error = plan(1).write_copy("job", 150..201, &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "rows 150 to 201 of `job` are wanted, it has 200");
}

#[test]
fn parameters_are_streams_of_their_own() {
    let plan = plan(1);
    let uuid = crate::workload::generator::Generator::Uuid;
    let (one, other) = (plan.parameter(&uuid, "q.a").unwrap(), plan.parameter(&uuid, "q.b").unwrap());
    assert_eq!(one.at(3), plan.parameter(&uuid, "q.a").unwrap().at(3));
    assert_ne!(one.at(3), one.at(4));
    assert_ne!(one.at(3), other.at(3));
    let user = generator(r#"entity = { name = "user", pick = { cycle = { count = 10 } } }"#);
    let owners = column(&plan, "account", "owner");
    let user = plan.parameter(&user, "q.user").unwrap().at(0);
    assert_eq!(user.as_param_text().as_deref(), Some(owners[0].as_str()));
    let account = generator(r#"reference = { table = "account", column = "id" }"#);
    let account = plan.parameter(&account, "q.account").unwrap().at(12);
    let ids = column(&plan, "account", "id");
    assert!(ids.iter().any(|id| account.as_param_text().as_deref() == Some(id)));
}

#[test]
fn what_a_parameter_can_not_be_is_refused() {
    let plan = plan(1);
    for written in [
        r#"after = { column = "created_at", min = "0s", max = "1s" }"#,
        r#"quota = { values = [], rest = "null" }"#,
        r#"nullable = { probability = 0.5, of = { case = { column = "status", when = {}, otherwise = "null" } } }"#,
        r#"reference = { table = "nowhere", column = "id" }"#,
        r#"integer = { min = 2, max = 1 }"#,
        r#"zipf = { count = 0, exponent = 1.0 }"#,
        r#"boolean = { probability = 1.5 }"#,
        r#"weighted = []"#,
    ] {
        let error = plan.parameter(&generator(written), "p").unwrap_err();
        assert!(matches!(error, GenerateError::Parameter { .. }), "{written}: {error}");
    }
}

fn generator(written: &str) -> crate::workload::generator::Generator {
    toml::from_str(written).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A table written in parts is the table.
    #[test]
    fn chunks_join_to_the_whole(seed: u64, cuts in prop::collection::btree_set(0_u64..200, 0..6)) {
        let plan = plan(seed);
        let mut parts = String::new();
        let mut start = 0;
        for end in cuts.into_iter().chain([200]) {
            parts += &copied(&plan, "job", start..end);
            start = end;
        }
        prop_assert_eq!(parts, copied(&plan, "job", 0..200));
    }

    /// A cell computed alone is the cell computed with its row.
    #[test]
    fn a_cell_needs_no_neighbours(seed: u64, row in 0_u64..200) {
        let plan = plan(seed);
        let manifest = workload().manifest;
        let names: Vec<_> = manifest.tables["job"].keys().collect();
        let mut alone = Vec::new();
        for (column, name) in names.iter().enumerate().rev() {
            if !name.starts_with('_') {
                let mut field = Vec::new();
                plan.cell("job", column, row).as_copy(&mut field);
                alone.insert(0, String::from_utf8(field).unwrap());
            }
        }
        prop_assert_eq!(alone.join("\t") + "\n", copied(&plan, "job", row..row + 1));
    }

    /// Quotas are exact whatever the seed.
    #[test]
    fn quotas_are_exact(seed: u64) {
        let statuses = column(&plan(seed), "job", "status");
        let count = |status: &str| statuses.iter().filter(|found| *found == status).count();
        prop_assert_eq!((count("pending"), count("processing")), (30, 7));
    }
}
