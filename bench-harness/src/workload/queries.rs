//! Query files: `queries/<name>.sql` and their replacements `queries/<name>.<variant>.sql`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::error::{Fault, SourceFile, WorkloadError};
use super::loaded::{Query, QueryOverride};
use super::model::{Compare, Effect, Param, QueryHeader};
use super::toml_doc::{Key, TomlDoc};
use super::{front_matter, names, sql};

/// A query file's name and text, before it is understood.
pub(super) struct QueryFile {
    pub name: String,
    /// Set when it replaces the query for one variant.
    pub variant: Option<String>,
    pub source: SourceFile,
}

impl QueryFile {
    /// Reads the name's parts off a path `queries/<name>[.<variant>].sql`.
    pub fn name(path: &Path, source: SourceFile) -> Result<QueryFile, WorkloadError> {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let (name, variant) = match stem.split_once('.') {
            Some((name, variant)) => (name, Some(variant)),
            None => (stem, None),
        };
        let bad_name = |what, name: &str, pattern| {
            let fault = Fault::BadName { what, name: name.to_owned(), pattern };
            Err(WorkloadError::of_file(&source.path, fault))
        };
        if !names::is_identifier(name) {
            return bad_name("query", name, names::IDENTIFIER);
        }
        match variant {
            Some(variant) if !names::is_dashed(variant) => bad_name("variant", variant, names::DASHED),
            _ => Ok(QueryFile { name: name.to_owned(), variant: variant.map(str::to_owned), source }),
        }
    }
}

/// A file whose header and statement are parsed; its places are kept for what is checked later.
pub(super) struct Parsed<'t, Header> {
    pub doc: TomlDoc<'t>,
    pub header: Header,
    pub sql: String,
    /// Byte offset of `sql` in the file.
    pub sql_start: usize,
}

/// The keys a replacement for one variant may set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OverrideHeader {
    pub summary: String,
    #[serde(default)]
    pub uses: Vec<String>,
    pub restore: Option<String>,
}

pub(super) type ParsedQuery<'t> = Parsed<'t, QueryHeader>;
pub(super) type ParsedOverride<'t> = Parsed<'t, OverrideHeader>;

/// Parses a query and fills in what its header leaves to the defaults.
pub(super) fn parse_query(file: &QueryFile) -> Result<ParsedQuery<'_>, Vec<WorkloadError>> {
    let mut parsed: ParsedQuery<'_> = parse(&file.source, |doc| {
        let params = Key::of("params");
        let of_params: Vec<_> = (0..doc.len_at(&params))
            .filter_map(|index| doc.read_at::<Param>(&params.index(index))?.err())
            .collect();
        if of_params.is_empty() { doc.read().map_err(|error| vec![error]) } else { Err(of_params) }
    })?;
    let header = &mut parsed.header;
    let effect = *header.effect.get_or_insert_default();
    header.compare.get_or_insert(match effect {
        Effect::Read => Compare::Rows,
        // Writers answer with ids and times of their own making; how many rows they answer with must agree.
        Effect::Commit | Effect::Rollback => Compare::Count,
    });
    Ok(parsed)
}

/// Parses a replacement; a key that only the query itself may set is told apart from an unknown one.
pub(super) fn parse_override(file: &QueryFile) -> Result<ParsedOverride<'_>, Vec<WorkloadError>> {
    parse(&file.source, |doc| {
        let allowed = ["summary", "uses", "restore"];
        let inherited = doc.names_at(&Key::root());
        let of_query: Vec<_> = inherited
            .iter()
            .filter(|name| HEADER_KEYS.contains(&name.as_str()) && !allowed.contains(&name.as_str()))
            .map(|name| {
                let fault = Fault::rule(
                    format!("a variant's replacement may not set `{name}`"),
                    format!(
                        "it inherits `{name}` from queries/{}.sql, so that all variants answer the same question; it \
                         may set `summary`, `uses` and `restore`",
                        file.name
                    ),
                );
                doc.at_name(&Key::of(name), fault)
            })
            .collect();
        if of_query.is_empty() { doc.read().map_err(|error| vec![error]) } else { Err(of_query) }
    })
}

/// All keys of [`QueryHeader`]; a test holds the list against the type.
const HEADER_KEYS: [&str; 10] = [
    "summary",
    "effect",
    "draw",
    "params",
    "uses",
    "rows",
    "compare",
    "compare_why",
    "restore",
    "restore_why",
];

fn parse<'t, Header>(
    source: &'t SourceFile,
    read: impl FnOnce(&TomlDoc<'t>) -> Result<Header, Vec<WorkloadError>>,
) -> Result<Parsed<'t, Header>, Vec<WorkloadError>> {
    let matter = front_matter::find(source).map_err(|error| vec![error])?;
    let doc = TomlDoc::parse(source, matter.toml)?;
    let header = read(&doc);
    let statement = only_statement(source, matter.sql);
    match (header, statement) {
        (Ok(header), Ok((sql, sql_start))) => Ok(Parsed { doc, header, sql, sql_start }),
        (header, statement) => Err(header.err().into_iter().flatten().chain(statement.err()).collect()),
    }
}

fn only_statement(
    source: &SourceFile,
    range: std::ops::Range<usize>,
) -> Result<(String, usize), WorkloadError> {
    let text = &source.text[range.clone()];
    let from_file = |inner: std::ops::Range<usize>| inner.start + range.start..inner.end + range.start;
    let statements = sql::split(text)
        .map_err(|open| WorkloadError::at(source, from_file(open.range), None, Fault::open(open.what)))?;
    match statements.as_slice() {
        [statement] => Ok((text[statement.range.clone()].to_owned(), range.start + statement.range.start)),
        [] => Err(WorkloadError::at(
            source,
            range.start.saturating_sub(1)..range.start,
            None,
            Fault::rule("no statement follows the header", "write the one statement this query is"),
        )),
        [_, second, ..] => Err(WorkloadError::at(
            source,
            from_file(second.range.clone()),
            None,
            Fault::rule(
                "a second statement",
                "a query file holds one statement, because one round trip is measured; give this one a file of its own",
            ),
        )),
    }
}

/// Puts a query and its replacements together.
pub(super) fn assemble<'a>(
    name: &str,
    parsed: &ParsedQuery<'_>,
    overrides: impl Iterator<Item = (&'a str, &'a ParsedOverride<'a>)>,
) -> Query {
    let replaced = |over: &ParsedOverride<'_>| QueryOverride {
        summary: over.header.summary.clone(),
        sql: over.sql.clone(),
        uses: over.header.uses.clone(),
        restore: over.header.restore.clone(),
    };
    Query {
        name: name.to_owned(),
        header: parsed.header.clone(),
        sql: parsed.sql.clone(),
        overrides: overrides
            .map(|(variant, over)| (variant.to_owned(), replaced(over)))
            .collect::<BTreeMap<_, _>>(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn file(text: &str) -> QueryFile {
        let path = PathBuf::from("queries/q.sql");
        let source = SourceFile { path: path.clone(), text: text.into() };
        QueryFile::name(&path, source).unwrap()
    }

    #[test]
    fn the_list_of_header_keys_is_complete() {
        let schema = schemars::schema_for!(QueryHeader);
        let properties = schema.get("properties").and_then(|properties| properties.as_object()).unwrap();
        let mut keys: Vec<_> = properties.keys().map(String::as_str).collect();
        let mut listed = HEADER_KEYS.to_vec();
        keys.sort_unstable();
        listed.sort_unstable();
        assert_eq!(keys, listed);
    }

    #[test]
    fn a_statement_loses_header_comments_around_it_and_semicolon() {
        let file = file("/*---\nsummary = \"s\"\n---*/\n-- why\nSELECT 1; -- done\n");
        let parsed = parse_query(&file).unwrap();
        assert_eq!(parsed.sql, "SELECT 1");
        assert_eq!(&file.source.text[parsed.sql_start..][..8], "SELECT 1");
        assert_eq!((parsed.header.effect, parsed.header.compare), (Some(Effect::Read), Some(Compare::Rows)));
    }

    #[test]
    fn writers_are_compared_by_count() {
        let file = file("/*---\nsummary = \"s\"\neffect = \"rollback\"\n---*/\nDELETE FROM t");
        assert_eq!(parse_query(&file).unwrap().header.compare, Some(Compare::Count));
    }

    #[test]
    fn two_statements_or_none_are_refused() {
        for (sql, line) in [("SELECT 1;\nSELECT 2", 5), ("-- nothing", 3)] {
            let file = file(&format!("/*---\nsummary = \"s\"\n---*/\n{sql}"));
            let errors = parse_query(&file).err().unwrap();
            assert_eq!(errors[0].line_and_column().unwrap().0, line, "{sql}");
        }
    }

    #[test]
    fn a_replacement_inherits_what_it_may_not_set() {
        let file =
            file("/*---\nsummary = \"s\"\ndraw = \"SELECT 1\"\nrows = { min = 1, max = 1 }\n---*/\nSELECT 1");
        let errors = parse_override(&file).err().unwrap();
        let keys: Vec<_> = errors.iter().filter_map(|error| error.key.as_deref()).collect();
        assert_eq!(keys, ["draw", "rows"]);
        let file = self::file("/*---\nsummary = \"s\"\nuse = [\"a\"]\n---*/\nSELECT 1");
        let errors = parse_override(&file).err().unwrap();
        assert_eq!(errors[0].fault.code(), "unknown_key");
    }

    #[test]
    fn file_names_are_checked() {
        for (path, what) in [("queries/Pick.sql", "query"), ("queries/pick.As_Written.sql", "variant")] {
            let source = SourceFile { path: path.into(), text: "".into() };
            let error = QueryFile::name(Path::new(path), source).err().unwrap();
            assert!(matches!(error.fault, Fault::BadName { what: found, .. } if found == what), "{path}");
        }
    }
}
