//! Files of index statements, and what a schema creates.

use std::collections::BTreeSet;

use super::error::{Fault, SourceFile, WorkloadError, line_and_column};
use super::loaded::IndexStatement;
use super::sql::{self, Creates, Statement};

/// The statements of a variant's index file, each with the comment directly above it.
///
/// Whether PostgreSQL accepts one is not asked here: a rejected statement is a finding of the run.
pub(super) fn parse(source: &SourceFile) -> Result<Vec<IndexStatement>, WorkloadError> {
    let statements = statements(source)?;
    if statements.is_empty() {
        let way_out = "write the set's CREATE INDEX statements, or take `indexes` out of the variant";
        return Err(WorkloadError::of_file(&source.path, Fault::rule("no statement in it", way_out)));
    }
    let parsed = statements.into_iter().map(|statement| {
        let sql = source.text[statement.range.clone()].to_owned();
        let index_name = match sql::creates(&sql) {
            Creates::Index(name) => name,
            _ => None,
        };
        let line = line_and_column(&source.text, statement.range.start).0;
        IndexStatement { sql, comment: statement.comment, index_name, line }
    });
    Ok(parsed.collect())
}

/// Splits a file, or says which quote or comment in it doesn't close.
pub(super) fn statements(source: &SourceFile) -> Result<Vec<Statement>, WorkloadError> {
    sql::split(&source.text)
        .map_err(|open| WorkloadError::at(source, open.range, None, Fault::open(open.what)))
}

/// Names a schema file creates.
#[derive(Debug, Default)]
pub(super) struct SchemaNames {
    /// `None` when the schema does what can't be read off it (`DO`): then any table may exist.
    pub tables: Option<BTreeSet<String>>,
    pub indexes: BTreeSet<String>,
}

impl SchemaNames {
    pub fn of(source: &SourceFile) -> Result<SchemaNames, WorkloadError> {
        let mut names = SchemaNames { tables: Some(BTreeSet::new()), indexes: BTreeSet::new() };
        for statement in statements(source)? {
            match sql::creates(&source.text[statement.range]) {
                Creates::Index(name) => names.indexes.extend(name),
                Creates::Table(name) => {
                    // The index PostgreSQL makes for an unnamed primary key.
                    names.indexes.insert(format!("{name}_pkey"));
                    if let Some(tables) = &mut names.tables {
                        tables.insert(name);
                    }
                }
                Creates::Unknown => names.tables = None,
                Creates::Nothing => {}
            }
        }
        Ok(names)
    }

    /// Whether the schema may have this table.
    pub fn may_have_table(&self, name: &str) -> bool {
        self.tables.as_ref().is_none_or(|tables| tables.contains(name))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn source(text: &str) -> SourceFile {
        SourceFile { path: PathBuf::from("i.sql"), text: text.into() }
    }

    #[test]
    fn statements_have_their_reason_name_and_line() {
        let text =
            "-- Corrected set.\n\n-- Pickup sorts\n-- otherwise.\nCREATE INDEX a ON t (x);\n\nANALYZE t;\n";
        let found = parse(&source(text)).unwrap();
        assert_eq!(
            found,
            [
                IndexStatement {
                    sql: "CREATE INDEX a ON t (x)".into(),
                    comment: Some("Pickup sorts\notherwise.".into()),
                    index_name: Some("a".into()),
                    line: 5,
                },
                IndexStatement { sql: "ANALYZE t".into(), comment: None, index_name: None, line: 7 },
            ]
        );
    }

    #[test]
    fn an_empty_file_and_an_open_quote_are_refused() {
        assert_eq!(parse(&source("-- nothing\n")).unwrap_err().fault.code(), "rule");
        let open = parse(&source("CREATE INDEX a ON t (x);\nCREATE INDEX b ON t ('x);\n")).unwrap_err();
        assert_eq!(open.line_and_column(), Some((2, 22)));
    }

    #[test]
    fn a_do_block_may_create_any_table() {
        let plain = SchemaNames::of(&source("CREATE TABLE a (); CREATE INDEX i ON a (x)")).unwrap();
        assert!(plain.may_have_table("a") && !plain.may_have_table("b"));
        assert!(plain.indexes.contains("i") && plain.indexes.contains("a_pkey"));
        assert!(SchemaNames::of(&source("DO $$ $$")).unwrap().may_have_table("b"));
    }
}
