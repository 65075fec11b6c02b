//! `workloads/README.md` is what authors copy from: its examples must be what the parser takes.

use std::collections::BTreeSet;

use indexproof::workload::generator::Generator;
use indexproof::workload::model::{ClaimsFile, Manifest, Measure, QueryHeader};
use serde::Deserialize;
use serde::de::DeserializeOwned;

const README: &str = include_str!("../../workloads/README.md");

/// First and last cell of each row of the table under a heading cell.
fn table(heading: &str) -> Vec<(&'static str, &'static str)> {
    let rows = README.lines().skip_while(|line| !line.starts_with(&format!("| {heading} |"))).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            (cells[0].trim_matches('`'), *cells.last().unwrap())
        })
        .collect()
}

fn parsed<T: DeserializeOwned>(example: &str) -> T {
    #[derive(Deserialize)]
    struct Wrapped<T> {
        example: T,
    }
    let code = example.trim_matches('`');
    let wrapped: Result<Wrapped<T>, _> = toml::from_str(&format!("example = {code}"));
    wrapped.unwrap_or_else(|error| panic!("{code}: {error}")).example
}

/// The first fenced block that contains a text.
fn block(containing: &str) -> &'static str {
    let mut blocks = README.split("```").skip(1).step_by(2);
    let block = blocks.find(|block| block.contains(containing)).unwrap();
    block.split_once('\n').unwrap().1
}

/// Names of an enum's variants, from its published schema.
fn variants<T: schemars::JsonSchema>() -> BTreeSet<String> {
    let schema = serde_json::to_value(schemars::schema_for!(T)).unwrap();
    let mut names = BTreeSet::new();
    for option in schema["oneOf"].as_array().unwrap() {
        let constants = option["enum"].as_array().into_iter().flatten().chain(option.get("const"));
        names.extend(constants.filter_map(|name| name.as_str().map(str::to_owned)));
        names.extend(
            option["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap().to_owned()),
        );
    }
    names
}

#[test]
fn every_generator_is_explained_with_an_example_that_parses() {
    let rows = table("generator");
    let explained: BTreeSet<_> = rows.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(explained, variants::<Generator>());
    for (name, example) in rows {
        parsed::<Generator>(example);
        assert!(example.contains(name), "{name}: {example}");
    }
}

#[test]
fn every_measure_is_explained_with_an_example_that_parses() {
    let rows = table("measure");
    let explained: BTreeSet<_> = rows.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(explained, variants::<Measure>());
    for (name, example) in rows.iter().filter(|(name, _)| *name != "scenario") {
        parsed::<Measure>(example);
        assert!(example.contains(name), "{name}: {example}");
    }
}

#[test]
fn every_header_key_is_explained() {
    let schema = serde_json::to_value(schemars::schema_for!(QueryHeader)).unwrap();
    let keys: BTreeSet<_> = schema["properties"].as_object().unwrap().keys().cloned().collect();
    let explained: BTreeSet<_> = table("key").into_iter().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(explained, keys);
}

#[test]
fn the_files_shown_parse() {
    toml::from_str::<Manifest>(block("[datasets.orders]")).unwrap();
    toml::from_str::<ClaimsFile>(block("[[claim]]")).unwrap();
    let query = block("/*---");
    let header = query.split("/*---").nth(1).unwrap().split("---*/").next().unwrap();
    toml::from_str::<QueryHeader>(header).unwrap();
}
