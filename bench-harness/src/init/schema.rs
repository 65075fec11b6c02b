//! schema.sql and the index file of a workload, from a database's catalogue. Pure.

use std::collections::BTreeSet;

use super::catalogue::{Column, Database, ForeignKey, Index, Key, Table, quote};
use super::fit;

/// The order in which tables load: what is referred to before what refers.
pub fn load_order(database: &Database) -> Vec<&Table> {
    let mut left: Vec<&Table> = database.tables.iter().collect();
    let mut order: Vec<&Table> = Vec::new();
    while !left.is_empty() {
        let ready = left.iter().position(|table| {
            let waits_for =
                |key: &ForeignKey| key.table != table.name && left.iter().any(|it| it.name == key.table);
            !table.foreign_keys.iter().any(waits_for)
        });
        // In a circle of references somebody has to be first; the reference is left out below.
        order.push(left.remove(ready.unwrap_or(0)));
    }
    order
}

/// Foreign keys that the generated data obey, as (column, table, target column): of one column, to a table that is
/// loaded before and has rows.
pub fn kept_keys(database: &Database, table: &Table) -> Vec<(String, String, String)> {
    let order = load_order(database);
    let place = |name: &str| order.iter().position(|table| table.name == name);
    let mut kept: Vec<(String, String, String)> = Vec::new();
    for key in &table.foreign_keys {
        let ([column], [target]) = (key.columns.as_slice(), key.targets.as_slice()) else { continue };
        let earlier = place(&key.table) < place(&table.name) && place(&key.table).is_some();
        let filled = order.iter().any(|other| other.name == key.table && other.rows > 0);
        if earlier && filled && !kept.iter().any(|(name, ..)| name == column) && !fit::is_key(table, column) {
            kept.push((column.clone(), key.table.clone(), target.clone()));
        }
    }
    kept
}

/// CREATE statements of all tables; what generated rows would not obey is left out, with a comment.
pub fn schema(database: &Database) -> String {
    let mut text = format!(
        "-- Tables of database {}, PostgreSQL {}, written by `indexproof init --from`.\n",
        database.name, database.version
    );
    for extension in &database.extensions {
        text.push_str(&format!("CREATE EXTENSION IF NOT EXISTS {};\n", quote(extension)));
    }
    for (name, labels) in &database.enums {
        let labels: Vec<_> = labels.iter().map(|label| format!("'{}'", label.replace('\'', "''"))).collect();
        text.push_str(&format!("\nCREATE TYPE {} AS ENUM ({});\n", quote(name), labels.join(", ")));
    }
    for table in load_order(database) {
        text.push('\n');
        text.push_str(&create(database, table));
    }
    text
}

fn create(database: &Database, table: &Table) -> String {
    let mut lines: Vec<String> = table.columns.iter().map(column).collect();
    let mut comments = Vec::new();
    let mut after = String::new();
    let list = |columns: &[String]| columns.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ");
    if let Some(key) = &table.primary_key {
        if is_obeyed(table, key) {
            lines.push(format!("CONSTRAINT {} PRIMARY KEY ({})", quote(&key.name), list(&key.columns)));
        } else {
            comments
                .push("PRIMARY KEY: an index in its place, because generated rows may repeat it".to_owned());
            after = format!(
                "CREATE INDEX {} ON {} ({});\n",
                quote(&key.name),
                quote(&table.name),
                list(&key.columns)
            );
        }
    }
    let kept = kept_keys(database, table);
    for key in &table.foreign_keys {
        let is_kept = key.columns.len() == 1
            && kept.iter().any(|(column, table, _)| *column == key.columns[0] && *table == key.table);
        if is_kept && is_unique_in(database, &key.table, &key.targets) {
            lines.push(key.definition.clone());
        } else {
            comments.push(key.definition.clone());
        }
    }
    comments.extend(table.checks.iter().cloned());
    let mut text = String::new();
    for comment in comments {
        text.push_str(&format!("-- left out: {}\n", comment.replace('\n', " ")));
    }
    text.push_str(&format!(
        "CREATE TABLE {} (\n    {}\n);\n{after}",
        quote(&table.name),
        lines.join(",\n    ")
    ));
    text
}

/// Whether generated rows don't repeat the key: one of its columns alone is unique.
fn is_obeyed(table: &Table, key: &Key) -> bool {
    key.columns.iter().any(|column| is_made_unique(table, column))
}

fn is_made_unique(table: &Table, name: &str) -> bool {
    let column = table.columns.iter().find(|column| column.name == *name);
    column.and_then(|column| fit::column(table, column, &[])).is_some_and(|fitted| fitted.unique)
}

fn is_unique_in(database: &Database, table: &str, columns: &[String]) -> bool {
    let table = database.tables.iter().find(|other| other.name == table);
    table.is_some_and(|table| {
        let primary = table.primary_key.as_ref().filter(|key| is_obeyed(table, key));
        primary.is_some_and(|key| key.columns == columns)
    })
}

fn column(column: &Column) -> String {
    let mut text = format!("{} {}", quote(&column.name), column.sql_type);
    let serial = column.default.as_ref().is_some_and(|default| default.starts_with("nextval("));
    if let Some(expression) = &column.generated {
        text.push_str(&format!(" GENERATED ALWAYS AS ({expression}) STORED"));
    } else if column.identity || serial {
        // Generated rows count from 1; what a statement inserts comes after them.
        let start = if column.type_name == "int2" { 30_000_u32 } else { 1_500_000_000 };
        text.push_str(&format!(" GENERATED BY DEFAULT AS IDENTITY (START WITH {start})"));
    } else if let Some(default) = column.default.as_ref().filter(|default| is_plain(default)) {
        text.push_str(&format!(" DEFAULT {default}"));
    }
    if column.not_null {
        text.push_str(" NOT NULL");
    }
    text
}

/// A default that every server knows: a constant, or one of a few functions.
fn is_plain(default: &str) -> bool {
    const KNOWN: [&str; 5] = ["now", "gen_random_uuid", "clock_timestamp", "statement_timestamp", "timezone"];
    const TYPES: [&str; 5] = ["varying", "character", "numeric", "varchar", "bit"];
    // Outside of strings, what stands before a parenthesis is a function, or a type with its length.
    let bare: String = default.split('\'').step_by(2).collect();
    bare.match_indices('(').all(|(place, _)| {
        let name = bare[..place].rsplit(|char: char| !char.is_alphanumeric() && char != '_').next();
        name.is_some_and(|name| name.is_empty() || KNOWN.contains(&name) || TYPES.contains(&name))
    })
}

/// The database's indexes besides primary keys. Uniqueness that generated rows would break is not asked for.
pub fn indexes(database: &Database) -> Option<String> {
    let mut text =
        format!("-- Indexes of database {} besides primary keys, as they are there.\n", database.name);
    let mut seen = BTreeSet::new();
    for (table, index) in
        database.tables.iter().flat_map(|table| table.indexes.iter().map(move |index| (table, index)))
    {
        if seen.insert(&index.name) {
            text.push_str(&format!("\n{}", statement(table, index)));
        }
    }
    (!seen.is_empty()).then_some(text)
}

fn statement(table: &Table, index: &Index) -> String {
    // Written for the search path of the run.
    let definition = index.definition.replace(" ON public.", " ON ").replace(" ON ONLY public.", " ON ");
    if !index.unique || index.columns.iter().any(|column| is_made_unique(table, column)) {
        return format!("{definition};\n");
    }
    let plain = definition.replacen("CREATE UNIQUE INDEX", "CREATE INDEX", 1);
    format!("-- UNIQUE in the database; generated rows may repeat its key.\n{plain};\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, refers_to: &[&str]) -> Table {
        let key = |target: &&str| ForeignKey {
            columns: vec![format!("{target}_id")],
            table: (*target).into(),
            targets: vec!["id".into()],
            definition: format!("FOREIGN KEY ({target}_id) REFERENCES {target}(id)"),
        };
        let id = Column {
            name: "id".into(),
            sql_type: "integer".into(),
            type_name: "int4".into(),
            ..Column::default()
        };
        Table {
            name: name.into(),
            rows: 10,
            columns: std::iter::once(id)
                .chain(refers_to.iter().map(|target| Column {
                    name: format!("{target}_id"),
                    sql_type: "integer".into(),
                    type_name: "int4".into(),
                    ..Column::default()
                }))
                .collect(),
            primary_key: Some(Key { name: format!("{name}_pkey"), columns: vec!["id".into()] }),
            foreign_keys: refers_to.iter().map(key).collect(),
            ..Table::default()
        }
    }

    #[test]
    fn what_is_referred_to_loads_first_and_circles_are_cut() {
        let database = Database {
            tables: vec![table("line", &["book", "tax"]), table("book", &["tax"]), table("tax", &[])],
            ..Database::default()
        };
        let names: Vec<_> = load_order(&database).iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names, ["tax", "book", "line"]);

        let circle = Database { tables: vec![table("a", &["b"]), table("b", &["a"])], ..Database::default() };
        assert_eq!(load_order(&circle).len(), 2);
        let schema = schema(&circle);
        assert!(schema.contains("-- left out: FOREIGN KEY (b_id) REFERENCES b(id)"), "{schema}");
        assert!(schema.contains("    FOREIGN KEY (a_id) REFERENCES a(id)"), "{schema}");
    }

    #[test]
    fn a_key_that_rows_would_repeat_becomes_an_index() {
        let mut line = table("line", &["book"]);
        line.primary_key =
            Some(Key { name: "line_pkey".into(), columns: vec!["book_id".into(), "place".into()] });
        let schema = schema(&Database { tables: vec![table("book", &[]), line], ..Database::default() });
        assert!(
            schema.contains("CREATE INDEX \"line_pkey\" ON \"line\" (\"book_id\", \"place\");"),
            "{schema}"
        );
        assert!(schema.contains("CONSTRAINT \"book_pkey\" PRIMARY KEY (\"id\")"), "{schema}");
    }

    #[test]
    fn defaults_of_unknown_functions_are_left_out() {
        for known in ["now()", "'new'::character varying(9)", "0", "'(none)'::text", "gen_random_uuid()"] {
            assert!(is_plain(known), "{known}");
        }
        for unknown in ["my_id()", "uuid_generate_v4()"] {
            assert!(!is_plain(unknown), "{unknown}");
        }
    }
}
