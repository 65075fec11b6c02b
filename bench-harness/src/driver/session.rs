//! One connection and what is executed on it: unnamed statements, one round trip each, parameters as text.
//!
//! The driver's own prepared statements cost a second round trip the first time and cached plans later; a claim
//! about round trips or planning would be judged on the driver instead of the database. So every timed
//! execution is Parse, Bind, Describe, Execute and Sync in one message.

use std::error::Error as StdError;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use futures::{TryStreamExt, pin_mut};
use tokio_postgres::types::{Format, FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, NoTls, Row};
use xxhash_rust::xxh3::xxh3_128;

use crate::result::evidence::Rejection;

/// A statement with the types of its parameters resolved.
#[derive(Clone, Debug)]
pub struct Bound {
    pub sql: String,
    pub types: Vec<Type>,
}

/// The values of one execution, in PostgreSQL's text form; `None` is NULL.
pub type Arguments = Vec<Option<String>>;

/// What one execution gave back.
#[derive(Debug)]
pub struct Answer {
    pub elapsed: Duration,
    /// Rows returned, or affected when the statement returns none.
    pub rows: u64,
}

/// A connection driven from a single-threaded runtime: the socket task runs on the thread that waits for it, so no
/// wake-up of another thread is inside the figure.
pub struct Session {
    client: Client,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Session {
    /// Opens a connection and spawns its socket task on the current runtime.
    pub async fn open(
        config: &Config,
        statement_timeout: Duration,
    ) -> Result<Session, tokio_postgres::Error> {
        let mut config = config.clone();
        config.options(format!("-c statement_timeout={}", statement_timeout.as_millis()));
        let (client, connection) = config.connect(NoTls).await?;
        // A broken connection shows as an error of the statement that waits on it.
        let task = tokio::spawn(async move { drop(connection.await) });
        Ok(Session { client, task })
    }

    /// Runs SQL that is not timed: settings, BEGIN, ROLLBACK, restore.
    pub async fn batch(&self, sql: &str) -> Result<(), tokio_postgres::Error> {
        self.client.batch_execute(sql).await
    }

    /// Ends the statement that this session is executing, if there is one.
    pub async fn cancel(&self) -> Result<(), tokio_postgres::Error> {
        self.client.cancel_token().cancel_query(NoTls).await
    }

    /// Resolves parameter type names (`uuid`, `int4`, `my_schema.my_enum`) on the server.
    pub async fn bind(&self, sql: &str, type_names: &[String]) -> Result<Bound, tokio_postgres::Error> {
        let mut types = Vec::with_capacity(type_names.len());
        for name in type_names {
            let row =
                self.client.query_typed_one("SELECT $1::text::regtype::oid", &[(name, Type::TEXT)]).await?;
            let oid: u32 = row.get(0);
            types.push(
                Type::from_oid(oid)
                    .unwrap_or_else(|| Type::new(name.clone(), oid, Kind::Simple, String::new())),
            );
        }
        Ok(Bound { sql: sql.to_owned(), types })
    }

    /// One timed execution: from handing the message to the socket until the last row has arrived.
    pub async fn execute(
        &self,
        bound: &Bound,
        arguments: &Arguments,
    ) -> Result<Answer, tokio_postgres::Error> {
        let start = Instant::now();
        let stream = self.client.query_typed_raw(&bound.sql, pairs(bound, arguments)).await?;
        pin_mut!(stream);
        let mut rows = 0;
        while stream.try_next().await?.is_some() {
            rows += 1;
        }
        let elapsed = start.elapsed();
        let rows = if rows == 0 { stream.rows_affected().unwrap_or(0) } else { rows };
        Ok(Answer { elapsed, rows })
    }

    /// The rows of one execution, not timed.
    pub async fn rows(
        &self,
        bound: &Bound,
        arguments: &Arguments,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let stream = self.client.query_typed_raw(&bound.sql, pairs(bound, arguments)).await?;
        stream.try_collect().await
    }

    /// The single bigint of a statement that must return exactly one row.
    pub async fn number(&self, bound: &Bound, arguments: &Arguments) -> Result<i64, NumberError> {
        let rows = self.rows(bound, arguments).await?;
        match rows.as_slice() {
            [row] => row.try_get::<_, Option<i64>>(0)?.ok_or(NumberError::Null),
            rows => Err(NumberError::Rows(rows.len())),
        }
    }
}

/// Ends what these sessions are executing; the first error, after all were tried.
pub(super) async fn cancel<'a>(
    sessions: impl Iterator<Item = &'a Session>,
) -> Result<(), tokio_postgres::Error> {
    let mut outcome = Ok(());
    for session in sessions {
        outcome = outcome.and(session.cancel().await);
    }
    outcome
}

/// Why a statement did not give one number.
#[derive(Debug, thiserror::Error)]
pub enum NumberError {
    #[error("{}", describe(.0))]
    Postgres(#[from] tokio_postgres::Error),
    #[error("it returned {0} rows, one row with one bigint is needed")]
    Rows(usize),
    #[error("it returned NULL, a bigint is needed")]
    Null,
}

fn pairs<'a>(bound: &'a Bound, arguments: &'a Arguments) -> impl Iterator<Item = (TextParameter<'a>, Type)> {
    arguments.iter().zip(&bound.types).map(|(value, ty)| (TextParameter(value.as_deref()), ty.clone()))
}

/// A parameter sent in text form whatever its type, so that any PostgreSQL type works, the user's own included.
#[derive(Debug)]
struct TextParameter<'a>(Option<&'a str>);

impl ToSql for TextParameter<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self.0 {
            Some(text) => {
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
            None => Ok(IsNull::Yes),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// A column's bytes as the server sent them.
pub struct RawColumn<'a>(pub &'a [u8]);

impl<'a> FromSql<'a> for RawColumn<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(RawColumn(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Hash of a multiset of rows: independent of their order, sensitive to how often each appears.
pub fn multiset_hash(rows: &[Row]) -> Result<u128, tokio_postgres::Error> {
    let mut sum = 0_u128;
    for row in rows {
        let mut bytes = Vec::new();
        for index in 0..row.len() {
            match row.try_get::<_, Option<RawColumn>>(index)? {
                Some(RawColumn(raw)) => {
                    bytes.extend_from_slice(&(raw.len() as u64).to_le_bytes());
                    bytes.extend_from_slice(raw);
                }
                None => bytes.extend_from_slice(&u64::MAX.to_le_bytes()),
            }
        }
        sum = sum.wrapping_add(xxh3_128(&bytes));
    }
    Ok(sum)
}

/// PostgreSQL's message and SQLSTATE, with which statement was refused.
pub fn rejection(sql: &str, error: &tokio_postgres::Error) -> Rejection {
    Rejection {
        sql: sql.to_owned(),
        sqlstate: error.code().map_or_else(|| "-----".to_owned(), |state| state.code().to_owned()),
        message: describe(error),
    }
}

/// What the server said, or what broke the connection. (`postgres::Error` is the same type.)
pub fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => {
            let detail = db.detail().map_or_else(String::new, |detail| format!(" ({detail})"));
            format!("{}{detail}", db.message())
        }
        None => match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}
