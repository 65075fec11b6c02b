//! `doctor` on machines with and without a server.

use super::*;
use indexproof::commands::doctor::doctor;

fn run(options: &StartOptions, json: bool) -> (u8, String) {
    let mut out = Vec::new();
    let code = doctor(&[], &ServerChoice::Local, options, json, &mut out).expect("a Vec takes everything");
    (code, String::from_utf8(out).expect("text"))
}

#[test]
fn where_a_server_starts_it_says_which_and_ends_with_0() {
    let (code, text) = run(&options(), true);
    assert_eq!(code, 0, "{text}");
    let json: serde_json::Value = serde_json::from_str(&text).expect("one JSON document");
    assert_eq!(json["server"]["kind"], "local");
    assert_eq!(json["postgresql"][0]["used"], true);
    assert_eq!(json["postgresql"][0]["bin"], json["server"]["origin"]);
    assert!(json["noise"]["clock_read_ns"].as_u64().is_some_and(|ns| ns > 0), "{text}");
    let extensions = json["extensions"].as_array().expect("list");
    assert!(extensions.iter().any(|extension| extension["name"] == "pg_errand"), "{text}");
}

#[test]
fn where_none_can_be_had_it_says_what_to_install_and_ends_with_3() {
    let empty = tempfile::tempdir().expect("tempdir");
    let options = StartOptions { pg_bin: Some(empty.path().to_owned()), ..options() };
    let (code, text) = run(&options, false);
    assert_eq!(code, 3);
    assert!(text.contains("Nothing can run here") && text.contains("ci/setup"), "{text}");
}
