//! Where a proxy leads: a TCP address or a Unix socket.

use std::fmt;
use std::io;
use std::path::PathBuf;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// PostgreSQL's port when none is named.
const DEFAULT_PORT: u16 = 5432;

/// The server behind a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upstream {
    Tcp {
        host: String,
        port: u16,
    },
    /// The socket itself, not its folder.
    Unix(PathBuf),
}

pub(super) type Halves = (Box<dyn AsyncRead + Send + Unpin>, Box<dyn AsyncWrite + Send + Unpin>);

impl Upstream {
    /// The first server that a connection's configuration names.
    pub fn of(config: &Config) -> Option<Upstream> {
        let port = config.get_ports().first().copied().unwrap_or(DEFAULT_PORT);
        if let Some(address) = config.get_hostaddrs().first() {
            return Some(Upstream::Tcp { host: address.to_string(), port });
        }
        Some(match config.get_hosts().first()? {
            Host::Tcp(host) => Upstream::Tcp { host: host.clone(), port },
            Host::Unix(folder) => Upstream::Unix(folder.join(format!(".s.PGSQL.{port}"))),
        })
    }

    pub(super) async fn connect(&self) -> io::Result<Halves> {
        Ok(match self {
            Upstream::Tcp { host, port } => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                stream.set_nodelay(true)?;
                let (from, to) = stream.into_split();
                (Box::new(from), Box::new(to))
            }
            Upstream::Unix(path) => {
                let (from, to) = UnixStream::connect(path).await?.into_split();
                (Box::new(from), Box::new(to))
            }
        })
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Upstream::Tcp { host, port } => write!(formatter, "{host}:{port}"),
            Upstream::Unix(path) => write!(formatter, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(config: &str) -> Option<String> {
        Upstream::of(&config.parse().unwrap()).map(|upstream| upstream.to_string())
    }

    #[test]
    fn the_first_server_of_a_configuration() {
        assert_eq!(of("host=db.example.org port=6000 user=u").as_deref(), Some("db.example.org:6000"));
        assert_eq!(of("host=db.example.org user=u").as_deref(), Some("db.example.org:5432"));
        assert_eq!(of("host=db.example.org hostaddr=10.0.0.1 user=u").as_deref(), Some("10.0.0.1:5432"));
        assert_eq!(of("host=/run/postgresql port=5433").as_deref(), Some("/run/postgresql/.s.PGSQL.5433"));
        assert_eq!(of("user=u"), None);
    }
}
