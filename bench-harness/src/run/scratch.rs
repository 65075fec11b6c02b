//! Scenarios change data, so each runs in a copy of its variant's database that is dropped afterwards.

use super::RunOptions;
use super::prepare::PreparedDataset;
use super::progress::Step;
use crate::result::evidence::Observation;
use crate::scenarios::{self, ScenarioError, Stage};
use crate::server::Server;
use crate::workload::loaded::Workload;
use crate::workload::model::Scenario;

/// Where scenarios are played.
pub struct Theatre<'a> {
    pub workload: &'a Workload,
    pub server: &'a Server,
    pub options: &'a RunOptions,
    pub runtime: &'a tokio::runtime::Runtime,
}

impl Theatre<'_> {
    /// Plays one scenario in one variant. No connection to the variant's database may be open meanwhile:
    /// PostgreSQL copies only databases that nobody is in.
    pub fn play(
        &self,
        scenario: &Scenario,
        dataset: &PreparedDataset,
        variant: &str,
    ) -> Result<Vec<Observation>, ScenarioError> {
        let failed = |what: &str, message: String| ScenarioError::Failed { what: what.to_owned(), message };
        let source = dataset
            .database(variant)
            .ok_or_else(|| failed("the scenario", format!("variant `{variant}` was not prepared")))?;
        let statement = scenarios::statement(scenario);
        let query = self
            .workload
            .queries
            .get(statement)
            .ok_or_else(|| failed("the scenario", format!("the workload has no query `{statement}`")))?;
        let pool = match dataset.pools.get(statement) {
            Some(Ok(pool)) => pool,
            Some(Err(why)) => return Err(failed("its arguments", why.clone())),
            None => return Err(failed("its arguments", "they were not drawn".to_owned())),
        };

        let what =
            format!("{}/{}: {} in {variant}", self.workload.name, dataset.name, scenarios::name(scenario));
        let step = Step::start(&what, None);
        let scratch = format!("{}_{}_scratch", self.workload.name, dataset.name);
        self.server
            .create_database(&scratch, Some(source))
            .map_err(|error| failed("the scratch copy", error.to_string()))?;
        let config = self.server.connect(&scratch);
        let outcome = self.runtime.block_on(scenarios::play(
            scenario,
            &Stage {
                workload: self.workload,
                config: &config,
                variant,
                query,
                pool,
                scale: self.options.scale,
                seed: self.options.seed,
                interrupt: &self.options.interrupt,
                progress: &|done, of| step.say(&format!("{what} ({done} of {of})")),
            },
        ));
        let dropped = self.server.drop_database(&scratch);
        let observations = outcome?;
        dropped.map_err(|error| failed("dropping the scratch copy", error.to_string()))?;
        Ok(observations)
    }
}
