//! `workload.toml`: names, data sets, variants. Its generators are checked in [`super::generators`], its mixes in
//! [`super::loads`].

use std::collections::BTreeMap;

use super::{Context, Errors, SCALES, scale_name};
use crate::workload::error::Fault;
use crate::workload::generator::Generator;
use crate::workload::model::{Dataset, Manifest, Scaled, Variant};
use crate::workload::names;
use crate::workload::toml_doc::{Key, TomlDoc};

/// Reads the manifest; when it doesn't fit its type, each piece is tried by itself so that each has its error.
pub(in crate::workload) fn read(doc: &TomlDoc<'_>, errors: &mut Errors) -> Option<Manifest> {
    let whole = match doc.read::<Manifest>() {
        Ok(manifest) => return Some(manifest),
        Err(error) => error,
    };
    for table in doc.names_at(&Key::of("tables")) {
        let table = Key::of("tables").name(&table);
        for column in doc.names_at(&table) {
            errors.keep(doc.read_at::<Generator>(&table.name(&column)).transpose());
        }
    }
    for dataset in doc.names_at(&Key::of("datasets")) {
        let key = Key::of("datasets").name(&dataset);
        errors.keep(doc.read_at::<Dataset>(&key).transpose());
    }
    for index in 0..doc.len_at(&Key::of("variant")) {
        let key = Key::of("variant").index(index);
        errors.keep(doc.read_at::<Variant>(&key).transpose());
    }
    errors.push(whole);
    None
}

/// Checks what the manifest says by itself and against the schema.
pub(in crate::workload) fn check(context: &Context<'_>, errors: &mut Errors) {
    check_tables(context, errors);
    check_datasets(context, errors);
    check_variants(context, errors);
}

fn check_tables(context: &Context<'_>, errors: &mut Errors) {
    let doc = context.manifest_doc;
    for (table, columns) in &context.manifest.tables {
        let key = Key::of("tables").name(table);
        if !names::is_identifier(table) {
            errors.push(doc.at_name(&key, bad_name("table", table, names::IDENTIFIER)));
        } else if !context.schema.may_have_table(table) {
            let created = context.schema.tables.iter().flatten();
            errors.push(doc.at_name(&key, Fault::unknown("table of schema.sql", table, created)));
        }
        for column in columns.keys().filter(|column| !names::is_column(column)) {
            errors.push(doc.at_name(&key.name(column), bad_name("column", column, names::COLUMN)));
        }
        if columns.keys().all(|column| column.starts_with('_')) {
            let fault = Fault::rule(
                format!("`{table}` has no column to load"),
                "give it a generator for at least one column whose name doesn't start with `_`",
            );
            errors.push(doc.at_name(&key, fault));
        }
    }
}

fn check_datasets(context: &Context<'_>, errors: &mut Errors) {
    let doc = context.manifest_doc;
    if context.manifest.datasets.is_empty() {
        let fault = Fault::rule(
            "the workload has no data set",
            "add `[datasets.<name>]` with `summary` and `rows`; every claim names the one it is measured on",
        );
        errors.push(doc.at_name(&Key::of("datasets"), fault));
    }
    for (name, dataset) in &context.manifest.datasets {
        let key = Key::of("datasets").name(name);
        if !names::is_identifier(name) {
            errors.push(doc.at_name(&key, bad_name("data set", name, names::IDENTIFIER)));
        }
        for (table, rows) in &dataset.rows {
            let key = key.name("rows").name(table);
            if !context.manifest.tables.contains_key(table) {
                let fault = Fault::unknown("table", table, context.manifest.tables.keys());
                errors.push(doc.at_name(&key, fault));
            }
            check_growing(doc, &key, "the number of rows", rows, errors);
        }
    }
}

/// A number of things per scale: at least one, and no fewer at a larger scale.
pub(super) fn check_growing(
    doc: &TomlDoc<'_>,
    key: &Key,
    what: &str,
    number: &Scaled<u64>,
    errors: &mut Errors,
) {
    if let Some((scale, _)) = super::first_scale(number, |number| *number == 0) {
        let key = scale_key(key, number, scale_name(scale));
        errors.push(doc.at(&key, Fault::range(what, 0, "at least 1")));
        return;
    }
    check_not_falling(doc, key, what, number, errors);
}

/// A number of things per scale: no fewer at a larger scale.
pub(super) fn check_not_falling<T: Clone + PartialOrd>(
    doc: &TomlDoc<'_>,
    key: &Key,
    what: &str,
    number: &Scaled<T>,
    errors: &mut Errors,
) {
    let falls = SCALES.windows(2).find(|pair| number.at(pair[0]) > number.at(pair[1]));
    if let Some(&[smaller, larger]) = falls {
        let fault = Fault::rule(
            format!("{what} is smaller at scale {} than at {}", scale_name(larger), scale_name(smaller)),
            "scales grow: ci ≤ small ≤ full",
        );
        errors.push(doc.at(&scale_key(key, number, scale_name(larger)), fault));
    }
}

/// Where the number of one scale stands.
pub(super) fn scale_key<T>(key: &Key, number: &Scaled<T>, scale: &str) -> Key {
    match number {
        Scaled::Same(_) => key.clone(),
        Scaled::PerScale { .. } => key.name(scale),
    }
}

fn check_variants(context: &Context<'_>, errors: &mut Errors) {
    let doc = context.manifest_doc;
    if context.manifest.variants.is_empty() {
        let fault = Fault::rule(
            "the workload has no variant",
            "add `[[variant]]` tables, the baseline first, e.g. one named `bare` without `indexes`",
        );
        errors.push(doc.at_name(&Key::of("variant"), fault));
    }
    let mut first_places = BTreeMap::new();
    for (index, variant) in context.manifest.variants.iter().enumerate() {
        let key = Key::of("variant").index(index).name("name");
        if !names::is_dashed(&variant.name) {
            errors.push(doc.at(&key, bad_name("variant", &variant.name, names::DASHED)));
        }
        let place = doc.place_of(&key);
        if let Some(first) = first_places.get(&variant.name) {
            let (what, name) = ("variant", variant.name.clone());
            errors.push(doc.at(&key, Fault::Duplicate { what, name, first: String::clone(first) }));
        } else {
            first_places.insert(&variant.name, place);
        }
    }
}

pub(super) fn bad_name(what: &'static str, name: &str, pattern: &'static str) -> Fault {
    Fault::BadName { what, name: name.to_owned(), pattern }
}
