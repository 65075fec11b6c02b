//! Claims with every verdict and every kind of measurement.

use indexproof::result::evidence::{Measurement, Observation, PartResult, Rejection, UnusedIndex};
use indexproof::result::{Agreement, ClaimResult, SizeFacts, VariantVerdict};
use indexproof::stats::Interval;
use indexproof::verdict::Verdict;
use indexproof::workload::model::{ClaimKind, Statistic, TargetBy};

use super::statements;

pub fn all() -> Vec<ClaimResult> {
    use Verdict::{Infeasible, Invalid, Measured, NotRunnable, Proven, Refuted, Skipped};
    vec![
        claim("SJ-01", ClaimKind::Latency, "One page of a user's jobs with total count, 1 000 jobs a user", [
            undecided("bare", "ran out of budget after 3 rounds; the interval 3.9–6.1 ms straddles 5 ms", vec![]),
            undecided("as-written", "ran out of budget after 4 rounds; the interval 4.1–5.6 ms straddles 5 ms", vec![
                part("p95 < 5 ms", Verdict::Inconclusive, "the interval 4.1–5.6 ms straddles 5 ms", Measurement::Latency {
                    statement: "user_page".into(),
                    dataset: "queue".into(),
                    statistic: Statistic::P95,
                    below_ms: 5.0,
                    estimate_ms: Some(4.83),
                    interval_ms: Some(Interval { low: 4.1, high: 5.6 }),
                }),
            ]),
        ]),
        ClaimResult {
            note: Some("The index leads with `status` and `scheduled_for`, the query orders by **priority first**: an index in another order can't spare the sort.".into()),
            size: size("pending jobs", Some(10_000), 10_000),
            ..claim("SJ-02", ClaimKind::Latency, "A worker picks up the next job with 10 000 pending", [
                latency("bare", Refuted, "pickup", 0, 10.0),
                latency("as-written", Refuted, "pickup", 1, 10.0),
                latency("corrected", Proven, "pickup", 2, 10.0),
                skipped("extension"),
            ])
        },
        claim("SJ-03", ClaimKind::Latency, "The status of one job is read index-only", [
            with_plan(latency("bare", Proven, "status", 0, 2.0), 0),
            with_plan(latency("as-written", Proven, "status", 1, 2.0), 1),
            with_plan(latency("corrected", Proven, "status", 2, 2.0), 2),
        ]),
        ClaimResult {
            size: size("pending jobs a user", Some(100), 100),
            ..claim("SJ-05", ClaimKind::Ratio, "The duplicate check is fast with 100 pending jobs a user", [
                latency("bare", Refuted, "dedupe", 0, 5.0),
                expecting(Proven, with_ratio(latency("as-written", Refuted, "dedupe", 1, 5.0))),
                with_ratio(latency("corrected", Proven, "dedupe", 2, 5.0)),
            ])
        },
        ClaimResult {
            size: size("jobs", Some(1_000_000), 1_000_000),
            ..claim("SJ-08", ClaimKind::Latency, "Statistics over 1 000 000 jobs", [
                latency("bare", Refuted, "statistics", 0, 50.0),
                latency("as-written", Refuted, "statistics", 1, 50.0),
                latency("corrected", Refuted, "statistics", 2, 50.0),
            ])
        },
        claim("SJ-12", ClaimKind::Throughput, "Cached results are read 50 000 times a second", [
            variant("as-written", Infeasible, "SELECT 1 alone runs 31 200 times a second here: nothing can be read faster", vec![]),
        ]),
        claim("SJ-14", ClaimKind::Size, "The partial pickup index is at least 80 % smaller than a full one", [
            variant("as-written", Proven, "98.4 % smaller, at least 80 % claimed", vec![part(
                "≥ 80 % smaller", Proven, "98.4 % smaller", Measurement::IndexSize {
                    index: "idx_job_queue_pending_pickup".into(),
                    bytes: 688_128,
                    full_bytes: 43_008_000,
                    smaller_by_percent: 98.4,
                },
            )]),
        ]),
        claim("SJ-25", ClaimKind::Semantics, "64 identical requests at once create one job", [
            expecting(Refuted, variant("as-written", Refuted, "3 jobs were created by one volley of 64 calls", vec![storm("3", false)])),
            expecting(Proven, variant("corrected", Proven, "one job each time over 200 volleys", vec![storm("1", true)])),
        ]),
        claim("SJ-34", ClaimKind::Runs, "11 + 4 indexes are accepted, and each is used by its stated query", [
            variant("as-written", Refuted, "14 of 15 accepted; 12 of 14 used", vec![
                part("15 of 15 accepted", Refuted, "one was rejected", Measurement::Accepted {
                    accepted: 14,
                    of: 15,
                    rejected: statements::indexes().into_iter().filter_map(|index| index.rejection).collect(),
                }),
                part("15 of 15 used", Refuted, "two are not used", Measurement::Used {
                    used: vec!["idx_job_queue_pending_pickup".into(), "idx_job_log_job_time".into()],
                    unused: vec![
                        UnusedIndex { index: "idx_job_queue_user_active".into(), why: "its query uses idx_job_queue_user_status_created instead".into() },
                        UnusedIndex { index: "idx_job_queue_tags".into(), why: "it was not created".into() },
                    ],
                }),
            ]),
        ]),
        ClaimResult {
            target_by: TargetBy::Us,
            ..claim("SJ-40", ClaimKind::Ratio, "What the full index set costs writers", [
                variant("as-written", Measured, "inserts take 3.1 times as long with 11 indexes", vec![]),
            ])
        },
        claim("SJ-43", ClaimKind::Runs, "updated_at is kept by an AFTER trigger", [
            variant("as-written", NotRunnable, "PostgreSQL rejects the statement: column \"tags\" does not exist", vec![part(
                "is accepted", NotRunnable, "column \"tags\" does not exist (42703)", Measurement::Accepted {
                    accepted: 0,
                    of: 1,
                    rejected: vec![Rejection {
                        sql: "SELECT id FROM job_queue WHERE tags && $1".into(),
                        sqlstate: "42703".into(),
                        message: "column \"tags\" does not exist".into(),
                    }],
                },
            )]),
        ]),
        crm(claim("HC-11", ClaimKind::Ratio, "The newest 50 leads of a status, before and after the index", [
            variant("bare", Invalid, "the variants returned different rows: 9f2c… and 41aa…", vec![]),
            expecting(Proven, variant("as-written", Invalid, "the variants returned different rows: 9f2c… and 41aa…", vec![])),
        ])),
        crm(claim("HC-17", ClaimKind::Ratio, "Leads within 10 miles through GiST", [
            variant("as-written", Skipped, "PostGIS is not installed on this server", vec![]),
        ])),
    ]
}

fn size(of: &str, claimed: Option<u64>, held: u64) -> SizeFacts {
    SizeFacts { of: of.into(), claimed, held, counted: Some(held) }
}

fn claim<const N: usize>(
    id: &str,
    kind: ClaimKind,
    title: &str,
    variants: [VariantVerdict; N],
) -> ClaimResult {
    let deciding = variants.iter().find(|variant| variant.variant == "as-written").expect("all have it");
    ClaimResult {
        id: id.into(),
        workload: "stream_jobs".into(),
        document: "003".into(),
        title: title.into(),
        source: "Performance Benchmarks, expected query performance".into(),
        kind,
        target_by: TargetBy::Document,
        note: None,
        size: size("jobs", None, 1_000_000),
        decided_on: "as-written".into(),
        verdict: deciding.verdict,
        reason: deciding.reason.clone(),
        variants: variants.to_vec(),
    }
}

fn crm(claim: ClaimResult) -> ClaimResult {
    ClaimResult {
        workload: "home_crm".into(),
        document: "002".into(),
        source: "Index examples".into(),
        ..claim
    }
}

fn variant(name: &str, verdict: Verdict, reason: &str, parts: Vec<PartResult>) -> VariantVerdict {
    VariantVerdict {
        variant: name.into(),
        verdict,
        reason: reason.into(),
        expected: None,
        agreement: Agreement::NoExpectation,
        parts,
    }
}

fn undecided(name: &str, reason: &str, parts: Vec<PartResult>) -> VariantVerdict {
    VariantVerdict {
        expected: Some(Verdict::Proven),
        agreement: Agreement::Undecided,
        ..variant(name, Verdict::Inconclusive, reason, parts)
    }
}

fn skipped(name: &str) -> VariantVerdict {
    VariantVerdict {
        expected: Some(Verdict::Proven),
        agreement: Agreement::Undecided,
        ..variant(name, Verdict::Skipped, "extension pg_errand is not installed on this server", vec![])
    }
}

fn expecting(expected: Verdict, mut variant: VariantVerdict) -> VariantVerdict {
    variant.expected = Some(expected);
    variant.agreement =
        if variant.verdict == expected { Agreement::AsExpected } else { Agreement::FellShort };
    variant
}

fn part(target: &str, verdict: Verdict, reason: &str, measurement: Measurement) -> PartResult {
    PartResult { name: target.into(), target: target.into(), verdict, reason: reason.into(), measurement }
}

/// A p95 target on a statement of the sample; `at` counts the variants bare, as-written, corrected.
fn latency(name: &str, verdict: Verdict, statement: &str, at: usize, below_ms: f64) -> VariantVerdict {
    let rows = statements::all();
    let evidence = rows.iter().filter(|row| row.name == statement).nth(at).expect("three variants each");
    let p95 = evidence.latency.as_ref().and_then(|latency| latency.p95_ms).expect("measured");
    let verb = if verdict == Verdict::Proven { "meets" } else { "misses" };
    let reason =
        format!("p95 {:.3} ms ({:.3}–{:.3}) {verb} < {below_ms} ms", p95.estimate, p95.low, p95.high);
    let measurement = Measurement::Latency {
        statement: statement.into(),
        dataset: "queue".into(),
        statistic: Statistic::P95,
        below_ms,
        estimate_ms: Some(p95.estimate),
        interval_ms: Some(Interval { low: p95.low, high: p95.high }),
    };
    let part = PartResult {
        name: "latency".into(),
        ..part(&format!("p95 < {below_ms} ms"), verdict, &reason, measurement)
    };
    expecting(verdict, variant(name, verdict, &reason, vec![part]))
}

fn with_plan(mut variant: VariantVerdict, at: usize) -> VariantVerdict {
    let rows = statements::all();
    let evidence = rows.iter().filter(|row| row.name == "status").nth(at).expect("three variants each");
    let facts = evidence.plans[0].facts.clone();
    let (verdict, reason) = match facts.index_only {
        true => (Verdict::Proven, "every scan is an Index Only Scan"),
        false => (Verdict::Refuted, "the plan reads the heap: Index Scan using job_queue_pkey"),
    };
    variant.parts.push(part(
        "index-only",
        verdict,
        reason,
        Measurement::Plan { statement: "status".into(), dataset: "queue".into(), facts },
    ));
    variant.verdict = verdict;
    variant.reason = reason.into();
    expecting(verdict, variant)
}

fn with_ratio(mut variant: VariantVerdict) -> VariantVerdict {
    let rows = statements::all();
    let evidence =
        rows.iter().find(|row| row.name == "dedupe" && row.variant == variant.variant).expect("measured");
    variant.parts.push(part(
        "faster than bare",
        Verdict::Proven,
        "the whole interval is above 1.05",
        Measurement::Ratio {
            statement: "dedupe".into(),
            dataset: "queue".into(),
            baseline: "bare".into(),
            above: 1.0,
            estimate: evidence.ratio_to_baseline.clone().expect("not the baseline"),
            noise_floor: Some(1.04),
        },
    ));
    variant
}

fn storm(jobs: &str, holds: bool) -> PartResult {
    let observations = vec![
        Observation { name: "volleys".into(), value: "200 of 64 calls".into(), holds: None },
        Observation {
            name: "most jobs created by one volley".into(),
            value: jobs.into(),
            holds: Some(holds),
        },
        Observation { name: "errors".into(), value: "0".into(), holds: Some(true) },
    ];
    let verdict = if holds { Verdict::Proven } else { Verdict::Refuted };
    let reason = if holds { "exactly one job each time" } else { "more than one job" };
    part("exactly 1 job", verdict, reason, Measurement::Scenario { scenario: "storm".into(), observations })
}
