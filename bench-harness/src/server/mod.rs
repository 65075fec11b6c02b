//! A PostgreSQL to work on: `local`, `docker` or someone's own, behind one type.
//!
//! Invariants: what a run makes (process, directory, container, database) is gone when its [`Server`] is dropped,
//! and is removed by the next run when this one was killed; a server that was not started here is used only
//! through databases made and marked by this run. The API blocks and may be called inside and outside of async code.

mod account;
mod admin;
mod backend;
pub mod binaries;
pub mod choice;
mod docker;
pub mod error;
mod facts;
mod lease;
mod local;
pub mod machine;
mod remote;
pub mod settings;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;

use crate::result::{Machine, ServerFacts};
use crate::workload::model::Requirement;
use admin::{Admin, Owner};
use backend::{Backend, Started};
use facts::Probe;
use worker::Worker;

pub use choice::{DEFAULT_IMAGE, ServerChoice};
pub use docker::DockerStatus;
pub use error::ServerError;
pub use facts::Extension;
pub use settings::Profile;

/// How servers are started here.
#[derive(Clone, Debug, Default)]
pub struct StartOptions {
    /// Folder of the server binaries for `local`; `INDEXPROOF_PG_BIN`, then the usual places when None.
    pub pg_bin: Option<PathBuf>,
    /// Memory in bytes to size caches for; the machine's when None.
    pub memory_bytes: Option<u64>,
}

/// A running PostgreSQL server. Stopped and removed on drop; on a remote one, this run's databases are dropped.
///
/// Database names given to its functions are short (`stream_jobs_bare`); on the server they stand behind a prefix
/// with the run's id, see [`Server::database_name`].
pub struct Server {
    backend: Backend,
    owner: Owner,
    probe: Probe,
    reason: String,
    notes: Vec<String>,
    worker: Arc<Worker>,
}

impl Server {
    /// Starts (or connects to) the chosen server, after removing what killed runs left on this machine.
    ///
    /// # Errors
    /// Whatever keeps a server from being had; each error names the next step.
    pub fn start(choice: &ServerChoice, options: &StartOptions) -> Result<Self, ServerError> {
        let worker = Arc::new(Worker::new()?);
        let mut run_id = uuid::Uuid::new_v4().simple().to_string();
        run_id.truncate(8);
        let mut notes: Vec<String> = local::sweep().iter().map(|dir| left_over(&dir.display())).collect();
        let Started { backend, reason, removed } = backend::start(choice, options, &worker, &run_id)?;
        notes.extend(removed.iter().map(left_over));
        let lock = backend.lock_path().display().to_string();
        let owner = Owner { run_id, host: lease::host(), lock };
        let probe = worker.run(async || {
            let client = backend.admin_client().await?;
            Probe::take(&client).await.map_err(|e| ServerError::sql("asking the server what it is", &e))
        })?;
        let mut server = Server { backend, owner, probe, reason, notes, worker };
        match server.backend {
            Backend::Remote(_) => {
                let dropped = server.administer(async |admin| admin.sweep().await)?;
                server.notes.extend(dropped.iter().map(left_over));
            }
            _ => {
                server.apply(Profile::default())?;
            }
        }
        Ok(server)
    }

    /// `local`, `docker` or `remote`.
    pub fn kind(&self) -> &'static str {
        match self.backend {
            Backend::Local(_) => "local",
            Backend::Docker(_) => "docker",
            Backend::Remote(_) => "remote",
        }
    }

    /// Binary folder, image, or host and port, for a reader.
    pub fn origin(&self) -> String {
        self.backend.origin()
    }

    /// Why this server: a clause such as `no Docker engine answers (…)`, or `as asked`.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Sentences a user should see: what earlier runs had left and was removed.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// `SHOW server_version` and its number, e.g. `170002`.
    pub fn version(&self) -> (&str, u32) {
        (&self.probe.version, self.probe.version_num)
    }

    /// Where to connect for a database of this run: TCP, over the loopback for `local` and `docker`.
    pub fn connect(&self, database: &str) -> tokio_postgres::Config {
        let mut config = self.backend.config();
        config.dbname(self.database_name(database)).application_name("indexproof");
        config
    }

    /// The same for the blocking driver.
    pub fn connect_sync(&self, database: &str) -> postgres::Config {
        self.connect(database).into()
    }

    /// The same over the Unix socket; None unless this is a local cluster with one.
    pub fn connect_unix(&self, database: &str) -> Option<tokio_postgres::Config> {
        let Backend::Local(local) = &self.backend else { return None };
        let socket_dir = local.socket_dir()?;
        let tcp = self.connect(database);
        let mut config = tokio_postgres::Config::new();
        config.host_path(socket_dir).port(tcp.get_ports().first().copied().unwrap_or_default());
        config.user(local::SUPERUSER).dbname(self.database_name(database)).application_name("indexproof");
        if let Some(password) = tcp.get_password() {
            config.password(password);
        }
        Some(config)
    }

    /// The name a database of this run has on the server.
    pub fn database_name(&self, database: &str) -> String {
        self.owner.database(database)
    }

    /// Makes a database, empty or as a copy of another of this run (to which nobody may be connected).
    ///
    /// # Errors
    /// A name that can't be one; the server's refusal.
    pub fn create_database(&self, database: &str, template: Option<&str>) -> Result<(), ServerError> {
        admin::check_name(database)?;
        template.map_or(Ok(()), admin::check_name)?;
        self.administer(async |admin| admin.create(database, template).await)
    }

    /// Drops a database of this run, ending the sessions in it; one that is not there is no error.
    ///
    /// # Errors
    /// [`ServerError::NotOurs`] when the database does not carry this run's mark.
    pub fn drop_database(&self, database: &str) -> Result<(), ServerError> {
        admin::check_name(database)?;
        self.administer(async |admin| admin.drop(database).await)
    }

    /// This run's databases, by the names given to [`Self::create_database`].
    pub fn databases(&self) -> Result<Vec<String>, ServerError> {
        self.administer(async |admin| admin.list().await)
    }

    /// Writes all dirty pages now, so that no timed round pays for it.
    ///
    /// False when the user lacks the right, which [`Self::facts`] names as a lost guard.
    pub fn checkpoint(&self) -> Result<bool, ServerError> {
        if !self.probe.may_checkpoint {
            return Ok(false);
        }
        self.administer(async |admin| {
            let done = admin.client.batch_execute("CHECKPOINT").await;
            done.map(|()| true).map_err(|e| ServerError::sql("checkpoint", &e))
        })
    }

    /// Tunes the running server for a kind of claim; returns when the settings are in force.
    ///
    /// False on a remote server, whose settings are its owner's; a lost guard in [`Self::facts`].
    pub fn apply(&self, profile: Profile) -> Result<bool, ServerError> {
        if matches!(self.backend, Backend::Remote(_)) {
            return Ok(false);
        }
        self.administer(async |admin| admin.apply(&profile.settings()).await).map(|()| true)
    }

    /// Whether CREATE EXTENSION would succeed for the connected user.
    pub fn has_extension(&self, name: &str) -> bool {
        self.extension(name).is_some_and(|extension| extension.creatable)
    }

    /// An extension the server has files of.
    pub fn extension(&self, name: &str) -> Option<&Extension> {
        self.probe.extensions.get(name)
    }

    /// None when the requirement is met, else a clause that says what is missing.
    pub fn missing(&self, requirement: &Requirement) -> Option<String> {
        let Requirement::Extension(name) = requirement;
        match self.extension(name) {
            Some(extension) if extension.creatable => None,
            Some(_) => Some(format!("extension {name} is installed, but only a superuser may create it")),
            None => Some(format!("extension {name} is not installed on this server")),
        }
    }

    /// What the result says of the server, with the extensions that workloads ask for.
    pub fn facts(&self, asked_for: &[Requirement]) -> Result<ServerFacts, ServerError> {
        let failed = |e: tokio_postgres::Error| ServerError::sql("reading the server's settings", &e);
        let (settings, mut guards_lost) = self.worker.run(async || {
            let client = self.backend.admin_client().await?;
            let settings = facts::settings(&client).await.map_err(failed)?;
            let lost = match self.backend {
                Backend::Remote(_) => facts::lost_on_remote(&client, &self.probe).await.map_err(failed)?,
                _ => Vec::new(),
            };
            Ok::<_, ServerError>((settings, lost))
        })?;
        let known = asked_for.iter().filter_map(|Requirement::Extension(name)| {
            self.extension(name).map(|extension| (name.clone(), extension.version.clone()))
        });
        let extensions = known.collect();
        // An extension that is not there is the variant's own reason for being skipped; one that may not be
        // created is a missing right.
        let forbidden = asked_for.iter().filter_map(|requirement| {
            let Requirement::Extension(name) = requirement;
            self.extension(name).and(self.missing(requirement))
        });
        guards_lost.extend(forbidden);
        Ok(ServerFacts {
            kind: self.kind().to_owned(),
            origin: self.backend.published_origin(),
            version: self.probe.version.clone(),
            version_num: self.probe.version_num,
            settings,
            extensions,
            guards_lost,
        })
    }

    /// The machine's facts, with the filesystem of the server's data when they are on it.
    pub fn machine(&self) -> Machine {
        machine::machine(self.data_dir().as_deref())
    }

    /// The data directory of a local cluster.
    pub fn data_dir(&self) -> Option<PathBuf> {
        match &self.backend {
            Backend::Local(local) => Some(local.data_dir()),
            _ => None,
        }
    }

    /// Process id of a local cluster's postmaster.
    pub fn pid(&self) -> Option<u32> {
        match &self.backend {
            Backend::Local(local) => local.pid(),
            _ => None,
        }
    }

    /// Id of a docker server's container.
    pub fn container_id(&self) -> Option<&str> {
        match &self.backend {
            Backend::Docker(docker) => docker.id(),
            _ => None,
        }
    }

    /// The last lines of the server's log; None on a remote server.
    pub fn log_tail(&self, lines: usize) -> Option<String> {
        match &self.backend {
            Backend::Local(local) => Some(local.log_tail(lines)),
            Backend::Docker(docker) => Some(docker.log_tail(lines)),
            Backend::Remote(_) => None,
        }
    }

    /// Ends the server and removes all that this run made on it; like a drop, but failures are returned.
    pub fn stop(self) -> Result<(), ServerError> {
        self.drop_own_databases()?;
        let data = self.data_dir();
        drop(self);
        match data.filter(|data| data.exists()) {
            None => Ok(()),
            Some(data) => Err(ServerError::io(
                "the server's files are still there:",
                data,
                std::io::Error::from(std::io::ErrorKind::DirectoryNotEmpty),
            )),
        }
    }

    /// On a server that goes on; elsewhere they go with the server.
    fn drop_own_databases(&self) -> Result<(), ServerError> {
        if !matches!(self.backend, Backend::Remote(_)) {
            return Ok(());
        }
        self.administer(async |admin| {
            for database in admin.list().await? {
                admin.drop(&database).await?;
            }
            Ok(())
        })
    }

    fn administer<T: Send>(
        &self,
        action: impl AsyncFnOnce(Admin<'_>) -> Result<T, ServerError> + Send,
    ) -> Result<T, ServerError> {
        self.worker.run(async || {
            let client = self.backend.admin_client().await?;
            let version_num = self.probe.version_num;
            action(Admin { client: &client, owner: &self.owner, version_num }).await
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(e) = self.drop_own_databases() {
            eprintln!("indexproof: {e}; the next run from this machine drops what is left");
        }
    }
}

/// What the Docker engine here offers, an image among it; nothing is started or pulled.
///
/// # Errors
/// [`ServerError::NoEngine`] when none answers.
pub fn docker_status(image: &str) -> Result<DockerStatus, ServerError> {
    Worker::new()?.run(async || docker::status(image).await)
}

fn left_over(name: &impl std::fmt::Display) -> String {
    format!("removed {name}, left by a run that was killed")
}
