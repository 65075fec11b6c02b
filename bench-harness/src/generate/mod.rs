//! Data from typed column generators, streamed as COPY input.
//!
//! Every cell is a pure function of (seed, table, column, row), so that any cell can be computed on its own: a
//! table can be written in parts and from several threads, and a column can take a value of another table's row
//! without that table being kept. [`DatasetPlan::compile`] resolves all names; what it gives is only evaluated.
//!
//! Invariant: nothing here reads a clock, an environment or a random device. The same workload, seed, scale and
//! epoch give the same bytes. (One reservation: `zipf` rests on the system's `pow`; where that differs in a last
//! bit, a draw in some ten thousand million may differ.)

mod cell;
mod compile;
pub mod dependencies;
pub mod duration;
mod plan;
mod random;
pub mod template;
mod value;

use std::ops::Range;

use thiserror::Error;

pub use plan::{DatasetPlan, Parameter, TablePlan};
pub use value::Value;

/// Why data can't be generated.
#[derive(Debug, Error)]
pub enum GenerateError {
    #[error("unknown data set `{name}`; the workload has: {}", .known.join(", "))]
    UnknownDataset { name: String, known: Vec<String> },
    #[error("the data set doesn't load a table `{name}`; it loads: {}", .known.join(", "))]
    UnknownTable { name: String, known: Vec<String> },
    #[error("rows {} to {} of `{table}` are wanted, it has {held}", .rows.start, .rows.end)]
    RowsOutOfRange { table: String, rows: Range<u64>, held: u64 },
    #[error("column `{table}.{column}` can't be generated: {reason}")]
    Column { table: String, column: String, reason: String },
    #[error("parameter `{name}` can't be generated: {reason}")]
    Parameter { name: String, reason: String },
    #[error("generated rows can't be written: {0}")]
    Write(#[source] std::io::Error),
}

#[cfg(test)]
mod tests;
