//! A realistic result to draw reports from: two documents, every verdict, every kind of measurement.
//! Figures are made up but consistent: rounds, histogram, intervals and ratios come from one set of samples.

mod claims;
mod samples;
mod statements;

use std::collections::BTreeMap;

use indexproof::result::{
    DatasetFacts, LatencyPair, Machine, RunFacts, RunResult, SCHEMA_VERSION, ServerFacts, Tool, VariantFacts,
    WorkloadResult,
};
use indexproof::workload::model::{Document, Scale};

/// The run all snapshot tests draw.
pub fn sample() -> RunResult {
    RunResult {
        schema_version: SCHEMA_VERSION,
        tool: Tool { version: "0.1.0".into(), git_revision: Some("c54426c-dirty".into()) },
        run: RunFacts {
            epoch: "2025-11-21T01:45:07.123456Z".into(),
            finished_at: "2025-11-21T01:57:41Z".into(),
            seed: 42,
            scale: Scale::Small,
            budget_seconds: 900,
            measuring_seconds: Some(612.8),
            elapsed_seconds: 754.2,
            interrupted: false,
            confidence: 0.95,
            select_one_ms: Some(LatencyPair { median: 0.0312, p95: 0.0449 }),
            warnings: vec![
                "The machine's load was 1.9 on 2 cores when the run began; noise floors are wider for it."
                    .into(),
            ],
        },
        machine: Machine {
            cpu: "Example CPU @ 2.40GHz".into(),
            cores: 2,
            memory_bytes: 24 << 30,
            os: "Debian GNU/Linux 12 (bookworm), Linux 6.1".into(),
            filesystem: Some("ext4".into()),
        },
        server: ServerFacts {
            kind: "local".into(),
            origin: "/usr/lib/postgresql/15/bin".into(),
            version: "15.14 (Debian 15.14-0+deb12u1)".into(),
            version_num: 150_014,
            settings: map([
                ("shared_buffers", "1GB"),
                ("fsync", "on"),
                ("max_parallel_workers_per_gather", "0"),
                ("random_page_cost", "1.1"),
                ("unix_socket_directories", "(the run's folder)"),
            ]),
            extensions: map([("pg_errand", "0.1.0")]),
            guards_lost: vec![
                "pg_stat_statements: not in shared_preload_libraries, so calls can't be recounted".into(),
            ],
        },
        workloads: vec![stream_jobs(), home_crm()],
        claims: claims::all(),
    }
}

fn map<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn stream_jobs() -> WorkloadResult {
    let variant = |name: &str, summary: &str| VariantFacts {
        name: name.into(),
        summary: summary.into(),
        skipped: None,
    };
    WorkloadResult {
        name: "stream_jobs".into(),
        title: "Stream jobs: a job queue with logs".into(),
        summary: "A queue of background jobs per user and their log lines, skewed as real ones are.".into(),
        document: Document { id: "003".into(), title: "Database Optimization Strategy".into() },
        variants: vec![
            variant("bare", "primary keys only"),
            variant("as-written", "the document's fifteen indexes, letter for letter in effect"),
            variant("corrected", "the same set mended, each change with its reason"),
            VariantFacts {
                name: "extension".into(),
                summary: "the functions of pg_errand".into(),
                skipped: Some("extension pg_errand is not installed on this server".into()),
            },
        ],
        datasets: vec![
            DatasetFacts {
                name: "queue".into(),
                summary: "1 000 000 jobs, 10 000 of them pending".into(),
                rows: BTreeMap::from([
                    ("job_queue".to_owned(), 1_000_000),
                    ("job_log".to_owned(), 2_500_000),
                ]),
                load_seconds: 41.7,
            },
            DatasetFacts {
                name: "cleanup".into(),
                summary: "100 000 completed jobs past their age".into(),
                rows: BTreeMap::from([("job_queue".to_owned(), 400_000)]),
                load_seconds: 12.4,
            },
        ],
        indexes: statements::indexes(),
        statements: statements::all().to_vec(),
    }
}

fn home_crm() -> WorkloadResult {
    WorkloadResult {
        name: "home_crm".into(),
        title: "Home-improvement CRM".into(),
        summary: "Clients, leads, invoices and payments.".into(),
        document: Document { id: "002".into(), title: "Database Performance Guide".into() },
        variants: ["bare", "as-written"]
            .map(|name| VariantFacts { name: name.into(), summary: String::new(), skipped: None })
            .to_vec(),
        datasets: vec![],
        indexes: vec![],
        statements: vec![],
    }
}

/// The same run with text in every free field that would do harm if a report let it through.
#[allow(dead_code, reason = "not every test binary that includes this module tests escaping")]
pub fn hostile() -> RunResult {
    const ATTACK: &str =
        "</script><script>window.pwned=1</script><img src=x onerror=window.pwned=1>\"' onclick='x|`";
    let mut result = sample();
    result.tool.git_revision = Some(ATTACK.into());
    result.run.warnings = vec![ATTACK.into()];
    result.machine.cpu = ATTACK.into();
    result.server.origin = ATTACK.into();
    result.server.guards_lost = vec![ATTACK.into()];
    result.server.settings.insert(ATTACK.into(), ATTACK.into());
    for workload in &mut result.workloads {
        workload.title = ATTACK.into();
        workload.summary = ATTACK.into();
        workload.document.title = ATTACK.into();
        for index in &mut workload.indexes {
            index.sql = ATTACK.into();
            index.comment = Some(ATTACK.into());
            index.used_by.push(ATTACK.into());
        }
        for statement in &mut workload.statements {
            statement.sql = ATTACK.into();
            statement.summary = ATTACK.into();
            for plan in &mut statement.plans {
                plan.text = ATTACK.into();
            }
            if let Some(rejection) = &mut statement.rejection {
                rejection.message = ATTACK.into();
            }
        }
    }
    for claim in &mut result.claims {
        claim.title = ATTACK.into();
        claim.source = ATTACK.into();
        claim.reason = ATTACK.into();
        claim.note =
            Some(format!("{ATTACK} [link](javascript:alert(1)) ![image](//evil.example/x.png) <b>raw</b>"));
        for variant in &mut claim.variants {
            variant.reason = ATTACK.into();
            for part in &mut variant.parts {
                part.name = ATTACK.into();
                part.target = ATTACK.into();
                part.reason = ATTACK.into();
            }
        }
    }
    result
}
