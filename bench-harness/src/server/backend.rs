//! Which kind of server a run gets, and what all kinds have in common.

use std::path::PathBuf;
use std::sync::Arc;

use tokio_postgres::{Client, Config};

use super::binaries::Search;
use super::choice::{DEFAULT_IMAGE, ServerChoice};
use super::docker::{self, DockerServer};
use super::error::ServerError;
use super::local::LocalServer;
use super::remote::RemoteServer;
use super::worker::Worker;
use super::{StartOptions, admin, machine};

pub(super) enum Backend {
    Local(Box<LocalServer>),
    Docker(Box<DockerServer>),
    Remote(Box<RemoteServer>),
}

impl Backend {
    /// Where to connect, without a database.
    pub fn config(&self) -> Config {
        match self {
            Backend::Local(local) => local.config(),
            Backend::Docker(docker) => docker.config(),
            Backend::Remote(remote) => remote.config(),
        }
    }

    pub fn origin(&self) -> String {
        match self {
            Backend::Local(local) => local.installation().bin.display().to_string(),
            Backend::Docker(docker) => docker.image().to_owned(),
            Backend::Remote(remote) => remote.origin().to_owned(),
        }
    }

    /// The same for a result that people publish: nothing of this machine's folders.
    pub fn published_origin(&self) -> String {
        match self {
            Backend::Local(local) => local.installation().published_origin(),
            Backend::Docker(docker) => docker.image().to_owned(),
            Backend::Remote(remote) if remote.origin().starts_with('/') => "a Unix socket".to_owned(),
            Backend::Remote(remote) => remote.origin().to_owned(),
        }
    }

    /// The file whose lock says that this run lives.
    pub fn lock_path(&self) -> PathBuf {
        match self {
            Backend::Local(local) => local.lock_path(),
            Backend::Docker(docker) => docker.lock_path(),
            Backend::Remote(remote) => remote.lock_path(),
        }
    }

    /// A connection to the database from which others are made and dropped.
    pub async fn admin_client(&self) -> Result<Client, ServerError> {
        let database = match self {
            Backend::Remote(remote) => remote.maintenance(),
            _ => "postgres",
        };
        admin::connect_or_explain(&self.config(), database, &self.origin()).await
    }
}

/// A backend, why it was chosen, and the names of what was cleaned up on the way.
pub(super) struct Started {
    pub backend: Backend,
    pub reason: String,
    pub removed: Vec<String>,
}

const AS_ASKED: &str = "as asked";

pub(super) fn start(
    choice: &ServerChoice,
    options: &StartOptions,
    worker: &Arc<Worker>,
    run_id: &str,
) -> Result<Started, ServerError> {
    match choice {
        ServerChoice::Auto => auto(options, worker, run_id),
        ServerChoice::Local => local(options, worker, AS_ASKED.to_owned()),
        ServerChoice::Docker { image } => {
            let removed = prepare_image(worker, image, true)?;
            in_docker(image, options, worker, run_id, AS_ASKED.to_owned(), removed)
        }
        ServerChoice::Remote { url } => {
            let backend = Backend::Remote(Box::new(RemoteServer::open(url, worker)?));
            Ok(Started { backend, reason: AS_ASKED.to_owned(), removed: Vec::new() })
        }
    }
}

/// Docker when an engine answers and has, or can pull, the image with the extension; else local.
fn auto(options: &StartOptions, worker: &Arc<Worker>, run_id: &str) -> Result<Started, ServerError> {
    let why_not = match prepare_image(worker, DEFAULT_IMAGE, false) {
        Ok(removed) => {
            // An image that is there and does not start is a fault to be seen, not to be gone round.
            let reason = "a Docker engine answers and has the image".to_owned();
            return in_docker(DEFAULT_IMAGE, options, worker, run_id, reason, removed);
        }
        Err(error @ (ServerError::NoEngine { .. } | ServerError::NoImage { .. })) => error.to_string(),
        Err(error) => return Err(error),
    };
    match local(options, worker, format!("not docker: {why_not}")) {
        Err(ServerError::PostgresMissing { mut looked_in }) => {
            looked_in.push(format!("Docker: {why_not}"));
            Err(ServerError::PostgresMissing { looked_in })
        }
        outcome => outcome,
    }
}

fn local(options: &StartOptions, worker: &Worker, reason: String) -> Result<Started, ServerError> {
    let installation = Search::usual(options.pg_bin.as_deref()).first()?;
    let server = LocalServer::start(installation, memory(options), worker)?;
    Ok(Started { backend: Backend::Local(Box::new(server)), reason, removed: Vec::new() })
}

/// Sees to engine and image, and removes containers of killed runs; returns their names.
fn prepare_image(worker: &Worker, image: &str, patient: bool) -> Result<Vec<String>, ServerError> {
    worker.run(async || {
        let engine = docker::engine().await?;
        let removed = docker::sweep(&engine).await?;
        docker::need_image(&engine, image, patient).await?;
        Ok(removed)
    })
}

fn in_docker(
    image: &str,
    options: &StartOptions,
    worker: &Arc<Worker>,
    run_id: &str,
    reason: String,
    removed: Vec<String>,
) -> Result<Started, ServerError> {
    let server = DockerServer::start(image, memory(options), worker.clone(), run_id)?;
    Ok(Started { backend: Backend::Docker(Box::new(server)), reason, removed })
}

fn memory(options: &StartOptions) -> u64 {
    options.memory_bytes.unwrap_or_else(machine::memory_bytes)
}
