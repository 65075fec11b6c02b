//! Plans of statements in all variants, with several drawn arguments.

use std::collections::{BTreeMap, BTreeSet};

use super::measure::{Bench, Sessions, Trouble, trouble};
use super::prepare::PreparedDataset;
use super::progress::Step;
use crate::driver::arguments::ArgumentPool;
use crate::driver::explain::{PlanMode, explain};
use crate::driver::session::Session;
use crate::plan;
use crate::result::evidence::{PlanEvidence, PlanFacts};
use crate::workload::loaded::Query;

/// One statement in one variant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlanKey {
    pub query: String,
    pub variant: String,
}

/// Plans of a statement in a variant.
pub struct Plans {
    /// Custom first: the one that touched the most buffers among the drawn arguments; then generic.
    pub shown: Vec<PlanEvidence>,
    /// Over all drawn arguments: every node seen, the most buffers; indexes, and index-only, only if always.
    pub worst: PlanFacts,
    /// Indexes used with any of the drawn arguments.
    pub indexes: BTreeSet<String>,
}

/// Plans every query in its variants.
pub async fn gather(
    bench: &Bench<'_>,
    sessions: &Sessions,
    dataset: &PreparedDataset,
    queries: &[(&Query, Vec<String>)],
) -> BTreeMap<PlanKey, Result<Plans, Trouble>> {
    let total: usize = queries.iter().map(|(_, variants)| variants.len()).sum();
    let step = Step::start(&format!("{}: plans", dataset.name), Some(total as u64));
    let mut plans = BTreeMap::new();
    for (query, variants) in queries {
        for variant in variants {
            let Some(session) = dataset.database(variant).and_then(|database| sessions.get(database, false))
            else {
                continue;
            };
            let outcome = match dataset.pools.get(&query.name) {
                Some(Ok(pool)) => of_one(bench, session, query, variant, pool).await,
                Some(Err(why)) => Err(Trouble::Guard(why.clone())),
                None => Err(Trouble::Guard("its arguments were not drawn".to_owned())),
            };
            plans.insert(PlanKey { query: query.name.clone(), variant: variant.clone() }, outcome);
            step.advance(1);
        }
    }
    plans
}

async fn of_one(
    bench: &Bench<'_>,
    session: &Session,
    query: &Query,
    variant: &str,
    pool: &ArgumentPool,
) -> Result<Plans, Trouble> {
    let sql = query.sql_in(variant);
    let refuse = |error: tokio_postgres::Error| trouble(bench, sql, error);
    let types: Vec<_> = query.params().iter().map(|parameter| parameter.sql_type.clone()).collect();
    let bound = session.bind(sql, &types).await.map_err(refuse)?;
    let mut custom = Vec::new();
    let drawn = pool.first(bench.effort.plans);
    for arguments in &drawn {
        let json = explain(session, &bound, arguments, PlanMode::Custom).await.map_err(refuse)?;
        custom.push(evidence(json, PlanMode::Custom)?);
    }
    let worst = plan::merge_worst(custom.iter().map(|plan: &PlanEvidence| plan.facts.clone()));
    let worst = worst.ok_or_else(|| Trouble::Guard("no arguments to plan it with".to_owned()))?;
    let indexes = custom.iter().flat_map(|plan| plan.facts.indexes.iter().cloned()).collect();
    let mut shown: Vec<_> = custom.into_iter().max_by_key(|plan| plan.facts.buffers).into_iter().collect();
    if let Some(arguments) = drawn.first()
        && !types.is_empty()
    {
        let json = explain(session, &bound, arguments, PlanMode::Generic).await.map_err(refuse)?;
        shown.push(evidence(json, PlanMode::Generic)?);
    }
    Ok(Plans { shown, worst, indexes })
}

fn evidence(json: serde_json::Value, mode: PlanMode) -> Result<PlanEvidence, Trouble> {
    let parsed = plan::parse(&json).map_err(|error| Trouble::Guard(format!("EXPLAIN: {error}")))?;
    Ok(PlanEvidence {
        mode: mode.name().to_owned(),
        facts: plan::facts(&parsed),
        text: plan::render(&parsed),
        plan: json,
    })
}
