//! How fast rows are generated: a load of a million rows must be bounded by the server, not by the harness.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use indexproof::generate::DatasetPlan;
use indexproof::workload::Workload;
use indexproof::workload::model::Scale;
use jiff::Timestamp;

const ROWS: u64 = 10_000;

/// Fifteen columns of the kinds that a job queue has.
const MANIFEST: &str = r#"
title = "bench"
summary = "a job queue"
document = { id = "000", title = "bench" }

[tables.job]
id = "uuid"
user_id = { entity = { name = "user", pick = { zipf = { count = 10_000, exponent = 1.1 } } } }
job_type = { weighted = [{ weight = 5, value = "sync" }, { weight = 2, value = "report" }, { weight = 1, value = "export" }] }
status = { quota = { values = [{ value = "pending", rows = 500 }, { value = "processing", rows = 50 }], rest = { weighted = [{ weight = 19, value = "completed" }, { weight = 1, value = "failed" }] } } }
priority = { integer = { min = 0, max = 10 } }
created_at = { timestamp = { from = "-30d", to = "0s", skew = 1.5 } }
scheduled_for = { after = { column = "created_at", min = "0s", max = "1m" } }
started_at = { case = { column = "status", when = { pending = "null" }, otherwise = { after = { column = "scheduled_for", min = "1s", max = "5m", skew = 2.0 } } } }
completed_at = { case = { column = "status", when = { completed = { after = { column = "started_at", min = "100ms", max = "2m", skew = 3.0 } } }, otherwise = "null" } }
worker_id = { template = { text = ["worker-{n}"], with = { n = { integer = { min = 1, max = 32 } } } } }
params = { json = { template = { account = "$account", full = false, depth = "$depth" }, with = { account = "uuid", depth = { integer = { min = 1, max = 9 } } } } }
result = { nullable = { probability = 0.3, of = { json = { template = { videos = "$videos" }, with = { videos = { integer = { min = 0, max = 500 } } } } } } }
retry_count = { zipf = { count = 4, exponent = 2.0 } }
last_error = { case = { column = "status", when = { failed = { words = { min = 4, max = 12 } } }, otherwise = "null" } }
parent_id = { nullable = { probability = 0.9, of = { reference = { table = "job", column = "id" } } } }

[datasets.queue]
summary = "bench"
rows.job = 10_000

[[variant]]
name = "bare"
summary = "bench"
"#;

fn plan() -> DatasetPlan {
    let manifest = toml::from_str(MANIFEST).expect("the manifest above is valid");
    let workload = Workload::of_manifest("bench", manifest);
    DatasetPlan::compile(&workload, "queue", Scale::Ci, 1, Timestamp::UNIX_EPOCH)
        .expect("its data set compiles")
}

fn copy(criterion: &mut Criterion) {
    let plan = plan();
    let mut out = Vec::new();
    let mut group = criterion.benchmark_group("generate");
    group.throughput(Throughput::Elements(ROWS));
    group.bench_function("job rows, 15 columns", |bencher| {
        bencher.iter(|| {
            out.clear();
            plan.write_copy("job", 0..ROWS, &mut out).expect("a vector takes all bytes");
            black_box(out.len())
        });
    });
    group.finish();
}

criterion_group!(benches, copy);
criterion_main!(benches);
