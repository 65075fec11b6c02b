//! Query files and claims, from the statements a database spends its time on. Pure.

use super::catalogue::{Column, Database, Seen, Table, quote};
use super::fit;
use super::parameters::{self, Role};
use super::schema;

/// Rows of parameters drawn from the data.
const DRAWN: u32 = 200;

/// A query file.
#[derive(Clone, Debug)]
pub struct Query {
    pub name: String,
    pub text: String,
    pub writes: bool,
    /// The table it is mostly about.
    pub table: String,
    pub summary: String,
}

/// The statements as query files; those that can't be made into one are told in the notes.
pub fn queries(database: &mut Database) -> Vec<Query> {
    let mut found: Vec<Query> = Vec::new();
    let mut notes = Vec::new();
    let seen = if database.statements.is_empty() { lookups(database) } else { database.statements.clone() };
    for one in &seen {
        match query(one, database, &found) {
            Ok(query) => found.push(query),
            Err(why) => {
                let sql = one.sql.split_whitespace().collect::<Vec<_>>().join(" ");
                notes.push(format!("left out ({why}): {sql}"));
            }
        }
    }
    database.notes.extend(notes);
    found
}

/// A lookup by primary key for each table, when nothing better is known.
fn lookups(database: &Database) -> Vec<Seen> {
    let of = |table: &Table| {
        let [key] = table.primary_key.as_ref()?.columns.as_slice() else { return None };
        let column = table.columns.iter().find(|column| column.name == *key)?;
        Some(Seen {
            sql: format!("SELECT * FROM {} WHERE {} = $1", quote(&table.name), quote(key)),
            calls: 0,
            total_ms: 0.0,
            share: 0.0,
            parameters: vec![column.type_name.clone()],
        })
    };
    database.tables.iter().filter(|table| table.rows > 0).filter_map(of).collect()
}

fn query(seen: &Seen, database: &Database, others: &[Query]) -> Result<Query, String> {
    let tables = parameters::tables(&seen.sql, database);
    let table = tables.first().ok_or("it names no table of this workload")?;
    let verb = seen.sql.split_whitespace().next().unwrap_or_default().to_lowercase();
    let locks =
        parameters::has(&seen.sql, &["for", "update"]) || parameters::has(&seen.sql, &["for", "share"]);
    let writes =
        locks || ["insert", "update", "delete"].iter().any(|word| parameters::has(&seen.sql, &[word]));
    let roles = parameters::roles(&seen.sql, seen.parameters.len(), database);
    let reads_empty =
        tables.iter().any(|name| database.tables.iter().any(|it| it.name == *name && it.rows == 0));
    if reads_empty && !writes {
        return Err("a table that it reads is empty".to_owned());
    }
    let (draw, params) = params(seen, &roles, database)?;
    let stem = format!("{verb}_{table}");
    let name = (1..)
        .map(|n| if n == 1 { stem.clone() } else { format!("{stem}_{n}") })
        .find(|name| !others.iter().any(|other| other.name == *name))
        .unwrap_or(stem);
    let summary = if seen.calls == 0 {
        format!("A row of {table} by its primary key")
    } else {
        format!(
            "{} calls of {:.3} ms on average, {:.1} % of the time that statements took",
            seen.calls,
            seen.total_ms / seen.calls as f64,
            seen.share * 100.0
        )
    };
    let mut header = format!("summary = {}\n", fit::quoted(&summary));
    if writes {
        header.push_str("effect = \"rollback\"\n");
    }
    // Which rows a LIMIT leaves is open unless the order has no ties, and that can't be told from the text.
    let open_order =
        ["limit", "now", "random", "clock_timestamp"].iter().any(|word| parameters::has(&seen.sql, &[word]));
    if open_order && !writes {
        header.push_str("compare = \"count\" # set to \"rows\" when its ORDER BY leaves no ties\n");
    }
    if let Some(draw) = draw {
        header.push_str(&format!("draw = \"\"\"\n{draw}\n\"\"\"\n"));
    }
    for param in params {
        header.push_str(&format!("\n{param}"));
    }
    let text = format!("/*---\n{header}---*/\n{}\n", seen.sql.trim().trim_end_matches(';'));
    Ok(Query { name, text, writes, table: table.clone(), summary })
}

/// The draw, when several parameters belong to one row, and the parameters.
fn params(seen: &Seen, roles: &[Role], database: &Database) -> Result<(Option<String>, Vec<String>), String> {
    let looked_up = |role: &Role| match role {
        Role::Lookup { table, .. } | Role::LookupAny { table, .. } => Some(table.clone()),
        _ => None,
    };
    let table = roles.iter().find_map(looked_up);
    let mut drawn = Vec::new();
    let mut params = Vec::new();
    for (place, (role, type_name)) in roles.iter().zip(&seen.parameters).enumerate() {
        let name = format!("p{}", place + 1);
        let head = format!("[[params]]\nname = \"{name}\"\ntype = {}\n", fit::quoted(type_name));
        let source = match role {
            Role::Lookup { table: of, column } if Some(of) == table.as_ref() => {
                drawn.push((quote(column), name.clone(), column.clone()));
                format!("draw = \"{name}\"\n")
            }
            Role::LookupAny { table: of, column } if Some(of) == table.as_ref() => {
                drawn.push((format!("ARRAY[{}]", quote(column)), name.clone(), column.clone()));
                format!("draw = \"{name}\"\n")
            }
            Role::Lookup { table, column } => {
                format!(
                    "gen = {{ reference = {{ table = {}, column = {} }} }}\n",
                    fit::quoted(table),
                    fit::quoted(column)
                )
            }
            Role::LookupAny { .. } => return Err("an array of another table's values".to_owned()),
            Role::Written { table, column } => {
                format!("gen = {}\n", written(database, table, column, type_name)?)
            }
            Role::Delta => "gen = { integer = { min = 1, max = 100 } }\n".to_owned(),
            Role::Limit => "gen = { constant = 20 }\n".to_owned(),
            Role::Offset => "gen = { constant = 0 }\n".to_owned(),
            Role::Unknown => format!(
                "gen = {} # what it stands for can't be read off the statement\n",
                fit::fallback(type_name)
            ),
        };
        params.push(format!("{head}{source}"));
    }
    let draw = table.filter(|_| !drawn.is_empty()).map(|table| draw(database, &table, &drawn));
    Ok((draw, params))
}

/// Rows in an order that has nothing to do with how they lie, so that they stand for all of the table.
fn draw(database: &Database, table: &str, drawn: &[(String, String, String)]) -> String {
    let columns: Vec<_> =
        drawn.iter().map(|(expression, name, _)| format!("{expression} AS {name}")).collect();
    let mut filled: Vec<_> =
        drawn.iter().map(|(_, _, column)| format!("{} IS NOT NULL", quote(column))).collect();
    filled.sort();
    filled.dedup();
    let key = database.tables.iter().find(|it| it.name == table).and_then(|it| it.primary_key.as_ref());
    let row = "md5(drawn::text)".to_owned();
    let order = match key {
        Some(key) => {
            let columns: Vec<_> = key.columns.iter().map(|column| quote(column)).collect();
            format!("{row}, {}", columns.join(", "))
        }
        None => format!("{row}, ctid"),
    };
    format!(
        "SELECT {}\nFROM {} AS drawn\nWHERE {}\nORDER BY {order}\nLIMIT {DRAWN}",
        columns.join(", "),
        quote(table),
        filled.join(" AND ")
    )
}

/// A new value for a column: as its data are made, but never a key that is there.
fn written(database: &Database, table: &str, column: &str, type_name: &str) -> Result<String, String> {
    let Some(table) = database.tables.iter().find(|it| it.name == table) else {
        return Ok(fit::fallback(type_name));
    };
    let Some(column) = table.columns.iter().find(|it: &&Column| it.name == column) else {
        return Err(format!("{} has no column {column}", table.name));
    };
    let kept = schema::kept_keys(database, table);
    let Some(fitted) = fit::column(table, column, &kept) else { return Ok(fit::fallback(type_name)) };
    if !fitted.unique {
        return Ok(fitted.toml);
    }
    Ok(match column.type_name.as_str() {
        "int2" => "{ integer = { min = 20_000, max = 29_999 } }".to_owned(),
        "int4" | "int8" | "numeric" => {
            "{ integer = { min = 1_000_000_000, max = 1_400_000_000 } }".to_owned()
        }
        "uuid" => fitted.toml,
        _ => "{ template = { text = [\"new-{n}\"], with = { n = \"uuid\" } } }".to_owned(),
    })
}

/// claims.toml: each statement with the database's indexes against the same with primary keys alone; its time alone
/// where the database has no other indexes.
pub fn claims(prefix: &str, queries: &[Query], with_indexes: bool, held: &dyn Fn(&str) -> String) -> String {
    let mut text = "# No document speaks here: is each statement faster with the database's indexes, and are writers not\n\
                    # notably slower? Put the claims you have in their place; `indexproof check` says what is wrong.\n"
        .to_owned();
    for (place, query) in queries.iter().enumerate() {
        let Query { name, table, writes, .. } = query;
        let (title, kind, variant, measure) = if !with_indexes {
            let measure = format!("{{ latency = {{ statement = \"{name}\", below_ms = 10.0 }} }}");
            (format!("{name} takes less than 10 ms"), "latency", "bare", measure)
        } else if *writes {
            let measure = format!("{{ ratio = {{ statement = \"{name}\", above = 0.8 }} }}");
            (
                format!("{name} takes at most a quarter longer with the indexes"),
                "ratio",
                "as-written",
                measure,
            )
        } else {
            let measure = format!("{{ ratio = {{ statement = \"{name}\", above = 1.0 }} }}");
            (format!("{name} is faster with the indexes"), "ratio", "as-written", measure)
        };
        // The baseline of a ratio is one of the claim's variants, and each of those is measured.
        let (variants, parts) = if with_indexes {
            let part = format!(
                "variants = [\"{variant}\"]\nmeasure = {measure}\n\n[[claim.part]]\nname = \"time without\"\n\
                 variants = [\"bare\"]\nmeasure = {{ latency = {{ statement = \"{name}\", below_ms = 10.0 }} }}"
            );
            ("\"bare\", \"as-written\"", part)
        } else {
            ("\"bare\"", format!("measure = {measure}"))
        };
        let (id, title) = (format!("{prefix}-{:02}", place + 1), fit::quoted(&title));
        let source = fit::quoted(&format!("pg_stat_statements: {}", query.summary));
        let count = fit::quoted(&format!("SELECT count(*) FROM {}", quote(table)));
        let held = held(table);
        text.push_str(&format!(
            "\n[[claim]]\nid = \"{id}\"\ntitle = {title}\nsource = {source}\nkind = \"{kind}\"\ntarget_by = \"us\"\n\
             dataset = \"data\"\nsize = {{ of = \"rows of {table}\", held = {held}, count = {count} }}\n\
             variants = [{variants}]\ndecided_on = \"{variant}\"\n\n[[claim.part]]\nname = \"time\"\n{parts}\n"
        ));
    }
    text
}
