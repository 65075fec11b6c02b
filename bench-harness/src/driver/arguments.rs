//! Where a statement's arguments come from: rows drawn once from the loaded data, or generators.
//!
//! Every variant gets the same arguments at the same place of the same round, so that differences between variants
//! are never differences between arguments.

use postgres::SimpleQueryMessage;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::session::Arguments;
use crate::generate::{DatasetPlan, Parameter};
use crate::workload::loaded::Query;

/// Arguments of one statement on one data set.
pub struct ArgumentPool {
    sources: Vec<Source>,
    drawn: Vec<Vec<Option<String>>>,
    seed: u64,
}

enum Source {
    /// Column of the drawn row.
    Drawn(usize),
    Generated(Parameter),
}

#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    #[error("the draw of query `{query}` failed: {message}")]
    Failed { query: String, message: String },
    #[error("the draw of query `{query}` returned no row on this data; there is nothing to call it with")]
    Empty { query: String },
    #[error("parameter `{parameter}` of query `{query}`: {message}")]
    Generator { query: String, parameter: String, message: String },
    #[error("the draw of query `{query}` has no column `{column}`; it has {columns}")]
    Column { query: String, column: String, columns: String },
}

impl ArgumentPool {
    /// Runs the query's draw, when it has one, on the loaded data.
    pub fn draw(
        query: &Query,
        plan: &DatasetPlan,
        client: &mut postgres::Client,
        seed: u64,
    ) -> Result<ArgumentPool, DrawError> {
        let (columns, drawn) = match &query.header.draw {
            None => (Vec::new(), Vec::new()),
            Some(sql) => fetch(query, sql, client)?,
        };
        let mut sources = Vec::new();
        for parameter in query.params() {
            if let Some(column) = &parameter.draw {
                let place =
                    columns.iter().position(|name| name == column).ok_or_else(|| DrawError::Column {
                        query: query.name.clone(),
                        column: column.clone(),
                        columns: columns.join(", "),
                    })?;
                sources.push(Source::Drawn(place));
            } else if let Some(generator) = &parameter.generator {
                let name = format!("{}.{}", query.name, parameter.name);
                let generated = plan.parameter(generator, &name).map_err(|error| DrawError::Generator {
                    query: query.name.clone(),
                    parameter: parameter.name.clone(),
                    message: error.to_string(),
                })?;
                sources.push(Source::Generated(generated));
            }
        }
        Ok(ArgumentPool { sources, drawn, seed })
    }

    /// Arguments of execution `n` of round `round`, the same whoever asks.
    pub fn at(&self, round: u32, n: u32) -> Arguments {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(
            self.seed ^ (u64::from(round) << 32 | u64::from(n)).wrapping_mul(0x9E37_79B9_7F4A_7C15),
        );
        let row = match self.drawn.len() {
            0 => None,
            rows => self.drawn.get(rng.random_range(0..rows)),
        };
        self.resolve(row, (u64::from(round) << 32) | u64::from(n))
    }

    /// The first `count` drawn rows in draw order: what plans and row hashes are taken with.
    pub fn first(&self, count: usize) -> Vec<Arguments> {
        if self.drawn.is_empty() {
            let calls = if self.sources.is_empty() { 1 } else { count };
            return (0..calls).map(|n| self.resolve(None, n as u64)).collect();
        }
        // Spread over the draw, so that its first rows are not the only ones ever planned.
        let step = (self.drawn.len() / count.max(1)).max(1);
        let rows = self.drawn.iter().step_by(step).take(count).enumerate();
        rows.map(|(n, row)| self.resolve(Some(row), n as u64)).collect()
    }

    fn resolve(&self, row: Option<&Vec<Option<String>>>, n: u64) -> Arguments {
        let value = |source: &Source| match source {
            Source::Drawn(place) => row.and_then(|row| row[*place].clone()),
            Source::Generated(parameter) => parameter.at(n).as_param_text().map(|text| text.into_owned()),
        };
        self.sources.iter().map(value).collect()
    }
}

type Drawn = (Vec<String>, Vec<Vec<Option<String>>>);

fn fetch(query: &Query, sql: &str, client: &mut postgres::Client) -> Result<Drawn, DrawError> {
    let messages = client.simple_query(sql).map_err(|error| DrawError::Failed {
        query: query.name.clone(),
        message: super::session::describe(&error),
    })?;
    let mut columns = Vec::new();
    let mut drawn = Vec::new();
    for message in messages {
        if let SimpleQueryMessage::Row(row) = message {
            if columns.is_empty() {
                columns = row.columns().iter().map(|column| column.name().to_owned()).collect();
            }
            drawn.push((0..row.len()).map(|place| row.get(place).map(str::to_owned)).collect());
        }
    }
    if drawn.is_empty() {
        return Err(DrawError::Empty { query: query.name.clone() });
    }
    Ok((columns, drawn))
}
