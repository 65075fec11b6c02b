//! Databases for a run: a template with the data of each data set, and a copy of it for each variant.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Instant;

use super::options::Interrupt;
use super::progress::Step;
use super::{RunOptions, indexes};
use crate::driver::arguments::{ArgumentPool, DrawError};
use crate::driver::session::describe;
use crate::generate::DatasetPlan;
use crate::result::evidence::IndexAudit;
use crate::result::{DatasetFacts, VariantFacts};
use crate::server::{Server, ServerError};
use crate::workload::loaded::Workload;
use crate::workload::model::{Claim, Scale};

/// A data set with its databases.
pub struct PreparedDataset {
    pub name: String,
    pub facts: DatasetFacts,
    pub plan: DatasetPlan,
    /// Database with the bare data; variants are copied from it, parameters drawn from it.
    pub template: String,
    /// Variant name → database, in the manifest's order; skipped variants are absent.
    pub databases: Vec<(String, String)>,
    pub audits: Vec<IndexAudit>,
    /// Query name → where its arguments come from, or why it has none.
    pub pools: BTreeMap<String, Result<ArgumentPool, String>>,
    /// Claim id → what its size query counted, or why it could not.
    pub counted: BTreeMap<String, Result<u64, String>>,
}

impl PreparedDataset {
    pub fn database(&self, variant: &str) -> Option<&str> {
        self.databases.iter().find(|(name, _)| name == variant).map(|(_, database)| database.as_str())
    }
}

#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum PrepareError {
    #[error("{what} of workload `{workload}` failed: {message}")]
    #[diagnostic(help(
        "run it by hand in psql against the workload's schema to see more, then mend the file"
    ))]
    Sql { workload: String, what: String, message: String },
    #[error(transparent)]
    #[diagnostic(transparent)]
    Server(#[from] ServerError),
    #[error("the data of workload `{workload}` can't be generated: {message}")]
    Generate { workload: String, message: String },
    #[error("interrupted")]
    Interrupted,
}

/// Why a variant can't run on this server, when it can't.
pub fn variant_facts(workload: &Workload, server: &Server) -> Vec<VariantFacts> {
    let facts = workload.manifest.variants.iter().map(|variant| {
        let missing = variant.requires.iter().find_map(|requirement| server.missing(requirement));
        VariantFacts { name: variant.name.clone(), summary: variant.summary.clone(), skipped: missing }
    });
    facts.collect()
}

/// What preparing needs to know.
pub struct Preparation<'a> {
    pub workload: &'a Workload,
    pub server: &'a Server,
    pub options: &'a RunOptions,
    /// Start of the run: what generated timestamps are offsets from.
    pub epoch: jiff::Timestamp,
    /// Variants to prepare.
    pub variants: &'a [String],
}

impl Preparation<'_> {
    /// Loads a data set and builds its variants.
    pub fn dataset(&self, name: &str, claims: &[&Claim]) -> Result<PreparedDataset, PrepareError> {
        let workload = self.workload;
        let scale = self.options.scale;
        let plan =
            DatasetPlan::compile(workload, name, scale, self.options.seed, self.epoch).map_err(|error| {
                PrepareError::Generate { workload: workload.name.clone(), message: error.to_string() }
            })?;
        let start = Instant::now();
        let template = self.load(name, &plan)?;
        let load_seconds = start.elapsed().as_secs_f64();

        let mut client = self.connect(&template)?;
        let seed = self.options.seed;
        let pools = workload.queries.values().map(|query| {
            (
                query.name.clone(),
                ArgumentPool::draw(query, &plan, &mut client, seed)
                    .map_err(|error: DrawError| error.to_string()),
            )
        });
        let pools = pools.collect();
        let counted =
            claims.iter().map(|claim| (claim.id.clone(), count(&mut client, &claim.size.count))).collect();
        drop(client);

        let mut databases = Vec::new();
        let mut audits = Vec::new();
        for variant in &workload.manifest.variants {
            if self.variants.contains(&variant.name) {
                let database = self.variant(name, &template, &variant.name, &mut audits)?;
                databases.push((variant.name.clone(), database));
            }
        }
        let facts = DatasetFacts {
            name: name.to_owned(),
            summary: workload.manifest.datasets[name].summary.clone(),
            rows: plan.tables().iter().map(|table| (table.name.clone(), table.rows)).collect(),
            load_seconds,
        };
        Ok(PreparedDataset {
            name: name.to_owned(),
            facts,
            plan,
            template,
            databases,
            audits,
            pools,
            counted,
        })
    }

    fn load(&self, dataset: &str, plan: &DatasetPlan) -> Result<String, PrepareError> {
        let workload = self.workload;
        let template = format!("{}_{dataset}", workload.name);
        self.server.create_database(&template, None)?;
        let mut client = self.connect(&template)?;
        self.sql(&mut client, "schema.sql", &workload.schema)?;
        for table in plan.tables() {
            self.stop_if_interrupted()?;
            let step = Step::start(
                &format!("{}/{dataset}: loading {} rows into {}", workload.name, table.rows, table.name),
                Some(table.rows),
            );
            let columns: Vec<_> = table.columns.iter().map(|column| quote_identifier(column)).collect();
            let copy = format!("COPY {} ({}) FROM STDIN", quote_identifier(&table.name), columns.join(", "));
            let failed = |message: String| self.failed(&format!("COPY into {}", table.name), message);
            let mut sink = client.copy_in(&copy).map_err(|error| failed(describe(&error)))?;
            let mut buffer = Vec::new();
            let chunk = 10_000;
            for from in (0..table.rows).step_by(chunk) {
                self.stop_if_interrupted()?;
                let to = table.rows.min(from + chunk as u64);
                buffer.clear();
                plan.write_copy(&table.name, from..to, &mut buffer)
                    .map_err(|error| failed(error.to_string()))?;
                sink.write_all(&buffer).map_err(|error| failed(error.to_string()))?;
                step.advance(to - from);
            }
            sink.finish().map_err(|error| failed(describe(&error)))?;
        }
        let step = Step::start(&format!("{}/{dataset}: VACUUM (FREEZE, ANALYZE)", workload.name), None);
        self.sql(&mut client, "VACUUM of the loaded data", "VACUUM (FREEZE, ANALYZE)")?;
        drop(step);
        Ok(template)
    }

    fn variant(
        &self,
        dataset: &str,
        template: &str,
        variant: &str,
        audits: &mut Vec<IndexAudit>,
    ) -> Result<String, PrepareError> {
        self.stop_if_interrupted()?;
        let workload = self.workload;
        let label = format!("{}/{dataset}: {variant}", workload.name);
        let step = Step::start(&format!("{label}: copying"), None);
        let database = format!("{}_{dataset}_{}", workload.name, variant.replace('-', "_"));
        self.server.create_database(&database, Some(template))?;
        let mut client = self.connect(&database)?;
        if let Some(setup) = workload.setups.get(variant) {
            step.say(&format!("{label}: set-up"));
            self.sql(&mut client, &format!("set-up of variant `{variant}`"), setup)?;
        }
        if let Some(statements) = workload.index_sets.get(variant) {
            let mut built = indexes::build(&mut client, dataset, variant, statements, |index| {
                step.say(&format!("{label}: {index}"));
            });
            indexes::audit(&mut client, &mut built)
                .map_err(|error| self.failed("the index audit", describe(&error)))?;
            audits.append(&mut built);
        }
        step.say(&format!("{label}: VACUUM (ANALYZE)"));
        self.sql(&mut client, "VACUUM of a variant", "VACUUM (ANALYZE)")?;
        Ok(database)
    }

    pub fn connect(&self, database: &str) -> Result<postgres::Client, PrepareError> {
        self.server
            .connect_sync(database)
            .connect(postgres::NoTls)
            .map_err(|error| self.failed(&format!("connecting to {database}"), describe(&error)))
    }

    fn sql(&self, client: &mut postgres::Client, what: &str, sql: &str) -> Result<(), PrepareError> {
        client.batch_execute(sql).map_err(|error| self.failed(what, describe(&error)))
    }

    fn failed(&self, what: &str, message: String) -> PrepareError {
        PrepareError::Sql { workload: self.workload.name.clone(), what: what.to_owned(), message }
    }

    fn stop_if_interrupted(&self) -> Result<(), PrepareError> {
        let interrupt: &Interrupt = &self.options.interrupt;
        if interrupt.raised() { Err(PrepareError::Interrupted) } else { Ok(()) }
    }
}

fn count(client: &mut postgres::Client, sql: &str) -> Result<u64, String> {
    let row = client.query_one(sql, &[]).map_err(|error| describe(&error))?;
    let number: i64 = row.try_get(0).map_err(|error| describe(&error))?;
    u64::try_from(number).map_err(|_| format!("it counted {number}"))
}

/// Quotes an identifier for SQL.
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// What a claim's size comes to at a scale.
pub fn held(claim: &Claim, scale: Scale) -> u64 {
    claim.size.held.at(scale)
}
