//! The command line: what may be asked, with defaults and help. What is done about it stands in `commands`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::server::ServerChoice;
use crate::workload::model::Scale;

/// Proves, or refutes, what people write about PostgreSQL indexes and latency.
///
/// A workload (a folder of TOML and SQL) is loaded into a real PostgreSQL once for each set of indexes; its
/// statements are measured in interleaved rounds, and every written claim gets a verdict with its evidence.
#[derive(Debug, Parser)]
#[command(name = "indexproof", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,

    /// Folder that holds the workload folders.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        default_value = "workloads",
        env = "INDEXPROOF_WORKLOADS"
    )]
    pub workloads: PathBuf,
}

/// Where a run writes when it is not told.
pub const DEFAULT_OUT: &str = "indexproof-results";

const EXIT_CODES: &str = "Exit codes:
  0  all as expected
  1  a claim fell short of what its workload expects of it; compare: something changed that --fail-on names
  2  usage or workload error
  3  server or environment error";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run workloads and give their claims verdicts
    Run(RunArgs),
    /// List workloads and claims with their last verdicts
    List(ListArgs),
    /// Show one claim with its evidence
    Show(ShowArgs),
    /// Validate workload folders, without a server
    Check(CheckArgs),
    /// Find out what each index of a set is worth, and the smallest set that keeps everything
    #[command(after_long_help = ABLATE_RULES)]
    Ablate(AblateArgs),
    /// Draw a report from a result file
    Report(ReportArgs),
    /// Hold a result against an earlier one: what changed, and whether it got worse
    #[command(after_long_help = COMPARE_RULES)]
    Compare(CompareArgs),
    /// Say what is installed, what would be skipped for lack of it, and how noisy this machine is
    Doctor(DoctorArgs),
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// Workloads to run [default: all]
    #[arg(value_name = "WORKLOAD")]
    pub names: Vec<String>,

    /// How much data to load: ci takes minutes and decides what counts exactly, small holds the documents' sizes,
    /// full their largest
    #[arg(long, value_enum, default_value_t = Scale::Small)]
    pub scale: Scale,

    #[command(flatten)]
    pub server: ServerArgs,

    /// Measure only these variants besides the baseline (repeatable)
    #[arg(long, value_name = "NAME")]
    pub variant: Vec<String>,

    /// Judge only these claims (repeatable)
    #[arg(long, value_name = "ID")]
    pub claim: Vec<String>,

    /// Time for the measuring rounds of each workload, e.g. 90s, 10m, 1h; loading, index builds, scenarios and plans
    /// are not in it [default: 1m at ci, 10m at small, 30m at full]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub budget: Option<Duration>,

    /// Seed of data, parameters and order; the same seed gives the same data
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Folder for the result and the report
    #[arg(long, value_name = "DIR", default_value = DEFAULT_OUT)]
    pub out: PathBuf,

    /// Print the result as JSON instead of the verdict table
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ServerArgs {
    /// auto, local (a throwaway cluster), docker[:IMAGE] (a throwaway container), or postgres://… (your own server:
    /// works only in databases it creates, needs CREATEDB)
    #[arg(long, value_name = "WHERE", default_value = "auto", env = "INDEXPROOF_SERVER")]
    pub server: ServerChoice,

    /// Directory of the PostgreSQL binaries for a local server [default: the newest installed]
    #[arg(long, value_name = "DIR", env = "INDEXPROOF_PG_BIN")]
    pub pg_bin: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Workloads to list [default: all]
    #[arg(value_name = "WORKLOAD")]
    pub names: Vec<String>,

    /// Result files to take verdicts from [default: the newest run here, else results/reference]
    #[arg(long, value_name = "RESULT.json")]
    pub result: Vec<PathBuf>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// ID of the claim, e.g. SJ-02
    pub claim: String,

    /// Result file to take the evidence from [default: the newest run here, else results/reference]
    #[arg(long, value_name = "RESULT.json")]
    pub result: Vec<PathBuf>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Workloads to check, by name or folder [default: all]
    #[arg(value_name = "WORKLOAD")]
    pub names: Vec<String>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Result file of a run; without a destination the verdict table is printed, and `-` is standard output
    #[arg(value_name = "RESULT.json")]
    pub result: PathBuf,

    /// Write the self-contained HTML page here
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,

    /// Write Markdown here
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,

    /// Write JUnit XML here, one test case a claim
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,

    /// Append a summary here; in GitHub Actions: --github "$GITHUB_STEP_SUMMARY"
    #[arg(long, value_name = "FILE")]
    pub github: Option<PathBuf>,
}

/// What an ablation measures, and what its words mean.
const ABLATE_RULES: &str = "Each index is left out by itself, in a transaction that is rolled back, so that with and without are the same
rows and the same pages. All statements of the workload are planned and executed without it:

  essential   a statement falls short without it: many times the buffers, or more time beyond --tolerance and noise;
              or it enforces uniqueness or a constraint
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
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub budget: Option<Duration>,

    /// How many times as long a statement may take without an index before it counts as slower, 1 or more
    #[arg(long, value_name = "RATIO", default_value_t = crate::compare::DEFAULT_TOLERANCE, value_parser = tolerance)]
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

/// What is compared and how; the honest limits of it.
const COMPARE_RULES: &str = "What is compared:
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
    #[arg(long, value_name = "RATIO", default_value_t = crate::compare::DEFAULT_TOLERANCE, value_parser = tolerance)]
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

fn tolerance(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(ratio) if ratio.is_finite() && ratio >= 1.0 => Ok(ratio),
        _ => Err("expected a ratio of 1 or more, e.g. 1.05 for five percent".to_owned()),
    }
}

#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    pub server: ServerArgs,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Parses `90s`, `10m`, `1h30m`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = |why: String| format!("{why}; write for example 90s, 10m or 1h");
    let span: jiff::SignedDuration = text.parse().map_err(|error: jiff::Error| wrong(error.to_string()))?;
    let duration = Duration::try_from(span).map_err(|_| wrong("a budget can't be negative".to_owned()))?;
    if duration.is_zero() { Err(wrong("a budget can't be zero".to_owned())) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn budgets_are_positive_times() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1h30m"), Ok(Duration::from_secs(5400)));
        for wrong in ["", "10", "-5m", "0s", "soon"] {
            assert!(duration(wrong).is_err(), "{wrong} was taken");
        }
    }
}
