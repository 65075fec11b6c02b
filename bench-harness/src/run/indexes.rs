//! Builds a variant's index set statement by statement, and audits what came of it.

use std::collections::BTreeMap;
use std::time::Instant;

use postgres::Client;

use crate::driver::session::rejection;
use crate::result::evidence::{IndexAudit, Rejection};
use crate::workload::loaded::IndexStatement;

/// Runs each statement on its own; a rejected one is recorded, the next goes on.
pub fn build(
    client: &mut Client,
    dataset: &str,
    variant: &str,
    statements: &[IndexStatement],
    mut progress: impl FnMut(&str),
) -> Vec<IndexAudit> {
    let mut audits = Vec::with_capacity(statements.len());
    for statement in statements {
        let name = statement.index_name.clone().unwrap_or_else(|| first_line(&statement.sql));
        progress(&name);
        let start = Instant::now();
        let outcome = client.batch_execute(&statement.sql);
        let build_ms = start.elapsed().as_secs_f64() * 1e3;
        audits.push(IndexAudit {
            variant: variant.to_owned(),
            dataset: dataset.to_owned(),
            name,
            sql: statement.sql.clone(),
            comment: statement.comment.clone(),
            created: outcome.is_ok(),
            build_ms: outcome.is_ok().then_some(build_ms),
            rejection: outcome.err().map(|error| rejection(&statement.sql, &error)),
            size_bytes: None,
            used_by: Vec::new(),
            redundant_with: Vec::new(),
        });
    }
    audits
}

fn first_line(sql: &str) -> String {
    sql.lines().next().unwrap_or_default().trim().to_owned()
}

/// What the catalogue says of one index, as far as redundancy goes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shape {
    name: String,
    table: String,
    method: String,
    /// Key columns with operator class, collation and direction, in order.
    keys: Vec<String>,
    included: Vec<String>,
    predicate: Option<String>,
    unique: bool,
}

/// Fills sizes and redundancies of the indexes that exist.
pub fn audit(client: &mut Client, audits: &mut [IndexAudit]) -> Result<(), postgres::Error> {
    let rows = client.query(
        "SELECT i.relname, t.oid::regclass::text, am.amname,
                ARRAY(SELECT format('%s %s %s %s', pg_get_indexdef(x.indexrelid, k, true), x.indclass[k - 1],
                                    x.indcollation[k - 1], x.indoption[k - 1])
                        FROM generate_series(1, x.indnkeyatts) AS k),
                ARRAY(SELECT pg_get_indexdef(x.indexrelid, k, true)
                        FROM generate_series(x.indnkeyatts + 1, x.indnatts) AS k),
                pg_get_expr(x.indpred, x.indrelid), x.indisunique, pg_relation_size(i.oid)
           FROM pg_index AS x
           JOIN pg_class AS i ON i.oid = x.indexrelid
           JOIN pg_class AS t ON t.oid = x.indrelid
           JOIN pg_am AS am ON am.oid = i.relam
           JOIN pg_namespace AS n ON n.oid = i.relnamespace
          WHERE x.indisvalid AND n.nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema')
          ORDER BY i.relname",
        &[],
    )?;
    let mut sizes = BTreeMap::new();
    let mut shapes = Vec::with_capacity(rows.len());
    for row in &rows {
        let shape = Shape {
            name: row.get(0),
            table: row.get(1),
            method: row.get(2),
            keys: row.get(3),
            included: row.get(4),
            predicate: row.get(5),
            unique: row.get(6),
        };
        sizes.insert(shape.name.clone(), u64::try_from(row.get::<_, i64>(7)).unwrap_or_default());
        shapes.push(shape);
    }
    for audit in audits.iter_mut().filter(|audit| audit.created) {
        audit.size_bytes = sizes.get(&audit.name).copied();
        if let Some(shape) = shapes.iter().find(|shape| shape.name == audit.name) {
            audit.redundant_with = shapes
                .iter()
                .filter(|other| other.name != shape.name && serves_all_of(other, shape))
                .map(|other| other.name.clone())
                .collect();
        }
    }
    Ok(())
}

/// Whether every lookup `narrow` serves, `wide` serves too: same table, method and rows, and `narrow`'s columns lead
/// `wide`'s. Two equal indexes make each other redundant; a unique one is never redundant, it enforces something.
fn serves_all_of(wide: &Shape, narrow: &Shape) -> bool {
    !narrow.unique
        && wide.table == narrow.table
        && wide.method == narrow.method
        && narrow.method == "btree"
        && (wide.predicate.is_none() || wide.predicate == narrow.predicate)
        && wide.keys.starts_with(&narrow.keys)
        && narrow.included.iter().all(|column| {
            wide.included.contains(column)
                || wide.keys.iter().any(|key| key.split(' ').next() == Some(column.as_str()))
        })
}

/// Size of an index by name, in bytes.
pub fn size(client: &mut Client, index: &str) -> Result<Option<u64>, postgres::Error> {
    let row = client.query_opt(
        "SELECT pg_relation_size(c.oid) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
          WHERE c.relname = $1 AND c.relkind IN ('i', 'I') AND n.nspname !~ '^pg_'",
        &[&index],
    )?;
    Ok(row.and_then(|row| u64::try_from(row.get::<_, i64>(0)).ok()))
}

/// Size an index would have: built in a transaction that is rolled back, so that nothing of it stays.
pub fn size_if_built(client: &mut Client, sql: &str) -> Result<u64, Rejection> {
    let refuse = |error: postgres::Error| rejection(sql, &error);
    let mut transaction = client.transaction().map_err(refuse)?;
    transaction.batch_execute(sql).map_err(refuse)?;
    let bytes: i64 = transaction
        .query_one(
            "SELECT coalesce(sum(pg_relation_size(oid)), 0)::int8 FROM pg_class
              WHERE relkind = 'i' AND xmin = pg_current_xact_id()::xid",
            &[],
        )
        .map_err(refuse)?
        .get(0);
    transaction.rollback().map_err(refuse)?;
    Ok(u64::try_from(bytes).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(name: &str, keys: &[&str], predicate: Option<&str>) -> Shape {
        Shape {
            name: name.to_owned(),
            table: "t".to_owned(),
            method: "btree".to_owned(),
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            included: Vec::new(),
            predicate: predicate.map(str::to_owned),
            unique: false,
        }
    }

    #[test]
    fn a_prefix_with_the_same_rows_is_redundant() {
        assert!(serves_all_of(&shape("wide", &["a", "b"], None), &shape("narrow", &["a"], None)));
        assert!(serves_all_of(&shape("wide", &["a", "b"], None), &shape("narrow", &["a"], Some("x"))));
    }

    #[test]
    fn another_order_fewer_rows_or_uniqueness_is_not() {
        assert!(!serves_all_of(&shape("wide", &["b", "a"], None), &shape("narrow", &["a"], None)));
        assert!(!serves_all_of(&shape("wide", &["a", "b"], Some("x")), &shape("narrow", &["a"], None)));
        let unique = Shape { unique: true, ..shape("narrow", &["a"], None) };
        assert!(!serves_all_of(&shape("wide", &["a", "b"], None), &unique));
    }

    #[test]
    fn an_included_column_must_be_covered() {
        let narrow = Shape { included: vec!["c".to_owned()], ..shape("narrow", &["a"], None) };
        assert!(!serves_all_of(&shape("wide", &["a", "b"], None), &narrow));
        assert!(serves_all_of(&shape("wide", &["a", "c 1 0 0"], None), &narrow));
    }
}
