//! What `indexproof ablate` may be asked.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::ServerArgs;
use crate::workload::model::Scale;

/// What an ablation measures, and what its words mean.
pub const RULES: &str = "Each index is left out by itself, in a transaction that is rolled back, so that with and without are the same
rows and the same pages. All statements of the workload are planned and executed without it:

  essential   a statement falls short without it: many times the buffers or filtered rows, or more time beyond
              --tolerance and noise; or it enforces uniqueness or a constraint
  redundant   statements use it and are none the worse without: others of the set serve them
  harmful     no statement uses it, and writers pay for it in write-ahead log or time
  unused      no statement uses it, and what it costs writers here can't be measured
  undecided   the budget ended first; it is kept

Buffers and write-ahead log are exact and come first; rounds are timed only where they leave a doubt, and for what
writers pay. Every table with an index of the set has a writer: besides the workload's own, an insert of generated
rows. Commits are in no figure.

The smallest set is found by leaving out one index after the other as long as no statement falls short, and is then
measured as a whole: its own database, every claim judged beside the full set.

Exit codes:
  0  done, whatever was found
  2  usage or workload error
  3  server or environment error";

#[derive(Debug, Args)]
pub struct AblateArgs {
    /// Workload, by name or folder
    #[arg(value_name = "WORKLOAD")]
    pub name: String,

    /// The variant whose index set it is [default: the first with an index file]
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,

    /// How much data to load
    #[arg(long, value_enum, default_value_t = Scale::Small)]
    pub scale: Scale,

    #[command(flatten)]
    pub server: ServerArgs,

    /// Time for measuring rounds, e.g. 90s, 10m; and again as much to judge the claims under the smallest set
    /// [default: 2m at ci, 20m at small, 60m at full]
    #[arg(long, value_name = "TIME", value_parser = super::duration)]
    pub budget: Option<Duration>,

    /// How many times as long a statement may take without an index before it counts as slower, 1 or more
    #[arg(long, value_name = "RATIO", default_value_t = crate::compare::DEFAULT_TOLERANCE, value_parser = super::tolerance)]
    pub tolerance: f64,

    /// Seed of data, parameters and order
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Write the ablation as JSON here (schema: bench-harness/schema/ablation.schema.json)
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Write the smallest set here, ready to run; else it is printed
    #[arg(long, value_name = "FILE")]
    pub sql: Option<PathBuf>,

    /// Write Markdown here; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,

    /// Print JSON instead of the table
    #[arg(long)]
    pub json: bool,
}
