//! What can go wrong with servers. Each error names the next step; the command line ends with exit code 3.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

/// A server could not be had, or refused what a run needs of it.
#[derive(Debug, Error, Diagnostic)]
pub enum ServerError {
    #[error("no PostgreSQL server binaries found (looked in {})", looked_in.join(", "))]
    #[diagnostic(
        code(indexproof::server::postgres_missing),
        help(
            "install PostgreSQL, then run again:  ci/setup   (or: sudo apt-get install -y postgresql)\n\
             Elsewhere: name the folder with initdb and postgres by --pg-bin or INDEXPROOF_PG_BIN, \
             or use --server docker or --server postgres://…"
        )
    )]
    PostgresMissing { looked_in: Vec<String> },

    #[error("{} holds no PostgreSQL server: {missing}", dir.display())]
    #[diagnostic(
        code(indexproof::server::pg_bin),
        help(
            "--pg-bin (or INDEXPROOF_PG_BIN) must name the folder with initdb and postgres in it, e.g. \
             /usr/lib/postgresql/17/bin; without it they are searched for. \
             To install PostgreSQL:  ci/setup   (or: sudo apt-get install -y postgresql)"
        )
    )]
    PgBin { dir: PathBuf, missing: String },

    #[error("PostgreSQL does not run as root, and there is no account `postgres` or `nobody` to run it as")]
    #[diagnostic(
        code(indexproof::server::no_account),
        help("make one:  useradd --system postgres   (or run indexproof as an ordinary user)")
    )]
    NoAccount,

    #[error("account `{account}` may not run {}: {reason}", program.display())]
    #[diagnostic(
        code(indexproof::server::not_executable),
        help(
            "PostgreSQL does not run as root, so it is started as `{account}`, who must be able to reach its \
             binaries: move them out of private folders (ci/private-postgres chooses such a place)"
        )
    )]
    NotExecutable { program: PathBuf, account: String, reason: String },

    #[error("{what} failed ({outcome})\n{log}")]
    #[diagnostic(
        code(indexproof::server::did_not_start),
        help("above is the end of its log; `indexproof doctor` shows disk, memory and the binaries in use")
    )]
    DidNotStart { what: String, outcome: String, log: String },

    #[error("no Docker engine answers: {reason}")]
    #[diagnostic(
        code(indexproof::server::no_engine),
        help(
            "start one (ci/setup --docker installs and starts it; DOCKER_HOST names another), or use --server local"
        )
    )]
    NoEngine { reason: String },

    #[error("image `{image}` is not there and can't be pulled: {reason}")]
    #[diagnostic(
        code(indexproof::server::no_image),
        help("build the default image with ci/image, or name another: --server docker:IMAGE")
    )]
    NoImage { image: String, reason: String },

    #[error("Docker: {doing} failed: {reason}")]
    #[diagnostic(
        code(indexproof::server::docker),
        help("is the engine still running?  docker info; --server local does without it")
    )]
    Docker { doing: String, reason: String },

    #[error("can't connect to {origin}: {reason}")]
    #[diagnostic(
        code(indexproof::server::connect),
        help("check host, port, user and password; the server must accept connections from this machine")
    )]
    Connect { origin: String, reason: String },

    #[error("{origin} is to be reached with TLS only (sslmode=require), which indexproof can't speak")]
    #[diagnostic(
        code(indexproof::server::tls),
        help("go through a tunnel or a local pooler that adds TLS, and use sslmode=prefer in the URL")
    )]
    Tls { origin: String },

    #[error("user `{user}` of {origin} may not create databases")]
    #[diagnostic(
        code(indexproof::server::no_createdb),
        help("as an administrator:  ALTER ROLE \"{user}\" CREATEDB;   (nothing else is needed)")
    )]
    NoCreateDb { origin: String, user: String },

    #[error("refusing to drop database `{database}`: {reason}")]
    #[diagnostic(
        code(indexproof::server::not_ours),
        help(
            "indexproof drops only databases that it created and marked itself; if this one is to go, drop it by hand"
        )
    )]
    NotOurs { database: String, reason: String },

    #[error("`{name}` can't name a database: {reason}")]
    #[diagnostic(
        code(indexproof::server::database_name),
        help("use 1 to 40 of a-z, 0-9 and _, e.g. `stream_jobs_bare`")
    )]
    DatabaseName { name: String, reason: String },

    #[error("{doing} failed: {reason}")]
    #[diagnostic(code(indexproof::server::sql), help("the server's message is above; its log has more"))]
    Sql { doing: String, sqlstate: Option<String>, reason: String },

    #[error("{doing} {}: {source}", path.display())]
    #[diagnostic(
        code(indexproof::server::io),
        help("check free space and rights there; TMPDIR moves temporary files elsewhere")
    )]
    Io { doing: String, path: PathBuf, source: std::io::Error },

    #[error("can't start a worker thread: {0}")]
    #[diagnostic(code(indexproof::server::runtime), help("the machine is out of threads or memory"))]
    Runtime(std::io::Error),
}

impl ServerError {
    /// What the command line ends with for any of these.
    pub const EXIT_CODE: u8 = 3;

    pub(super) fn io(doing: &str, path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        ServerError::Io { doing: doing.to_owned(), path: path.into(), source }
    }

    pub(super) fn sql(doing: impl Into<String>, error: &tokio_postgres::Error) -> Self {
        let sqlstate = error.code().map(|code| code.code().to_owned());
        ServerError::Sql { doing: doing.into(), sqlstate, reason: explain(error) }
    }
}

/// A driver error with what lies beneath it; its own text is often just `db error`.
pub(super) fn explain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let line = inner.to_string();
        if !text.contains(&line) {
            text = format!("{text}: {line}");
        }
        cause = inner.source();
    }
    text
}
