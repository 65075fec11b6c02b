//! SQL behaviour, one module a topic. Each test runs in a transaction that is rolled back.
//! What needs several sessions is in `extension/tests-sessions`.

mod attempts;
mod batch;
mod caller;
mod catalogue;
mod figures;
mod identity;
mod import;
mod read;
mod submit;
mod work;

use pgrx::prelude::*;

/// Two users of the tests.
pub const ALICE: &str = "00000000-0000-4000-8000-00000000000a";
pub const BOB: &str = "00000000-0000-4000-8000-00000000000b";

/// What a statement that must fail said.
#[derive(Debug)]
pub struct Failure {
    pub sqlstate: String,
    pub message: String,
    pub detail: String,
    pub hint: String,
}

/// Makes the roles of a Supabase-style database, after the extension as it happens there.
pub fn api_roles() {
    run("DO $do$ BEGIN
             CREATE ROLE anon; CREATE ROLE authenticated NOINHERIT; CREATE ROLE service_role NOINHERIT;
         EXCEPTION WHEN duplicate_object THEN NULL; END $do$");
    run("SELECT * FROM errand.grant_api_roles()");
}

/// Acts as a role, with the claims of a token or without any.
pub fn act_as(role: &str, claims: &str) {
    run("RESET ROLE");
    run(&format!("SELECT set_config('request.jwt.claims', $claims${claims}$claims$, true)"));
    run(&format!("SET LOCAL ROLE {role}"));
}

/// A signed-in user, as PostgREST presents one.
pub fn sign_in(user: &str) {
    act_as("authenticated", &format!(r#"{{"role":"authenticated","sub":"{user}"}}"#));
}

pub fn superuser() {
    act_as("none", "");
}

pub fn run(sql: &str) {
    Spi::run(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
}

/// The only value of a query's only row, as text; None for NULL or no row.
pub fn text(sql: &str) -> Option<String> {
    Spi::connect_mut(|client| {
        let rows = client
            .update(&format!("SELECT q::text FROM ({sql}) AS t (q)"), None, &[])
            .unwrap_or_else(|e| panic!("{sql}: {e}"));
        assert!(rows.len() <= 1, "{sql}: {} rows", rows.len());
        if rows.is_empty() { None } else { rows.first().get_one().unwrap() }
    })
}

/// As `text`, of a row that must be there.
pub fn value(sql: &str) -> String {
    text(sql).unwrap_or_else(|| panic!("{sql}: nothing"))
}

/// Runs a statement that must fail, in a subtransaction.
pub fn failure(sql: &str) -> Failure {
    run(&format!(
        "DO $do$ DECLARE v_state text; v_message text; v_detail text; v_hint text; BEGIN
             EXECUTE $sql${sql}$sql$;
             PERFORM set_config('test.failure', '', true);
         EXCEPTION WHEN OTHERS THEN
             GET STACKED DIAGNOSTICS v_state = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT,
                 v_detail = PG_EXCEPTION_DETAIL, v_hint = PG_EXCEPTION_HINT;
             PERFORM set_config('test.failure', concat_ws(chr(1), v_state, v_message, v_detail, v_hint), true);
         END $do$"
    ));
    let said = value("SELECT current_setting('test.failure')");
    let mut parts = said.split('\u{1}').map(str::to_owned);
    let mut next = || parts.next().unwrap_or_default();
    let failure = Failure { sqlstate: next(), message: next(), detail: next(), hint: next() };
    assert!(!failure.sqlstate.is_empty(), "{sql}: did not fail");
    failure
}

/// As `failure`, of an argument that is refused: the error must say what was wrong and what to do.
pub fn refused(sql: &str) -> Failure {
    let failure = failure(sql);
    assert_eq!(failure.sqlstate, "22023", "{sql}: {failure:?}");
    assert!(!failure.detail.is_empty() && !failure.hint.is_empty(), "{sql}: {failure:?}");
    failure
}

pub fn forbidden(sql: &str) -> Failure {
    let failure = failure(sql);
    assert_eq!(failure.sqlstate, "42501", "{sql}: {failure:?}");
    failure
}
