//! What a running server says of itself: version, settings, rights, extensions.

use std::collections::BTreeMap;

use tokio_postgres::{Client, Error};

/// An extension that CREATE EXTENSION would find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    pub version: String,
    /// Whether the connected user may create it.
    pub creatable: bool,
}

/// What stays the same while the server runs.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    pub version: String,
    pub version_num: u32,
    pub may_checkpoint: bool,
    pub extensions: BTreeMap<String, Extension>,
}

impl Probe {
    pub async fn take(client: &Client) -> Result<Self, Error> {
        let sql = "SELECT pg_catalog.current_setting('server_version'), \
                   pg_catalog.current_setting('server_version_num')::int4, \
                   r.rolsuper, \
                   r.rolsuper OR EXISTS (SELECT FROM pg_catalog.pg_roles c WHERE c.rolname = 'pg_checkpoint' \
                                         AND pg_catalog.pg_has_role(c.oid, 'usage')) \
                   FROM pg_catalog.pg_roles r WHERE r.rolname = current_user";
        let row = client.query_one(sql, &[]).await?;
        let superuser: bool = row.get(2);
        let sql = "SELECT name::text, version, superuser, trusted FROM pg_catalog.pg_available_extension_versions v \
                   WHERE EXISTS (SELECT FROM pg_catalog.pg_available_extensions e \
                                 WHERE e.name = v.name AND e.default_version = v.version)";
        let extension = |row: tokio_postgres::Row| {
            let (needs_superuser, trusted): (bool, bool) = (row.get(2), row.get(3));
            let creatable = superuser || trusted || !needs_superuser;
            (row.get(0), Extension { version: row.get(1), creatable })
        };
        Ok(Probe {
            version: row.get(0),
            version_num: row.get::<_, i32>(1).unsigned_abs(),
            may_checkpoint: row.get(3),
            extensions: client.query(sql, &[]).await?.into_iter().map(extension).collect(),
        })
    }
}

/// Settings that tell nothing of the measurement, but of this machine: paths, addresses.
const OF_THE_PLACE: &[&str] = &[
    "config_file",
    "data_directory",
    "external_pid_file",
    "hba_file",
    "ident_file",
    "listen_addresses",
    "log_directory",
    "log_filename",
    "port",
    "unix_socket_directories",
];

/// Settings of these extensions are about measuring; those of others may hold an application's secrets.
const KNOWN_PREFIXES: &[&str] = &["auto_explain.", "errand.", "pg_stat_statements."];

/// Whether a setting may stand in a result that people publish.
fn is_publishable(name: &str, value: &str) -> bool {
    let secret = ["conninfo", "command", "ssl_", "krb_", "password", "secret", "key"];
    let custom = name.contains('.');
    !OF_THE_PLACE.contains(&name)
        && !holds_path(value)
        && !secret.iter().any(|word| name.contains(word))
        && (!custom || KNOWN_PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
}

/// Whether an absolute path stands in a value, alone or in a list (`dynamic_library_path`, preloaded libraries).
fn holds_path(value: &str) -> bool {
    value.split([',', ':', ' ', '\'', '"', '=']).any(|piece| piece.starts_with('/'))
}

/// All settings that differ from PostgreSQL's defaults, and the few fixed at initdb that change results.
pub(super) async fn settings(client: &Client) -> Result<BTreeMap<String, String>, Error> {
    // Settings of this session (client encoding, time zone of the driver …) are not the server's.
    let sql = "SELECT name, pg_catalog.current_setting(name) FROM pg_catalog.pg_settings \
               WHERE (setting IS DISTINCT FROM boot_val AND context <> 'internal' AND source NOT IN ('client', 'session')) \
               OR name IN ('data_checksums', 'server_encoding') \
               UNION ALL \
               SELECT 'lc_collate', datcollate::text FROM pg_catalog.pg_database WHERE datname = 'template0'";
    let rows = client.query(sql, &[]).await?;
    let all = rows.into_iter().map(|row| (row.get::<_, String>(0), row.get::<_, String>(1)));
    Ok(all.filter(|(name, value)| is_publishable(name, value)).collect())
}

/// Guards that a server we did not start can't give, each with what is missing.
pub(super) async fn lost_on_remote(client: &Client, probe: &Probe) -> Result<Vec<String>, Error> {
    let mut lost = vec![
        "settings stay as they are: indexproof never changes a server that it did not start".to_owned(),
        "log and data directory can't be seen: start-up, filesystem and crashes are not reported".to_owned(),
    ];
    if !probe.may_checkpoint {
        lost.push("no checkpoint before timed rounds: the user lacks the role pg_checkpoint".to_owned());
    }
    // (name, wanted, what its absence means)
    let wanted = [
        ("fsync", "on", "writes are faster than durable ones"),
        ("synchronous_commit", "on", "commits do not wait for the disk"),
        ("jit", "off", "the first execution of an expensive plan includes compiling it"),
        ("autovacuum", "off", "vacuum may run in one variant's round and not in another's"),
        ("track_io_timing", "on", "plans do not say how long reads took"),
    ];
    for (name, value, meaning) in wanted {
        let row = client.query_one("SELECT pg_catalog.current_setting($1)", &[&name]).await?;
        let is: String = row.get(0);
        if is != value {
            lost.push(format!("{name} is {is}: {meaning}"));
        }
    }
    let row = client.query_one("SELECT pg_catalog.current_setting('max_connections')::int4", &[]).await?;
    let connections = row.get::<_, i32>(0).unsigned_abs();
    if connections < super::settings::MAX_CONNECTIONS {
        lost.push(format!("max_connections is {connections}: scenarios that need more can't run"));
    }
    Ok(lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_places_are_not_published() {
        for name in [
            "app.settings.jwt_secret",
            "pgsodium.getkey_script",
            "primary_conninfo",
            "archive_command",
            "ssl_key_file",
            "data_directory",
        ] {
            assert!(!is_publishable(name, "x"), "{name}");
        }
        for name in ["shared_buffers", "pg_stat_statements.max", "jit", "lc_collate"] {
            assert!(is_publishable(name, "x"), "{name}");
        }
        assert!(!is_publishable("dynamic_library_path", "$libdir:/home/me/lib"));
        assert!(!is_publishable("shared_preload_libraries", "pg_stat_statements, /srv/pg/own.so"));
        assert!(is_publishable("TimeZone", "Europe/Berlin"));
    }
}
