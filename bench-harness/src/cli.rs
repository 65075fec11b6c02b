//! The command line: what may be asked, with defaults and help. What is done about it stands in `commands`.

mod ablate;
mod compare;
mod init;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::server::ServerChoice;
use crate::workload::model::Scale;
pub use ablate::AblateArgs;
pub use compare::{CompareArgs, FailOn};
pub use init::InitArgs;

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
  1  a claim fell short of what its workload expects of it; compare: something changed that --fail-on names;
     selftest: a check failed
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
    #[command(after_long_help = ablate::RULES)]
    Ablate(AblateArgs),
    /// Make a new workload folder, from scratch or from a database
    #[command(after_long_help = init::RULES)]
    Init(InitArgs),
    /// Print a completion script for a shell, e.g. `source <(indexproof completions bash)`
    Completions(CompletionsArgs),
    /// Draw a report from a result file
    Report(ReportArgs),
    /// Hold a result against an earlier one: what changed, and whether it got worse
    #[command(after_long_help = compare::RULES)]
    Compare(CompareArgs),
    /// Say what is installed, what would be skipped for lack of it, and how noisy this machine is
    Doctor(DoctorArgs),
    /// Prove the method on this machine: false alarms, planted effects, stalls, delays (METHOD.md explains it)
    Selftest(SelftestArgs),
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

#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    pub server: ServerArgs,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct SelftestArgs {
    /// Only what holds however slow the machine is; takes seconds
    #[arg(long)]
    pub quick: bool,

    /// Seed of all that is drawn; figures in virtual time are the same for the same seed
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Parses a ratio of times that counts as a difference.
fn tolerance(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(ratio) if ratio.is_finite() && ratio >= 1.0 => Ok(ratio),
        _ => Err("expected a ratio of 1 or more, e.g. 1.05 for five percent".to_owned()),
    }
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
