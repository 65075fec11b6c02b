use proptest::prelude::*;

use super::*;

fn texts(sql: &str) -> Vec<&str> {
    split(sql).unwrap().into_iter().map(|statement| &sql[statement.range]).collect()
}

#[test]
fn semicolons_in_quotes_and_comments_do_not_split() {
    let sql = "SELECT ';', E'\\';', \"a;b\", $$;$$, $x$ ; $$ ; $x$ -- ;\n/* ; /* ; */ ; */ + 1; SELECT 2;";
    assert_eq!(texts(sql).len(), 2);
    assert_eq!(texts(sql)[1], "SELECT 2");
}

#[test]
fn a_function_body_is_one_statement() {
    let sql = "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC \
               SELECT CASE WHEN true THEN 1 END; SELECT 2; END; BEGIN; SELECT 3";
    let statements = texts(sql);
    assert_eq!(statements.len(), 3, "{statements:?}");
    assert!(statements[0].ends_with("SELECT 2; END"));
}

#[test]
fn an_unclosed_parenthesis_takes_nothing_along() {
    assert_eq!(texts("CREATE INDEX a ON t (x; CREATE INDEX b ON t (y);").len(), 2);
}

#[test]
fn unterminated_quotes_are_found_where_they_open() {
    for (sql, what) in [
        ("SELECT 'a", "string"),
        ("SELECT \"a", "quoted name"),
        ("SELECT $$a", "dollar-quoted string"),
        ("SELECT /* a", "comment"),
    ] {
        let fault = split(sql).unwrap_err();
        assert_eq!((fault.what, fault.range.start), (what, 7), "{sql}");
    }
}

#[test]
fn the_comment_directly_above_is_the_statements() {
    let sql = "-- of the file\n\n-- one\n-- two\nSELECT 1; -- behind one\nSELECT 2;\n/* three */\nSELECT 3;\n-- far\n\nSELECT 4;";
    let comments: Vec<_> = split(sql).unwrap().into_iter().map(|statement| statement.comment).collect();
    assert_eq!(comments, [Some("one\ntwo".to_owned()), None, Some("three".to_owned()), None]);
}

#[test]
fn created_names() {
    let index = |name: &str| Creates::Index(Some(name.to_owned()));
    let table = |name: &str| Creates::Table(name.to_owned());
    for (sql, expected) in [
        ("CREATE INDEX idx_A ON t (x)", index("idx_a")),
        ("create unique index concurrently if not exists \"Idx\" on t (x)", index("Idx")),
        ("CREATE INDEX ON t (x)", Creates::Index(None)),
        ("CREATE INDEX CONCURRENTLY ON t (x)", Creates::Index(None)),
        ("CREATE UNLOGGED TABLE IF NOT EXISTS public.job_queue (id int)", table("job_queue")),
        ("CREATE TABLE t PARTITION OF u DEFAULT", table("t")),
        ("DO $$ BEGIN EXECUTE 'CREATE TABLE t ()'; END $$", Creates::Unknown),
        ("ALTER TABLE t ADD x int", Creates::Nothing),
        ("CREATE VIEW v AS SELECT 'create table t'", Creates::Nothing),
    ] {
        assert_eq!(creates(sql), expected, "{sql}");
    }
}

#[test]
fn parameters_outside_quotes_once_each() {
    let found = parameters("SELECT $2, '$3', $1, $2 /* $4 */ WHERE $$ $5 $$ = a$6");
    assert_eq!(found.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(found[0].1, 7..9);
}

#[test]
fn order_and_limit_of_the_outermost_query_only() {
    assert!(is_ordered("SELECT 1 ORDER\n BY 1"));
    assert!(!is_ordered("SELECT * FROM (SELECT 1 ORDER BY 1) s"));
    assert!(!is_ordered("SELECT 'ORDER BY'"));
    assert!(is_limited("SELECT 1 LIMIT 3") && !is_limited("SELECT (SELECT 1 LIMIT 1)"));
}

#[test]
fn queries_return_rows() {
    assert!(is_query("  -- x\n (SELECT 1)") && is_query("with a as (select 1) select 1"));
    assert!(!is_query("DELETE FROM t") && !is_query("") && !is_query("pickup"));
}

fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,6}",
        "[a-z;' ]{0,8}".prop_map(|inner| format!("'{}'", inner.replace('\'', "''"))),
        "[a-z;\" ]{0,8}".prop_map(|inner| format!("\"{}\"", inner.replace('"', "\"\""))),
        "[a-z;' ]{0,8}".prop_map(|inner| format!("$q${inner}$q$")),
        "[a-z;' ]{0,8}".prop_map(|inner| format!("E'{}\\''", inner.replace('\'', "\\'"))),
        "[a-z;' ]{0,8}".prop_map(|inner| format!("/* {inner} /* ; */ */")),
        "[a-z;' ]{0,8}".prop_map(|inner| format!("-- {inner}\n")),
    ]
}

fn statement() -> impl Strategy<Value = String> {
    prop::collection::vec(fragment(), 0..8).prop_map(|parts| format!("select {}", parts.join(" ")))
}

proptest! {
    /// Joining statements by semicolons and splitting the text gives as many statements back, each within its own.
    #[test]
    fn splitting_undoes_joining(statements in prop::collection::vec(statement(), 0..6)) {
        let sql = statements.iter().map(|statement| format!("{statement};")).collect::<Vec<_>>().join("\n");
        let found = texts(&sql);
        prop_assert_eq!(found.len(), statements.len());
        for (found, statement) in found.iter().zip(&statements) {
            prop_assert!(statement.starts_with(found), "{:?} is not the start of {:?}", found, statement);
        }
    }

    /// No text makes the splitter panic, and what it returns lies in the text, in order.
    #[test]
    fn any_text_is_split_or_refused(sql in "\\PC{0,80}") {
        if let Ok(statements) = split(&sql) {
            let mut end = 0;
            for statement in statements {
                prop_assert!(end <= statement.range.start && statement.range.start < statement.range.end);
                end = statement.range.end;
                prop_assert!(sql.get(statement.range).is_some());
            }
        }
    }
}
