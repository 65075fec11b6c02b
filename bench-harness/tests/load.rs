//! Loads through `indexproof run`, on a throwaway cluster: what an open and a closed loop show, at a distance too, and
//! that a targets' change changes verdicts.

#[path = "support/trial.rs"]
mod trial;

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use indexproof::result::RunResult;
use indexproof::result::evidence::Measurement;
use indexproof::result::load::LoadEvidence;
use indexproof::verdict::Verdict;
use trial::Trial;

const CLAIM: &str = r#"
[[claim]]
id = "SH-10"
title = "The shop under load"
source = "Targets"
kind = "throughput"
dataset = "orders"
size = { of = "orders", held = { ci = 5_000, small = 50_000, full = 500_000 }, count = "SELECT count(*) FROM orders" }
variants = ["as-written"]
decided_on = "as-written"
"#;

/// One at a time: a load generator that another one keeps waiting says so, and has no verdict.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    // What a failed test leaves behind is its own folder.
    ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A trial whose one claim under test has these parts: name and measure. Its statements sleep, so that the lag of a
/// debug build on a busy machine is small against what is measured.
fn under_load(parts: &[(&str, &str)]) -> Trial {
    let trial = Trial::new();
    trial.edit("queries/orders_of_customer.sql", "FROM orders WHERE", "FROM orders, pg_sleep(0.05) WHERE");
    trial.edit("queries/open_orders.sql", "FROM orders WHERE", "FROM orders, pg_sleep(0.05) WHERE");
    let parts = parts
        .iter()
        .map(|(name, measure)| format!("\n[[claim.part]]\nname = \"{name}\"\nmeasure = {{ {measure} }}\n"));
    trial.append("claims.toml", &format!("{CLAIM}{}", parts.collect::<String>()));
    trial
}

/// Measures the claim under test in these variants and decides it on the last.
fn measured_in(trial: &Trial, variants: &[&str]) {
    let decided_on = variants.last().unwrap();
    let variants = format!("variants = {variants:?}\ndecided_on = {decided_on:?}\n\n[[claim.part]]");
    let own = "variants = [\"as-written\"]\ndecided_on = \"as-written\"\n\n[[claim.part]]";
    let claims = std::fs::read_to_string(trial.file("claims.toml")).unwrap();
    // The last claim of the file is the one under test.
    let (before, after) = claims.rsplit_once(own).unwrap();
    std::fs::write(trial.file("claims.toml"), format!("{before}{variants}{after}")).unwrap();
}

fn part<'a>(
    result: &'a RunResult,
    variant: &str,
    name: &str,
) -> (Verdict, &'a str, Option<&'a LoadEvidence>) {
    let variant = result.claims[0].variants.iter().find(|found| found.variant == variant).unwrap();
    let part = variant.parts.iter().find(|found| found.name == name).unwrap();
    let evidence = match &part.measurement {
        Measurement::Load(evidence) => Some(&**evidence),
        _ => None,
    };
    (part.verdict, &part.reason, evidence)
}

fn run(trial: &Trial, code: i32) -> RunResult {
    let _alone = alone();
    trial.run(&["--claim", "SH-10", "--budget", "60s"], code)
}

const OPEN: &str = "open_loop = { mix = 'browsing', rate = 50, connections = 4, seconds = 0.3";
const CLOSED: &str = "closed_loop = { mix = 'browsing', connections = 2, seconds = 0.2";

#[test]
fn an_open_loop_is_judged_by_its_target_alone() {
    let target = |below: &str| {
        format!("{OPEN}, target = {{ latency = {{ statistic = 'median', below_ms = {below} }} }} }}")
    };
    let trial =
        under_load(&[("met", &target("2_000")), ("missed", &target("40")), ("none", &format!("{OPEN} }}"))]);
    let result = run(&trial, 0);
    let (verdict, reason, evidence) = part(&result, "as-written", "met");
    assert_eq!(verdict, Verdict::Proven, "{reason}");
    let evidence = evidence.unwrap();
    assert_eq!(evidence.load.rate, Some(50.0));
    assert_eq!(evidence.load.statements["orders_of_customer"], 9);
    assert!(evidence.rounds.len() >= 8, "{:?}", evidence.rounds);
    let sent: u64 = evidence.rounds.iter().map(|round| round.requests).sum();
    // 8 to 12 rounds of 15 arrivals each, Poisson: three standard deviations are 40.
    let expected = 15 * evidence.rounds.len() as u64;
    assert!(sent.abs_diff(expected) < 50, "{sent} of {expected}");
    assert!(evidence.rounds.iter().all(|round| round.lag_p99_ms.is_some() && round.generator_cpu_us > 0.0));
    assert!(evidence.select_one_per_second > 0.0);

    let (verdict, reason, _) = part(&result, "as-written", "missed");
    assert_eq!(verdict, Verdict::Refuted, "{reason}");
    assert_eq!(part(&result, "as-written", "none").0, Verdict::Measured);
    let schema = include_str!("../schema/result.schema.json");
    let validator = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let faults: Vec<_> = validator
        .iter_errors(&serde_json::to_value(&result).unwrap())
        .map(|fault| fault.to_string())
        .collect();
    assert_eq!(faults, Vec::<String>::new());
    // One load, three parts.
    let plans = &result.workloads[0].statements;
    assert!(
        plans.iter().any(|statement| statement.name == "orders_of_customer" && !statement.plans.is_empty())
    );
}

#[test]
fn a_closed_loop_finds_the_throughput_and_what_no_machine_reaches() {
    let target = |least: &str| format!("{CLOSED}, target = {{ throughput = {{ at_least = {least} }} }} }}");
    let trial = under_load(&[("met", &target("1")), ("infeasible", &target("1e9"))]);
    let result = run(&trial, 0);
    let (verdict, reason, evidence) = part(&result, "as-written", "met");
    assert_eq!(verdict, Verdict::Proven, "{reason}");
    assert_eq!(part(&result, "as-written", "infeasible").0, Verdict::Infeasible);
    let evidence = evidence.unwrap();
    assert!(evidence.load.rate.is_none() && evidence.per_second > 1.0);
    assert!(evidence.rounds.iter().all(|round| round.lag_p99_ms.is_none()));
}

#[test]
fn a_distant_server_costs_a_round_trip_a_request_and_no_target_below_it_is_feasible() {
    let trial = under_load(&[(
        "far",
        "open_loop = { mix = 'browsing', rate = 40, arrivals = 'constant', connections = 8, seconds = 0.2, rtt_ms = 100, \
         target = { latency = { statistic = 'median', below_ms = 99 } } }",
    )]);
    let result = run(&trial, 0);
    let (verdict, reason, evidence) = part(&result, "as-written", "far");
    assert_eq!(verdict, Verdict::Infeasible, "{reason}");
    let evidence = evidence.unwrap();
    assert!(evidence.latency.min_ms >= 150.0, "{}", evidence.latency.min_ms);
    assert!(
        evidence.rounds.iter().all(|round| round.requests == 8 && round.round_trips == Some(1.0)),
        "{evidence:?}"
    );
}

#[test]
fn a_mix_that_commits_runs_in_copies_and_puts_its_data_back() {
    let trial = under_load(&[(
        "working",
        "open_loop = { mix = 'working', rate = 30, connections = 2, seconds = 0.2, target = { ratio = { above = 0.001 } } }",
    )]);
    measured_in(&trial, &["bare", "as-written"]);
    let result = run(&trial, 0);
    let (verdict, reason, evidence) = part(&result, "as-written", "working");
    // A thousandth of the baseline's speed is reached by anything that works at all.
    assert_eq!(verdict, Verdict::Proven, "{reason}");
    assert!(evidence.unwrap().latency.noise_floor.is_some());
    // Open orders are still all there: each leg put back what it had sent.
    assert!(result.claims[0].variants.iter().all(|variant| variant.verdict != Verdict::Invalid));
}

#[test]
fn a_variant_that_answers_otherwise_is_invalid_under_load_too() {
    let trial =
        under_load(&[("open", &format!("{OPEN}, target = {{ latency = {{ below_ms = 2_000 }} }} }}"))]);
    measured_in(&trial, &["functions"]);
    trial.edit("variants/functions.sql", "'open'", "'paid'");
    let result = run(&trial, 1);
    let (verdict, reason, _) = part(&result, "functions", "open");
    assert_eq!(verdict, Verdict::Invalid, "{reason}");
    assert!(reason.contains("open_orders does not return the rows that variant `bare` returns"), "{reason}");
}

#[test]
fn ctrl_c_ends_a_load_at_once_and_keeps_what_there_is() {
    let trial = under_load(&[(
        "long",
        "open_loop = { mix = 'browsing', rate = 20, connections = 2, seconds = 300, target = { latency = { below_ms = 1_000 } } }",
    )]);
    let _alone = alone();
    let mut child = trial.spawn(&["--claim", "SH-10", "--budget", "1h"]);
    child.wait_until_told("mix browsing");
    // Past the warming, which is as closed a loop as any.
    std::thread::sleep(Duration::from_secs(1));
    let start = Instant::now();
    child.interrupt();
    assert_eq!(child.wait(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let result = trial.result();
    assert!(result.run.interrupted);
    assert_eq!(part(&result, "as-written", "long").0, Verdict::Inconclusive);
}
