//! Storm: many connections send the same call at the same instant, over and over.

use std::time::Duration;

use futures::future::try_join_all;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::{ScenarioError, Stage, observation, stop_if_interrupted};
use crate::driver::session::{Arguments, Bound, Session, describe};
use crate::result::evidence::Observation;

pub(super) struct Storm<'a> {
    pub connections: u32,
    pub volleys: u32,
    pub check: &'a str,
    pub expected: i64,
    pub rows_per_call: Option<u64>,
    pub rollback_share: f64,
}

/// What the volleys added up to.
#[derive(Default)]
struct Tally {
    calls: u64,
    rolled_back: u64,
    errors: u64,
    first_error: Option<String>,
    wrong_rows: u64,
    /// Volleys after which the check gave another number, and the extremes it gave.
    wrong_volleys: u64,
    lowest: Option<i64>,
    highest: Option<i64>,
}

impl Storm<'_> {
    pub(super) async fn play(&self, stage: &Stage<'_>) -> Result<Vec<Observation>, ScenarioError> {
        let patience = Duration::from_secs(60);
        let types: Vec<_> = stage.query.params().iter().map(|parameter| parameter.sql_type.clone()).collect();
        let sql = stage.query.sql_in(stage.variant);
        let sessions = try_join_all((0..self.connections).map(|_| Session::open(stage.config, patience)))
            .await
            .map_err(ScenarioError::failed("opening the storm's connections"))?;
        let judge = Session::open(stage.config, patience)
            .await
            .map_err(ScenarioError::failed("opening the check's connection"))?;
        let bound = judge.bind(sql, &types).await.map_err(ScenarioError::rejected(sql))?;
        let check =
            judge.bind(self.check, &types).await.map_err(ScenarioError::failed("binding the check"))?;

        // Once, undone: a statement that PostgreSQL rejects is a finding of its own, not a storm of errors.
        let first = stage.pool.at(u32::MAX, 0);
        judge.batch("BEGIN").await.map_err(ScenarioError::failed("BEGIN"))?;
        let trial = judge.execute(&bound, &first).await;
        judge.batch("ROLLBACK").await.map_err(ScenarioError::failed("ROLLBACK"))?;
        trial.map_err(ScenarioError::rejected(sql))?;

        let mut rng = Xoshiro256PlusPlus::seed_from_u64(stage.seed);
        let mut tally = Tally::default();
        for volley in 0..self.volleys {
            stop_if_interrupted(stage)?;
            let arguments = stage.pool.at(volley, 0);
            let mut undone: Vec<bool> =
                sessions.iter().map(|_| rng.random_bool(self.rollback_share)).collect();
            // One call at least must commit, else there is nothing to count.
            if let Some(last) = undone.last_mut()
                && self.rollback_share > 0.0
            {
                *last = false;
            }
            let calls =
                sessions.iter().zip(&undone).map(|(session, undo)| call(session, &bound, &arguments, *undo));
            for outcome in futures::future::join_all(calls).await {
                tally.calls += 1;
                match outcome {
                    Ok(rows) if self.rows_per_call.is_some_and(|expected| expected != rows) => {
                        tally.wrong_rows += 1
                    }
                    Ok(_) => {}
                    Err(message) => {
                        tally.errors += 1;
                        tally.first_error.get_or_insert(message);
                    }
                }
            }
            tally.rolled_back += undone.iter().filter(|undo| **undo).count() as u64;
            let counted =
                judge.number(&check, &arguments).await.map_err(ScenarioError::number("the check"))?;
            tally.lowest = Some(tally.lowest.map_or(counted, |lowest| lowest.min(counted)));
            tally.highest = Some(tally.highest.map_or(counted, |highest| highest.max(counted)));
            tally.wrong_volleys += u64::from(counted != self.expected);
            (stage.progress)(u64::from(volley) + 1, u64::from(self.volleys));
        }
        Ok(self.observations(&tally))
    }

    fn observations(&self, tally: &Tally) -> Vec<Observation> {
        let errors = match &tally.first_error {
            Some(first) => format!("{} (first: {first})", tally.errors),
            None => tally.errors.to_string(),
        };
        let extremes = match (tally.lowest, tally.highest) {
            (Some(lowest), Some(highest)) if lowest != highest => {
                format!("; the check gave {lowest} to {highest}")
            }
            (Some(same), _) => format!("; the check gave {same} each time"),
            _ => String::new(),
        };
        let mut observations = vec![
            observation("simultaneous calls in a volley", self.connections, None),
            observation("calls", tally.calls, None),
            observation(
                &format!("volleys after which the check is not {}", self.expected),
                format!("{} of {}{extremes}", tally.wrong_volleys, self.volleys),
                Some(tally.wrong_volleys == 0 && self.volleys > 0),
            ),
            observation("calls that ended in an error", errors, Some(tally.errors == 0)),
        ];
        if self.rollback_share > 0.0 {
            observations.push(observation("calls rolled back", tally.rolled_back, None));
        }
        if let Some(rows) = self.rows_per_call {
            observations.push(observation(
                &format!("calls that did not return {rows} row(s)"),
                tally.wrong_rows,
                Some(tally.wrong_rows == 0),
            ));
        }
        observations
    }
}

/// One call; its own transaction when it is to be undone. A failed one is rolled back, so the session stays usable.
async fn call(session: &Session, bound: &Bound, arguments: &Arguments, undo: bool) -> Result<u64, String> {
    if !undo {
        return session
            .execute(bound, arguments)
            .await
            .map(|answer| answer.rows)
            .map_err(|error| describe(&error));
    }
    session.batch("BEGIN").await.map_err(|error| describe(&error))?;
    let outcome = session.execute(bound, arguments).await;
    session.batch("ROLLBACK").await.map_err(|error| describe(&error))?;
    outcome.map(|answer| answer.rows).map_err(|error| describe(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storm() -> Storm<'static> {
        Storm {
            connections: 64,
            volleys: 10,
            check: "",
            expected: 1,
            rows_per_call: Some(1),
            rollback_share: 0.0,
        }
    }

    fn failing(observations: &[Observation]) -> Vec<&str> {
        observations.iter().filter(|seen| seen.holds == Some(false)).map(|seen| seen.name.as_str()).collect()
    }

    #[test]
    fn each_wrong_outcome_fails_its_own_observation() {
        let good = Tally { calls: 640, lowest: Some(1), highest: Some(1), ..Tally::default() };
        assert_eq!(failing(&storm().observations(&good)), Vec::<&str>::new());
        let twice = Tally { wrong_volleys: 3, highest: Some(2), lowest: Some(1), ..Tally::default() };
        assert_eq!(failing(&storm().observations(&twice)), ["volleys after which the check is not 1"]);
        let errors = Tally { errors: 1, first_error: Some("x".to_owned()), ..Tally::default() };
        assert_eq!(failing(&storm().observations(&errors)), ["calls that ended in an error"]);
        let empty = Tally { wrong_rows: 1, ..Tally::default() };
        assert_eq!(failing(&storm().observations(&empty)), ["calls that did not return 1 row(s)"]);
    }

    #[test]
    fn no_volley_proves_nothing() {
        let none = Storm { volleys: 0, ..storm() };
        assert_eq!(
            failing(&none.observations(&Tally::default())),
            ["volleys after which the check is not 1"]
        );
    }
}
