//! A new workload folder: a commented skeleton, or one made from somebody's database.
//!
//! From a database come its tables with keys, its indexes, generators fitted to pg_stats, and the statements of
//! pg_stat_statements with parameters drawn from the data. What can't be carried over is left out and said so, in
//! the folder's README; the rest passes `check` and runs as it is.

pub mod catalogue;
pub mod fit;
mod parameters;
mod queries;
pub mod schema;
mod tokens;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use catalogue::Database;

/// Files of a folder: path within it, and text.
pub type Files = BTreeMap<String, String>;

/// Rows of the largest table at scales ci and small; smaller tables shrink in proportion, the smallest not at all.
const CI_ROWS: u64 = 50_000;
const SMALL_ROWS: u64 = 1_000_000;
const NOT_SHRUNK: u64 = 1_000;

/// The skeleton: two tables, a statement, an index set and a claim, each line explained.
pub fn skeleton(name: &str) -> Files {
    let files = [
        ("README.md", include_str!("skeleton/README.md")),
        ("workload.toml", include_str!("skeleton/workload.toml")),
        ("schema.sql", include_str!("skeleton/schema.sql")),
        ("indexes/as-written.sql", include_str!("skeleton/as-written.sql")),
        ("queries/newest_of_owner.sql", include_str!("skeleton/newest_of_owner.sql")),
        ("claims.toml", include_str!("skeleton/claims.toml")),
    ];
    let named = |text: &str| text.replace("NAME", name).replace("PREFIX", &prefix(name));
    files.into_iter().map(|(path, text)| (path.to_owned(), named(text))).collect()
}

/// Why a database can't be made into a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NothingToTake {
    #[error("it has no table in schema public with rows in it")]
    NoTable,
    #[error(
        "no statement could be taken from it, and no table has a primary key of one column to look rows up by"
    )]
    NoStatement,
}

/// A workload of what a database is and does.
///
/// # Errors
/// When there is nothing to measure.
pub fn from_database(name: &str, mut database: Database) -> Result<Files, NothingToTake> {
    if database.tables.iter().all(|table| table.rows == 0) {
        return Err(NothingToTake::NoTable);
    }
    let queries = queries::queries(&mut database);
    if queries.is_empty() {
        return Err(NothingToTake::NoStatement);
    }
    let ordered = ordered(&database);
    database.notes.extend(ordered);
    let indexes = schema::indexes(&database);
    let scale = Scaling::of(&database);
    let held = |table: &str| {
        let rows = database.tables.iter().find(|it| it.name == table).map_or(0, |table| table.rows);
        scale.held(rows)
    };
    let mut files = Files::new();
    files.insert("workload.toml".to_owned(), manifest(name, &database, &scale, indexes.is_some()));
    files.insert("schema.sql".to_owned(), schema::schema(&database));
    files
        .insert("claims.toml".to_owned(), queries::claims(&prefix(name), &queries, indexes.is_some(), &held));
    for query in &queries {
        files.insert(format!("queries/{}.sql", query.name), query.text.clone());
    }
    files.insert("README.md".to_owned(), readme(name, &database, queries.len()));
    files.extend(indexes.map(|text| ("indexes/as-written.sql".to_owned(), text)));
    Ok(files)
}

/// What the made-up order of rows takes from indexes: a column that lies in order there.
fn ordered(database: &Database) -> Vec<String> {
    let mut notes = Vec::new();
    for table in &database.tables {
        for column in table.columns.iter().filter(|column| !fit::is_key(table, &column.name)) {
            let correlation = column.statistics.as_ref().map_or(0.0, |statistics| statistics.correlation);
            let several = column.statistics.as_ref().is_some_and(|it| it.distinct != 1.0);
            if correlation.abs() > 0.9 && several && table.rows > NOT_SHRUNK {
                notes.push(format!(
                    "{}.{} lies in order in the database (correlation {correlation:.2}) and in none here: a scan of \
                     an index on it touches more pages here than there",
                    table.name, column.name
                ));
            }
        }
    }
    notes
}

/// Claim IDs begin with it: the initials of a name's words, or its first letters.
fn prefix(name: &str) -> String {
    let words: Vec<&str> = name.split('_').filter(|word| !word.is_empty()).collect();
    let letters: String = match words.as_slice() {
        [one] => one.chars().take(3).collect(),
        several => several.iter().filter_map(|word| word.chars().next()).collect(),
    };
    letters.to_uppercase()
}

struct Scaling {
    largest: u64,
}

impl Scaling {
    fn of(database: &Database) -> Scaling {
        Scaling { largest: database.tables.iter().map(|table| table.rows).max().unwrap_or(1).max(1) }
    }

    /// A table's rows at a scale whose largest table has `most`.
    fn rows(&self, rows: u64, most: u64) -> u64 {
        if self.largest <= most || rows <= NOT_SHRUNK {
            return rows;
        }
        // Never below what is not shrunk at all, so that the order of sizes stays.
        let shrunk = (u128::from(rows) * u128::from(most) / u128::from(self.largest)) as u64;
        shrunk.max(NOT_SHRUNK)
    }

    /// As TOML.
    fn held(&self, rows: u64) -> String {
        let (ci, small) = (self.rows(rows, CI_ROWS), self.rows(rows, SMALL_ROWS));
        if ci == rows { rows.to_string() } else { format!("{{ ci = {ci}, small = {small}, full = {rows} }}") }
    }
}

fn manifest(name: &str, database: &Database, scale: &Scaling, with_indexes: bool) -> String {
    let mut text = format!(
        "title = {}\nsummary = {}\ndocument = {{ id = {}, title = {} }}\n",
        fit::quoted(&format!("Database {}", database.name)),
        fit::quoted("Tables, indexes and statements of a database, with data made to its statistics."),
        fit::quoted(name),
        fit::quoted(&format!("What database {} is and does", database.name)),
    );
    text.push_str(
        "\n[datasets.data]\nsummary = \"All tables, in their proportions\"\n[datasets.data.rows]\n",
    );
    let tables = schema::load_order(database);
    for table in tables.iter().filter(|table| table.rows > 0) {
        text.push_str(&format!("{} = {}\n", table.name, scale.held(table.rows)));
    }
    text.push_str("\n[[variant]]\nname = \"bare\"\nsummary = \"primary keys alone\"\n");
    if with_indexes {
        text.push_str(
            "\n[[variant]]\nname = \"as-written\"\nsummary = \"the database's indexes\"\nindexes = \"indexes/as-written.sql\"\n",
        );
    }
    text.push_str("\n# Generators, fitted to pg_stats.\n");
    for table in &tables {
        let keys = schema::kept_keys(database, table);
        let columns: Vec<String> = table
            .columns
            .iter()
            .filter(|column| crate::workload::is_identifier(&column.name))
            .filter_map(|column| {
                Some(format!("{} = {}\n", column.name, fit::column(table, column, &keys)?.toml))
            })
            .collect();
        if !columns.is_empty() {
            text.push_str(&format!("\n[tables.{}]\n{}", table.name, columns.concat()));
        }
    }
    text
}

fn readme(name: &str, database: &Database, statements: usize) -> String {
    let mut text = format!(
        "# {name}\n\nMade by `indexproof init {name} --from` from database `{}` (PostgreSQL {}): {} tables, {statements} \
         statements.\n\n```\nindexproof check {name}\nindexproof run {name} --scale ci\nindexproof ablate {name} --scale ci\n\
         ```\n\nThe data are made up: columns by themselves have the frequencies and ranges of the database's statistics, \
         but columns don't depend on each other as they may do there, and rows lie in no order. Text that people wrote is \
         replaced by filler; values of columns with at most a hundred different ones, of times, numbers and of types that \
         can't be made up are carried over from the database: look through workload.toml before you publish it.\n",
        database.name,
        database.version,
        database.tables.len()
    );
    if !database.notes.is_empty() {
        text.push_str("\n## Left out, or not as it is there\n\n");
        for note in &database.notes {
            text.push_str(&format!("- {note}\n"));
        }
    }
    text
}

/// Writes the files into a new folder; nothing is left of it when one can't be written.
///
/// # Errors
/// The file that can't be written, and why.
pub fn write(folder: &Path, files: &Files) -> Result<(), (PathBuf, std::io::Error)> {
    let written = files.iter().try_for_each(|(name, text)| {
        let path = folder.join(name);
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        made.and_then(|()| std::fs::write(&path, text)).map_err(|error| (path, error))
    });
    if written.is_err() {
        // The first failure is what matters; the folder is new, so nothing else goes with it.
        let _ = std::fs::remove_dir_all(folder);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claim_ids_begin_with_the_names_letters() {
        assert_eq!(prefix("stream_jobs"), "SJ");
        assert_eq!(prefix("bank"), "BAN");
        assert_eq!(prefix("a__b"), "AB");
    }

    #[test]
    fn tables_shrink_in_proportion_and_small_ones_not_at_all() {
        let scale = Scaling { largest: 5_000_000 };
        assert_eq!(scale.held(5_000_000), "{ ci = 50000, small = 1000000, full = 5000000 }");
        assert_eq!(scale.held(500), "500");
        assert_eq!(scale.held(20_000), "{ ci = 1000, small = 4000, full = 20000 }");
        assert_eq!(Scaling { largest: 9_000 }.held(9_000), "9000");
    }

    #[test]
    fn an_empty_database_is_told_so() {
        assert_eq!(from_database("x", Database::default()).unwrap_err(), NothingToTake::NoTable);
    }
}
