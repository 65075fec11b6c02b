//! A throwaway container of a PostgreSQL image, through testcontainers; removed when dropped.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::StreamExt;
use testcontainers::bollard::Docker;
use testcontainers::bollard::errors::Error as EngineError;
use testcontainers::bollard::models::PortBinding;
use testcontainers::bollard::query_parameters::{
    CreateImageOptionsBuilder, ListContainersOptionsBuilder, RemoveContainerOptionsBuilder,
};
use testcontainers::core::client::docker_client_instance;
use testcontainers::core::logs::LogFrame;
use testcontainers::core::{IntoContainerPort, WaitFor};
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, GenericImage, ImageExt};

use super::admin;
use super::error::{ServerError, explain};
use super::lease::{Lease, Watchdog, host, owner_is_gone};
use super::local::SUPERUSER;
use super::settings::{self, PRELOADED};
use super::worker::Worker;

const LABEL_RUN: &str = "indexproof.run";
const LABEL_HOST: &str = "indexproof.host";
const LABEL_LOCK: &str = "indexproof.lock";
const PORT: u16 = 5432;
/// How long after its ready line a container may refuse connections.
const CONNECTABLE_WITHIN: Duration = Duration::from_secs(30);
const READY: &str = "database system is ready to accept connections";
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// Long enough for a refusal and for a name that does not resolve; a real download has the explicit choice.
const AUTO_PULL_LIMIT: Duration = Duration::from_secs(30);
const PULL_LIMIT: Duration = Duration::from_secs(15 * 60);
const START_LIMIT: Duration = Duration::from_secs(120);
/// Parallel queries share memory through /dev/shm, of which containers get 64 MB unless told.
const SHM_BYTES: u64 = 1024 * 1024 * 1024;
/// Log lines kept for an error message.
const LOG_LINES: usize = 200;

type Log = Arc<Mutex<Vec<String>>>;

pub(super) struct DockerServer {
    /// None only while being dropped.
    container: Option<ContainerAsync<GenericImage>>,
    image: String,
    password: String,
    address: (String, u16),
    log: Log,
    worker: Arc<Worker>,
    lease: Lease,
    // Last: looks whether the container is gone.
    _watchdog: Watchdog,
}

/// The engine, when it answers.
pub(super) async fn engine() -> Result<Docker, ServerError> {
    let no_engine = |reason: String| ServerError::NoEngine { reason };
    let docker = docker_client_instance().await.map_err(|e| no_engine(explain(&e)))?;
    match tokio::time::timeout(ANSWER_LIMIT, docker.ping()).await {
        Ok(Ok(_)) => Ok(docker),
        Ok(Err(e)) => Err(no_engine(explain(&e))),
        Err(_) => Err(no_engine(format!("no answer within {} s", ANSWER_LIMIT.as_secs()))),
    }
}

/// What a Docker engine offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DockerStatus {
    /// The engine's version.
    pub version: String,
    pub has_image: bool,
}

/// Asks the engine, without changing anything.
pub(super) async fn status(image: &str) -> Result<DockerStatus, ServerError> {
    let docker = engine().await?;
    let answer = docker.version().await;
    let answer = answer.map_err(|e| ServerError::Docker {
        doing: "asking for its version".to_owned(),
        reason: explain(&e),
    })?;
    let version = answer.version.unwrap_or_else(|| "of unknown version".to_owned());
    Ok(DockerStatus { version, has_image: has_image(&docker, image).await? })
}

/// Whether the image is on this engine.
pub(super) async fn has_image(docker: &Docker, image: &str) -> Result<bool, ServerError> {
    match docker.inspect_image(image).await {
        Ok(_) => Ok(true),
        Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => Ok(false),
        Err(e) => {
            Err(ServerError::Docker { doing: format!("looking for image {image}"), reason: explain(&e) })
        }
    }
}

/// Makes sure that the image is there, pulling it when it is not. `patient`: wait for a real download.
pub(super) async fn need_image(docker: &Docker, image: &str, patient: bool) -> Result<(), ServerError> {
    if has_image(docker, image).await? {
        return Ok(());
    }
    let no_image = |reason: String| ServerError::NoImage { image: image.to_owned(), reason };
    let options = CreateImageOptionsBuilder::new().from_image(&with_tag(image)).build();
    let mut pull = docker.create_image(Some(options), None, None);
    let limit = if patient { PULL_LIMIT } else { AUTO_PULL_LIMIT };
    let finished = tokio::time::timeout(limit, async {
        while let Some(step) = pull.next().await {
            step.map_err(|e| no_image(explain(&e)))?;
        }
        Ok(())
    });
    finished.await.map_err(|_| no_image(format!("not downloaded within {} s", limit.as_secs())))?
}

/// `postgres` → `postgres:latest`; without a tag the engine would pull all of them.
fn with_tag(image: &str) -> String {
    let (name, tag) = name_and_tag(image);
    format!("{name}:{tag}")
}

/// A colon before the last slash belongs to the registry's port; one in a digest separates like a tag's.
fn name_and_tag(image: &str) -> (&str, &str) {
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, "latest"),
    }
}

/// Whether the engine is on this machine: reached by its socket, not by an address.
fn engine_is_here() -> bool {
    std::env::var("DOCKER_HOST").map_or(true, |host| host.is_empty() || host.starts_with("unix://"))
}

/// Removes containers of runs on this machine that are over; returns their names.
pub(super) async fn sweep(docker: &Docker) -> Result<Vec<String>, ServerError> {
    let failed =
        |doing: &str, e: &EngineError| ServerError::Docker { doing: doing.into(), reason: explain(e) };
    let filters = HashMap::from([("label", vec![format!("{LABEL_HOST}={}", host())])]);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let found = docker.list_containers(Some(options)).await;
    let mut removed = Vec::new();
    for container in found.map_err(|e| failed("listing containers", &e))? {
        let lock = container.labels.as_ref().and_then(|labels| labels.get(LABEL_LOCK));
        let (Some(id), Some(lock)) = (container.id, lock) else { continue };
        if owner_is_gone(lock.as_ref()) {
            let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
            match docker.remove_container(&id, Some(options)).await {
                // 404 and 409: another run's sweep or the watchdog got there first.
                Ok(()) | Err(EngineError::DockerResponseServerError { status_code: 404 | 409, .. }) => {}
                Err(e) => return Err(failed("removing a container of an earlier run", &e)),
            }
            removed.push(container.names.and_then(|names| names.into_iter().next()).unwrap_or(id));
        }
    }
    Ok(removed)
}

impl DockerServer {
    /// Starts a container of an image that is there; returns when PostgreSQL accepts connections.
    pub fn start(
        image: &str,
        memory_bytes: u64,
        worker: Arc<Worker>,
        run_id: &str,
    ) -> Result<Self, ServerError> {
        let lease = Lease::take()?;
        let watchdog = Watchdog::of_containers(&format!("{LABEL_RUN}={run_id}"))?;
        let password = uuid::Uuid::new_v4().simple().to_string();
        let log = Log::default();
        let labels = [
            (LABEL_RUN, run_id.to_owned()),
            (LABEL_HOST, host()),
            (LABEL_LOCK, lease.lock_path().display().to_string()),
        ];
        let mut preload = PRELOADED.to_vec();
        let container = loop {
            let started = worker
                .run(async || launch(image, memory_bytes, &preload, &labels, &password, log.clone()).await);
            match started {
                Ok(container) => break container,
                // What an image holds shows only when it runs: without contrib, preloading is refused.
                Err(_) if !preload.is_empty() && text_of(&log).contains("could not access file") => {
                    preload.clear();
                    lines_of(&log).clear();
                }
                Err(reason) => {
                    return Err(ServerError::DidNotStart {
                        what: format!("container of {image}"),
                        outcome: reason,
                        log: text_of(&log),
                    });
                }
            }
        };
        let address = worker.run(async || {
            let port = container.get_host_port_ipv4(PORT.tcp()).await?;
            let host = if engine_is_here() {
                // Where the port is published. testcontainers would name the bridge on a machine that looks like a
                // container itself, and nothing is published there.
                Ipv4Addr::LOCALHOST.to_string()
            } else {
                container.get_host().await?.to_string()
            };
            Ok::<_, testcontainers::TestcontainersError>((host, port))
        });
        let mut server = DockerServer {
            container: Some(container),
            image: image.to_owned(),
            password,
            address: Default::default(),
            log,
            worker,
            lease,
            _watchdog: watchdog,
        };
        server.address = address.map_err(|e| ServerError::Docker {
            doing: "asking for the container's port".to_owned(),
            reason: explain(&e),
        })?;
        let config = server.config();
        // The line that says it is ready may be that of the image's first, preparing start, and the published port
        // may open a moment after it: what counts is a connection.
        let deadline = Instant::now() + CONNECTABLE_WITHIN;
        server.worker.run(async || {
            loop {
                match admin::connect_or_explain(&config, "postgres", image).await {
                    Ok(_) => return Ok(()),
                    Err(error) if Instant::now() >= deadline => return Err(error),
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
        })?;
        Ok(server)
    }

    pub fn image(&self) -> &str {
        &self.image
    }

    pub fn lock_path(&self) -> std::path::PathBuf {
        self.lease.lock_path()
    }

    /// The container's id.
    pub fn id(&self) -> Option<&str> {
        self.container.as_ref().map(|container| container.id())
    }

    /// TCP through the published port, as superuser, without a database.
    pub fn config(&self) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        let (host, port) = &self.address;
        config.host(host).port(*port).user(SUPERUSER).password(&self.password);
        config
    }

    pub fn log_tail(&self, lines: usize) -> String {
        let kept = lines_of(&self.log);
        kept[kept.len().saturating_sub(lines)..].join("\n")
    }
}

async fn launch(
    image: &str,
    memory_bytes: u64,
    preload: &[&str],
    labels: &[(&str, String)],
    password: &str,
    log: Log,
) -> Result<ContainerAsync<GenericImage>, String> {
    let (name, tag) = name_and_tag(image);
    let tuned = settings::at_start(memory_bytes, preload);
    let arguments = tuned.iter().flat_map(|setting| ["-c".to_owned(), setting.argument()]);
    let request = GenericImage::new(name, tag)
        .with_exposed_port(PORT.tcp())
        // On stderr: images start a temporary server for set-up first, whose output goes to stdout.
        .with_wait_for(WaitFor::message_on_stderr(READY))
        .with_startup_timeout(START_LIMIT)
        .with_shm_size(SHM_BYTES)
        .with_env_var("POSTGRES_USER", SUPERUSER)
        .with_env_var("POSTGRES_PASSWORD", password)
        // As in `local`, see there.
        .with_env_var("POSTGRES_INITDB_ARGS", "--encoding=UTF8 --locale=C.UTF-8 --auth-host=scram-sha-256")
        .with_env_var("TZ", "UTC")
        .with_labels(labels.iter().map(|(key, value)| (*key, value.clone())))
        .with_log_consumer(move |frame: &LogFrame| keep(&log, frame))
        .with_host_config_modifier(|config| {
            if !engine_is_local() {
                return;
            }
            // The engine publishes to the whole network unless told otherwise.
            config.publish_all_ports = Some(false);
            let loopback = PortBinding {
                host_ip: Some(Ipv4Addr::LOCALHOST.to_string()),
                host_port: Some(String::new()),
            };
            config.port_bindings = Some(HashMap::from([(format!("{PORT}/tcp"), Some(vec![loopback]))]));
        })
        .with_cmd(arguments);
    request.start().await.map_err(|e| explain(&e))
}

fn engine_is_local() -> bool {
    std::env::var("DOCKER_HOST").map_or(true, |address| address.is_empty() || address.starts_with("unix:"))
}

fn keep(log: &Log, frame: &LogFrame) {
    let bytes = match frame {
        LogFrame::StdOut(bytes) | LogFrame::StdErr(bytes) => bytes,
    };
    let mut lines = lines_of(log);
    lines.extend(String::from_utf8_lossy(bytes).lines().map(str::to_owned));
    let excess = lines.len().saturating_sub(LOG_LINES);
    lines.drain(..excess);
}

/// A thread that panicked while adding a line leaves at worst a line out.
fn lines_of(log: &Log) -> std::sync::MutexGuard<'_, Vec<String>> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

fn text_of(log: &Log) -> String {
    let lines = lines_of(log);
    lines[lines.len().saturating_sub(30)..].join("\n")
}

impl Drop for DockerServer {
    fn drop(&mut self) {
        if let Some(container) = self.container.take() {
            let id = container.id().to_owned();
            if let Err(e) = self.worker.run(async || container.rm().await) {
                eprintln!("indexproof: could not remove container {id}: {} (the next run will)", explain(&e));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_split_into_name_and_tag() {
        for (image, name, tag) in [
            ("postgres", "postgres", "latest"),
            ("postgres:17", "postgres", "17"),
            ("host:5000/team/pg", "host:5000/team/pg", "latest"),
            ("host:5000/team/pg:1.2", "host:5000/team/pg", "1.2"),
            ("postgres@sha256:ab12", "postgres@sha256", "ab12"),
        ] {
            assert_eq!(name_and_tag(image), (name, tag), "{image}");
            assert_eq!(with_tag(image), format!("{name}:{tag}"));
        }
    }
}
