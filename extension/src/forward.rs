//! How a function of the schema errand reaches the privileged one behind it.
//!
//! What errand exposes is SECURITY INVOKER, and its callers have no right on the schema errand_internal. A
//! facade in SQL does for functions that only read: the planner puts the inner function in its place. It
//! can't do that for a VOLATILE one, which would be parsed and planned at each call (a fifth of a pickup's
//! time). Those are declared as this C function: it finds the function of the same name and arguments in
//! errand_internal, checks that the caller may execute it, and calls it with the arguments it was given.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

/// Of what the caller may not execute, or what is not there.
fn refuse(name: &str, code: PgSqlErrorCode, what: &str) -> ! {
    ErrorReport::new(code, format!("{what} errand_internal.{name}"), "errand_forward")
        .report(PgLogLevel::ERROR);
    unreachable!("an error does not return")
}

#[doc(hidden)]
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_errand_forward() -> &'static pg_sys::Pg_finfo_record {
    const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &V1
}

/// Calls the function of the same name and argument types in errand_internal.
///
/// # Safety
/// To be called by PostgreSQL alone, as a function of the schema errand.
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn errand_forward(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: PostgreSQL passes a valid call; the inner function's FmgrInfo lives as long as the outer one's,
    // in the same memory context, so it is looked up once a query.
    unsafe {
        let outer = (*fcinfo).flinfo;
        if (*outer).fn_extra.is_null() {
            let inner: *mut pg_sys::FmgrInfo =
                pg_sys::MemoryContextAllocZero((*outer).fn_mcxt, size_of::<pg_sys::FmgrInfo>()).cast();
            // Looks up whether the function is SECURITY DEFINER, and then calls it as its owner.
            pg_sys::fmgr_info_cxt(inner_function((*outer).fn_oid), inner, (*outer).fn_mcxt);
            (*inner).fn_expr = (*outer).fn_expr;
            (*outer).fn_extra = inner.cast();
        }
        (*fcinfo).flinfo = (*outer).fn_extra.cast();
        // An error leaves the call behind altogether; nobody looks at flinfo then.
        let function = (*(*fcinfo).flinfo).fn_addr;
        let result = function.map(|function| pg_sys::ffi::pg_guard_ffi_boundary(|| function(fcinfo)));
        (*fcinfo).flinfo = outer;
        result.unwrap_or(pg_sys::Datum::null())
    }
}

/// The function behind this one, which the current user may execute.
unsafe fn inner_function(outer: pg_sys::Oid) -> pg_sys::Oid {
    // SAFETY: the tuple is released after its last use; PROCOID and PROCNAMEARGSNSP take these key types.
    unsafe {
        let cache = pg_sys::SysCacheIdentifier::PROCOID as i32;
        let tuple = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(outer));
        if tuple.is_null() {
            refuse("?", PgSqlErrorCode::ERRCODE_UNDEFINED_FUNCTION, "no function calls");
        }
        let form: pg_sys::Form_pg_proc = pg_sys::heap_tuple_get_struct(tuple);
        let name = pg_sys::name_data_to_str(&(*form).proname).to_owned();
        let schema = pg_sys::get_namespace_oid(c"errand_internal".as_ptr(), true);
        let inner = pg_sys::SearchSysCache3(
            pg_sys::SysCacheIdentifier::PROCNAMEARGSNSP as i32,
            pg_sys::Datum::from(std::ptr::from_ref(&(*form).proname)),
            pg_sys::Datum::from(std::ptr::from_ref(&(*form).proargtypes)),
            pg_sys::Datum::from(schema),
        );
        if inner.is_null() {
            refuse(&name, PgSqlErrorCode::ERRCODE_UNDEFINED_FUNCTION, "there is no function");
        }
        let inner_form: pg_sys::Form_pg_proc = pg_sys::heap_tuple_get_struct(inner);
        let oid = (*inner_form).oid;
        pg_sys::ReleaseSysCache(inner);
        pg_sys::ReleaseSysCache(tuple);
        if !may_execute(oid) {
            refuse(&name, PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE, "permission denied for function");
        }
        oid
    }
}

unsafe fn may_execute(function: pg_sys::Oid) -> bool {
    // SAFETY: catalogue lookups on the backend's main thread.
    unsafe {
        let user = pg_sys::GetUserId();
        let right = pg_sys::AclMode::from(pg_sys::ACL_EXECUTE);
        #[cfg(feature = "pg15")]
        let answer = pg_sys::pg_proc_aclcheck(function, user, right);
        #[cfg(not(feature = "pg15"))]
        let answer = pg_sys::object_aclcheck(pg_sys::ProcedureRelationId, function, user, right);
        answer == pg_sys::AclResult::ACLCHECK_OK
    }
}
