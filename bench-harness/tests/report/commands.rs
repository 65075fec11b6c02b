//! The library halves of `report`, `list` and `show`.

use indexproof::commands::report::{Destinations, ReportError, report};
use indexproof::commands::{list, show};
use indexproof::report::json;
use indexproof::result::RunResult;
use indexproof::workload::loaded::Workload;
use indexproof::workload::model::{Claim, Manifest};

use crate::sample_result::{hostile, sample};

/// A loaded workload with two claims, one of which the sample result knows.
fn workload() -> Workload {
    let manifest: Manifest = toml::from_str(
        r#"
        title = "Stream jobs: a job queue with logs"
        document = { id = "003", title = "Database Optimization Strategy" }
        summary = "A queue."
        tables.job_queue.id = "uuid"
        datasets.queue = { summary = "jobs", rows = { job_queue = 1000 } }
        variant = [{ name = "bare", summary = "nothing" }, { name = "as-written", summary = "the document's" }]
        "#,
    )
    .expect("the manifest is well-formed");
    let claim = |id: &str, title: &str| -> Claim {
        toml::from_str(&format!(
            r#"
            id = "{id}"
            title = "{title}"
            source = "Performance Benchmarks"
            kind = "latency"
            dataset = "queue"
            size = {{ of = "jobs", held = 1000, count = "SELECT count(*) FROM job_queue" }}
            variants = ["bare", "as-written"]
            decided_on = "as-written"
            part = [{{ name = "time", measure = {{ latency = {{ statement = "pickup", below_ms = 10.0 }} }} }}]
            "#
        ))
        .expect("the claim is well-formed")
    };
    Workload {
        claims: vec![
            claim("SJ-02", "A worker picks up the next job with 10 000 pending"),
            claim("SJ-07", "Cleaning up 100 000 completed jobs"),
        ],
        ..Workload::of_manifest("stream_jobs", manifest)
    }
}

#[test]
fn list_shows_last_verdicts_and_what_was_never_run() {
    insta::assert_snapshot!(list::render(&[workload()], Some(&sample()), 80, false));
    insta::assert_snapshot!("list_before_any_run", list::render(&[workload()], None, 80, false));
}

#[test]
fn show_of_a_claim_that_was_run() {
    let text = show::render(&[workload()], Some(&sample()), "sj-02", 100, false).expect("it is known");
    insta::assert_snapshot!(text);
}

#[test]
fn show_of_a_claim_that_fell_short() {
    let text = show::render(&[], Some(&sample()), "SJ-05", 100, false).expect("it is known");
    assert!(text.contains("fell short: refuted, expected proven"), "{text}");
    let text = show::render(&[], Some(&sample()), "SJ-34", 100, false).expect("it is known");
    assert!(text.contains("column \"tags\" does not exist (42703)"), "{text}");
    assert!(text.contains("idx_job_queue_user_active: its query uses"), "{text}");
}

#[test]
fn show_of_a_claim_that_was_not_run() {
    let text = show::render(&[workload()], Some(&sample()), "SJ-07", 80, false).expect("it is known");
    assert!(text.contains("Not run yet: `indexproof run stream_jobs --claim SJ-07`"), "{text}");
}

#[test]
fn an_unknown_claim_is_answered_with_similar_ones() {
    let fault = show::render(&[workload()], None, "SJ-2", 80, false).expect_err("there is none");
    assert_eq!(fault.to_string(), "there is no claim SJ-2");
    assert!(fault.help.contains("SJ-02"), "{}", fault.help);
    let fault = show::render(&[workload()], None, "nonsense", 80, false).expect_err("there is none");
    assert_eq!(fault.help, "`indexproof list` shows all claims");
}

#[test]
fn nothing_from_a_file_reaches_the_terminal_as_a_control_sequence() {
    let escape = |mut result: RunResult| {
        result.claims[1].title = "\u{1b}[2J".into();
        for plan in result.workloads[0].statements.iter_mut().flat_map(|statement| &mut statement.plans) {
            plan.text = "\u{1b}]0;owned\u{7}".into();
        }
        result
    };
    let result = escape(hostile());
    let mut workload = workload();
    workload.manifest.title = "\u{1b}[2J".into();
    let texts = [
        list::render(&[workload], Some(&result), 80, false),
        show::render(&[], Some(&result), "SJ-02", 80, false).expect("it is known"),
    ];
    for text in texts {
        assert!(!text.contains('\u{1b}') && !text.contains('\u{7}'), "{text}");
    }
}

#[test]
fn report_writes_every_form_asked_for_and_appends_for_github() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    json::write(&sample(), &at("result.json")).expect("it is written");
    std::fs::write(at("summary.md"), "earlier step\n").expect("it is written");
    let to = Destinations {
        html: Some(at("report.html")),
        markdown: Some(at("report.md")),
        junit: Some(at("junit.xml")),
        github: Some(at("summary.md")),
    };
    let written = report(&at("result.json"), &to).expect("all are written");
    assert_eq!(written, ["report.html", "report.md", "junit.xml", "summary.md"].map(at));
    let text = |name| std::fs::read_to_string(at(name)).expect("it is there");
    assert!(text("report.html").starts_with("<!doctype html>"));
    assert!(text("report.md").starts_with("# Verdicts"));
    assert!(text("junit.xml").contains("<testsuites"));
    assert!(text("summary.md").starts_with("earlier step\n# "));
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let result = folder.path().join("result.json");
    json::write(&sample(), &result).expect("it is written");
    let to = Destinations { html: Some(folder.path().join("none/report.html")), ..Destinations::default() };
    let fault = report(&result, &to).expect_err("there is no such folder");
    assert!(matches!(fault, ReportError::Write { .. }), "{fault}");
    assert!(fault.to_string().contains("none/report.html"), "{fault}");
}

#[test]
fn completions_are_printed_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_indexproof"));
        let output = command.args(["completions", shell]).output().expect("it runs");
        let script = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && script.contains("ablate"), "{shell}: {script}");
    }
}
