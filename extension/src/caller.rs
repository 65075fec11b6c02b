//! Who is calling: the role that the session acts as, and the user its token names.
//!
//! The role is the *outer* user, that is SESSION AUTHORIZATION or SET ROLE. `current_user` would be wrong:
//! inside a privileged function it is that function's owner, so a check of it trusts everybody.
//! The user is `request.jwt.claims ->> 'sub'`, which PostgREST sets from the verified token. The legacy
//! setting `request.jwt.claim.sub` is ignored: nothing clears it, so a client could plant it.

use std::ffi::CStr;

use pgrx::datum::Uuid;
use pgrx::prelude::*;

use crate::error::{Error, OrRaise};

/// Roles that act for any user, besides the database owner.
const TRUSTED_ROLES: [&CStr; 3] = [c"errand_worker", c"errand_admin", c"service_role"];

/// The user of the caller's token.
/// NULL without a token or without a sub; 22023 when the claims are not JSON or the sub is not a UUID.
#[pg_extern(schema = "errand_internal", stable, parallel_restricted, requires = ["schemas"])]
pub fn caller_user_id() -> Option<Uuid> {
    subject().or_raise()
}

/// The role the session acts as.
#[pg_extern(schema = "errand_internal", stable, parallel_restricted, requires = ["schemas"])]
pub fn caller_role() -> pg_sys::Oid {
    // SAFETY: reads a variable of this backend.
    unsafe { pg_sys::GetOuterUserId() }
}

/// The user a call is for: what the caller asked, if it may.
#[pg_extern(schema = "errand_internal", stable, parallel_restricted, requires = ["schemas"])]
pub fn resolve_user(p_user_id: Option<Uuid>) -> Uuid {
    resolve(p_user_id).or_raise()
}

/// `Some(own)` for an untrusted caller, who acts for itself only; `None` for a trusted one.
pub fn bound_to() -> Result<Option<Uuid>, Error> {
    if is_trusted() {
        return Ok(None);
    }
    subject()?.map(Some).ok_or(Error::NotSignedIn)
}

/// Checks the user asked for against the one the caller is bound to; neither is an answer left open.
pub fn permit(bound: Option<Uuid>, asked: Option<Uuid>) -> Result<Option<Uuid>, Error> {
    match (bound, asked) {
        (Some(own), Some(asked)) if asked != own => {
            Err(Error::OtherUser { asked: asked.to_string(), own: own.to_string() })
        }
        (Some(own), _) => Ok(Some(own)),
        (None, asked) => Ok(asked),
    }
}

fn resolve(asked: Option<Uuid>) -> Result<Uuid, Error> {
    permit(bound_to()?, asked)?.ok_or(Error::UserMissing { argument: "p_user_id" })
}

pub fn is_trusted() -> bool {
    // SAFETY: plain catalogue lookups on the backend's main thread; get_role_oid(…, true) answers
    // InvalidOid for a role that does not exist.
    unsafe {
        let caller = pg_sys::GetOuterUserId();
        // pg_database_owner has one implicit member, the owner of this database.
        pg_sys::has_privs_of_role(caller, pg_sys::Oid::from(pg_sys::ROLE_PG_DATABASE_OWNER))
            || TRUSTED_ROLES.iter().any(|name| {
                let role = pg_sys::get_role_oid(name.as_ptr(), true);
                role != pg_sys::InvalidOid && pg_sys::has_privs_of_role(caller, role)
            })
    }
}

fn subject() -> Result<Option<Uuid>, Error> {
    // SAFETY: missing_ok, so a setting nobody made is a null pointer; the string belongs to PostgreSQL and
    // is only read here, before anything could change the setting.
    let claims = unsafe {
        let value = pg_sys::GetConfigOption(c"request.jwt.claims".as_ptr(), true, false);
        if value.is_null() {
            return Ok(None);
        }
        CStr::from_ptr(value)
    };
    let claims = claims.to_str().map_err(|e| Error::ClaimsMalformed { reason: e.to_string() })?;
    parse_subject(claims)?.map(|bytes| Ok(Uuid::from_bytes(bytes))).transpose()
}

/// The sub of a token's payload, as the bytes of a UUID.
fn parse_subject(claims: &str) -> Result<Option<[u8; 16]>, Error> {
    // PostgREST leaves the setting empty for a request without a token, and so does RESET.
    if claims.is_empty() {
        return Ok(None);
    }
    let payload: serde_json::Map<String, serde_json::Value> = serde_json::from_str(claims)
        .map_err(|e| Error::ClaimsMalformed { reason: format!("The reader says: {e}.") })?;
    match payload.get("sub") {
        None | Some(serde_json::Value::Null) => Ok(None),
        Some(serde_json::Value::String(text)) => match crate::jobs::uuid_text::parse(text) {
            Some(bytes) => Ok(Some(bytes)),
            None => Err(Error::SubjectNotUuid { subject: text.clone() }),
        },
        Some(other) => Err(Error::SubjectNotUuid { subject: other.to_string() }),
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn no_claims_and_no_sub_mean_no_user() {
        for claims in ["", "{}", r#"{"role":"anon"}"#, r#"{"sub":null}"#] {
            assert_eq!(parse_subject(claims), Ok(None), "{claims}");
        }
    }

    #[test]
    fn a_sub_is_read_as_a_uuid() {
        let claims = r#"{"role":"authenticated","sub":"00000000-0000-0000-0000-0000000000ff"}"#;
        assert_eq!(parse_subject(claims).unwrap().unwrap()[15], 0xff);
    }

    #[test]
    fn claims_that_are_no_object_are_refused() {
        for claims in ["{", "[]", "null", "\"sub\"", "sub=1"] {
            assert!(matches!(parse_subject(claims), Err(Error::ClaimsMalformed { .. })), "{claims}");
        }
    }

    #[test]
    fn a_sub_that_is_no_uuid_is_refused() {
        for claims in [r#"{"sub":""}"#, r#"{"sub":"alice"}"#, r#"{"sub":1}"#, r#"{"sub":["a"]}"#] {
            assert!(matches!(parse_subject(claims), Err(Error::SubjectNotUuid { .. })), "{claims}");
        }
    }
}
