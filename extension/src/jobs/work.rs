//! Checks of the functions that workers call.

use pgrx::datum::{Array, Interval, Uuid};
use pgrx::prelude::*;

use super::{read, submission};
use crate::error::{Error, OrRaise};

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

/// Raises 22023 for arrays that don't belong together.
#[pg_extern(schema = "errand_internal", stable, parallel_restricted, requires = ["schemas"])]
pub fn check_completion(
    p_job_ids: Option<Array<Uuid>>,
    p_lease_tokens: Option<Array<Uuid>>,
    p_results: Option<i32>,
) {
    completion(p_job_ids, p_lease_tokens, p_results).or_raise();
}

/// Raises 22023 for a list of jobs that is none.
#[pg_extern(schema = "errand_internal", stable, parallel_restricted, requires = ["schemas"])]
pub fn check_job_ids(p_job_ids: Option<Array<Uuid>>) {
    job_ids(p_job_ids).or_raise();
}

fn job_ids(ids: Option<Array<Uuid>>) -> Result<usize, Error> {
    no_nulls("p_job_ids", ids.ok_or(Error::Missing { argument: "p_job_ids" })?.iter())
}

/// `results` is how many there are; which of them are NULL doesn't matter.
fn completion(
    ids: Option<Array<Uuid>>,
    tokens: Option<Array<Uuid>>,
    results: Option<i32>,
) -> Result<(), Error> {
    let ids = job_ids(ids)?;
    let tokens = tokens.ok_or(Error::Missing { argument: "p_lease_tokens" })?;
    let tokens = no_nulls("p_lease_tokens", tokens.iter())?;
    same_length(ids, "p_lease_tokens", tokens)?;
    match results {
        Some(results) => same_length(ids, "p_results", usize::try_from(results).unwrap_or(0)),
        None => Ok(()),
    }
}

fn same_length(ids: usize, second: &'static str, second_len: usize) -> Result<(), Error> {
    if ids == second_len {
        return Ok(());
    }
    Err(Error::LengthsDiffer { first: "p_job_ids", first_len: ids, second, second_len })
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
