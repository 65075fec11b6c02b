//! Column and parameter generators: their numbers, and what they refer to.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::Value;

use super::manifest::check_growing;
use super::values::{possible_values, yields_timestamp};
use super::{Context, Errors, SCALES, scale_name};
use crate::generate::{duration, template};
use crate::workload::error::Fault;
use crate::workload::generator::{Generator, Pick, QuotaShare, RowPick, Weighted};
use crate::workload::model::Scaled;
use crate::workload::names;
use crate::workload::toml_doc::{Key, TomlDoc};

type Columns = IndexMap<String, Generator>;

/// What a generator may refer to.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// A column's own generator: the table and how many columns are declared before it.
    Column { table: &'a str, before: usize },
    /// A generator inside a column's.
    Inside { table: &'a str, before: usize },
    /// A statement's parameter: there is no row to refer to.
    Parameter,
}

impl<'a> Place<'a> {
    fn inside(self) -> Place<'a> {
        match self {
            Place::Column { table, before } => Place::Inside { table, before },
            other => other,
        }
    }
}

struct Walk<'a> {
    context: &'a Context<'a>,
    doc: &'a TomlDoc<'a>,
    errors: &'a mut Errors,
}

/// Checks every column's generator.
pub(in crate::workload) fn check_columns(context: &Context<'_>, errors: &mut Errors) {
    let doc = context.manifest_doc;
    for (table, columns) in &context.manifest.tables {
        for (before, (column, generator)) in columns.iter().enumerate() {
            let key = Key::of("tables").name(table).name(column);
            let mut walk = Walk { context, doc, errors };
            walk.generator(generator, &key, Place::Column { table, before });
        }
    }
}

/// Checks the generator of a statement's parameter, which stands in `doc`.
pub(super) fn check_parameter(
    context: &Context<'_>,
    doc: &TomlDoc<'_>,
    generator: &Generator,
    key: &Key,
    errors: &mut Errors,
) {
    Walk { context, doc, errors }.generator(generator, key, Place::Parameter);
}

impl Walk<'_> {
    fn fault(&mut self, key: &Key, fault: Fault) {
        self.errors.push(self.doc.at(key, fault));
    }

    fn generator(&mut self, generator: &Generator, key: &Key, place: Place<'_>) {
        let inside = place.inside();
        match generator {
            Generator::Null | Generator::Row | Generator::Uuid => {}
            Generator::Constant(value) => self.value(value, &key.name("constant")),
            Generator::Integer { min, max } => self.ordered(min, max, &key.name("integer")),
            Generator::Float { min, max } => {
                let key = key.name("float");
                if !(max - min).is_finite() {
                    let found = format!("from {min:?} to {max:?}");
                    self.fault(&key, Fault::range("the range", found, "finite"));
                }
                self.ordered(min, max, &key);
            }
            Generator::Boolean { probability } => self.probability(*probability, &key.name("boolean")),
            Generator::Zipf { count, exponent } => self.zipf(count, *exponent, &key.name("zipf")),
            Generator::Entity { name, pick } => self.entity(name, pick, &key.name("entity")),
            Generator::Weighted(choices) => self.weighted(choices, &key.name("weighted"), inside),
            Generator::Quota { values, rest } => {
                let key = key.name("quota");
                self.quota(values, &key, place);
                self.generator(rest, &key.name("rest"), inside);
            }
            Generator::Timestamp { from, to, skew } => {
                self.span("from", from, "to", to, *skew, &key.name("timestamp"));
            }
            Generator::After { column, min, max, skew } => {
                let key = key.name("after");
                self.span("min", min, "max", max, *skew, &key);
                if let Some(other) = self.earlier(column, &key, place)
                    && !yields_timestamp(other)
                {
                    let fault = Fault::rule(
                        format!("column `{column}` is not a timestamp"),
                        "name a column made by `timestamp` or `after` (also by `nullable` or `case` over these)",
                    );
                    self.fault(&key.name("column"), fault);
                }
            }
            Generator::Case { column, when, otherwise } => {
                self.case(column, when, otherwise, &key.name("case"), place);
            }
            Generator::Json { template, with } => {
                let key = key.name("json");
                self.value(template, &key.name("template"));
                let slots = template::json(template);
                self.slots(template::slots(&slots), "\"$name\"", "template", with, &key, inside);
            }
            Generator::Template { text, with } => {
                let key = key.name("template");
                self.text_template(text, with, &key, inside);
            }
            Generator::Words { min, max } => self.ordered(min, max, &key.name("words")),
            Generator::Reference { table, column, pick } => {
                self.reference(table, column, pick, &key.name("reference"), place);
            }
            Generator::Nullable { probability, of } => {
                let key = key.name("nullable");
                self.probability(*probability, &key);
                self.generator(of, &key.name("of"), inside);
            }
        }
    }

    fn value(&mut self, value: &Value, key: &Key) {
        let odd = match value {
            Value::Object(map) => map.keys().any(|name| name.starts_with("$__toml_private")),
            _ => false,
        };
        if odd {
            let way_out = "put dates and times in quotes; for times that move with the run use `timestamp`";
            self.fault(key, Fault::rule("a bare TOML date or time", way_out));
        }
        match value {
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, item)| self.value(item, &key.index(index)));
            }
            Value::Object(map) if !odd => {
                map.iter().for_each(|(name, item)| self.value(item, &key.name(name)));
            }
            _ => {}
        }
    }

    fn ordered<T: PartialOrd + std::fmt::Display>(&mut self, min: &T, max: &T, key: &Key) {
        if min > max {
            self.fault(&key.name("min"), Fault::range("`min`", min, format!("at most `max`, {max}")));
        }
    }

    fn probability(&mut self, probability: f64, key: &Key) {
        if !(0.0..=1.0).contains(&probability) {
            let key = key.name("probability");
            self.fault(&key, Fault::range("`probability`", probability, "from 0 to 1"));
        }
    }

    fn positive(&mut self, name: &str, number: f64, key: &Key) {
        if !(number > 0.0 && number.is_finite()) {
            self.fault(&key.name(name), Fault::range(format!("`{name}`"), number, "above 0 and finite"));
        }
    }

    fn count(&mut self, count: &Scaled<u64>, key: &Key) {
        check_growing(self.doc, &key.name("count"), "`count`", count, self.errors);
    }

    fn zipf(&mut self, count: &Scaled<u64>, exponent: f64, key: &Key) {
        self.count(count, key);
        self.positive("exponent", exponent, key);
    }

    fn entity(&mut self, name: &str, pick: &Pick, key: &Key) {
        if !names::is_identifier(name) {
            let key = key.name("name");
            self.fault(&key, super::manifest::bad_name("kind of entity", name, names::IDENTIFIER));
        }
        let key = key.name("pick");
        match pick {
            Pick::Uniform { count } => self.count(count, &key.name("uniform")),
            Pick::Cycle { count } => self.count(count, &key.name("cycle")),
            Pick::Zipf { count, exponent } => self.zipf(count, *exponent, &key.name("zipf")),
        }
    }

    fn weighted(&mut self, choices: &[Weighted], key: &Key, inside: Place<'_>) {
        if choices.is_empty() {
            let way_out = "write at least one `{ weight = 1, value = \"…\" }`";
            self.fault(key, Fault::rule("no choices", way_out));
        }
        for (index, choice) in choices.iter().enumerate() {
            let key = key.index(index);
            self.positive("weight", choice.weight, &key);
            match (&choice.value, &choice.of) {
                (Some(value), None) => self.value(value, &key.name("value")),
                (None, Some(generator)) => self.generator(generator, &key.name("of"), inside),
                _ => {
                    let way_out = "write either `value = …` for a fixed value or `of = …` for a generator";
                    self.fault(&key, Fault::rule("a choice needs exactly one of `value` and `of`", way_out));
                }
            }
        }
    }

    fn quota(&mut self, values: &[QuotaShare], key: &Key, place: Place<'_>) {
        let Place::Column { table, .. } = place else {
            let fault = Fault::rule(
                "`quota` can't keep its exact numbers here",
                "quotas count the rows of a table: use one as a column's own generator, not inside another and not \
                 for a parameter; `weighted` gives shares anywhere",
            );
            return self.fault(key, fault);
        };
        if values.is_empty() {
            let way_out = "write at least one `{ value = \"…\", rows = … }`";
            self.fault(&key.name("values"), Fault::rule("no shares", way_out));
        }
        for (index, share) in values.iter().enumerate() {
            self.value(&share.value, &key.name("values").index(index).name("value"));
        }
        for (name, dataset) in &self.context.manifest.datasets {
            let Some(rows) = dataset.rows.get(table) else { continue };
            for scale in SCALES {
                let wanted: u128 = values.iter().map(|share| u128::from(share.rows.at(scale))).sum();
                let held = rows.at(scale);
                if wanted > u128::from(held) {
                    let fault = Fault::rule(
                        format!(
                            "quotas of {wanted} rows, but data set `{name}` loads {held} into `{table}` at scale {}",
                            scale_name(scale)
                        ),
                        "lower the quotas or raise the data set's rows; both may differ per scale",
                    );
                    return self.fault(&key.name("values"), fault);
                }
            }
        }
    }

    /// A range of durations with its skew.
    fn span(&mut self, low: &str, from: &str, high: &str, to: &str, skew: f64, key: &Key) {
        self.positive("skew", skew, key);
        let parsed = [(low, from), (high, to)].map(|(name, text)| match duration::parse(text) {
            Ok(duration) => Some(duration),
            Err(_) => {
                self.fault(&key.name(name), Fault::range(format!("`{name}`"), text, duration::ALLOWED));
                None
            }
        });
        if let [Some(start), Some(end)] = parsed
            && start > end
        {
            let allowed = format!("at most `{high}`, {to}");
            self.fault(&key.name(low), Fault::range(format!("`{low}`"), from, allowed));
        }
    }

    /// The generator of a column declared before this one, or the fault that it isn't.
    fn earlier(&mut self, column: &str, key: &Key, place: Place<'_>) -> Option<&Generator> {
        let (Place::Column { table, before } | Place::Inside { table, before }) = place else {
            let way_out = "a parameter has no row to look at; draw the values from the data instead (`draw`)";
            self.fault(key, Fault::rule("this generator refers to a column", way_out));
            return None;
        };
        let columns = self.context.manifest.tables.get(table)?;
        match columns.get_full(column) {
            Some((position, _, generator)) if position < before => Some(generator),
            Some(_) => {
                let way_out =
                    format!("move `{column}` above it: a column may refer to those declared before it");
                let fault =
                    Fault::rule(format!("column `{column}` is not declared before this one"), way_out);
                self.fault(&key.name("column"), fault);
                None
            }
            None => {
                let known = columns.keys().take(before);
                self.fault(&key.name("column"), Fault::unknown("column", column, known));
                None
            }
        }
    }

    fn case(&mut self, column: &str, when: &Columns, otherwise: &Generator, key: &Key, place: Place<'_>) {
        let possible = self.earlier(column, key, place).and_then(possible_values);
        for (value, generator) in when {
            let key = key.name("when").name(value);
            if let Some(possible) = &possible
                && !possible.contains(value)
            {
                let error = self.doc.at_name(&key, Fault::unknown("value of that column", value, possible));
                self.errors.push(error);
            }
            self.generator(generator, &key, place.inside());
        }
        self.generator(otherwise, &key.name("otherwise"), place.inside());
    }

    fn text_template(&mut self, texts: &[String], with: &Columns, key: &Key, inside: Place<'_>) {
        if texts.is_empty() {
            self.fault(
                &key.name("text"),
                Fault::rule("no text", "write at least one; each row takes one of them"),
            );
        }
        let mut pieces = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            match template::text(text) {
                Ok(parsed) => pieces.extend(parsed),
                Err(message) => {
                    let way_out = "`{name}` is replaced by a value from `with`; `{{` and `}}` mean the signs";
                    self.fault(&key.name("text").index(index), Fault::rule(message, way_out));
                }
            }
        }
        self.slots(template::slots(&pieces), "{name}", "text", with, key, inside);
    }

    /// Each slot of a template has a value, and each value a slot.
    fn slots<'s>(
        &mut self,
        slots: impl Iterator<Item = &'s str>,
        form: &str,
        entry: &str,
        with: &Columns,
        key: &Key,
        inside: Place<'_>,
    ) {
        let slots: BTreeSet<&str> = slots.collect();
        for slot in slots.iter().filter(|slot| !with.contains_key(**slot)) {
            self.fault(&key.name(entry), Fault::unknown("entry of `with`", slot, with.keys()));
        }
        for (name, generator) in with {
            let inner = key.name("with").name(name);
            if !slots.contains(name.as_str()) {
                let way_out =
                    format!("use it in the template as {}, or remove it", form.replace("name", name));
                let fault = Fault::rule(format!("`{name}` is not used in the template"), way_out);
                self.errors.push(self.doc.at_name(&inner, fault));
            }
            self.generator(generator, &inner, inside);
        }
    }

    fn reference(&mut self, table: &str, column: &str, pick: &RowPick, key: &Key, place: Place<'_>) {
        if let RowPick::Zipf { exponent } = pick {
            self.positive("exponent", *exponent, &key.name("pick").name("zipf"));
        }
        let manifest = self.context.manifest;
        let Some(columns) = manifest.tables.get(table) else {
            let fault = Fault::unknown("table", table, manifest.tables.keys());
            return self.fault(&key.name("table"), fault);
        };
        if !columns.contains_key(column) {
            self.fault(&key.name("column"), Fault::unknown("column", column, columns.keys()));
        }
        let (Place::Column { table: own, .. } | Place::Inside { table: own, .. }) = place else { return };
        for (name, dataset) in &manifest.datasets {
            if dataset.rows.contains_key(own) && !dataset.rows.contains_key(table) {
                let fault = Fault::rule(
                    format!("data set `{name}` loads `{own}` but leaves `{table}` empty, which it refers to"),
                    format!("give `{table}` rows in `datasets.{name}.rows`"),
                );
                self.fault(&key.name("table"), fault);
            }
        }
    }
}
