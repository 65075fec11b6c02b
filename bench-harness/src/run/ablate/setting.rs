//! What an ablation works on: candidates from the catalogue, statements of the workload, and for each table an
//! insert of generated rows, so that every index has a writer even where the workload writes nothing.

use postgres::Client;

use super::lab::{Candidate, Lab, Source, Subject};
use crate::driver::session::{Bound, describe};
use crate::generate::DatasetPlan;
use crate::run::RunOptions;
use crate::run::measure::Trouble;
use crate::run::prepare::{PreparedDataset, quote_identifier};
use crate::workload::loaded::Workload;
use crate::workload::model::{Effect, Measure, Scaled, Scenario};

/// Rows of the insert that stands for ordinary writes: enough that a page split is not the whole figure, few enough
/// that what rounds leave behind (dead rows, undone) stays small against the table.
pub const INSERTED_ROWS: u64 = 200;
const SCHEMA: &str = "indexproof_rows";

/// The set's indexes as the catalogue knows them, in the order of the index file.
pub fn candidates(client: &mut Client, names: &[String]) -> Result<Vec<Candidate>, postgres::Error> {
    let rows = client.query(
        "SELECT i.relname::text, i.oid::regclass::text, t.relname::text,
                x.indisunique OR EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.oid)
           FROM pg_index AS x
           JOIN pg_class AS i ON i.oid = x.indexrelid
           JOIN pg_class AS t ON t.oid = x.indrelid
          WHERE i.relname = ANY($1) AND pg_table_is_visible(t.oid)",
        &[&names],
    )?;
    let mut found: Vec<Candidate> = rows
        .iter()
        .map(|row| Candidate {
            name: row.get(0),
            identity: row.get(1),
            table: row.get(2),
            enforces: row.get(3),
        })
        .collect();
    found.sort_by_key(|candidate| names.iter().position(|name| *name == candidate.name));
    Ok(found)
}

/// A table of generated rows that are not in the data, ready to be inserted.
pub struct Insert {
    table: String,
    sql: String,
}

/// Lays rows ready for an insert into each of the tables; a table that has none is told in `notes`.
pub fn lay_rows_ready(
    client: &mut Client,
    workload: &Workload,
    dataset: &PreparedDataset,
    options: &RunOptions,
    epoch: jiff::Timestamp,
    tables: &[&str],
    notes: &mut Vec<String>,
) -> Result<Vec<Insert>, String> {
    client.batch_execute(&format!("CREATE SCHEMA {SCHEMA}")).map_err(|error| describe(&error))?;
    let mut inserts = Vec::new();
    for table in dataset.plan.tables().iter().filter(|table| tables.contains(&table.name.as_str())) {
        let laid = lay_one(client, workload, &dataset.name, options, epoch, &table.name, table.rows);
        match laid {
            Ok(insert) => inserts.push(insert),
            Err(why) => notes.push(format!("no rows could be made to insert into {}: {why}", table.name)),
        }
    }
    Ok(inserts)
}

fn lay_one(
    client: &mut Client,
    workload: &Workload,
    dataset: &str,
    options: &RunOptions,
    epoch: jiff::Timestamp,
    table: &str,
    held: u64,
) -> Result<Insert, String> {
    // The same data set with some more rows of this table: those beyond the loaded ones are new, and refer to rows
    // that are there.
    let mut longer = workload.clone();
    if let Some(dataset) = longer.manifest.datasets.get_mut(dataset) {
        dataset.rows.insert(table.to_owned(), Scaled::Same(held + INSERTED_ROWS));
    }
    let plan = DatasetPlan::compile(&longer, dataset, options.scale, options.seed, epoch)
        .map_err(|error| error.to_string())?;
    let mut rows = Vec::new();
    plan.write_copy(table, held..held + INSERTED_ROWS, &mut rows).map_err(|error| error.to_string())?;
    let columns: Vec<_> = plan
        .tables()
        .iter()
        .find(|shown| shown.name == table)
        .map(|shown| shown.columns.iter().map(|column| quote_identifier(column)).collect())
        .unwrap_or_default();
    let (name, columns) = (quote_identifier(table), columns.join(", "));
    let refuse = |error: postgres::Error| describe(&error);
    client
        .batch_execute(&format!("CREATE TABLE {SCHEMA}.{name} AS SELECT {columns} FROM {name} LIMIT 0"))
        .map_err(refuse)?;
    let mut sink = client.copy_in(&format!("COPY {SCHEMA}.{name} ({columns}) FROM STDIN")).map_err(refuse)?;
    std::io::Write::write_all(&mut sink, &rows).map_err(|error| error.to_string())?;
    sink.finish().map_err(refuse)?;
    client.batch_execute(&format!("VACUUM ANALYZE {SCHEMA}.{name}")).map_err(refuse)?;
    Ok(Insert {
        table: table.to_owned(),
        sql: format!("INSERT INTO {name} ({columns}) SELECT {columns} FROM {SCHEMA}.{name}"),
    })
}

/// All statements that run on this data set in the variant, planned with all indexes; others are told in `notes`.
pub async fn subjects<'a>(
    lab: &Lab<'_>,
    workload: &Workload,
    dataset: &'a PreparedDataset,
    variant: &str,
    inserts: &[Insert],
    notes: &mut Vec<String>,
) -> Vec<Subject<'a>> {
    let mut subjects = Vec::new();
    // What only says in which order a scenario's answers must come is no statement of the application.
    let oracles: Vec<&String> = workload
        .claims
        .iter()
        .flat_map(|claim| &claim.parts)
        .filter_map(|part| match &part.measure {
            Measure::Scenario(Scenario::Drain { oracle, .. }) => Some(oracle),
            _ => None,
        })
        .collect();
    for query in workload.queries.values().filter(|query| !oracles.contains(&&query.name)) {
        let left_out = |why: String| format!("{} on {} was left out: {why}", query.name, dataset.name);
        let pool = match dataset.pools.get(&query.name) {
            Some(Ok(pool)) => pool,
            Some(Err(why)) => {
                notes.push(left_out(why.clone()));
                continue;
            }
            None => continue,
        };
        let sql = query.sql_in(variant);
        let types: Vec<_> = query.params().iter().map(|parameter| parameter.sql_type.clone()).collect();
        let bound = match lab.session.bind(sql, &types).await {
            Ok(bound) => bound,
            Err(error) => {
                notes.push(left_out(describe(&error)));
                continue;
            }
        };
        let rows = query.rows().filter(|rows| rows.min == rows.max && rows.max > 0).map(|rows| rows.max);
        let mut subject = Subject {
            name: query.name.clone(),
            dataset: dataset.name.clone(),
            bound,
            arguments: Source::Pool(pool),
            writes: query.effect() != Effect::Read,
            rows,
            plans: Vec::new(),
        };
        match lab.plan_base(&mut subject).await {
            Ok(()) => subjects.push(subject),
            Err(trouble) => notes.push(left_out(said(&trouble))),
        }
    }
    for insert in inserts {
        let mut subject = Subject {
            name: format!("insert into {}", insert.table),
            dataset: dataset.name.clone(),
            bound: Bound { sql: insert.sql.clone(), types: Vec::new() },
            arguments: Source::Nothing,
            writes: true,
            rows: Some(INSERTED_ROWS),
            plans: Vec::new(),
        };
        match lab.plan_base(&mut subject).await {
            Ok(()) => subjects.push(subject),
            Err(trouble) => notes.push(format!("{} was left out: {}", subject.name, said(&trouble))),
        }
    }
    subjects
}

/// A statement's trouble as a sentence.
pub fn said(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Rejected(rejection) => format!("PostgreSQL rejects it: {}", rejection.message),
        Trouble::TimedOut(limit) => format!("it did not end within {} s", limit.as_secs()),
        Trouble::Guard(why) => why.clone(),
    }
}
