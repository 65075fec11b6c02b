//! Checks of the functions that read jobs.

use pgrx::datum::{Interval, Uuid};
use pgrx::prelude::*;

use super::{cursor, submission};
use crate::error::{Error, OrRaise};

const STATUSES: [&str; 5] = ["pending", "processing", "completed", "failed", "cancelled"];
const MAX_PAGE: i32 = 500;
/// An offset is paid for by reading and dropping that many rows; cursors cost the same at any depth.
const MAX_OFFSET: i32 = 1000;

/// Columns a list may be ordered by, and whether they can be NULL.
const ORDER_COLUMNS: [(&str, bool); 8] = [
    ("created_at", false),
    ("updated_at", false),
    ("scheduled_for", false),
    ("started_at", true),
    ("completed_at", true),
    ("job_priority", false),
    ("job_type", false),
    ("status", false),
];
const ORDER_NAMES: [&str; 8] = {
    let mut names = [""; 8];
    let mut i = 0;
    while i < names.len() {
        names[i] = ORDER_COLUMNS[i].0;
        i += 1;
    }
    names
};

/// Raises 22023 for a lookup in the result cache that can't be answered.
#[pg_extern(schema = "errand_internal", stable, parallel_restricted, requires = ["schemas"])]
pub fn check_cache_ttl(p_job_type: Option<&str>, p_params: Option<&str>, p_cache_ttl: Option<Interval>) {
    submission::name("p_job_type", p_job_type)
        .and_then(|_| submission::params("p_params", p_params, usize::MAX))
        .and_then(|_| submission::window("p_cache_ttl", p_cache_ttl))
        .or_raise();
}

/// The ORDER BY list of a page of jobs, after checking everything about the page. The text is put
/// together from this file's words only, never from the caller's.
#[pg_extern(schema = "errand_internal", stable, parallel_restricted, requires = ["schemas"])]
pub fn user_jobs_order(
    p_status: Option<&str>,
    p_limit: Option<i32>,
    p_offset: Option<i32>,
    p_order_by: Option<&str>,
    p_order_dir: Option<&str>,
) -> String {
    check_page(p_status, p_limit, p_offset).and_then(|()| order(p_order_by, p_order_dir)).or_raise()
}

/// What a page behind a cursor needs to know, after checking everything about it: where it begins. NULLs for
/// the first page.
#[pg_extern(schema = "errand_internal", stable, parallel_restricted, requires = ["schemas"])]
pub fn page_start(
    p_cursor: Option<&str>,
    p_status: Option<&str>,
    p_limit: Option<i32>,
) -> TableIterator<'static, (name!(created_at, Option<TimestampWithTimeZone>), name!(id, Option<Uuid>))> {
    TableIterator::once(start(p_cursor, p_status, p_limit).or_raise())
}

/// The cursor behind a job.
#[pg_extern(schema = "errand_internal", immutable, parallel_safe, requires = ["schemas"])]
pub fn page_cursor(p_created_at: TimestampWithTimeZone, p_id: Uuid) -> String {
    cursor::write(i64::from(p_created_at), p_id.as_bytes())
}

fn start(
    cursor: Option<&str>,
    status: Option<&str>,
    limit: Option<i32>,
) -> Result<(Option<TimestampWithTimeZone>, Option<Uuid>), Error> {
    check_page(status, limit, Some(0))?;
    let Some(text) = cursor else { return Ok((None, None)) };
    let malformed = || Error::CursorMalformed { cursor: text.to_owned() };
    let (micros, id) = cursor::read(text).ok_or_else(malformed)?;
    let at = TimestampWithTimeZone::try_from(micros).map_err(|_| malformed())?;
    Ok((Some(at), Some(Uuid::from_bytes(id))))
}

/// Raises 22023 for a status that no job has.
#[pg_extern(schema = "errand_internal", stable, parallel_restricted, requires = ["schemas"])]
pub fn check_status(p_status: Option<&str>) {
    check_page(p_status, Some(1), Some(0)).or_raise();
}

fn check_page(status: Option<&str>, limit: Option<i32>, offset: Option<i32>) -> Result<(), Error> {
    if let Some(status) = status
        && !STATUSES.contains(&status)
    {
        return Err(Error::NotOneOf { argument: "p_status", value: status.to_owned(), allowed: &STATUSES });
    }
    in_range("p_limit", limit, 1, MAX_PAGE)?;
    let offset = offset.ok_or(Error::Missing { argument: "p_offset" })?;
    if offset > MAX_OFFSET {
        return Err(Error::OffsetTooDeep { value: offset.into(), max: MAX_OFFSET.into() });
    }
    in_range("p_offset", Some(offset), 0, MAX_OFFSET)
}

pub fn in_range(argument: &'static str, value: Option<i32>, min: i32, max: i32) -> Result<(), Error> {
    let value = value.ok_or(Error::Missing { argument })?;
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(Error::OutOfRange { argument, value: value.into(), min: min.into(), max: max.into() })
}

fn order(column: Option<&str>, direction: Option<&str>) -> Result<String, Error> {
    let column = column.ok_or(Error::Missing { argument: "p_order_by" })?;
    let direction = direction.ok_or(Error::Missing { argument: "p_order_dir" })?;
    let (name, nullable) = ORDER_COLUMNS.iter().find(|(name, _)| *name == column).ok_or_else(|| {
        Error::NotOneOf { argument: "p_order_by", value: column.to_owned(), allowed: &ORDER_NAMES }
    })?;
    let direction = match direction.to_ascii_uppercase().as_str() {
        "ASC" => "ASC",
        "DESC" => "DESC",
        _ => {
            return Err(Error::NotOneOf {
                argument: "p_order_dir",
                value: direction.to_owned(),
                allowed: &["ASC", "DESC"],
            });
        }
    };
    // A job that has not started sorts last either way: a list by start time is about those that did.
    // Without the words where they change nothing, so that the order is the index's own.
    let nulls = if *nullable { " NULLS LAST" } else { "" };
    Ok(format!("q.{name} {direction}{nulls}, q.id {direction}"))
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn the_default_order_is_the_index_order() {
        assert_eq!(order(Some("created_at"), Some("DESC")), Ok("q.created_at DESC, q.id DESC".into()));
    }

    #[test]
    fn nulls_come_last_either_way() {
        for direction in ["asc", "Desc"] {
            assert!(order(Some("started_at"), Some(direction)).unwrap().contains("NULLS LAST"));
        }
    }

    #[test]
    fn only_listed_words_reach_the_query() {
        for column in ["id; DROP TABLE job", "params", "CREATED_AT", ""] {
            assert!(matches!(order(Some(column), Some("ASC")), Err(Error::NotOneOf { .. })), "{column}");
        }
        assert!(matches!(order(Some("status"), Some("DESC NULLS FIRST")), Err(Error::NotOneOf { .. })));
    }

    #[test]
    fn pages_have_bounds() {
        assert_eq!(check_page(None, Some(500), Some(1000)), Ok(()));
        assert!(matches!(check_page(None, Some(501), Some(0)), Err(Error::OutOfRange { .. })));
        assert!(matches!(check_page(None, Some(0), Some(0)), Err(Error::OutOfRange { .. })));
        assert!(matches!(check_page(None, Some(1), Some(-1)), Err(Error::OutOfRange { .. })));
        assert!(matches!(check_page(None, Some(1), Some(1001)), Err(Error::OffsetTooDeep { .. })));
        assert!(matches!(check_page(Some("done"), Some(1), Some(0)), Err(Error::NotOneOf { .. })));
        assert!(matches!(check_page(None, None, Some(0)), Err(Error::Missing { .. })));
    }
}
