//! A workload after parsing: every file read, every reference resolved. The rest of the harness sees only this.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::model::{Claim, Effect, Manifest, Param, QueryHeader, RowBounds, Variant};

#[derive(Clone, Debug)]
pub struct Workload {
    /// Folder name; what the command line calls it.
    pub name: String,
    pub dir: PathBuf,
    pub manifest: Manifest,
    /// `schema.sql`
    pub schema: String,
    pub queries: BTreeMap<String, Query>,
    /// Statements of each variant's index file, in file order; variants without one are absent.
    pub index_sets: BTreeMap<String, Vec<IndexStatement>>,
    /// Set-up SQL of each variant that has one.
    pub setups: BTreeMap<String, String>,
    pub claims: Vec<Claim>,
}

#[derive(Clone, Debug)]
pub struct Query {
    pub name: String,
    pub header: QueryHeader,
    /// The statement, without the header and without a trailing semicolon.
    pub sql: String,
    /// Replacements per variant.
    pub overrides: BTreeMap<String, QueryOverride>,
}

#[derive(Clone, Debug)]
pub struct QueryOverride {
    pub summary: String,
    pub sql: String,
    pub uses: Vec<String>,
    pub restore: Option<String>,
}

/// One statement of an index file, with the comment above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexStatement {
    pub sql: String,
    /// The comment lines directly above: in a corrected set, the reason of the change.
    pub comment: Option<String>,
    /// Name of the index when the statement is a CREATE INDEX that names one.
    pub index_name: Option<String>,
    pub line: usize,
}

impl Workload {
    /// A workload that is its manifest alone: for what needs no files, such as generating its data.
    pub fn of_manifest(name: &str, manifest: Manifest) -> Workload {
        Workload {
            name: name.to_owned(),
            dir: PathBuf::from(name),
            manifest,
            schema: String::new(),
            queries: BTreeMap::new(),
            index_sets: BTreeMap::new(),
            setups: BTreeMap::new(),
            claims: Vec::new(),
        }
    }

    /// The variant that every ratio is taken to: the first.
    pub fn baseline(&self) -> &str {
        self.manifest.variants.first().map_or("", |variant| &variant.name)
    }

    pub fn variant(&self, name: &str) -> Option<&Variant> {
        self.manifest.variants.iter().find(|variant| variant.name == name)
    }
}

impl Query {
    pub fn effect(&self) -> Effect {
        self.header.effect.unwrap_or_default()
    }

    pub fn params(&self) -> &[Param] {
        &self.header.params
    }

    pub fn rows(&self) -> Option<RowBounds> {
        self.header.rows
    }

    /// The statement as run in a variant.
    pub fn sql_in(&self, variant: &str) -> &str {
        self.overrides.get(variant).map_or(&self.sql, |replaced| &replaced.sql)
    }

    /// What the statement does, as run in a variant.
    pub fn summary_in(&self, variant: &str) -> &str {
        self.overrides.get(variant).map_or(&self.header.summary, |replaced| &replaced.summary)
    }

    /// Indexes the statement is said to use in a variant.
    pub fn uses_in(&self, variant: &str) -> &[String] {
        self.overrides.get(variant).map_or(&self.header.uses, |replaced| &replaced.uses)
    }

    /// SQL that puts the data back after a leg, in a variant.
    pub fn restore_in(&self, variant: &str) -> Option<&str> {
        match self.overrides.get(variant) {
            Some(replaced) => replaced.restore.as_deref(),
            None => self.header.restore.as_deref(),
        }
    }
}
