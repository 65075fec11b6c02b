//! A run: prepare the databases, measure, judge, and put it all into one result.

pub mod ablate;
pub mod assemble;
pub mod budget;
pub mod figures;
pub mod indexes;
pub mod judge;
pub mod load;
pub mod measure;
pub mod options;
pub mod plans;
pub mod prepare;
pub mod progress;
pub mod scratch;

mod workload_run;

pub use options::RunOptions;
pub use workload_run::{run, run_with};
