//! The page as a whole: header, overview, groups of claims, indexes, environment, glossary.

use serde::Serialize;

use super::claim::{self, ClaimView, Shown};
use super::{Anchors, HtmlError};
use crate::report::outline::{self, Group};
use crate::report::words::{self, VerdictWords};
use crate::result::evidence::{IndexAudit, Rejection};
use crate::result::{RunResult, WorkloadResult};
use crate::verdict::Verdict;

#[derive(Serialize)]
pub(super) struct Page {
    title: String,
    summary: String,
    interrupted: bool,
    facts: Vec<Fact>,
    counts: Vec<Count>,
    total: usize,
    shortfalls: Vec<ShortfallView>,
    groups: Vec<GroupView>,
    environment: Environment,
    glossary: [VerdictWords; 8],
}

#[derive(Serialize)]
struct Fact {
    name: String,
    value: String,
}

#[derive(Serialize)]
struct Count {
    verdict: VerdictWords,
    count: usize,
}

#[derive(Serialize)]
struct ShortfallView {
    anchor: String,
    id: String,
    variant: String,
    contrast: String,
    reason: String,
    next_step: String,
}

#[derive(Serialize)]
struct GroupView {
    name: String,
    heading: String,
    title: String,
    summary: String,
    counts: Vec<Count>,
    variants: Vec<String>,
    claims: Vec<ClaimView>,
    indexes: Vec<IndexView>,
    variant_facts: Vec<Fact>,
    datasets: Vec<DatasetView>,
}

#[derive(Serialize)]
struct DatasetView {
    name: String,
    summary: String,
    rows: Vec<Fact>,
    load: String,
}

/// A statement of an index file and what became of it.
#[derive(Serialize)]
pub(super) struct IndexView {
    variant: String,
    dataset: String,
    name: String,
    sql: String,
    comment: Option<String>,
    created: bool,
    rejection: Option<Rejection>,
    size: Option<String>,
    build: Option<String>,
    used_by: Vec<String>,
    redundant_with: Vec<String>,
}

#[derive(Serialize)]
struct Environment {
    machine: Vec<Fact>,
    server: Vec<Fact>,
    run: Vec<Fact>,
    settings: Vec<Fact>,
    extensions: Vec<Fact>,
    warnings: Vec<String>,
    guards_lost: Vec<String>,
}

pub(super) fn page(result: &RunResult) -> Result<Page, HtmlError> {
    let (mut anchors, mut shown) = (Anchors::default(), Shown::new());
    // Fragments that the page itself uses.
    for own in ["overview", "claims", "indexes", "environment", "glossary", "short", "top", "main"] {
        anchors.claim(own);
    }
    let mut groups = Vec::new();
    let mut places: Vec<(&str, String)> = Vec::new();
    for group in outline::groups(result) {
        let view = group_view(&group, &mut anchors, &mut shown)?;
        places.extend(
            group
                .claims
                .iter()
                .zip(&view.claims)
                .map(|(claim, view)| (claim.id.as_str(), view.anchor.clone())),
        );
        groups.push(view);
    }
    let shortfalls = outline::shortfalls(result)
        .into_iter()
        .map(|shortfall| ShortfallView {
            anchor: places
                .iter()
                .find(|(id, _)| *id == shortfall.claim.id)
                .map(|(_, anchor)| anchor.clone())
                .unwrap_or_default(),
            id: shortfall.claim.id.clone(),
            variant: shortfall.variant.variant.clone(),
            contrast: shortfall.contrast(),
            reason: shortfall.variant.reason.clone(),
            next_step: shortfall.next_step,
        })
        .collect();
    let names: Vec<&str> = result.workloads.iter().map(|workload| workload.name.as_str()).collect();
    Ok(Page {
        title: if names.is_empty() { "no workload".to_owned() } else { names.join(", ") },
        summary: outline::summary(result),
        interrupted: result.run.interrupted,
        facts: header_facts(result),
        counts: counts(outline::counts(&result.claims)),
        total: result.claims.len(),
        shortfalls,
        groups,
        environment: environment(result),
        glossary: Verdict::ALL.map(words::verdict),
    })
}

fn counts(counts: Vec<(crate::verdict::Verdict, usize)>) -> Vec<Count> {
    counts.into_iter().map(|(verdict, count)| Count { verdict: words::verdict(verdict), count }).collect()
}

fn fact(name: &str, value: impl Into<String>) -> Fact {
    Fact { name: name.to_owned(), value: value.into() }
}

fn facts<'a>(pairs: impl IntoIterator<Item = (&'a String, &'a String)>) -> Vec<Fact> {
    pairs.into_iter().map(|(name, value)| fact(name, value)).collect()
}

fn header_facts(result: &RunResult) -> Vec<Fact> {
    let run = &result.run;
    vec![
        fact("PostgreSQL", format!("{} ({})", result.server.version, result.server.kind)),
        fact("scale", words::scale(run.scale)),
        fact("seed", run.seed.to_string()),
        fact("workloads at", result.tool.git_revision.as_deref().unwrap_or("no revision")),
        fact("begun", words::instant(&run.epoch)),
        fact("took", words::seconds(run.elapsed_seconds)),
        fact("of which rounds", measuring(result)),
        fact("indexproof", &result.tool.version),
    ]
}

/// The measuring time against what it might have been; the rest of the run has no limit.
fn measuring(result: &RunResult) -> String {
    let budget = words::seconds(result.run.budget_seconds as f64);
    let budget = match result.workloads.len() {
        0 | 1 => format!("budget {budget}"),
        _ => format!("budget {budget} for each workload"),
    };
    match result.run.measuring_seconds {
        Some(seconds) => format!("{} ({budget})", words::seconds(seconds)),
        None => format!("not recorded ({budget})"),
    }
}

fn group_view(group: &Group<'_>, anchors: &mut Anchors, shown: &mut Shown) -> Result<GroupView, HtmlError> {
    let variants = variants(group);
    let mut claims = Vec::new();
    for one in &group.claims {
        claims.push(claim::claim(group, one, &variants, anchors, shown)?);
    }
    let workload = group.workload;
    Ok(GroupView {
        name: group.name.to_owned(),
        heading: group.heading.clone(),
        title: workload.map(|workload| workload.title.clone()).unwrap_or_default(),
        summary: workload.map(|workload| workload.summary.clone()).unwrap_or_default(),
        counts: counts(outline::counts(group.claims.iter().copied())),
        variants,
        claims,
        indexes: workload
            .map(|workload| workload.indexes.iter().map(IndexView::from).collect())
            .unwrap_or_default(),
        variant_facts: workload.map(variant_facts).unwrap_or_default(),
        datasets: workload.map(datasets).unwrap_or_default(),
    })
}

/// The workload's variants, then any other that a claim names.
fn variants(group: &Group<'_>) -> Vec<String> {
    let own =
        group.workload.into_iter().flat_map(|workload| workload.variants.iter().map(|facts| &facts.name));
    let named = group.claims.iter().flat_map(|claim| claim.variants.iter().map(|variant| &variant.variant));
    let mut names: Vec<String> = Vec::new();
    for name in own.chain(named) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

fn variant_facts(workload: &WorkloadResult) -> Vec<Fact> {
    workload
        .variants
        .iter()
        .map(|variant| match &variant.skipped {
            Some(why) => fact(&variant.name, format!("{} (skipped: {why})", variant.summary)),
            None => fact(&variant.name, &variant.summary),
        })
        .collect()
}

fn datasets(workload: &WorkloadResult) -> Vec<DatasetView> {
    workload
        .datasets
        .iter()
        .map(|dataset| DatasetView {
            name: dataset.name.clone(),
            summary: dataset.summary.clone(),
            rows: dataset.rows.iter().map(|(table, rows)| fact(table, words::grouped(*rows))).collect(),
            load: words::seconds(dataset.load_seconds),
        })
        .collect()
}

impl From<&IndexAudit> for IndexView {
    fn from(index: &IndexAudit) -> Self {
        IndexView {
            variant: index.variant.clone(),
            dataset: index.dataset.clone(),
            name: index.name.clone(),
            sql: index.sql.clone(),
            comment: index.comment.clone(),
            created: index.created,
            rejection: index.rejection.clone(),
            size: index.size_bytes.map(words::bytes),
            build: index.build_ms.map(words::milliseconds),
            used_by: index.used_by.clone(),
            redundant_with: index.redundant_with.clone(),
        }
    }
}

fn environment(result: &RunResult) -> Environment {
    let (run, machine, server) = (&result.run, &result.machine, &result.server);
    let select_one = match run.select_one_ms {
        Some(pair) => {
            format!("median {}, p95 {}", words::milliseconds(pair.median), words::milliseconds(pair.p95))
        }
        None => "not measured".to_owned(),
    };
    Environment {
        machine: vec![
            fact("processor", &machine.cpu),
            fact("cores", machine.cores.to_string()),
            fact("memory", words::bytes(machine.memory_bytes)),
            fact("system", &machine.os),
            fact("file system of the data", machine.filesystem.as_deref().unwrap_or("not on this machine")),
        ],
        server: vec![
            fact("PostgreSQL", &server.version),
            fact("server", &server.kind),
            fact("from", &server.origin),
            fact("SELECT 1 round trip", select_one),
        ],
        run: vec![
            fact("begun", words::instant(&run.epoch)),
            fact("finished", words::instant(&run.finished_at)),
            fact("confidence of intervals", format!("{}\u{a0}%", words::mark(run.confidence * 100.0))),
            fact("seed", run.seed.to_string()),
            fact("indexproof", &result.tool.version),
        ],
        settings: facts(&server.settings),
        extensions: facts(&server.extensions),
        warnings: run.warnings.clone(),
        guards_lost: server.guards_lost.clone(),
    }
}
