//! What a plain statement can't express. A scenario runs in a scratch copy of a variant's database, is given its
//! arguments by the claim, and returns observations; whether they hold is part of them, the verdict is not.

mod drain;
mod storm;

use tokio_postgres::Config;

use crate::driver::arguments::ArgumentPool;
use crate::driver::session::{NumberError, describe, rejection};
use crate::result::evidence::{Observation, Rejection};
use crate::run::options::Interrupt;
use crate::workload::loaded::{Query, Workload};
use crate::workload::model::{Scale, Scenario};

/// What a scenario works with.
pub struct Stage<'a> {
    pub workload: &'a Workload,
    /// Connects to the scratch copy.
    pub config: &'a Config,
    pub variant: &'a str,
    pub query: &'a Query,
    pub pool: &'a ArgumentPool,
    pub scale: Scale,
    pub seed: u64,
    pub interrupt: &'a Interrupt,
    /// Told how far it is: (done, of).
    pub progress: &'a dyn Fn(u64, u64),
}

#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    #[error("PostgreSQL rejects the statement: {}", .0.message)]
    Rejected(Rejection),
    #[error("{what}: {message}")]
    Failed { what: String, message: String },
    #[error("interrupted")]
    Interrupted,
}

impl ScenarioError {
    fn failed(what: &str) -> impl FnOnce(tokio_postgres::Error) -> ScenarioError + '_ {
        move |error| ScenarioError::Failed { what: what.to_owned(), message: describe(&error) }
    }

    fn rejected(sql: &str) -> impl FnOnce(tokio_postgres::Error) -> ScenarioError + '_ {
        move |error| ScenarioError::Rejected(rejection(sql, &error))
    }

    fn number(what: &str) -> impl FnOnce(NumberError) -> ScenarioError + '_ {
        move |error| ScenarioError::Failed { what: what.to_owned(), message: error.to_string() }
    }
}

/// Name of a scenario as the workload writes it.
pub fn name(scenario: &Scenario) -> &'static str {
    match scenario {
        Scenario::Storm { .. } => "storm",
        Scenario::Drain { .. } => "drain",
    }
}

/// The query a scenario executes.
pub fn statement(scenario: &Scenario) -> &str {
    match scenario {
        Scenario::Storm { statement, .. } | Scenario::Drain { statement, .. } => statement,
    }
}

/// Runs a scenario to its end.
pub async fn play(scenario: &Scenario, stage: &Stage<'_>) -> Result<Vec<Observation>, ScenarioError> {
    match scenario {
        Scenario::Storm { connections, volleys, check, expected, rows_per_call, rollback_share, .. } => {
            let storm = storm::Storm {
                connections: *connections,
                volleys: volleys.at(stage.scale),
                check,
                expected: *expected,
                rows_per_call: *rows_per_call,
                rollback_share: *rollback_share,
            };
            storm.play(stage).await
        }
        Scenario::Drain { oracle, calls, .. } => drain::play(stage, oracle, calls.at(stage.scale)).await,
    }
}

fn stop_if_interrupted(stage: &Stage) -> Result<(), ScenarioError> {
    if stage.interrupt.raised() { Err(ScenarioError::Interrupted) } else { Ok(()) }
}

fn observation(name: &str, value: impl ToString, holds: Option<bool>) -> Observation {
    Observation { name: name.to_owned(), value: value.to_string(), holds }
}
