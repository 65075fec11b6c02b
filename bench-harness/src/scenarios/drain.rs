//! Drain: one connection repeats a statement; what it returns must come in the order of an oracle query.

use std::time::Duration;

use super::{ScenarioError, Stage, observation, stop_if_interrupted};
use crate::driver::session::{RawColumn, Session};
use crate::result::evidence::Observation;

pub(super) async fn play(
    stage: &Stage<'_>,
    oracle: &str,
    calls: u32,
) -> Result<Vec<Observation>, ScenarioError> {
    let session = Session::open(stage.config, Duration::from_secs(60))
        .await
        .map_err(ScenarioError::failed("opening a connection"))?;
    let oracle_query = stage.workload.queries.get(oracle).ok_or_else(|| ScenarioError::Failed {
        what: "the oracle".to_owned(),
        message: format!("the workload has no query `{oracle}`"),
    })?;
    let oracle_sql = oracle_query.sql_in(stage.variant);
    let bound = session.bind(oracle_sql, &[]).await.map_err(ScenarioError::rejected(oracle_sql))?;
    let rows = session.rows(&bound, &Vec::new()).await.map_err(ScenarioError::rejected(oracle_sql))?;
    let expected = first_columns(&rows).map_err(ScenarioError::failed("reading the oracle's rows"))?;

    let types: Vec<_> = stage.query.params().iter().map(|parameter| parameter.sql_type.clone()).collect();
    let sql = stage.query.sql_in(stage.variant);
    let bound = session.bind(sql, &types).await.map_err(ScenarioError::rejected(sql))?;
    let mut drained = Vec::new();
    for n in 0..calls {
        stop_if_interrupted(stage)?;
        let arguments = stage.pool.at(0, n);
        let rows = session.rows(&bound, &arguments).await.map_err(ScenarioError::rejected(sql))?;
        drained.extend(first_columns(&rows).map_err(ScenarioError::failed("reading what was drained"))?);
        (stage.progress)(u64::from(n) + 1, u64::from(calls));
    }
    Ok(observations(&expected, &drained))
}

type Identity = Vec<u8>;

fn first_columns(rows: &[tokio_postgres::Row]) -> Result<Vec<Identity>, tokio_postgres::Error> {
    rows.iter()
        .map(|row| Ok(row.try_get::<_, Option<RawColumn>>(0)?.map_or(Vec::new(), |raw| raw.0.to_vec())))
        .collect()
}

fn observations(expected: &[Identity], drained: &[Identity]) -> Vec<Observation> {
    let out_of_order =
        drained.iter().enumerate().filter(|(place, identity)| expected.get(*place) != Some(identity)).count();
    let first = drained.iter().enumerate().find(|(place, identity)| expected.get(*place) != Some(identity));
    let where_first = first.map_or(String::new(), |(place, _)| format!(", the first at place {}", place + 1));
    let mut unique = drained.to_vec();
    unique.sort_unstable();
    unique.dedup();
    vec![
        observation("rows taken", drained.len(), Some(!drained.is_empty())),
        observation("rows the oracle lists", expected.len(), None),
        observation("rows out of order", format!("{out_of_order}{where_first}"), Some(out_of_order == 0)),
        observation("rows taken twice", drained.len() - unique.len(), Some(unique.len() == drained.len())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(expected: &[&str], drained: &[&str]) -> Vec<String> {
        let bytes = |names: &[&str]| names.iter().map(|name| name.as_bytes().to_vec()).collect::<Vec<_>>();
        let seen = observations(&bytes(expected), &bytes(drained));
        seen.into_iter().filter(|seen| seen.holds == Some(false)).map(|seen| seen.name).collect()
    }

    #[test]
    fn a_prefix_in_order_holds() {
        assert!(failing(&["a", "b", "c"], &["a", "b"]).is_empty());
    }

    #[test]
    fn swapped_repeated_missing_and_empty_do_not() {
        assert_eq!(failing(&["a", "b", "c"], &["b", "a"]), ["rows out of order"]);
        assert_eq!(failing(&["a", "b", "c"], &["a", "a"]), ["rows out of order", "rows taken twice"]);
        assert_eq!(failing(&["a"], &["a", "z"]), ["rows out of order"]);
        assert_eq!(failing(&["a"], &[]), ["rows taken"]);
    }
}
