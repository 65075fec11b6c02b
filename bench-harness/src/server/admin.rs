//! Databases: made, marked, listed and dropped over one short connection each. Nothing unmarked is ever dropped.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio_postgres::{Client, Config, NoTls};

use super::error::{ServerError, explain};
use super::lease;
use super::settings::Setting;

/// Every database of ours starts with this.
pub(super) const PREFIX: &str = "indexproof_";
/// First word of the comment that marks a database as ours.
const MARK: &str = "indexproof";
/// PostgreSQL cuts identifiers at 63 bytes; prefix, run id and underscore take 20.
const LONGEST_NAME: usize = 40;
/// A reload takes milliseconds.
const RELOAD_LIMIT: Duration = Duration::from_secs(10);
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// A connection to one database; its driver task ends with it.
pub(super) async fn connect(config: &Config, database: &str) -> Result<Client, tokio_postgres::Error> {
    let mut config = config.clone();
    config.dbname(database).application_name("indexproof");
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_LIMIT);
    }
    let (client, connection) = config.connect(NoTls).await?;
    // Its error is also the error of the request that is waiting then.
    tokio::spawn(connection);
    Ok(client)
}

/// How databases of one run are named and marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pub run_id: String,
    pub host: String,
    /// Lock file that the run holds while it lives.
    pub lock: String,
}

impl Owner {
    /// The name a database of this run has on the server.
    pub fn database(&self, name: &str) -> String {
        format!("{PREFIX}{}_{name}", self.run_id)
    }

    fn mark(&self) -> String {
        format!("{MARK} run={} host={} lock={}", self.run_id, self.host, self.lock)
    }

    /// Reads a mark back; None when the comment is not one of ours.
    fn from_mark(comment: &str) -> Option<Self> {
        let (first, rest) = comment.split_once(' ')?;
        // The lock is a path and may hold spaces, so it comes last and is taken whole.
        let (words, lock) = rest.split_once(" lock=")?;
        let fields: BTreeMap<&str, &str> = words.split(' ').filter_map(|word| word.split_once('=')).collect();
        let field = |name: &str| fields.get(name).map(|value| (*value).to_owned());
        (first == MARK).then_some(Owner {
            run_id: field("run")?,
            host: field("host")?,
            lock: lock.to_owned(),
        })
    }
}

/// A name fit for a database: it becomes part of SQL and of an identifier that must not be cut.
pub(super) fn check_name(name: &str) -> Result<(), ServerError> {
    let bad =
        |reason: &str| Err(ServerError::DatabaseName { name: name.to_owned(), reason: reason.to_owned() });
    if name.is_empty() || name.len() > LONGEST_NAME {
        return bad("it must be 1 to 40 characters long");
    }
    if !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
        return bad("only a-z, 0-9 and _ are allowed");
    }
    Ok(())
}

fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    // With a backslash, standard_conforming_strings would decide the meaning; an E-string always means the same.
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

pub(super) struct Admin<'a> {
    pub client: &'a Client,
    pub owner: &'a Owner,
    /// As in `server_version_num`.
    pub version_num: u32,
}

impl Admin<'_> {
    async fn execute(&self, doing: &str, sql: &str) -> Result<(), ServerError> {
        self.client.batch_execute(sql).await.map_err(|e| ServerError::sql(doing, &e))
    }

    /// Makes a database of this run and marks it. `template` is a database of this run too.
    pub async fn create(&self, name: &str, template: Option<&str>) -> Result<(), ServerError> {
        let database = self.owner.database(name);
        let source =
            template.map_or_else(|| "template0".to_owned(), |template| self.owner.database(template));
        // A file copy between two checkpoints; since 15 the default writes every page of the copy to the WAL as well.
        let strategy =
            if template.is_some() && self.version_num >= 150_000 { " STRATEGY file_copy" } else { "" };
        let doing = format!("creating database {database} from {source}");
        let sql = format!("CREATE DATABASE {} TEMPLATE {}{strategy}", quoted(&database), quoted(&source));
        self.execute(&doing, &sql).await?;
        let mark = format!("COMMENT ON DATABASE {} IS {}", quoted(&database), literal(&self.owner.mark()));
        self.execute(&format!("marking database {database}"), &mark).await
    }

    /// Drops a database of this run, ending its sessions. One that is not there is already dropped.
    pub async fn drop(&self, name: &str) -> Result<(), ServerError> {
        let database = self.owner.database(name);
        match self.comments().await?.get(&database) {
            None => Ok(()),
            Some(comment) => self.drop_if_ours(&database, comment.as_deref()).await,
        }
    }

    async fn drop_if_ours(&self, database: &str, comment: Option<&str>) -> Result<(), ServerError> {
        let refuse = |reason: &str| {
            Err(ServerError::NotOurs { database: database.to_owned(), reason: reason.to_owned() })
        };
        match comment.and_then(Owner::from_mark) {
            None => refuse("it carries no mark of indexproof"),
            Some(marked) if marked.run_id != self.owner.run_id => refuse("it is marked as another run's"),
            Some(_) => self.drop_database(database).await,
        }
    }

    async fn drop_database(&self, database: &str) -> Result<(), ServerError> {
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(database));
        self.execute(&format!("dropping database {database}"), &sql).await
    }

    /// Names of this run's databases, as given to [`Self::create`].
    pub async fn list(&self) -> Result<Vec<String>, ServerError> {
        let own = self.owner.database("");
        let ours = |(database, comment): (String, Option<String>)| {
            let marked = comment.as_deref().and_then(Owner::from_mark)?;
            let name = database.strip_prefix(&own)?.to_owned();
            (marked.run_id == self.owner.run_id).then_some(name)
        };
        Ok(self.comments().await?.into_iter().filter_map(ours).collect())
    }

    /// Drops databases of runs on this machine that are over; returns their names on the server.
    pub async fn sweep(&self) -> Result<Vec<String>, ServerError> {
        let mut dropped = Vec::new();
        for (database, comment) in self.comments().await? {
            let Some(marked) = comment.as_deref().and_then(Owner::from_mark) else { continue };
            // Another machine's lock can't be tried from here: its own next run cleans up.
            let abandoned = marked.host == self.owner.host
                && marked.run_id != self.owner.run_id
                && database.starts_with(&marked.database(""))
                && lease::owner_is_gone(marked.lock.as_ref());
            if abandoned {
                self.drop_database(&database).await?;
                dropped.push(database);
            }
        }
        Ok(dropped)
    }

    /// Changes settings of the running server; returns when a new session sees them.
    pub async fn apply(&self, settings: &[Setting]) -> Result<(), ServerError> {
        for Setting { name, value } in settings {
            self.execute(
                &format!("setting {name}"),
                &format!("ALTER SYSTEM SET {name} = {}", literal(value)),
            )
            .await?;
        }
        self.execute("reloading the settings", "SELECT pg_catalog.pg_reload_conf()").await?;
        for Setting { name, value } in settings {
            self.wait_for(name, value).await?;
        }
        Ok(())
    }

    /// The postmaster passes a reload on to its children, so it takes effect a moment later.
    async fn wait_for(&self, name: &str, value: &str) -> Result<(), ServerError> {
        let deadline = Instant::now() + RELOAD_LIMIT;
        loop {
            let row = self.client.query_one("SELECT pg_catalog.current_setting($1)", &[&name]).await;
            let is: String = row.map_err(|e| ServerError::sql(format!("reading {name}"), &e))?.get(0);
            if is == value {
                return Ok(());
            }
            if Instant::now() > deadline {
                let reason =
                    format!("it is still {is}, not {value}: given on the command line or to the role?");
                return Err(ServerError::Sql { doing: format!("setting {name}"), sqlstate: None, reason });
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// All databases named as ours, with their comments.
    async fn comments(&self) -> Result<BTreeMap<String, Option<String>>, ServerError> {
        let sql = "SELECT datname::text, pg_catalog.shobj_description(oid, 'pg_database') \
                   FROM pg_catalog.pg_database WHERE pg_catalog.starts_with(datname::text, $1)";
        let rows = self.client.query(sql, &[&PREFIX]).await;
        let rows = rows.map_err(|e| ServerError::sql("listing databases", &e))?;
        Ok(rows.into_iter().map(|row| (row.get(0), row.get(1))).collect())
    }
}

/// Connects for administration, or says why not.
pub(super) async fn connect_or_explain(
    config: &Config,
    database: &str,
    origin: &str,
) -> Result<Client, ServerError> {
    connect(config, database)
        .await
        .map_err(|e| ServerError::Connect { origin: origin.to_owned(), reason: explain(&e) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn owner() -> Owner {
        Owner { run_id: "1a2b3c4d".into(), host: "box".into(), lock: "/tmp/a b/owner.lock".into() }
    }

    #[test]
    fn a_mark_reads_back() {
        assert_eq!(Owner::from_mark(&owner().mark()), Some(owner()));
    }

    #[test]
    fn other_comments_are_no_marks() {
        for comment in
            ["", "indexproof", "production", "indexproof run=1 host=x", "indexprooff run=1 host=x lock=/l"]
        {
            assert_eq!(Owner::from_mark(comment), None, "{comment}");
        }
    }

    #[test]
    fn names_that_would_be_cut_or_need_quotes_are_refused() {
        for name in ["", "Has_Upper", "a-b", "a\"b", "é", &"x".repeat(41)] {
            assert!(check_name(name).is_err(), "{name}");
        }
        let longest = "x".repeat(40);
        assert!(check_name(&longest).is_ok());
        assert!(owner().database(&longest).len() <= 63);
    }

    proptest! {
        #[test]
        fn no_comment_of_others_is_taken_for_ours(comment in "\\PC{0,60}") {
            prop_assume!(!comment.starts_with("indexproof "));
            prop_assert_eq!(Owner::from_mark(&comment), None);
        }
    }
}
