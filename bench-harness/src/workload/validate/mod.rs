//! What a folder's files say about each other, checked without a server. Each module looks at one kind of file;
//! all report through [`Errors`] and none stops at the first fault.

pub(super) mod claims;
pub(super) mod cycles;
pub(super) mod generators;
pub(super) mod loads;
pub(super) mod manifest;
pub(super) mod measures;
pub(super) mod plans;
pub(super) mod queries;
mod values;

use std::collections::BTreeMap;

use super::error::WorkloadError;
use super::index_file::SchemaNames;
use super::loaded::IndexStatement;
use super::model::{Manifest, Scale, Scaled, Variant};
use super::queries::{ParsedOverride, ParsedQuery};
use super::toml_doc::TomlDoc;

/// All that was found so far.
#[derive(Default)]
pub(super) struct Errors(pub Vec<WorkloadError>);

impl Errors {
    pub fn push(&mut self, error: WorkloadError) {
        if !self.0.iter().any(|known| known.is_same_as(&error)) {
            self.0.push(error);
        }
    }

    /// The value, or its error noted down.
    pub fn keep<T>(&mut self, result: Result<T, WorkloadError>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// The value, or its errors noted down.
    pub fn keep_all<T>(&mut self, result: Result<T, Vec<WorkloadError>>) -> Option<T> {
        result.map_err(|errors| errors.into_iter().for_each(|error| self.push(error))).ok()
    }
}

/// The parsed files that others refer to.
pub(super) struct Context<'a> {
    pub manifest: &'a Manifest,
    pub manifest_doc: &'a TomlDoc<'a>,
    pub schema: &'a SchemaNames,
    pub index_sets: &'a BTreeMap<String, Vec<IndexStatement>>,
    pub queries: &'a BTreeMap<String, ParsedQuery<'a>>,
    /// By query, then by variant.
    pub overrides: &'a BTreeMap<String, BTreeMap<String, ParsedOverride<'a>>>,
}

impl Context<'_> {
    pub fn variant_names(&self) -> Vec<&str> {
        self.manifest.variants.iter().map(|variant| variant.name.as_str()).collect()
    }

    pub fn variant(&self, name: &str) -> Option<&Variant> {
        self.manifest.variants.iter().find(|variant| variant.name == name)
    }

    /// Indexes known to be there in a variant: its set's and the schema's.
    pub fn indexes_in(&self, variant: &str) -> impl Iterator<Item = &str> {
        let set = self.index_sets.get(variant).into_iter().flatten();
        set.filter_map(|statement| statement.index_name.as_deref())
            .chain(self.schema.indexes.iter().map(String::as_str))
    }

    /// Whether a variant may have indexes that its files don't show: a set-up script may call anything. A variant
    /// that doesn't exist is reported elsewhere.
    pub fn may_have_more_indexes(&self, variant: &str) -> bool {
        self.variant(variant).is_none_or(|variant| variant.setup.is_some() || !variant.requires.is_empty())
    }
}

const SCALES: [Scale; 3] = [Scale::Ci, Scale::Small, Scale::Full];

/// A scale as TOML writes it.
fn scale_name(scale: Scale) -> &'static str {
    match scale {
        Scale::Ci => "ci",
        Scale::Small => "small",
        Scale::Full => "full",
    }
}

/// The first scale at which a number breaks a rule, with the number.
fn first_scale<T: Clone>(scaled: &Scaled<T>, breaks: impl Fn(&T) -> bool) -> Option<(Scale, T)> {
    SCALES.into_iter().map(|scale| (scale, scaled.at(scale))).find(|(_, value)| breaks(value))
}
