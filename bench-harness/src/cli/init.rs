//! What `indexproof init` may be asked.

use clap::Args;

/// What is taken from a database, and what is not.
pub const RULES: &str = "Without --from: a small whole workload, each line explained, to be changed into yours.

With --from: tables of schema public with their keys and enum types, all indexes, the statements that took most time
in pg_stat_statements, and generators fitted to pg_stats (so run ANALYZE first if it was never run). The database is
only read, in a read-only session. Text that people wrote is replaced by filler words; values of columns with at most
a hundred different ones are carried over. What can't be carried over is listed in the new folder's README.md.

Exit codes:
  0  written, and it passes `indexproof check`
  2  the name is taken or no name for a workload, or the database holds nothing to measure
  3  the database can't be reached or read";

#[derive(Debug, Args)]
pub struct InitArgs {
    /// Name of the new workload: lower-case letters, digits, underscores
    #[arg(value_name = "NAME")]
    pub name: String,

    /// The database to take it from
    #[arg(long, value_name = "postgres://…", value_parser = url)]
    pub from: Option<Url>,

    /// Statements to take at the most, those that took most time first
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub statements: u16,
}

/// A connection URL, which never shows its password.
#[derive(Clone)]
pub struct Url(pub String);

impl std::fmt::Debug for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::server::choice::without_password(&self.0))
    }
}

fn url(text: &str) -> Result<Url, String> {
    match text.parse::<crate::server::ServerChoice>() {
        Ok(crate::server::ServerChoice::Remote { url }) => Ok(Url(url)),
        _ => Err("expected a URL postgres://USER:PASSWORD@HOST:PORT/DATABASE".to_owned()),
    }
}
