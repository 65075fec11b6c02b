//! `indexproof selftest --quick` as CI runs it: what holds however slow the machine is, holds here.

use assert_cmd::Command;
use serde_json::Value;

#[test]
fn the_quick_part_holds_on_any_machine() {
    let output = Command::new(env!("CARGO_BIN_EXE_indexproof"))
        .args(["selftest", "--quick", "--json"])
        .assert()
        .get_output()
        .clone();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let failed: Vec<_> = checks.iter().filter(|check| check["ok"] != Value::Bool(true)).collect();
    assert!(failed.is_empty() && output.status.code() == Some(0), "{failed:#?}");
    for group in [
        "A/A in virtual time",
        "planted effects in virtual time",
        "latency intervals in virtual time",
        "a stall of 200 ms every 5 s",
        "the proxy",
    ] {
        assert!(checks.iter().any(|check| check["group"] == group), "nothing was asked of {group}");
    }
    for key in ["name", "asked", "seen", "allowed"] {
        assert!(checks.iter().all(|check| check[key].as_str().is_some_and(|text| !text.is_empty())), "{key}");
    }
}

#[test]
fn exit_codes_and_options_are_in_the_help() {
    let help = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_indexproof")).args(arguments).assert().code(0);
        String::from_utf8_lossy(&output.get_output().stdout).into_owned()
    };
    assert!(help(&["--help"]).contains("selftest: a check failed"));
    let own = help(&["selftest", "--help"]);
    assert!(own.contains("--quick") && own.contains("--seed") && own.contains("--json"), "{own}");
}
