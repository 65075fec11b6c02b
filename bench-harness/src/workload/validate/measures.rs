//! How a claim's parts are measured: that what they name is there, that targets are figures, that a check can fail.

use super::manifest::check_growing;
use super::{Context, Errors};
use crate::generate::dependencies;
use crate::workload::error::Fault;
use crate::workload::model::{Claim, Effect, Measure, PlanMeasure, Scaled, Scenario};
use crate::workload::queries::ParsedQuery;
use crate::workload::sql::{self, Creates};
use crate::workload::toml_doc::{Key, TomlDoc};

/// One part of a claim, as far as its measure needs it.
pub(super) struct PartOf<'a> {
    pub context: &'a Context<'a>,
    pub doc: &'a TomlDoc<'a>,
    pub claim: &'a Claim,
    /// The variants this part is measured in.
    pub variants: &'a [String],
    /// Where its measure stands.
    pub key: Key,
}

impl PartOf<'_> {
    pub fn check(&self, measure: &Measure, errors: &mut Errors) {
        match measure {
            Measure::Latency { statement, statistic: _, below_ms } => {
                let key = self.key.name("latency");
                self.repeated(statement, &key.name("statement"), self.variants, errors);
                self.above_zero("below_ms", *below_ms, &key, errors);
            }
            Measure::Ratio { statement, baseline, above } => {
                let key = self.key.name("ratio");
                self.above_zero("above", *above, &key, errors);
                let first = self.context.manifest.variants.first().map(|variant| variant.name.as_str());
                let Some(baseline) = baseline.as_deref().or(first) else { return };
                self.baseline(baseline, &key, errors);
                let mut variants = self.variants.to_vec();
                variants.push(baseline.to_owned());
                self.repeated(statement, &key.name("statement"), &variants, errors);
            }
            Measure::Plan(plan) => self.plan(plan, &self.key.name("plan"), errors),
            Measure::IndexSize { index, full, smaller_by_percent } => {
                let key = self.key.name("index_size");
                self.index_of_each_variant(index, &key.name("index"), errors);
                if !matches!(one_statement(full), Some(Creates::Index(_))) {
                    let way_out = "write the one CREATE INDEX statement the index is compared with";
                    self.fault(
                        &key.name("full"),
                        Fault::rule("`full` is not a CREATE INDEX", way_out),
                        errors,
                    );
                }
                if !(*smaller_by_percent > 0.0 && *smaller_by_percent < 100.0) {
                    let fault =
                        Fault::range("`smaller_by_percent`", smaller_by_percent, "above 0 and below 100");
                    self.fault(&key.name("smaller_by_percent"), fault, errors);
                }
            }
            Measure::Accepted { statements } => {
                let key = self.key.name("accepted");
                let held = |variant: &String| self.context.index_sets.get(variant).map(Vec::len);
                self.reachable(*statements, "statements", held, &key, errors);
            }
            Measure::Used { indexes } => {
                let key = self.key.name("used");
                let held = |variant: &String| {
                    let set = self.context.index_sets.get(variant)?;
                    Some(set.iter().filter(|statement| statement.index_name.is_some()).count())
                };
                self.reachable(*indexes, "indexes", held, &key, errors);
            }
            Measure::OpenLoop(open) => self.open_loop(measure, open, errors),
            Measure::ClosedLoop(closed) => self.closed_loop(measure, closed, errors),
            Measure::Scenario(scenario) => self.scenario(scenario, &self.key.name("scenario"), errors),
        }
    }

    pub(super) fn fault(&self, key: &Key, fault: Fault, errors: &mut Errors) {
        errors.push(self.doc.at(key, fault));
    }

    pub(super) fn above_zero(&self, name: &str, figure: f64, key: &Key, errors: &mut Errors) {
        if !(figure > 0.0 && figure.is_finite()) {
            let fault = Fault::range(format!("the target `{name}`"), figure, "above 0 and finite");
            self.fault(&key.name(name), fault, errors);
        }
    }

    fn at_least(&self, least: u64, name: &str, figure: u64, key: &Key, errors: &mut Errors) {
        if figure < least {
            let fault = Fault::range(format!("`{name}`"), figure, format!("at least {least}"));
            self.fault(&key.name(name), fault, errors);
        }
    }

    /// The query a measure names at `key`; its drawn or generated parameters must be possible on the claim's data.
    fn statement(&self, name: &str, key: &Key, errors: &mut Errors) -> Option<&ParsedQuery<'_>> {
        let queries = self.context.queries;
        let Some(query) = queries.get(name) else {
            let fault = Fault::unknown("query", name, queries.keys());
            self.fault(key, fault, errors);
            return None;
        };
        let dataset = self.context.manifest.datasets.get(&self.claim.dataset)?;
        let generators = query.header.params.iter().filter_map(|param| param.generator.as_ref());
        for (table, _) in generators.flat_map(|generator| dependencies::of_generator(None, generator)) {
            if !dataset.rows.contains_key(&table) {
                let fault = Fault::rule(
                    format!(
                        "a parameter of `{name}` refers to `{table}`, which data set `{}` leaves empty",
                        self.claim.dataset
                    ),
                    "measure the claim on a data set that loads it, or give this one its rows",
                );
                self.fault(key, fault, errors);
            }
        }
        Some(query)
    }

    /// A statement executed over and over on the same data: what it commits must be put back.
    pub(super) fn repeated(&self, name: &str, key: &Key, variants: &[String], errors: &mut Errors) {
        let Some(query) = self.statement(name, key, errors) else { return };
        if query.header.effect != Some(Effect::Commit) || query.header.restore_why.is_some() {
            return;
        }
        let overrides = self.context.overrides.get(name);
        let mut unrestored = Vec::new();
        for variant in variants {
            match overrides.and_then(|overrides| overrides.get(variant)) {
                Some(over) if over.header.restore.is_none() => {
                    errors.push(over.doc.at(&Key::root(), pile_up(name, variant)));
                }
                None if query.header.restore.is_none() => unrestored.push(variant.as_str()),
                _ => {}
            }
        }
        unrestored.dedup();
        if !unrestored.is_empty() {
            errors.push(query.doc.at(&Key::of("effect"), pile_up(name, &unrestored.join(", "))));
        }
    }

    pub(super) fn baseline(&self, baseline: &str, key: &Key, errors: &mut Errors) {
        let key = key.name("baseline");
        if !self.claim.variants.iter().any(|variant| variant == baseline) {
            let fault = Fault::unknown("variant of this claim", baseline, &self.claim.variants);
            self.fault(&key, fault, errors);
        }
        if self.variants.iter().all(|variant| variant == baseline) {
            let fault = Fault::rule(
                format!("`{baseline}` is compared with nothing but itself"),
                "measure the part in another variant too, or choose another `baseline`",
            );
            self.fault(&key, fault, errors);
        }
    }

    fn plan(&self, plan: &PlanMeasure, key: &Key, errors: &mut Errors) {
        self.statement(&plan.statement, &key.name("statement"), errors);
        let PlanMeasure { statement: _, index_only, index, without, buffers_at_most } = plan;
        if index_only.is_none() && index.is_none() && without.is_empty() && buffers_at_most.is_none() {
            let fault = Fault::rule(
                "the plan is asked nothing",
                "set at least one of `index_only`, `index`, `without`, `buffers_at_most`",
            );
            self.fault(&key.name("statement"), fault, errors);
        }
        if *index_only == Some(false) {
            let fault = Fault::rule("`index_only = false` asks nothing", "set it to true, or leave it out");
            self.fault(&key.name("index_only"), fault, errors);
        }
        if *buffers_at_most == Some(0) {
            self.at_least(1, "buffers_at_most", 0, key, errors);
        }
        for (position, node) in without.iter().enumerate() {
            if !PLAN_NODES.contains(&node.as_str()) {
                let fault = Fault::unknown("plan node", node, PLAN_NODES);
                self.fault(&key.name("without").index(position), fault, errors);
            }
        }
        if let Some(index) = index {
            let known: Vec<_> =
                self.variants.iter().flat_map(|variant| self.context.indexes_in(variant)).collect();
            let open = self.variants.iter().any(|variant| self.context.may_have_more_indexes(variant));
            if !open && !known.contains(&index.as_str()) {
                self.fault(&key.name("index"), Fault::unknown("index", index, known), errors);
            }
        }
    }

    /// An index that has a size in every variant of the part.
    fn index_of_each_variant(&self, index: &str, key: &Key, errors: &mut Errors) {
        for variant in self.variants {
            let known: Vec<_> = self.context.indexes_in(variant).collect();
            if !known.contains(&index) && !self.context.may_have_more_indexes(variant) {
                let fault = Fault::rule(
                    format!("variant `{variant}` has no index `{index}`"),
                    "measure it only in variants whose index file creates it: set the part's `variants`",
                );
                self.fault(key, fault, errors);
            }
        }
    }

    /// A number of things of an index file that at least one of the part's variants has.
    fn reachable(
        &self,
        wanted: u64,
        name: &str,
        held: impl Fn(&String) -> Option<usize>,
        key: &Key,
        errors: &mut Errors,
    ) {
        self.at_least(1, name, wanted, key, errors);
        let mut most = 0;
        for variant in self.variants {
            match held(variant) {
                Some(count) => most = most.max(count as u64),
                None if self.context.variant(variant).is_some() => {
                    let fault = Fault::rule(
                        format!("variant `{variant}` has no index file whose {name} could be counted"),
                        "set the part's `variants` to those with `indexes`",
                    );
                    return self.fault(&key.name(name), fault, errors);
                }
                None => return,
            }
        }
        if wanted > most {
            let fault = Fault::rule(
                format!("{wanted} {name} are wanted, but no variant of this part has more than {most}"),
                "correct the number, or complete the index file",
            );
            self.fault(&key.name(name), fault, errors);
        }
    }

    fn scenario(&self, scenario: &Scenario, key: &Key, errors: &mut Errors) {
        match scenario {
            Scenario::Storm {
                statement,
                connections,
                volleys,
                check,
                expected: _,
                rows_per_call: _,
                rollback_share,
            } => {
                let key = key.name("storm");
                let query = self.statement(statement, &key.name("statement"), errors);
                self.at_least(2, "connections", u64::from(*connections), &key, errors);
                self.growing("volleys", volleys, &key, errors);
                if !(0.0..=1.0).contains(rollback_share) {
                    let fault = Fault::range("`rollback_share`", rollback_share, "from 0 to 1");
                    self.fault(&key.name("rollback_share"), fault, errors);
                }
                let parameters = query.map_or(usize::MAX, |query| query.header.params.len());
                self.query_text(check, "check", parameters, &key, errors);
            }
            Scenario::Drain { statement, oracle, calls } => {
                let key = key.name("drain");
                self.statement(statement, &key.name("statement"), errors);
                self.growing("calls", calls, &key, errors);
                self.oracle(oracle, &key.name("oracle"), errors);
            }
        }
    }

    fn oracle(&self, name: &str, key: &Key, errors: &mut Errors) {
        let fault = match self.context.queries.get(name) {
            None if sql::is_query(name) => Fault::rule(
                "`oracle` is SQL, the name of a query is expected",
                "put the statement into a file, `queries/<name>.sql`, and write its name; where a variant needs \
                 another, add `queries/<name>.<variant>.sql`",
            ),
            None => Fault::unknown("query", name, self.context.queries.keys()),
            Some(query) if !query.header.params.is_empty() => Fault::rule(
                format!("the oracle `{name}` takes parameters"),
                "it is asked once, for the order of all: write it without",
            ),
            Some(_) => return,
        };
        self.fault(key, fault, errors);
    }

    fn growing(&self, name: &str, number: &Scaled<u32>, key: &Key, errors: &mut Errors) {
        let wide = match number {
            Scaled::Same(number) => Scaled::Same(u64::from(*number)),
            Scaled::PerScale { ci, small, full } => {
                Scaled::PerScale { ci: u64::from(*ci), small: u64::from(*small), full: u64::from(*full) }
            }
        };
        check_growing(self.doc, &key.name(name), &format!("`{name}`"), &wide, errors);
    }

    /// SQL text that answers a question, taking at most this many of the statement's parameters.
    fn query_text(&self, text: &str, name: &str, parameters: usize, key: &Key, errors: &mut Errors) {
        if !sql::is_query(text) {
            let fault = Fault::rule(
                format!("`{name}` is not a SELECT"),
                "write the SQL itself, not the name of a query file",
            );
            self.fault(&key.name(name), fault, errors);
        }
        for (number, _) in sql::parameters(text) {
            if number == 0 || number as usize > parameters {
                let fault = Fault::rule(
                    format!("`{name}` takes `${number}`, but has {parameters} parameters"),
                    "use only the parameters of the statement it goes with, `$1` the first",
                );
                self.fault(&key.name(name), fault, errors);
            }
        }
    }
}

fn pile_up(query: &str, variants: &str) -> Fault {
    Fault::rule(
        format!("what `{query}` commits piles up: it is repeated in {variants} without `restore`"),
        "give this header the SQL that puts the data back, `restore = \"…\"`; or roll back, `effect = \"rollback\"`; or \
         say in the query's `restore_why` why what is left behind changes nothing",
    )
}

/// What the one statement of a text creates; `None` when it isn't exactly one.
fn one_statement(text: &str) -> Option<Creates> {
    match sql::split(text).ok()?.as_slice() {
        [statement] => Some(sql::creates(&text[statement.range.clone()])),
        _ => None,
    }
}

/// Node types as EXPLAIN (FORMAT JSON) writes them: a mistyped one would be absent from every plan.
const PLAN_NODES: [&str; 42] = [
    "Aggregate",
    "Append",
    "Bitmap Heap Scan",
    "Bitmap Index Scan",
    "BitmapAnd",
    "BitmapOr",
    "CTE Scan",
    "Custom Scan",
    "Foreign Scan",
    "Function Scan",
    "Gather",
    "Gather Merge",
    "Group",
    "Hash",
    "Hash Join",
    "Incremental Sort",
    "Index Only Scan",
    "Index Scan",
    "Limit",
    "LockRows",
    "Materialize",
    "Memoize",
    "Merge Append",
    "Merge Join",
    "ModifyTable",
    "Named Tuplestore Scan",
    "Nested Loop",
    "ProjectSet",
    "Recursive Union",
    "Result",
    "Sample Scan",
    "Seq Scan",
    "SetOp",
    "Sort",
    "Subquery Scan",
    "Table Function Scan",
    "Tid Range Scan",
    "Tid Scan",
    "Unique",
    "Values Scan",
    "WindowAgg",
    "WorkTable Scan",
];
