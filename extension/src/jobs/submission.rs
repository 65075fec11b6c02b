//! What a submitted job must look like: one check for a single job and for each element of a batch.

use pgrx::datum::{Interval, Uuid};
use pgrx::prelude::*;
use serde_json::value::RawValue;

use super::{params_hash, uuid_text};
use crate::error::{Error, OrRaise};
use crate::{caller, gucs};

pub const MAX_NAME_CHARS: usize = 128;
const MIN_PRIORITY: i32 = i16::MIN as i32;
const MAX_PRIORITY: i32 = i16::MAX as i32;
/// Longest dedupe window or cache TTL: beyond any use, and far from where timestamps overflow.
const MAX_WINDOW_MICROS: i128 = 3652 * 86_400 * 1_000_000;
const FIELDS: [&str; 7] =
    ["user_id", "job_type", "params", "dedupe_window", "job_priority", "scheduled_for", "expires_at"];

/// The identity of a job that may be accepted; raises 22023 for one that can't. `p_params` is a jsonb as text.
#[pg_extern(schema = "errand_internal", stable, parallel_restricted, requires = ["schemas"])]
pub fn submitted_identity(
    p_user_id: Uuid,
    p_job_type: Option<&str>,
    p_params: Option<&str>,
    p_dedupe_window: Option<Interval>,
    p_job_priority: Option<i32>,
    p_scheduled_for: Option<TimestampWithTimeZone>,
    p_expires_at: Option<TimestampWithTimeZone>,
) -> Uuid {
    let params_limit = params_limit();
    let checked = || -> Result<Uuid, Error> {
        let job_type = name("p_job_type", p_job_type)?;
        let params = params("p_params", p_params, params_limit)?;
        window("p_dedupe_window", p_dedupe_window)?;
        priority("p_job_priority", p_job_priority)?;
        finite("p_scheduled_for", p_scheduled_for)?;
        finite("p_expires_at", p_expires_at)?;
        lifetime(p_scheduled_for, p_expires_at)?;
        Ok(Uuid::from_bytes(params_hash::identity(&p_user_id, job_type, params)))
    };
    checked().or_raise()
}

/// The elements of `p_jobs` (a jsonb as text), checked, with the user each is for. Anything wrong raises
/// an error that names the element and the field.
#[pg_extern(schema = "errand_internal", stable, parallel_restricted, requires = ["schemas"])]
#[expect(clippy::type_complexity, reason = "pgrx reads the result columns from this type")]
pub fn parse_submissions(
    p_user_id: Option<Uuid>,
    p_jobs: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(ordinal, i32),
        name!(user_id, Uuid),
        name!(job_type, String),
        name!(params, String),
        name!(dedupe_window, Option<Interval>),
        name!(job_priority, Option<i32>),
        name!(scheduled_for, Option<TimestampWithTimeZone>),
        name!(expires_at, Option<TimestampWithTimeZone>),
    ),
> {
    let jobs = parse(p_user_id, p_jobs).or_raise();
    TableIterator::new(jobs.into_iter().zip(1..).map(|(job, ordinal)| {
        (
            ordinal,
            job.user_id,
            job.job_type,
            job.params,
            job.dedupe_window,
            job.job_priority,
            job.scheduled_for,
            job.expires_at,
        )
    }))
}

struct Submission {
    user_id: Uuid,
    job_type: String,
    params: String,
    dedupe_window: Option<Interval>,
    job_priority: Option<i32>,
    scheduled_for: Option<TimestampWithTimeZone>,
    expires_at: Option<TimestampWithTimeZone>,
}

fn parse(default_user: Option<Uuid>, jobs: Option<&str>) -> Result<Vec<Submission>, Error> {
    let bound = caller::bound_to()?;
    let default_user = caller::permit(bound, default_user)?;
    let params_limit = params_limit();
    let jobs = jobs.ok_or(Error::Missing { argument: "p_jobs" })?;
    if !jobs.starts_with('[') {
        return Err(Error::NotAnArray { found: kind(jobs) });
    }
    // The text is what PostgreSQL printed for a jsonb, so only memory could make this fail.
    let elements: Vec<&RawValue> = serde_json::from_str(jobs).expect("jsonb prints valid JSON");

    let mut parsed = Vec::with_capacity(elements.len());
    for (element, ordinal) in elements.into_iter().zip(1usize..) {
        pgrx::check_for_interrupts!();
        parsed.push(parse_element(element.get(), ordinal, bound, default_user, params_limit)?);
    }
    Ok(parsed)
}

fn parse_element(
    element: &str,
    ordinal: usize,
    bound: Option<Uuid>,
    default_user: Option<Uuid>,
    params_limit: usize,
) -> Result<Submission, Error> {
    let fields: std::collections::BTreeMap<String, &RawValue> =
        serde_json::from_str(element).map_err(|_| {
            Error::WrongType { expected: "an object", found: element.to_owned() }.at(ordinal, "the element")
        })?;
    if let Some(unknown) = fields.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        return Err(Error::UnknownField { allowed: &FIELDS }.at(ordinal, unknown));
    }
    // JSON null means the same as leaving the field out, except in params, where null is a value.
    let field = |name: &str| fields.get(name).map(|raw| raw.get()).filter(|raw| *raw != "null");
    let at = |field: &'static str| move |error: Error| error.at(ordinal, field);

    let asked = field("user_id").map(uuid).transpose().map_err(at("user_id"))?;
    let user_id = caller::permit(bound, asked)
        .and_then(|user| user.or(default_user).ok_or(Error::UserMissing { argument: "user_id" }))
        .map_err(at("user_id"))?;

    let job_type = field("job_type").map(string).transpose().map_err(at("job_type"))?;
    let job_type = name("job_type", job_type.as_deref()).map_err(at("job_type"))?.to_owned();

    let raw_params = fields.get("params").map(|raw| raw.get());
    let params = params("params", raw_params, params_limit).map_err(at("params"))?.to_owned();

    let dedupe_window = field("dedupe_window").map(interval).transpose().map_err(at("dedupe_window"))?;
    window("dedupe_window", dedupe_window).map_err(at("dedupe_window"))?;

    let job_priority = field("job_priority").map(integer).transpose().map_err(at("job_priority"))?;
    priority("job_priority", job_priority).map_err(at("job_priority"))?;

    let scheduled_for = field("scheduled_for").map(timestamp).transpose().map_err(at("scheduled_for"))?;
    let expires_at = field("expires_at").map(timestamp).transpose().map_err(at("expires_at"))?;
    finite("scheduled_for", scheduled_for).map_err(at("scheduled_for"))?;
    finite("expires_at", expires_at).map_err(at("expires_at"))?;
    lifetime(scheduled_for, expires_at).map_err(at("expires_at"))?;

    Ok(Submission { user_id, job_type, params, dedupe_window, job_priority, scheduled_for, expires_at })
}

/// Trusted callers may submit what they want: they could write it into the database anyway.
fn params_limit() -> usize {
    if caller::is_trusted() { usize::MAX } else { gucs::max_params_bytes() }
}

pub fn name<'a>(argument: &'static str, value: Option<&'a str>) -> Result<&'a str, Error> {
    let value = value.ok_or(Error::Missing { argument })?;
    let chars = value.chars().count();
    if !(1..=MAX_NAME_CHARS).contains(&chars) {
        return Err(Error::Length { argument, chars, max: MAX_NAME_CHARS });
    }
    Ok(value)
}

pub fn params<'a>(argument: &'static str, value: Option<&'a str>, max: usize) -> Result<&'a str, Error> {
    let value = value.ok_or(Error::Missing { argument })?;
    if value.len() > max {
        return Err(Error::ParamsTooLong { bytes: value.len(), max });
    }
    Ok(value)
}

/// A length of time to look back; NULL is left to the default. PostgreSQL 17's infinite intervals are far
/// outside the bounds, so they need no test of their own.
pub fn window(argument: &'static str, value: Option<Interval>) -> Result<(), Error> {
    match value {
        Some(value) if !(0..=MAX_WINDOW_MICROS).contains(&value.as_micros()) => {
            Err(Error::IntervalOutOfRange { argument, value: value.to_string(), min: "0", max: "10 years" })
        }
        _ => Ok(()),
    }
}

fn priority(argument: &'static str, value: Option<i32>) -> Result<(), Error> {
    match value {
        Some(value) if !(MIN_PRIORITY..=MAX_PRIORITY).contains(&value) => Err(Error::OutOfRange {
            argument,
            value: value.into(),
            min: MIN_PRIORITY.into(),
            max: MAX_PRIORITY.into(),
        }),
        _ => Ok(()),
    }
}

fn finite(argument: &'static str, value: Option<TimestampWithTimeZone>) -> Result<(), Error> {
    match value {
        Some(value) if value.is_infinity() || value.is_neg_infinity() => {
            Err(Error::NotFinite { argument, value: value.to_string() })
        }
        _ => Ok(()),
    }
}

/// A job that expires before it may start would sit in the queue and never be picked up.
fn lifetime(
    scheduled_for: Option<TimestampWithTimeZone>,
    expires_at: Option<TimestampWithTimeZone>,
) -> Result<(), Error> {
    let Some(expires_at) = expires_at else { return Ok(()) };
    let now = pgrx::datum::datetime_support::clock_timestamp();
    let earliest = scheduled_for.map_or(now, |scheduled_for| scheduled_for.max(now));
    if expires_at <= earliest {
        return Err(Error::ExpiresTooEarly {
            expires_at: expires_at.to_string(),
            earliest: earliest.to_string(),
        });
    }
    Ok(())
}

/// What a JSON text is, for people.
fn kind(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

fn string(raw: &str) -> Result<String, Error> {
    serde_json::from_str(raw).map_err(|_| Error::WrongType { expected: "a string", found: raw.to_owned() })
}

fn integer(raw: &str) -> Result<i32, Error> {
    raw.parse().map_err(|_| Error::WrongType { expected: "a whole number", found: raw.to_owned() })
}

fn uuid(raw: &str) -> Result<Uuid, Error> {
    let wrong = || Error::WrongType { expected: "a UUID as a string", found: raw.to_owned() };
    let text = string(raw).map_err(|_| wrong())?;
    uuid_text::parse(&text).map(Uuid::from_bytes).ok_or_else(wrong)
}

fn interval(raw: &str) -> Result<Interval, Error> {
    by_postgres(raw, "an interval as a string, such as \"5 minutes\"")
}

fn timestamp(raw: &str) -> Result<TimestampWithTimeZone, Error> {
    by_postgres(raw, "a timestamp as a string, such as \"2026-01-31T12:00:00Z\"")
}

/// Reads a value with PostgreSQL's own input function, so that a batch takes what a single call takes.
fn by_postgres<T: std::str::FromStr>(raw: &str, expected: &'static str) -> Result<T, Error> {
    let wrong = || Error::WrongType { expected, found: raw.to_owned() };
    let text = string(raw).map_err(|_| wrong())?;
    // FromStr catches the usual input errors; these two it lets through. An input function holds nothing
    // that would have to be rolled back, so catching needs no subtransaction.
    PgTryBuilder::new(std::panic::AssertUnwindSafe(|| text.parse::<T>().ok()))
        .catch_when(PgSqlErrorCode::ERRCODE_INTERVAL_FIELD_OVERFLOW, |_| None)
        .catch_when(PgSqlErrorCode::ERRCODE_INVALID_TIME_ZONE_DISPLACEMENT_VALUE, |_| None)
        .execute()
        .ok_or_else(wrong)
}
