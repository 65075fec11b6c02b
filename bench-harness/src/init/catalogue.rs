//! What somebody's database says of itself: tables, keys, indexes, statistics, and the statements it spends its time
//! on. Reads only, in a read-only transaction.

use std::collections::BTreeMap;

use postgres::{Client, Error, Row};

/// Marks statements of this module, which are in pg_stat_statements the next time.
const OURS: &str = "/* indexproof */";

/// A database as far as a workload can be made of it.
#[derive(Clone, Debug, Default)]
pub struct Database {
    pub name: String,
    pub version: String,
    /// Extensions that a column's type or an index's operator class comes from.
    pub extensions: Vec<String>,
    /// Enum types with their labels in order.
    pub enums: BTreeMap<String, Vec<String>>,
    pub tables: Vec<Table>,
    pub statements: Vec<Seen>,
    /// What was left out, in sentences.
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Table {
    pub name: String,
    pub rows: u64,
    pub columns: Vec<Column>,
    pub primary_key: Option<Key>,
    pub uniques: Vec<Key>,
    pub foreign_keys: Vec<ForeignKey>,
    pub checks: Vec<String>,
    pub indexes: Vec<Index>,
}

/// A constraint with its columns.
#[derive(Clone, Debug, Default)]
pub struct Key {
    pub name: String,
    pub columns: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct ForeignKey {
    pub columns: Vec<String>,
    pub table: String,
    pub targets: Vec<String>,
    pub definition: String,
}

#[derive(Clone, Debug)]
pub struct Index {
    pub name: String,
    pub definition: String,
    pub unique: bool,
    /// Columns when it is on plain columns only.
    pub columns: Vec<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Column {
    pub name: String,
    /// As CREATE TABLE writes it.
    pub sql_type: String,
    /// Of the base type: `int4`, `text`, `timestamptz`.
    pub type_name: String,
    pub not_null: bool,
    pub default: Option<String>,
    /// Its expression, when PostgreSQL computes it.
    pub generated: Option<String>,
    pub identity: bool,
    pub statistics: Option<Statistics>,
    /// Values of some rows, as text: what there is to go by without statistics, and for types that can't be made up.
    pub samples: Vec<String>,
}

/// From pg_stats.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    pub null_fraction: f64,
    /// As PostgreSQL has it: negative is a share of the rows.
    pub distinct: f64,
    pub average_width: i32,
    /// Between the order of values and the order of rows on disk, -1 to 1.
    pub correlation: f64,
    pub common: Vec<(String, f64)>,
    /// Bounds of equally frequent ranges, ascending.
    pub bounds: Vec<String>,
    /// The first and last bound (or common value) of a date or time, in seconds from now.
    pub seconds: Option<(f64, f64)>,
}

/// A statement of pg_stat_statements.
#[derive(Clone, Debug)]
pub struct Seen {
    pub sql: String,
    pub calls: i64,
    pub total_ms: f64,
    /// Its share of the time of all statements of the database.
    pub share: f64,
    /// Type name of each parameter.
    pub parameters: Vec<String>,
}

/// Reads all of it; `most` statements at the most.
///
/// # Errors
/// Whatever the server refuses.
pub fn read(client: &mut Client, most: usize) -> Result<Database, Error> {
    client.batch_execute("SET default_transaction_read_only = on; SET search_path = public")?;
    let row = client.query_one("SELECT current_database()::text, current_setting('server_version')", &[])?;
    let mut database = Database { name: row.get(0), version: row.get(1), ..Database::default() };
    other_schemas(client, &mut database)?;
    let tables = client.query(
        "SELECT c.oid, c.relname::text, c.reltuples::float8, c.relpages
           FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
          WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
            AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')
          ORDER BY c.relname",
        &[],
    )?;
    for row in &tables {
        let name: String = row.get(1);
        if crate::workload::is_identifier(&name) {
            database.tables.push(table(client, row, name)?);
        } else {
            database.notes.push(format!("table {name} is left out: its name is not of the form a_b_1"));
        }
    }
    let labels = client.query(
        "SELECT t.typname::text, array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
           FROM pg_enum AS e JOIN pg_type AS t ON t.oid = e.enumtypid
           JOIN pg_namespace AS n ON n.oid = t.typnamespace WHERE n.nspname = 'public' GROUP BY t.typname",
        &[],
    )?;
    database.enums = labels.iter().map(|row| (row.get(0), row.get(1))).collect();
    database.extensions = extensions(client)?;
    statements(client, most, &mut database)?;
    Ok(database)
}

fn other_schemas(client: &mut Client, database: &mut Database) -> Result<(), Error> {
    let rows = client.query(
        "SELECT n.nspname::text, count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
          WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('public', 'pg_catalog', 'information_schema')
            AND n.nspname !~ '^pg_' GROUP BY 1 ORDER BY 1",
        &[],
    )?;
    for row in &rows {
        let (schema, tables): (String, i64) = (row.get(0), row.get(1));
        database.notes.push(format!("{tables} tables of schema {schema} are left out: only public is read"));
    }
    Ok(())
}

fn table(client: &mut Client, row: &Row, name: String) -> Result<Table, Error> {
    let (oid, estimate, pages): (u32, f64, i32) = (row.get(0), row.get(2), row.get(3));
    let quoted = quote(&name);
    // An estimate is good enough for a large table, and counting one would be no kindness.
    let rows = if estimate < 0.0 || pages < 1_000 {
        let count: i64 =
            client.query_one(&format!("SELECT {OURS} count(*) FROM public.{quoted}"), &[])?.get(0);
        count.unsigned_abs()
    } else {
        estimate as u64
    };
    let mut table = Table { name, rows, ..Table::default() };
    constraints(client, oid, &mut table)?;
    let indexes = client.query(
        "SELECT i.relname::text, pg_get_indexdef(x.indexrelid), x.indisunique,
                CASE WHEN 0 = ANY(x.indkey::int2[]) THEN '{}' ELSE ARRAY(
                    SELECT a.attname::text FROM unnest(x.indkey::int2[]) WITH ORDINALITY AS k(n, place)
                      JOIN pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = k.n ORDER BY place) END
           FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid
          WHERE x.indrelid = $1 AND x.indisvalid AND NOT x.indisprimary ORDER BY i.relname",
        &[&oid],
    )?;
    table.indexes = indexes
        .iter()
        .map(|row| Index {
            name: row.get(0),
            definition: row.get(1),
            unique: row.get(2),
            columns: row.get(3),
        })
        .collect();
    columns(client, oid, &mut table)?;
    Ok(table)
}

fn constraints(client: &mut Client, oid: u32, table: &mut Table) -> Result<(), Error> {
    let rows = client.query(
        "SELECT c.contype::text, c.conname::text, pg_get_constraintdef(c.oid),
                ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k(n, place)
                        JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY place),
                t.relname::text,
                ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY AS k(n, place)
                        JOIN pg_attribute AS a ON a.attrelid = c.confrelid AND a.attnum = k.n ORDER BY place)
           FROM pg_constraint AS c LEFT JOIN pg_class AS t ON t.oid = c.confrelid
          WHERE c.conrelid = $1 ORDER BY c.conname",
        &[&oid],
    )?;
    for row in &rows {
        let (kind, name, definition): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        let columns: Vec<String> = row.get(3);
        match kind.as_str() {
            "p" => table.primary_key = Some(Key { name, columns }),
            "u" => table.uniques.push(Key { name, columns }),
            "c" => table.checks.push(definition),
            "f" => table.foreign_keys.push(ForeignKey {
                columns,
                table: row.get::<_, Option<String>>(4).unwrap_or_default(),
                targets: row.get(5),
                definition,
            }),
            _ => {}
        }
    }
    Ok(())
}

fn columns(client: &mut Client, oid: u32, table: &mut Table) -> Result<(), Error> {
    let rows = client.query(
        "SELECT a.attname::text,
                CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod)
                     ELSE format_type(a.atttypid, a.atttypmod) END,
                coalesce(b.typname, t.typname)::text, a.attnotnull,
                CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
                CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END,
                a.attidentity <> '',
                s.null_frac::float8, s.n_distinct::float8, s.avg_width,
                CASE WHEN t.typcategory <> 'A' THEN s.most_common_vals::text::text[] END,
                s.most_common_freqs::float8[],
                CASE WHEN t.typcategory <> 'A' THEN s.histogram_bounds::text::text[] END,
                s.correlation::float8
           FROM pg_attribute AS a
           JOIN pg_class AS c ON c.oid = a.attrelid
           JOIN pg_type AS t ON t.oid = a.atttypid
           LEFT JOIN pg_type AS b ON b.oid = t.typbasetype
           LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
           LEFT JOIN pg_stats AS s
                  ON s.schemaname = 'public' AND s.tablename = c.relname AND s.attname = a.attname
          WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        &[&oid],
    )?;
    for row in &rows {
        let mut column = Column {
            name: row.get(0),
            sql_type: row.get(1),
            type_name: row.get(2),
            not_null: row.get(3),
            default: row.get(4),
            generated: row.get(5),
            identity: row.get(6),
            statistics: statistics(row),
            samples: Vec::new(),
        };
        if matches!(column.type_name.as_str(), "timestamp" | "timestamptz" | "date")
            && let Some(statistics) = &mut column.statistics
        {
            statistics.seconds = seconds(client, statistics)?;
        }
        let sql = format!(
            "SELECT {OURS} {0}::text FROM (SELECT {0} FROM public.{1} LIMIT 1000) AS seen WHERE {0} IS NOT NULL LIMIT 20",
            quote(&column.name),
            quote(&table.name)
        );
        let samples = client.query(&sql, &[])?;
        column.samples = samples.iter().map(|row| row.get(0)).collect();
        table.columns.push(column);
    }
    Ok(())
}

fn statistics(row: &Row) -> Option<Statistics> {
    let null_fraction: Option<f64> = row.get(7);
    let values: Vec<Option<String>> = row.get::<_, Option<_>>(10).unwrap_or_default();
    let frequencies: Vec<f64> = row.get::<_, Option<_>>(11).unwrap_or_default();
    let bounds: Vec<Option<String>> = row.get::<_, Option<_>>(12).unwrap_or_default();
    Some(Statistics {
        null_fraction: null_fraction?,
        distinct: row.get::<_, Option<f64>>(8).unwrap_or_default(),
        average_width: row.get::<_, Option<i32>>(9).unwrap_or_default(),
        correlation: row.get::<_, Option<f64>>(13).unwrap_or_default(),
        common: values.into_iter().flatten().zip(frequencies).collect(),
        bounds: bounds.into_iter().flatten().collect(),
        seconds: None,
    })
}

fn seconds(client: &mut Client, statistics: &Statistics) -> Result<Option<(f64, f64)>, Error> {
    let all: Vec<&str> = statistics
        .bounds
        .iter()
        .map(String::as_str)
        .chain(statistics.common.iter().map(|(value, _)| value.as_str()))
        .collect();
    let sql = "SELECT min(s), max(s) FROM (SELECT extract(epoch FROM v::timestamptz - now())::float8 AS s
                 FROM unnest($1::text[]) AS v WHERE isfinite(v::timestamptz)) AS each";
    let row = client.query_one(sql, &[&all])?;
    let (first, last): (Option<f64>, Option<f64>) = (row.get(0), row.get(1));
    Ok(first.zip(last))
}

fn extensions(client: &mut Client) -> Result<Vec<String>, Error> {
    let rows = client.query(
        "SELECT DISTINCT e.extname::text FROM pg_extension AS e
           JOIN pg_depend AS d ON d.refobjid = e.oid AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
          WHERE (d.classid = 'pg_type'::regclass AND EXISTS (
                    SELECT FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
                      JOIN pg_namespace AS n ON n.oid = c.relnamespace
                     WHERE a.atttypid = d.objid AND n.nspname = 'public' AND c.relkind IN ('r', 'p')))
             OR (d.classid = 'pg_opclass'::regclass AND EXISTS (
                    SELECT FROM pg_index AS x WHERE d.objid = ANY(x.indclass::oid[])))
          ORDER BY 1",
        &[],
    )?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

fn statements(client: &mut Client, most: usize, database: &mut Database) -> Result<(), Error> {
    let schema = client.query_opt(
        "SELECT quote_ident(n.nspname) FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
          WHERE e.extname = 'pg_stat_statements'",
        &[],
    )?;
    let Some(schema) = schema else {
        database.notes.push(
            "pg_stat_statements is not in this database (CREATE EXTENSION pg_stat_statements): its statements are \
             not known, and a lookup by primary key stands for each table"
                .to_owned(),
        );
        return Ok(());
    };
    let sql = format!(
        "SELECT query, sum(calls)::int8, sum(total_exec_time)::float8,
                (sum(total_exec_time) / nullif(sum(sum(total_exec_time)) OVER (), 0))::float8
           FROM {}.pg_stat_statements AS s JOIN pg_database AS d ON d.oid = s.dbid
          WHERE d.datname = current_database() AND query ~* '^\\s*(select|with|insert|update|delete)\\M'
          GROUP BY query ORDER BY 3 DESC",
        schema.get::<_, String>(0)
    );
    let rows = client.query(&sql, &[])?;
    for row in &rows {
        let text: String = row.get(0);
        // Readers of the catalogue, and of samples as above, are not the application's.
        if text.contains(OURS)
            || text.contains("pg_catalog")
            || text.contains("pg_stat")
            || text.contains("pg_class")
        {
            continue;
        }
        if database.statements.len() == most {
            let left = format!("only the {most} statements that took most time are taken (--statements)");
            database.notes.push(left);
            break;
        }
        match client.prepare(&text) {
            Ok(prepared) => database.statements.push(Seen {
                sql: text,
                calls: row.get(1),
                total_ms: row.get(2),
                share: row.get::<_, Option<f64>>(3).unwrap_or_default(),
                parameters: prepared.params().iter().map(|ty| ty.name().to_owned()).collect(),
            }),
            Err(error) => database.notes.push(format!(
                "left out, as it can't be prepared ({}): {}",
                crate::driver::session::describe(&error),
                text.split_whitespace().collect::<Vec<_>>().join(" ")
            )),
        }
    }
    Ok(())
}

/// An identifier as SQL writes it.
pub fn quote(name: &str) -> String {
    crate::run::prepare::quote_identifier(name)
}
