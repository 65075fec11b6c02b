use std::path::{Path, PathBuf};

use indexproof::report::json::{self, ResultFileError};
use indexproof::{ablation, compare};
use serde_json::{Value, json};

use crate::sample_result::sample;

fn schema_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schema").join(name)
}

const RESULT: &str = "result.schema.json";
const COMPARISON: &str = "comparison.schema.json";
const ABLATION: &str = "ablation.schema.json";

/// `UPDATE_SCHEMA=1 cargo test -p indexproof --test report schema` writes them anew.
#[test]
fn the_published_schemas_are_those_of_the_code() {
    for (name, schema) in
        [(RESULT, json::schema()), (COMPARISON, compare::schema()), (ABLATION, ablation::schema())]
    {
        let generated = format!("{schema:#}\n");
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(schema_path(name), &generated).expect("the schema is written");
        }
        let published = std::fs::read_to_string(schema_path(name)).expect("the schema is published");
        assert!(
            published == generated,
            "schema/{name} is out of date: UPDATE_SCHEMA=1 cargo test -p indexproof --test report schema"
        );
    }
}

#[test]
fn a_comparison_meets_its_schema() {
    let compared = compare::compare(&sample(), &sample(), compare::DEFAULT_TOLERANCE);
    let value = serde_json::to_value(compared).expect("it is JSON");
    let faults: Vec<String> =
        published(COMPARISON).iter_errors(&value).map(|fault| fault.to_string()).collect();
    assert_eq!(faults, Vec::<String>::new());
}

fn published(name: &str) -> jsonschema::Validator {
    let text = std::fs::read_to_string(schema_path(name)).expect("the schema is published");
    let schema: Value = serde_json::from_str(&text).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema is a schema")
}

#[test]
fn the_sample_meets_the_published_schema_and_a_broken_one_does_not() {
    let validator = published(RESULT);
    let mut value = serde_json::to_value(sample()).expect("the sample is JSON");
    let faults: Vec<String> = validator.iter_errors(&value).map(|fault| fault.to_string()).collect();
    assert_eq!(faults, Vec::<String>::new());
    value["claims"][0]["verdict"] = json!("plausible");
    assert!(!validator.is_valid(&value));
}

/// Results that were committed as references must stay readable.
#[test]
fn reference_results_meet_the_published_schema() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/reference");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: results/reference: no reference results yet");
        return;
    };
    for path in entries.map(|entry| entry.expect("the folder can be read").path()) {
        if path.extension().is_some_and(|extension| extension == "json") {
            let is_ablation = path.to_string_lossy().ends_with(".ablation.json");
            let validator = published(if is_ablation { ABLATION } else { RESULT });
            let text = std::fs::read_to_string(&path).expect("it can be read");
            let value: Value = serde_json::from_str(&text).expect("it is JSON");
            let faults: Vec<String> = validator.iter_errors(&value).map(|fault| fault.to_string()).collect();
            assert_eq!(faults, Vec::<String>::new(), "{}", path.display());
            if !is_ablation {
                json::read(&path).unwrap_or_else(|fault| panic!("{fault}"));
            }
        }
    }
}

#[test]
fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("result.json");
    json::write(&sample(), &path).expect("it is written");
    let read = json::read(&path).expect("it is read");
    let value = |result| serde_json::to_value(result).expect("it is JSON");
    assert!(value(read) == value(sample()), "every figure is the same to the last bit");
    let entries = std::fs::read_dir(folder.path()).expect("the folder can be read").count();
    assert_eq!(entries, 1, "nothing temporary is left");
}

#[test]
fn a_figure_json_cannot_carry_leaves_the_old_file_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("result.json");
    std::fs::write(&path, "old").expect("it is written");
    let mut result = sample();
    result.run.elapsed_seconds = f64::NAN;
    let fault = json::write(&result, &path).expect_err("NaN is not JSON").to_string();
    assert!(fault.contains("run.elapsed_seconds"), "{fault}");
    assert_eq!(std::fs::read_to_string(&path).expect("it is still there"), "old");
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder can be read").count(), 1);
}

fn fault_of(text: &str) -> ResultFileError {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("result.json");
    std::fs::write(&path, text).expect("it is written");
    json::read(&path).expect_err("it is faulty")
}

#[test]
fn another_version_is_named_whatever_else_the_file_holds() {
    let fault = fault_of(r#"{"schema_version": 99, "verdicts": []}"#);
    assert!(matches!(fault, ResultFileError::UnknownVersion { found: 99, .. }), "{fault}");
    assert!(fault.to_string().contains("99") && fault.to_string().contains("reads 1"), "{fault}");
}

#[test]
fn a_malformed_file_is_named_with_place_and_key() {
    let mut value = serde_json::to_value(sample()).expect("the sample is JSON");
    value["claims"][3]["size"]["held"] = json!("many");
    let text = format!("{value:#}");
    let line = 1 + text.lines().position(|line| line.contains("\"many\"")).expect("it is in there");
    let fault = fault_of(&text).to_string();
    assert!(fault.contains(&format!("result.json:{line}:")), "{fault}");
    assert!(fault.contains("claims[3].size.held"), "{fault}");

    let cut = fault_of(&text[..text.len() / 2]);
    assert!(matches!(cut, ResultFileError::Malformed { .. }), "{cut}");
    let missing = fault_of(r#"{"schema_version": 1}"#).to_string();
    assert!(missing.contains("missing field `tool`"), "{missing}");
    let trailing = fault_of(&format!("{}\n{{}}", serde_json::to_value(sample()).expect("JSON"))).to_string();
    assert!(trailing.contains("result.json:2:1"), "{trailing}");
}

#[test]
fn a_missing_file_says_what_could_not_be_done() {
    let fault = json::read(Path::new("/nonexistent/result.json")).expect_err("it is not there").to_string();
    assert!(fault.contains("/nonexistent/result.json: cannot read"), "{fault}");
    let fault =
        json::write(&sample(), Path::new("/nonexistent/result.json")).expect_err("no folder").to_string();
    assert!(fault.contains("/nonexistent/result.json: cannot create"), "{fault}");
}
