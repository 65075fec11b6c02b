//! EXPLAIN of a statement with the arguments it is measured with, custom and generic.

use super::session::{Arguments, Bound, Session};

/// How the planner got to know the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanMode {
    /// Planned for the values.
    Custom,
    /// Planned once for any value, as a prepared statement may be.
    Generic,
}

impl PlanMode {
    pub fn name(self) -> &'static str {
        match self {
            PlanMode::Custom => "custom",
            PlanMode::Generic => "generic",
        }
    }
}

/// Whether the planner may give a statement parallel workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workers {
    /// As the server is set: the plan that is timed.
    AsSet,
    /// None: the plan whose buffers repeat.
    None,
}

/// What EXPLAIN is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The plan alone: nothing is executed.
    Shape,
    /// ANALYZE, BUFFERS.
    Work,
    /// The same with WAL, for statements that write.
    WorkAndWal,
}

/// Runs the statement once to warm it and once under EXPLAIN (ANALYZE, BUFFERS), both rolled back.
///
/// Returns EXPLAIN's JSON. A prepared statement carries it, because EXPLAIN of one lets the plan mode be chosen.
pub async fn explain(
    session: &Session,
    bound: &Bound,
    arguments: &Arguments,
    mode: PlanMode,
    workers: Workers,
) -> Result<serde_json::Value, tokio_postgres::Error> {
    session.batch("BEGIN").await?;
    let plan = in_transaction(session, bound, arguments, (mode, workers), Ask::Work).await;
    session.batch("ROLLBACK; DEALLOCATE ALL").await?;
    plan
}

/// The same inside a transaction that is open already, custom and without workers, leaving nothing behind in it:
/// for plans under changes of the schema that are to be rolled back.
pub async fn explain_within(
    session: &Session,
    bound: &Bound,
    arguments: &Arguments,
    ask: Ask,
) -> Result<serde_json::Value, tokio_postgres::Error> {
    session.batch("SAVEPOINT explained").await?;
    let plan = in_transaction(session, bound, arguments, (PlanMode::Custom, Workers::None), ask).await;
    session.batch("ROLLBACK TO SAVEPOINT explained; RELEASE SAVEPOINT explained; DEALLOCATE ALL").await?;
    plan
}

async fn in_transaction(
    session: &Session,
    bound: &Bound,
    arguments: &Arguments,
    (mode, workers): (PlanMode, Workers),
    ask: Ask,
) -> Result<serde_json::Value, tokio_postgres::Error> {
    let types: Vec<_> = bound.types.iter().map(|ty| format!("{}::regtype", ty.oid())).collect();
    let names = type_names(session, &types).await?;
    let signature = if names.is_empty() { String::new() } else { format!("({})", names.join(", ")) };
    let values: Vec<_> = arguments.iter().map(|value| literal(value.as_deref())).collect();
    let call = if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
    let setting = match mode {
        PlanMode::Custom => "force_custom_plan",
        PlanMode::Generic => "force_generic_plan",
    };
    let parallelism = match workers {
        Workers::AsSet => "",
        Workers::None => "SET LOCAL max_parallel_workers_per_gather = 0; ",
    };
    session
        .batch(&format!(
            "SET LOCAL plan_cache_mode = {setting}; {parallelism}PREPARE indexproof_plan{signature} AS {}",
            bound.sql
        ))
        .await?;
    if ask != Ask::Shape {
        // The warm-up must not take what the measured execution is to find (a pickup takes its row).
        session
            .batch(&format!(
                "SAVEPOINT warm; EXPLAIN (ANALYZE, TIMING OFF) EXECUTE indexproof_plan{call}; \
                 ROLLBACK TO SAVEPOINT warm"
            ))
            .await?;
    }
    let options = match ask {
        Ask::Shape => "FORMAT JSON",
        Ask::Work => "ANALYZE, BUFFERS, FORMAT JSON",
        Ask::WorkAndWal => "ANALYZE, BUFFERS, WAL, FORMAT JSON",
    };
    let sql = format!("EXPLAIN ({options}) EXECUTE indexproof_plan{call}");
    let rows = session.rows(&Bound { sql, types: Vec::new() }, &Vec::new()).await?;
    Ok(rows.first().map_or(serde_json::Value::Null, |row| row.get(0)))
}

async fn type_names(session: &Session, types: &[String]) -> Result<Vec<String>, tokio_postgres::Error> {
    if types.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT t::text FROM unnest(ARRAY[{}]) WITH ORDINALITY AS u(t, n) ORDER BY n",
        types.join(", ")
    );
    let rows = session.rows(&Bound { sql, types: Vec::new() }, &Vec::new()).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// A string literal that means the same whatever `standard_conforming_strings` says.
fn literal(value: Option<&str>) -> String {
    match value {
        None => "NULL".to_owned(),
        Some(text) if text.contains('\\') => {
            format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
        }
        Some(text) => format!("'{}'", text.replace('\'', "''")),
    }
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn literals_are_quoted() {
        assert_eq!(literal(None), "NULL");
        assert_eq!(literal(Some("it's")), "'it''s'");
        assert_eq!(literal(Some(r"a\'b")), r"E'a\\''b'");
    }
}
