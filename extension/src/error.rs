//! Every error the extension raises from Rust: one variant each, with its SQLSTATE, its message, a DETAIL
//! that shows the offending value and a HINT that shows the way out.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::{PgLogLevel, PgSqlErrorCode};

/// Longest piece of a caller's value that an error repeats.
const SHOWN_CHARS: usize = 80;

#[derive(Debug, PartialEq)]
pub enum Error {
    // Who is calling
    ClaimsMalformed { reason: String },
    SubjectNotUuid { subject: String },
    NotSignedIn,
    OtherUser { asked: String, own: String },
    UserMissing { argument: &'static str },
    // Arguments
    Missing { argument: &'static str },
    Length { argument: &'static str, chars: usize, max: usize },
    ParamsTooLong { bytes: usize, max: usize },
    OutOfRange { argument: &'static str, value: i64, min: i64, max: i64 },
    IntervalOutOfRange { argument: &'static str, value: String, min: &'static str, max: &'static str },
    NotFinite { argument: &'static str, value: String },
    ExpiresTooEarly { expires_at: String, earliest: String },
    OffsetTooDeep { value: i64, max: i64 },
    CursorMalformed { cursor: String },
    NotOneOf { argument: &'static str, value: String, allowed: &'static [&'static str] },
    LengthsDiffer { first: &'static str, first_len: usize, second: String, second_len: usize },
    NullElement { argument: &'static str, position: usize },
    // Elements of p_jobs
    NotAnArray { found: &'static str },
    WrongType { expected: &'static str, found: String },
    UnknownField { allowed: &'static [&'static str] },
    Element { ordinal: usize, field: String, source: Box<Error> },
}

impl Error {
    fn sqlstate(&self) -> PgSqlErrorCode {
        match self {
            Error::NotSignedIn | Error::OtherUser { .. } => PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            Error::Element { source, .. } => source.sqlstate(),
            _ => PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        }
    }

    fn message(&self) -> String {
        match self {
            Error::ClaimsMalformed { .. } => "request.jwt.claims is not a JSON object".into(),
            Error::SubjectNotUuid { .. } => "the claim sub is not a UUID".into(),
            Error::NotSignedIn => "not signed in".into(),
            Error::OtherUser { .. } => "not your user".into(),
            Error::UserMissing { argument } | Error::Missing { argument } => format!("{argument} is missing"),
            Error::Length { argument, .. } => format!("{argument} has a bad length"),
            Error::ParamsTooLong { .. } => "params are too long".into(),
            Error::OutOfRange { argument, .. } | Error::IntervalOutOfRange { argument, .. } => {
                format!("{argument} is out of range")
            }
            Error::NotFinite { argument, .. } => format!("{argument} is not finite"),
            Error::ExpiresTooEarly { .. } => "the job would expire before it could start".into(),
            Error::OffsetTooDeep { .. } => "p_offset is too deep".into(),
            Error::CursorMalformed { .. } => "p_cursor is not a cursor".into(),
            Error::NotOneOf { argument, .. } => format!("{argument} has an unknown value"),
            Error::LengthsDiffer { first, second, .. } => format!("{first} and {second} differ in length"),
            Error::NullElement { argument, .. } => format!("{argument} contains NULL"),
            Error::NotAnArray { .. } => "p_jobs is not a JSON array".into(),
            Error::WrongType { .. } => "wrong type".into(),
            Error::UnknownField { .. } => "unknown field".into(),
            Error::Element { ordinal, field, source } => {
                format!("element {ordinal} of p_jobs, {field}: {}", source.message())
            }
        }
    }

    fn detail(&self) -> String {
        match self {
            Error::ClaimsMalformed { reason } => reason.clone(),
            Error::SubjectNotUuid { subject } => format!("sub is {}.", shown(subject)),
            Error::NotSignedIn => "request.jwt.claims has no sub, and the role is not a trusted one.".into(),
            Error::OtherUser { asked, own } => format!("Asked for user {asked}; the caller is user {own}."),
            Error::UserMissing { argument } => {
                format!("A trusted caller acts for many users, and {argument} is NULL.")
            }
            Error::Missing { argument } => format!("{argument} is NULL."),
            Error::Length { argument, chars, .. } => format!("{argument} has {chars} characters."),
            Error::ParamsTooLong { bytes, .. } => format!("They take {bytes} bytes as text."),
            Error::OutOfRange { argument, value, .. } => format!("{argument} is {value}."),
            Error::IntervalOutOfRange { argument, value, .. } | Error::NotFinite { argument, value } => {
                format!("{argument} is {}.", shown(value))
            }
            Error::ExpiresTooEarly { expires_at, earliest } => {
                format!("It would expire at {expires_at} and start at {earliest} at the earliest.")
            }
            Error::OffsetTooDeep { value, .. } => format!("p_offset is {value}."),
            Error::CursorMalformed { cursor } => format!("p_cursor is {}.", shown(cursor)),
            Error::NotOneOf { argument, value, .. } => format!("{argument} is {}.", shown(value)),
            Error::LengthsDiffer { first, first_len, second, second_len } => {
                format!("{first} has {first_len} elements, {second} has {second_len}.")
            }
            Error::NullElement { argument, position } => format!("{argument}[{position}] is NULL."),
            Error::NotAnArray { found } => format!("It is {found}."),
            // JSON, so it shows its own quotes.
            Error::WrongType { found, .. } => format!("The value is {}.", cut(found)),
            Error::UnknownField { .. } => {
                "Fields that mean nothing are refused, so that a misspelt one is seen.".into()
            }
            Error::Element { source, .. } => source.detail(),
        }
    }

    fn hint(&self) -> String {
        match self {
            Error::ClaimsMalformed { .. } => {
                "PostgREST sets request.jwt.claims itself; elsewhere set it to the token's payload.".into()
            }
            Error::SubjectNotUuid { .. } => "The token's sub must be the user's id.".into(),
            Error::NotSignedIn => {
                "Send a signed-in user's token, or call as a member of service_role, errand_worker or errand_admin.".into()
            }
            Error::OtherUser { .. } => "Leave the user out: NULL means the caller.".into(),
            Error::UserMissing { .. } => "Name the user the job belongs to.".into(),
            Error::Missing { .. } | Error::NullElement { .. } => "Give a value.".into(),
            Error::Length { max, .. } => format!("Give 1 to {max} characters."),
            Error::ParamsTooLong { max, .. } => format!(
                "At most {max} bytes (setting errand.max_params_bytes): let params refer to the data instead of carrying it."
            ),
            Error::OutOfRange { min, max, .. } => format!("Give a number from {min} to {max}."),
            Error::IntervalOutOfRange { min, max, .. } => format!("Give an interval from {min} to {max}."),
            Error::NotFinite { .. } => "Leave it out for none.".into(),
            Error::ExpiresTooEarly { .. } => "Give a later expires_at, or leave it out.".into(),
            Error::OffsetTooDeep { max, .. } => format!(
                "At most {max}. Page deeper by cursor: errand.get_user_jobs_page costs the same at any depth."
            ),
            Error::CursorMalformed { .. } => {
                "Give the cursor of a row of the page before, or NULL for the first page.".into()
            }
            Error::NotOneOf { allowed, .. } => format!("Give one of: {}.", allowed.join(", ")),
            Error::LengthsDiffer { .. } => "Give one element of each for every job.".into(),
            Error::NotAnArray { .. } => {
                "Give an array of objects, such as [{\"job_type\": \"sync\", \"params\": {\"channel\": 1}}].".into()
            }
            Error::WrongType { expected, .. } => format!("Give {expected}."),
            Error::UnknownField { allowed } => format!("The fields are: {}.", allowed.join(", ")),
            Error::Element { source, .. } => source.hint(),
        }
    }

    /// Says which element and field of a batch the error is about.
    pub fn at(self, ordinal: usize, field: &str) -> Self {
        Error::Element { ordinal, field: cut(field), source: Box::new(self) }
    }

    #[track_caller]
    fn raise(self) -> ! {
        ErrorReport::new(self.sqlstate(), self.message(), "pg_errand")
            .set_detail(self.detail())
            .set_hint(self.hint())
            .report(PgLogLevel::ERROR);
        unreachable!("an ERROR report does not return")
    }
}

/// The value, or the error raised as PostgreSQL's.
pub trait OrRaise<T> {
    fn or_raise(self) -> T;
}

impl<T> OrRaise<T> for Result<T, Error> {
    #[track_caller]
    fn or_raise(self) -> T {
        match self {
            Ok(value) => value,
            Err(error) => error.raise(),
        }
    }
}

fn shown(value: &str) -> String {
    format!("\"{}\"", cut(value))
}

/// A caller's value, cut to a length that an error message can bear.
fn cut(value: &str) -> String {
    match value.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}
