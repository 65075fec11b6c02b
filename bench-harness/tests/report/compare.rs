//! `indexproof compare`: what counts as worse, end to end on result files.

use std::path::Path;

use assert_cmd::Command;
use indexproof::compare::{self, Change, Comparison, DEFAULT_TOLERANCE, Finding, Tier, TimeBasis};
use indexproof::report::{comparison, json};
use indexproof::result::RunResult;
use indexproof::result::evidence::Measurement;
use indexproof::verdict::Verdict;

use crate::sample_result::{hostile, sample};

fn compared(old: &RunResult, new: &RunResult) -> Comparison {
    compare::compare(old, new, DEFAULT_TOLERANCE)
}

fn all(comparison: &Comparison, change: Change) -> Vec<&Finding> {
    comparison.findings.iter().filter(|finding| finding.change == change).collect()
}

/// The sample with the corrected pickup slower by this factor, in every round.
fn slower(factor: f64) -> RunResult {
    let mut result = sample();
    let statements = &mut result.workloads[0].statements;
    let pickup = statements.iter_mut().find(|s| s.name == "pickup" && s.variant == "corrected").unwrap();
    for round in &mut pickup.latency.as_mut().unwrap().rounds {
        round.median_ms *= factor;
        round.p95_ms *= factor;
    }
    result
}

/// A run with everything that can change, changed.
fn changed() -> RunResult {
    let mut result = slower(1.5);
    result.server.version = "17.2".into();
    result.server.settings.insert("work_mem".into(), "64MB".into());
    result.server.settings.remove("random_page_cost");
    let verdict = |result: &mut RunResult, claim: &str, variant: &str, verdict, reason: &str| {
        let claim = result.claims.iter_mut().find(|it| it.id == claim).unwrap();
        let it = claim.variants.iter_mut().find(|it| it.variant == variant).unwrap();
        (it.verdict, it.reason) = (verdict, reason.into());
    };
    verdict(&mut result, "SJ-02", "corrected", Verdict::Refuted, "p95 12.4 ms (11.9–13.0) is above 10 ms");
    verdict(&mut result, "SJ-14", "as-written", Verdict::Inconclusive, "only 10 jobs were loaded");
    verdict(&mut result, "SJ-05", "as-written", Verdict::Proven, "p95 0.4 ms (0.3–0.5) is below 5 ms");
    result.claims.retain(|claim| claim.id != "SJ-12");
    let statements = &mut result.workloads[0].statements;
    let status = statements.iter_mut().find(|s| s.name == "status" && s.variant == "corrected").unwrap();
    status.plans[0].facts.buffers += 1;
    for claim in &mut result.claims {
        for part in claim.variants.iter_mut().flat_map(|variant| &mut variant.parts) {
            if let Measurement::IndexSize { bytes, .. } = &mut part.measurement {
                *bytes *= 2;
            }
        }
    }
    result
}

#[test]
fn a_result_against_itself_is_the_same_in_everything() {
    let result = sample();
    let comparison = compared(&result, &result);
    assert_eq!(comparison.basis.times, TimeBasis::AsMeasured);
    assert!(comparison.basis.exact && comparison.basis.differences.is_empty());
    for finding in &comparison.findings {
        assert!(matches!(finding.change, Change::Same | Change::Unknown), "{finding:?}");
    }
    for tier in [Tier::Verdict, Tier::Exact, Tier::Time] {
        assert!(
            comparison.findings.iter().any(|it| it.tier == tier && it.change == Change::Same),
            "{tier:?}"
        );
    }
}

#[test]
fn a_slowdown_beyond_the_noise_is_worse_in_its_variant_alone() {
    let comparison = compared(&sample(), &slower(1.5));
    let worse = all(&comparison, Change::Worse);
    assert_eq!(worse.len(), 1, "{worse:?}");
    assert_eq!((worse[0].of.as_str(), worse[0].variant.as_str()), ("SJ-02", "corrected"));
    let ratio = worse[0].ratio.as_ref().unwrap();
    assert!(ratio.interval.low < 1.5 && 1.5 < ratio.interval.high, "{ratio:?}");
    // The other way round it is a gain, and a little is neither.
    assert_eq!(all(&compared(&slower(1.5), &sample()), Change::Better).len(), 1);
    assert_eq!(all(&compared(&sample(), &slower(1.02)), Change::Worse).len(), 0);
    assert_eq!(all(&compare::compare(&sample(), &slower(1.5), 2.0), Change::Worse).len(), 0);
}

#[test]
fn a_machine_that_drifted_asks_for_more() {
    let mut later = slower(1.5);
    later.run.select_one_ms.as_mut().unwrap().median *= 1.8;
    assert_eq!(all(&compared(&sample(), &later), Change::Worse).len(), 0);
}

#[test]
fn another_machine_is_compared_against_its_own_baseline() {
    let mut faster = sample();
    faster.machine.cpu = "Other CPU".into();
    let speed_up = |result: &mut RunResult| {
        for statement in &mut result.workloads[0].statements {
            for round in statement.latency.iter_mut().flat_map(|latency| &mut latency.rounds) {
                round.median_ms /= 3.0;
                round.p95_ms /= 3.0;
            }
        }
    };
    speed_up(&mut faster);
    let comparison = compared(&sample(), &faster);
    assert_eq!(comparison.basis.times, TimeBasis::AgainstBaseline);
    assert_eq!(all(&comparison, Change::Worse).len() + all(&comparison, Change::Better).len(), 0);
    let unknown = all(&comparison, Change::Unknown);
    assert!(unknown.iter().any(|it| it.variant == "bare" && it.says.contains("nothing to be held against")));

    let mut worse = slower(1.5);
    worse.machine.cpu = "Other CPU".into();
    speed_up(&mut worse);
    assert_eq!(all(&compared(&sample(), &worse), Change::Worse).len(), 1, "faster, but not by as much");
}

#[test]
fn other_data_leave_only_verdicts_to_compare() {
    let mut other = slower(1.5);
    other.run.seed += 1;
    let comparison = compared(&sample(), &other);
    assert!(!comparison.basis.exact && comparison.findings.iter().all(|it| it.tier != Tier::Exact));
    assert_eq!(all(&comparison, Change::Worse).len(), 1, "times still compare");

    other.workloads[0].datasets[0].rows.insert("job_queue".into(), 7);
    let comparison = compared(&sample(), &other);
    assert!(comparison.findings.iter().all(|it| it.tier == Tier::Verdict));
}

#[test]
fn everything_at_once() {
    insta::assert_snapshot!("compare_table", comparison::table(&compared(&sample(), &changed()), 100, false));
    insta::assert_snapshot!("compare_markdown", comparison::markdown(&compared(&sample(), &changed())));
}

#[test]
fn hostile_text_stays_text() {
    let mut old = sample();
    old.claims.clear();
    let comparison = compared(&old, &hostile());
    let markdown = comparison::markdown(&comparison);
    assert!(!markdown.contains("<script>"), "{markdown}");
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    json::write(&sample(), &folder.join("old.json")).unwrap();
    json::write(&changed(), &folder.join("new.json")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_indexproof"));
    command.current_dir(folder).arg("compare").args(arguments);
    command
}

#[test]
fn exit_codes_are_the_documented_ones() {
    let folder = tempfile::tempdir().unwrap();
    let ends = |arguments: &[&str], code: i32| {
        command(folder.path(), arguments).assert().code(code);
    };
    ends(&["old.json", "new.json"], 0);
    ends(&["old.json", "new.json", "--fail-on", "regression"], 1);
    ends(&["old.json", "old.json", "--fail-on", "loss"], 0);
    ends(&["old.json", "missing.json"], 2);
    ends(&["old.json", "new.json", "--tolerance", "0.5"], 2);
    ends(&["old.json", "new.json", "--fail-on", "weather"], 2);
}

#[test]
fn a_loss_is_no_regression_and_has_its_own_gate() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(folder.path(), &["old.json", "lost.json", "--fail-on", "regression"]);
    let mut lost = sample();
    lost.claims.retain(|claim| claim.id != "SJ-12");
    json::write(&lost, &folder.path().join("lost.json")).unwrap();
    command.assert().code(0);
    let mut gate = Command::new(env!("CARGO_BIN_EXE_indexproof"));
    gate.current_dir(folder.path()).args(["compare", "old.json", "lost.json", "--fail-on", "loss"]);
    gate.assert().code(1);
}

#[test]
fn json_and_markdown_go_where_they_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("summary.md"), "earlier step\n").unwrap();
    let arguments = ["old.json", "new.json", "--json", "--markdown", "compared.md", "--github", "summary.md"];
    let output = command(folder.path(), &arguments).output().unwrap();
    let read: Comparison = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(read.count(Change::Worse), compared(&sample(), &changed()).count(Change::Worse));
    let text = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(text("compared.md").starts_with("# Compared\n"));
    assert!(text("summary.md").starts_with("earlier step\n# Compared\n"));
}
