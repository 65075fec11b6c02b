//! Someone's own server: reached by URL, used only through databases made and marked by this run.

use tokio_postgres::config::SslMode;

use super::admin;
use super::choice;
use super::error::ServerError;
use super::lease::Lease;
use super::worker::Worker;

pub(super) struct RemoteServer {
    config: tokio_postgres::Config,
    /// The database named in the URL: connected to for CREATE DATABASE and questions, never changed.
    maintenance: String,
    origin: String,
    lease: Lease,
}

impl RemoteServer {
    /// Connects once and checks the one right that is needed, CREATEDB.
    pub fn open(url: &str, worker: &Worker) -> Result<Self, ServerError> {
        let shown = choice::without_password(url);
        let config: tokio_postgres::Config = url
            .parse()
            .map_err(|e| ServerError::Connect { origin: shown, reason: super::error::explain(&e) })?;
        let origin = choice::address(&config);
        if config.get_ssl_mode() == SslMode::Require {
            return Err(ServerError::Tls { origin });
        }
        let user = config.get_user().unwrap_or("postgres").to_owned();
        // libpq's rule: the database is named like the user unless said.
        let maintenance = config.get_dbname().unwrap_or(&user).to_owned();
        let lease = Lease::take()?;
        let may_create = worker.run(async || {
            let client = admin::connect_or_explain(&config, &maintenance, &origin).await?;
            let sql = "SELECT rolcreatedb OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user";
            let row = client.query_one(sql, &[]).await;
            row.map(|row| row.get::<_, bool>(0)).map_err(|e| ServerError::sql("asking for rights", &e))
        })?;
        if !may_create {
            return Err(ServerError::NoCreateDb { origin, user });
        }
        Ok(RemoteServer { config, maintenance, origin, lease })
    }

    pub fn config(&self) -> tokio_postgres::Config {
        self.config.clone()
    }

    pub fn maintenance(&self) -> &str {
        &self.maintenance
    }

    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub fn lock_path(&self) -> std::path::PathBuf {
        self.lease.lock_path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_insists_on_tls_is_refused_before_connecting() {
        let worker = Worker::new().expect("worker");
        let error = RemoteServer::open("postgres://u:secret@db.example.com/x?sslmode=require", &worker).err();
        let error = error.expect("no TLS here");
        assert!(matches!(&error, ServerError::Tls { origin } if origin == "db.example.com:5432"), "{error}");
        assert!(!error.to_string().contains("secret"));
    }
}
