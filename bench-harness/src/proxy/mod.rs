//! The latency proxy: a distant server out of a near one.
//!
//! It listens on the loopback and delivers each chunk, in either direction, half a round trip after it was received;
//! setting a connection up takes a round trip too. Chunks are pipelined, so throughput stays what it was. It counts
//! round trips while it is at it: the one figure about a distant database that is exact on any machine.
//!
//! By hand, because no kernel delay is to be had everywhere (netem needs a module and rights), and proxies that inject
//! faults keep time to the millisecond and count nothing. It has its own thread, so that it neither waits for the
//! load generator nor makes that wait.

mod counts;
mod relay;
mod upstream;

#[cfg(test)]
mod tests;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_postgres::Config;

pub use counts::Counted;
use counts::Counters;
pub use upstream::Upstream;

/// Between two tries to accept when the system has no room for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// Why there is no proxy.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    #[error("the connection names no server for the proxy to lead to")]
    NoServer,
    #[error("starting the proxy: {0}")]
    Io(#[from] io::Error),
}

/// A running proxy; ends with all its connections when dropped.
pub struct Proxy {
    address: SocketAddr,
    counters: Arc<Counters>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Listens on a free port of the loopback.
    ///
    /// # Errors
    /// No port, thread or file descriptor is to be had.
    pub fn start(upstream: Upstream, rtt: Duration) -> Result<Proxy, ProxyError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let counters = Arc::new(Counters::default());
        let (stop, stopped) = oneshot::channel();
        let listening = Listening { listener, upstream: Arc::new(upstream), rtt, counters: counters.clone() };
        let thread = std::thread::Builder::new()
            .name("proxy".to_owned())
            .spawn(move || listening.until(stopped, &runtime))?;
        Ok(Proxy { address, counters, stop: Some(stop), thread: Some(thread) })
    }

    /// In front of the server that a connection's configuration names.
    ///
    /// # Errors
    /// It names none; otherwise as [`Self::start`].
    pub fn in_front_of(config: &Config, rtt: Duration) -> Result<Proxy, ProxyError> {
        Proxy::start(Upstream::of(config).ok_or(ProxyError::NoServer)?, rtt)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same connection, led through this proxy.
    pub fn lead(&self, config: &Config) -> Config {
        let mut led = Config::new();
        led.hostaddr(self.address.ip()).host(self.address.ip().to_string()).port(self.address.port());
        if let Some(user) = config.get_user() {
            led.user(user);
        }
        if let Some(password) = config.get_password() {
            led.password(password);
        }
        if let Some(database) = config.get_dbname() {
            led.dbname(database);
        }
        if let Some(options) = config.get_options() {
            led.options(options);
        }
        if let Some(name) = config.get_application_name() {
            led.application_name(name);
        }
        led
    }

    /// What went through so far.
    pub fn counted(&self) -> Counted {
        self.counters.read()
    }

    /// Ends all connections and says what went through.
    pub fn stop(mut self) -> Counted {
        self.end();
        self.counters.read()
    }

    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            self.counters.broke("the proxy's thread panicked".to_owned());
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.end();
    }
}

/// What the proxy's thread works with.
struct Listening {
    listener: TcpListener,
    upstream: Arc<Upstream>,
    rtt: Duration,
    counters: Arc<Counters>,
}

impl Listening {
    /// Serves until the other end of `stopped` is gone.
    fn until(self, stopped: oneshot::Receiver<()>, runtime: &Runtime) {
        let Listening { listener, upstream, rtt, counters } = self;
        runtime.block_on(async move {
            let listener = match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => listener,
                Err(error) => return counters.broke(format!("listening: {error}")),
            };
            // Connections end when this is dropped.
            let mut connections = JoinSet::new();
            let accepting = async {
                loop {
                    while connections.try_join_next().is_some() {}
                    match listener.accept().await {
                        Ok((client, _)) => {
                            counters.accepted();
                            let (upstream, counters) = (upstream.clone(), counters.clone());
                            connections.spawn(async move {
                                if let Err(error) = relay::relay(client, &upstream, rtt, &counters).await {
                                    counters.broke(error.to_string());
                                }
                            });
                        }
                        Err(error) => {
                            counters.broke(format!("accepting: {error}"));
                            tokio::time::sleep(ACCEPT_PAUSE).await;
                        }
                    }
                }
            };
            tokio::select! {
                // The sender is never used, only dropped.
                _ = stopped => {}
                () = accepting => {}
            }
        });
    }
}
