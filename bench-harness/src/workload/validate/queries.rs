//! Queries: parameters, what they draw, what they leave behind, the indexes they are said to use.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{Context, Errors};
use crate::workload::error::{Fault, WorkloadError};
use crate::workload::model::{Compare, Effect, Param, QueryHeader};
use crate::workload::queries::{Parsed, ParsedOverride, ParsedQuery, QueryFile};
use crate::workload::toml_doc::Key;
use crate::workload::{names, sql};

/// Replacements must replace a query for a variant that there is.
pub(in crate::workload) fn check_file_names(files: &[QueryFile], variants: &[&str], errors: &mut Errors) {
    let queries: BTreeSet<_> =
        files.iter().filter(|file| file.variant.is_none()).map(|file| file.name.as_str()).collect();
    for file in files {
        let Some(variant) = &file.variant else { continue };
        let path = &file.source.path;
        if !variants.contains(&variant.as_str()) {
            let fault = Fault::unknown("variant", variant, variants.iter().copied());
            errors.push(WorkloadError::of_file(path, fault));
        }
        if !queries.contains(file.name.as_str()) {
            let fault = Fault::unknown("query", &file.name, queries.iter().copied());
            errors.push(WorkloadError::of_file(path, fault));
        }
    }
}

/// Checks every query and replacement.
pub(in crate::workload) fn check(context: &Context<'_>, errors: &mut Errors) {
    for (name, query) in context.queries {
        check_header(context, query, errors);
        check_parameters(context, name, query, errors);
        check_restore_is_for_commits(query.header.effect, query.header.restore.is_some(), query, errors);
        check_no_parameters(query, "restore", query.header.restore.as_deref(), errors);
        let sets = context.index_sets.values().flatten();
        let known: BTreeSet<&str> = sets
            .filter_map(|statement| statement.index_name.as_deref())
            .chain(context.schema.indexes.iter().map(String::as_str))
            .collect();
        check_uses(query, &query.header.uses, &known, errors);
        for (variant, over) in context.overrides.get(name).into_iter().flatten() {
            check_override(context, variant, query, over, errors);
        }
    }
}

fn check_header(context: &Context<'_>, query: &ParsedQuery<'_>, errors: &mut Errors) {
    let QueryHeader { draw, rows, compare, compare_why, restore_why, params, effect, .. } = &query.header;
    let doc = &query.doc;
    if let Some(bounds) = rows
        && bounds.min > bounds.max
    {
        let allowed = format!("at most `max`, {}", bounds.max);
        errors.push(doc.at(&Key::of("rows").name("min"), Fault::range("`min`", bounds.min, allowed)));
    }
    match (compare, compare_why) {
        (Some(Compare::None), None) => {
            let way_out = "say in `compare_why` what makes the variants' answers differ rightly, or compare `rows` \
                           or `count`";
            let fault = Fault::rule("answers are left uncompared without a reason", way_out);
            errors.push(doc.at(&Key::of("compare"), fault));
        }
        (Some(Compare::Rows | Compare::Count), Some(_)) => {
            let fault = Fault::rule(
                "`compare_why` gives a reason for what isn't done",
                "remove it, or set `compare = \"none\"`",
            );
            errors.push(doc.at_name(&Key::of("compare_why"), fault));
        }
        _ => {}
    }
    if *compare == Some(Compare::Rows) && sql::is_limited(&query.sql) && !sql::is_ordered(&query.sql) {
        let fault = Fault::rule(
            "LIMIT without ORDER BY answers differently in each variant",
            "ORDER BY something unique, or set `compare = \"count\"`",
        );
        errors.push(in_sql(query, 0..query.sql.len(), fault));
    }
    if restore_why.is_some() && (*effect != Some(Effect::Commit) || query.header.restore.is_some()) {
        let fault = Fault::rule(
            "`restore_why` gives a reason for what isn't so",
            "keep it only where `effect = \"commit\"` and `restore` is left out",
        );
        errors.push(doc.at_name(&Key::of("restore_why"), fault));
    }
    check_draw(query, draw.as_deref(), params, errors);
    for (index, param) in params.iter().enumerate() {
        check_param(context, query, &Key::of("params").index(index), param, &params[..index], errors);
    }
}

fn check_draw(query: &ParsedQuery<'_>, draw: Option<&str>, params: &[Param], errors: &mut Errors) {
    let doc = &query.doc;
    let wanting = params.iter().position(|param| param.draw.is_some());
    match (draw, wanting) {
        (None, Some(index)) => {
            let fault = Fault::rule(
                "the parameter takes a column of a drawn row, but the header has no `draw`",
                "add `draw = \"SELECT … ORDER BY …\"`, or give the parameter a generator, `gen = …`",
            );
            errors.push(doc.at(&Key::of("params").index(index).name("draw"), fault));
        }
        (Some(_), None) => {
            let fault = Fault::rule(
                "no parameter takes anything from what is drawn",
                "give a parameter `draw = \"<column>\"`, or remove the header's `draw`",
            );
            errors.push(doc.at_name(&Key::of("draw"), fault));
        }
        _ => {}
    }
    let Some(draw) = draw else { return };
    check_no_parameters(query, "draw", Some(draw), errors);
    if !sql::is_query(draw) || !sql::is_ordered(draw) {
        let fault = Fault::rule(
            "`draw` must be a SELECT with an ORDER BY",
            "each execution takes one of its rows by number, the same row in every variant: ORDER BY something unique",
        );
        errors.push(doc.at(&Key::of("draw"), fault));
    }
}

fn check_param(
    context: &Context<'_>,
    query: &ParsedQuery<'_>,
    key: &Key,
    param: &Param,
    before: &[Param],
    errors: &mut Errors,
) {
    let doc = &query.doc;
    if !names::is_identifier(&param.name) {
        let fault = super::manifest::bad_name("parameter", &param.name, names::IDENTIFIER);
        errors.push(doc.at(&key.name("name"), fault));
    }
    if let Some(index) = before.iter().position(|other| other.name == param.name) {
        let first = doc.place_of(&Key::of("params").index(index));
        let fault = Fault::Duplicate { what: "parameter", name: param.name.clone(), first };
        errors.push(doc.at(&key.name("name"), fault));
    }
    match (&param.draw, &param.generator) {
        (Some(_), None) => {}
        (None, Some(generator)) => {
            super::generators::check_parameter(context, doc, generator, &key.name("gen"), errors);
        }
        _ => {
            let fault = Fault::rule(
                format!("parameter `{}` needs exactly one of `draw` and `gen`", param.name),
                "`draw = \"<column of the drawn row>\"` or `gen = { … }`",
            );
            errors.push(doc.at(key, fault));
        }
    }
}

/// Every `$n` has a parameter, and every parameter a `$n` in the statement or one of its replacements.
fn check_parameters(context: &Context<'_>, name: &str, query: &ParsedQuery<'_>, errors: &mut Errors) {
    let count = query.header.params.len();
    let mut used = numbers_within(query, count, errors);
    for over in context.overrides.get(name).into_iter().flat_map(|overrides| overrides.values()) {
        used.extend(numbers_within(over, count, errors));
    }
    for (index, param) in query.header.params.iter().enumerate() {
        if !used.contains(&index) {
            let fault = Fault::rule(
                format!("parameter `{}` is not used", param.name),
                format!("write `${}` in the statement, or remove the parameter", index + 1),
            );
            errors.push(query.doc.at(&Key::of("params").index(index), fault));
        }
    }
}

/// Indexes, from 0, of the parameters a statement takes; a fault for each that isn't there.
fn numbers_within<H>(parsed: &Parsed<'_, H>, count: usize, errors: &mut Errors) -> BTreeSet<usize> {
    let mut used = BTreeSet::new();
    for (number, range) in sql::parameters(&parsed.sql) {
        match (number as usize).checked_sub(1) {
            Some(index) if index < count => {
                used.insert(index);
            }
            _ => {
                let fault = Fault::rule(
                    format!("`${number}` has no parameter: the header declares {count}"),
                    "add it to `params`, in order: `{ name = \"…\", type = \"…\", draw = \"…\" }`",
                );
                errors.push(in_sql(parsed, range, fault));
            }
        }
    }
    used
}

fn check_override(
    context: &Context<'_>,
    variant: &str,
    query: &ParsedQuery<'_>,
    over: &ParsedOverride<'_>,
    errors: &mut Errors,
) {
    check_restore_is_for_commits(query.header.effect, over.header.restore.is_some(), over, errors);
    check_no_parameters(over, "restore", over.header.restore.as_deref(), errors);
    if !context.may_have_more_indexes(variant) {
        let known: BTreeSet<&str> = context.indexes_in(variant).collect();
        check_uses(over, &over.header.uses, &known, errors);
    }
}

fn check_restore_is_for_commits<H>(
    effect: Option<Effect>,
    restores: bool,
    parsed: &Parsed<'_, H>,
    errors: &mut Errors,
) {
    if restores && effect != Some(Effect::Commit) {
        let fault = Fault::rule(
            "`restore` puts back what a commit left behind, and this statement commits nothing",
            "remove it, or set `effect = \"commit\"` in the query's header",
        );
        errors.push(parsed.doc.at_name(&Key::of("restore"), fault));
    }
}

fn check_no_parameters<H>(parsed: &Parsed<'_, H>, name: &str, text: Option<&str>, errors: &mut Errors) {
    let Some(text) = text else { return };
    if sql::split(text).is_ok_and(|statements| statements.is_empty()) {
        let fault = Fault::rule(format!("`{name}` holds no statement"), "write its SQL, or remove the key");
        errors.push(parsed.doc.at(&Key::of(name), fault));
    }
    if let Some((number, _)) = sql::parameters(text).first() {
        let fault = Fault::rule(
            format!("`{name}` runs without parameters and can't take `${number}`"),
            "it runs once for many executions: write it for all of them",
        );
        errors.push(parsed.doc.at(&Key::of(name), fault));
    }
}

fn check_uses<H>(parsed: &Parsed<'_, H>, uses: &[String], known: &BTreeSet<&str>, errors: &mut Errors) {
    for (position, index) in uses.iter().enumerate() {
        if !known.contains(index.as_str()) {
            let fault = Fault::unknown("index", index, known.iter().copied());
            errors.push(parsed.doc.at(&Key::of("uses").index(position), fault));
        }
    }
}

/// A fault at a place in a query's statement.
pub(super) fn in_sql<H>(parsed: &Parsed<'_, H>, range: Range<usize>, fault: Fault) -> WorkloadError {
    let range = range.start + parsed.sql_start..range.end + parsed.sql_start;
    WorkloadError::at(parsed.doc.source(), range, None, fault)
}
