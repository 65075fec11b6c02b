//! Reads a folder's files in the order in which they refer to each other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::{Fault, SourceFile, WorkloadError};
use super::folder::{CLAIMS, Folder, MANIFEST, QUERIES, README, SCHEMA};
use super::index_file::{self, SchemaNames};
use super::loaded::{IndexStatement, Workload};
use super::model::{Files, Manifest, Variant};
use super::names;
use super::queries::{self, ParsedOverride, ParsedQuery, QueryFile};
use super::toml_doc::{Key, TomlDoc};
use super::validate::claims::ClaimPlace;
use super::validate::{self, Context, Errors};

/// What reading a folder gave: a workload that may be used only when there are no errors.
pub(super) struct Reading {
    pub workload: Option<Workload>,
    pub errors: Errors,
    /// Claim IDs with their places, also of a folder with faults.
    pub claim_places: Vec<ClaimPlace>,
}

pub(super) fn read(dir: &Path) -> Reading {
    let mut reading = Reading { workload: None, errors: Errors::default(), claim_places: Vec::new() };
    let errors = &mut reading.errors;
    let name = folder_name(dir);
    if !names::is_identifier(&name) {
        let fault = Fault::BadName { what: "workload", name: name.clone(), pattern: names::IDENTIFIER };
        errors.push(WorkloadError::of_file(dir, fault));
    }
    let Some(mut folder) = errors.keep(Folder::open(dir)) else { return reading };

    errors.keep(folder.required(README, "what the document describes and what was found"));
    let manifest_source =
        errors.keep(folder.required(MANIFEST, "tables with their generators, data sets and variants"));
    let schema_source = errors.keep(folder.required(SCHEMA, "the CREATE TABLE statements"));
    let claims_source = errors.keep(folder.required(CLAIMS, "the claims and how each is measured"));

    let manifest_doc = manifest_source.as_ref().and_then(|source| parse(source, errors));
    let manifest = manifest_doc.as_ref().and_then(|doc| validate::manifest::read(doc, errors));
    let schema =
        schema_source.as_ref().and_then(|source| errors.keep(SchemaNames::of(source))).unwrap_or_default();
    let variant_files = match (&manifest_doc, &manifest) {
        (Some(doc), Some(manifest)) => read_variant_files(&mut folder, doc, manifest, errors),
        _ => VariantFiles::default(),
    };

    let query_files = read_query_files(&mut folder, errors);
    let mut parsed_queries: BTreeMap<String, ParsedQuery<'_>> = BTreeMap::new();
    let mut parsed_overrides: BTreeMap<String, BTreeMap<String, ParsedOverride<'_>>> = BTreeMap::new();
    let mut all_parsed = variant_files.complete;
    for file in &query_files {
        match &file.variant {
            None => {
                let parsed = errors.keep_all(queries::parse_query(file));
                all_parsed &= parsed.is_some();
                parsed_queries.extend(parsed.map(|parsed| (file.name.clone(), parsed)));
            }
            Some(variant) => {
                let parsed = errors.keep_all(queries::parse_override(file));
                all_parsed &= parsed.is_some();
                let of_query = parsed_overrides.entry(file.name.clone()).or_default();
                of_query.extend(parsed.map(|parsed| (variant.clone(), parsed)));
            }
        }
    }

    let claims_doc = claims_source.as_ref().and_then(|source| parse(source, errors));
    let claims = claims_doc.as_ref().and_then(|doc| validate::claims::read(doc, errors));
    reading.claim_places = claims_doc.as_ref().map(validate::claims::places).unwrap_or_default();

    if let (Some(manifest_doc), Some(manifest)) = (&manifest_doc, &manifest) {
        let context = Context {
            manifest,
            manifest_doc,
            schema: &schema,
            index_sets: &variant_files.index_sets,
            queries: &parsed_queries,
            overrides: &parsed_overrides,
        };
        validate::manifest::check(&context, errors);
        validate::generators::check_columns(&context, errors);
        validate::cycles::check(&context, errors);
        validate::queries::check_file_names(&query_files, &context.variant_names(), errors);
        // A query or index file that can't be read would be reported again by all that refer to it.
        if all_parsed {
            validate::queries::check(&context, errors);
            validate::loads::check_mixes(&context, errors);
            if let (Some(doc), Some(claims)) = (&claims_doc, &claims) {
                validate::claims::check(&context, doc, claims, errors);
            }
        }
        for leftover in folder.leftovers() {
            errors.push(leftover);
        }
    }

    if let (Some(doc), Some(manifest), Some(schema), Some(claims)) =
        (&manifest_doc, manifest, &schema_source, claims)
        && errors.0.is_empty()
    {
        let assembled = parsed_queries.iter().map(|(name, parsed)| {
            let overrides = parsed_overrides.get(name).into_iter().flatten();
            let overrides = overrides.map(|(variant, over)| (variant.as_str(), over));
            (name.clone(), queries::assemble(name, parsed, overrides))
        });
        let workload = Workload {
            name,
            dir: dir.to_owned(),
            queries: assembled.collect(),
            manifest,
            schema: schema.text.to_string(),
            index_sets: variant_files.index_sets,
            setups: variant_files.setups,
            claims,
        };
        validate::plans::check(&workload, doc, errors);
        reading.workload = Some(workload);
    }
    reading
}

fn folder_name(dir: &Path) -> String {
    // `.` and `a/..` have no name of their own until resolved.
    let resolved = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    resolved.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn parse<'t>(source: &'t SourceFile, errors: &mut Errors) -> Option<TomlDoc<'t>> {
    errors.keep_all(TomlDoc::parse(source, 0..source.text.len()))
}

#[derive(Default)]
struct VariantFiles {
    /// Every file that the manifest names could be read.
    complete: bool,
    index_sets: BTreeMap<String, Vec<IndexStatement>>,
    setups: BTreeMap<String, String>,
}

fn read_variant_files(
    folder: &mut Folder,
    doc: &TomlDoc<'_>,
    manifest: &Manifest,
    errors: &mut Errors,
) -> VariantFiles {
    let mut files = VariantFiles { complete: true, ..VariantFiles::default() };
    for (index, variant) in manifest.variants.iter().enumerate() {
        let key = Key::of("variant").index(index);
        let Variant { name, indexes, setup, .. } = variant;
        let mut named = |path: &PathBuf, key: &Key, errors: &mut Errors| match folder.read(path) {
            Some(source) => errors.keep(source),
            None => {
                errors.push(doc.at(key, folder.missing(path)));
                None
            }
        };
        let set = indexes.as_ref().and_then(|path| named(path, &key.name("indexes"), errors));
        let set = set.and_then(|source| errors.keep(index_file::parse(&source)));
        files.complete &= set.is_some() == indexes.is_some();
        files.index_sets.extend(set.map(|set| (name.clone(), set)));

        let key = key.name("setup");
        let mut scripts = Vec::new();
        let paths = setup.as_ref().map(Files::as_slice).unwrap_or_default();
        for (place, path) in paths.iter().enumerate() {
            let key = if matches!(setup, Some(Files::One(_))) { key.clone() } else { key.index(place) };
            let script = named(path, &key, errors);
            let script = script.filter(|source| errors.keep(index_file::statements(source)).is_some());
            scripts.extend(script.map(|source| source.text.to_string()));
        }
        if setup.is_some() && paths.is_empty() {
            let way_out = "name its files, or take `setup` out of the variant";
            errors.push(doc.at(&key, Fault::rule("an empty list of set-up files", way_out)));
        }
        files.complete &= scripts.len() == paths.len();
        if !scripts.is_empty() {
            // A file may leave its last semicolon out.
            files.setups.insert(name.clone(), scripts.join("\n;\n"));
        }
    }
    files
}

fn read_query_files(folder: &mut Folder, errors: &mut Errors) -> Vec<QueryFile> {
    let mut files = Vec::new();
    for path in folder.sql_files_in(QUERIES) {
        let source = folder.read(&path).and_then(|source| errors.keep(source));
        files.extend(source.and_then(|source| errors.keep(QueryFile::name(&path, source))));
    }
    files
}
