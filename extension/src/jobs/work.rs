//! Checks of the functions that workers call.

use std::time::Duration;

use pgrx::datum::{Array, Interval, Uuid};
use pgrx::prelude::*;

use super::{backoff, counters, read, submission};
use crate::error::{Error, OrRaise};
use crate::gucs;

/// One pickup's batch: it holds row locks until its transaction ends, so it should end soon.
const MAX_PICKUP: i32 = 1000;
const MIN_LEASE_MICROS: i128 = 1_000_000;
const MAX_LEASE_MICROS: i128 = 7 * 86_400 * 1_000_000;

/// Raises 22023 for a pickup that can't be served.
#[pg_extern(schema = "errand_internal", stable, parallel_restricted, requires = ["schemas"])]
pub fn check_pickup(
    p_worker_id: Option<&str>,
    p_job_types: Option<Array<&str>>,
    p_limit: Option<i32>,
    p_lease: Option<Interval>,
) {
    submission::name("p_worker_id", p_worker_id)
        .and_then(|_| p_job_types.map_or(Ok(0), |types| no_nulls("p_job_types", types.iter())))
        .and_then(|_| read::in_range("p_limit", p_limit, 1, MAX_PICKUP))
        .and_then(|_| lease(p_lease))
        .or_raise();
}

/// Raises 22023 for arrays that don't belong together. `p_third` names the last one, which may be missing.
#[pg_extern(schema = "errand_internal", stable, parallel_restricted, requires = ["schemas"])]
pub fn check_answers(
    p_job_ids: Option<Array<Uuid>>,
    p_lease_tokens: Option<Array<Uuid>>,
    p_third: Option<&str>,
    p_third_length: Option<i32>,
) {
    answers(p_job_ids, p_lease_tokens, p_third, p_third_length).or_raise();
}

/// The id of a job that a worker has to do with; raises 22023 when it or the lease token is missing.
#[pg_extern(schema = "errand_internal", immutable, parallel_safe, requires = ["schemas"])]
pub fn leased_job_id(p_job_id: Option<Uuid>, p_lease_token: Option<Uuid>) -> Uuid {
    let missing = |argument| Error::Missing { argument };
    p_job_id
        .ok_or(missing("p_job_id"))
        .and_then(|id| p_lease_token.map(|_| id).ok_or(missing("p_lease_token")))
        .or_raise()
}

/// Raises 22023 for a lease that is too short or too long.
#[pg_extern(schema = "errand_internal", stable, parallel_restricted, requires = ["schemas"])]
pub fn check_lease(p_lease: Option<Interval>) {
    lease(p_lease).or_raise();
}

/// Raises 22023 for a retention that is shorter than an hour.
#[pg_extern(schema = "errand_internal", stable, parallel_restricted, requires = ["schemas"])]
pub fn check_retention(p_older_than: Option<Interval>) {
    retention(p_older_than).or_raise();
}

/// How long to wait after a job's `p_failures`-th failed attempt.
#[pg_extern(schema = "errand_internal", volatile, parallel_restricted, requires = ["schemas"])]
pub fn retry_delay(p_failures: i32) -> Interval {
    let failures = u32::try_from(p_failures).unwrap_or(0);
    let base = i64::try_from(gucs::retry_delay().as_micros()).unwrap_or(i64::MAX);
    interval_from(Duration::from_micros(
        backoff::delay_micros(failures, base, counters::random()).unsigned_abs(),
    ))
}

/// How many attempts a job has.
#[pg_extern(schema = "errand_internal", stable, parallel_safe, requires = ["schemas"])]
pub fn max_attempts() -> i32 {
    gucs::max_attempts()
}

/// Durations up to many years; longer ones, which no setting allows, become the longest.
pub fn interval_from(duration: Duration) -> Interval {
    Interval::from_micros(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
}

/// Raises 22023 for a list of jobs that is none.
#[pg_extern(schema = "errand_internal", stable, parallel_restricted, requires = ["schemas"])]
pub fn check_job_ids(p_job_ids: Option<Array<Uuid>>) {
    job_ids(p_job_ids).or_raise();
}

fn job_ids(ids: Option<Array<Uuid>>) -> Result<usize, Error> {
    no_nulls("p_job_ids", ids.ok_or(Error::Missing { argument: "p_job_ids" })?.iter())
}

/// `third_length` is how many elements the third array has; which of them are NULL doesn't matter.
fn answers(
    ids: Option<Array<Uuid>>,
    tokens: Option<Array<Uuid>>,
    third: Option<&str>,
    third_length: Option<i32>,
) -> Result<(), Error> {
    let ids = job_ids(ids)?;
    let tokens = tokens.ok_or(Error::Missing { argument: "p_lease_tokens" })?;
    let tokens = no_nulls("p_lease_tokens", tokens.iter())?;
    same_length(ids, "p_lease_tokens", tokens)?;
    match (third, third_length) {
        (Some(third), Some(length)) => same_length(ids, third, usize::try_from(length).unwrap_or(0)),
        _ => Ok(()),
    }
}

fn same_length(ids: usize, second: &str, second_len: usize) -> Result<(), Error> {
    if ids == second_len {
        return Ok(());
    }
    Err(Error::LengthsDiffer { first: "p_job_ids", first_len: ids, second: second.to_owned(), second_len })
}

/// How many elements there are, none of them NULL.
fn no_nulls<T>(argument: &'static str, items: impl Iterator<Item = Option<T>>) -> Result<usize, Error> {
    let mut count = 0;
    for item in items {
        count += 1;
        if item.is_none() {
            return Err(Error::NullElement { argument, position: count });
        }
    }
    Ok(count)
}

/// Shorter than an hour, and a transaction that takes long could finish a job behind the line.
fn retention(value: Option<Interval>) -> Result<(), Error> {
    const HOUR_MICROS: i128 = 3600 * 1_000_000;
    const MAX_MICROS: i128 = 100 * 366 * 86_400 * 1_000_000;
    let argument = "p_older_than";
    let value = value.ok_or(Error::Missing { argument })?;
    if (HOUR_MICROS..=MAX_MICROS).contains(&value.as_micros()) {
        return Ok(());
    }
    Err(Error::IntervalOutOfRange { argument, value: value.to_string(), min: "1 hour", max: "100 years" })
}

/// Shorter than a second, a worker could not even answer in time; longer than a week, a crashed worker's
/// job would be as good as lost.
fn lease(value: Option<Interval>) -> Result<(), Error> {
    let value = value.ok_or(Error::Missing { argument: "p_lease" })?;
    if (MIN_LEASE_MICROS..=MAX_LEASE_MICROS).contains(&value.as_micros()) {
        return Ok(());
    }
    Err(Error::IntervalOutOfRange {
        argument: "p_lease",
        value: value.to_string(),
        min: "1 second",
        max: "7 days",
    })
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn nulls_are_found_by_position() {
        assert_eq!(no_nulls("a", [Some(1), Some(2)].into_iter()), Ok(2));
        assert_eq!(
            no_nulls("a", [Some(1), None].into_iter()),
            Err(Error::NullElement { argument: "a", position: 2 })
        );
    }

    #[test]
    fn lengths_must_agree() {
        assert_eq!(same_length(2, "p_results", 2), Ok(()));
        assert!(matches!(same_length(2, "p_results", 1), Err(Error::LengthsDiffer { .. })));
    }
}
