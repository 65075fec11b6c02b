//! What `indexproof compare` may be asked.

use std::path::PathBuf;

use clap::Args;

/// What is compared and how; the honest limits of it.
pub const RULES: &str = "What is compared:
  verdicts   per claim and variant; worse is a step down (proven, measured, refuted or infeasible, not runnable or
             invalid); from decided to inconclusive or skipped is `undecided now`
  exact      buffers and shape of every statement's plan, index sizes, accepted and used indexes, what scenarios saw;
             when scale, seed and row counts are the same, for only then are the data
  times      of every part with a time or speed-up: the ratio new / old with a 95 % interval from redrawing the rounds
             of each run by themselves (rounds of two runs are no pairs)

A time counts as worse when its whole interval lies above the floor: the largest of --tolerance, both runs' A/A noise
for that statement, and how far the two runs' SELECT 1 lie apart, which shows how much the machine itself changed. The
interval knows what differs between rounds, not between runs: for a tight gate, run old and new on one machine, one
after the other.

Where CPU, cores, file system or kind of server differ, milliseconds don't compare. Each round's time is then divided
by the baseline variant's of the same round, and what is compared is how that relation changed. This hides a change
that slows the baseline as well, and says nothing of the baseline itself; SELECT 1 is not used for scaling, because a
round trip and a scan don't grow alike. Other differences of the environment are listed as warnings.

Exit codes:
  0  nothing that --fail-on names (without it: always)
  1  something got worse (--fail-on regression), or was lost too (--fail-on loss)
  2  a result file can't be read, or the command line is wrong";

#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Result file of the earlier run
    #[arg(value_name = "OLD.json")]
    pub old: PathBuf,

    /// Result file of the later run
    #[arg(value_name = "NEW.json")]
    pub new: PathBuf,

    /// End with exit code 1 when there is such a change
    #[arg(long, value_enum, value_name = "WHAT")]
    pub fail_on: Option<FailOn>,

    /// The least ratio of times that counts, 1 or more
    #[arg(long, value_name = "RATIO", default_value_t = crate::compare::DEFAULT_TOLERANCE, value_parser = super::tolerance)]
    pub tolerance: f64,

    /// Print JSON (schema: bench-harness/schema/comparison.schema.json)
    #[arg(long)]
    pub json: bool,

    /// Write Markdown here; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,

    /// Append Markdown here; in GitHub Actions: --github "$GITHUB_STEP_SUMMARY"
    #[arg(long, value_name = "FILE")]
    pub github: Option<PathBuf>,
}

/// Which changes a gate stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum FailOn {
    /// A verdict, an exact figure or a time got worse
    Regression,
    /// The same, or a verdict is no longer decided, or a claim disappeared
    Loss,
}
