//! Plans of statements in all variants, with several drawn arguments.

use std::collections::{BTreeMap, BTreeSet};

use super::measure::{Bench, Sessions, Trouble, trouble};
use super::prepare::PreparedDataset;
use super::progress::Step;
use crate::driver::arguments::ArgumentPool;
use crate::driver::explain::{PlanMode, Workers, explain};
use crate::driver::session::{Arguments, Bound, Session};
use crate::plan::{self, Explained};
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
    /// The first of `shown`, without workers: what [`plan::same_work`] compares.
    pub costliest: Explained,
    /// Over all drawn arguments: every node seen, the most buffers; indexes, and index-only, only if always. What a
    /// claim about a plan is judged by: it must hold with every argument.
    pub worst: PlanFacts,
    /// Indexes used with any of the drawn arguments. What the audit asks: an index that serves some calls is used.
    pub used_by_any: BTreeSet<String>,
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
    let one = OnePlan { session, bound: &bound, refuse: &refuse };
    let mut custom = Vec::new();
    let drawn = pool.first(bench.effort.plans);
    for arguments in &drawn {
        custom.push(one.take(arguments, PlanMode::Custom).await?);
    }
    let worst = plan::merge_worst(custom.iter().map(|(plan, _): &Taken| plan.facts.clone()));
    let used_by_any = custom.iter().flat_map(|(plan, _)| plan.facts.indexes.iter().cloned()).collect();
    let costliest = custom.into_iter().max_by_key(|(plan, _)| plan.facts.buffers);
    let (Some(worst), Some((first, costliest))) = (worst, costliest) else {
        return Err(Trouble::Guard("no arguments to plan it with".to_owned()));
    };
    let mut shown = vec![first];
    if let Some(arguments) = drawn.first()
        && !types.is_empty()
    {
        shown.push(one.take(arguments, PlanMode::Generic).await?.0);
    }
    Ok(Plans { shown, costliest, worst, used_by_any })
}

/// A plan as it is shown, and without workers.
type Taken = (PlanEvidence, Explained);

/// Takes plans of one statement in one variant.
struct OnePlan<'a, R> {
    session: &'a Session,
    bound: &'a Bound,
    refuse: &'a R,
}

impl<R: Fn(tokio_postgres::Error) -> Trouble> OnePlan<'_, R> {
    /// The plan that runs when the statement is timed. Where it has workers, its buffers are taken from a second
    /// execution without them: which worker gets which block, and so how often inner pages are visited, changes
    /// from one execution to the next, and buffers are evidence only because they repeat.
    async fn take(&self, arguments: &Arguments, mode: PlanMode) -> Result<Taken, Trouble> {
        let (json, parsed) = self.explain(arguments, mode, Workers::AsSet).await?;
        let mut facts = plan::facts(&parsed);
        let text = plan::render(&parsed);
        let serial = if facts.parallel {
            let (_, serial) = self.explain(arguments, mode, Workers::None).await?;
            facts.buffers = plan::facts(&serial).buffers;
            serial
        } else {
            parsed
        };
        Ok((PlanEvidence { mode: mode.name().to_owned(), facts, text, plan: json }, serial))
    }

    async fn explain(
        &self,
        arguments: &Arguments,
        mode: PlanMode,
        workers: Workers,
    ) -> Result<(serde_json::Value, Explained), Trouble> {
        let json = explain(self.session, self.bound, arguments, mode, workers).await.map_err(self.refuse)?;
        let parsed = plan::parse(&json).map_err(|error| Trouble::Guard(format!("EXPLAIN: {error}")))?;
        Ok((json, parsed))
    }
}
