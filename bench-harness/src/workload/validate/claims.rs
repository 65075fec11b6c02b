//! `claims.toml`: who claims what, on which data, in which variants. How it is measured: [`super::measures`].

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::manifest::check_not_falling;
use super::measures::PartOf;
use super::{Context, Errors};
use crate::workload::error::{Fault, SourceFile, WorkloadError};
use crate::workload::model::{Claim, ClaimsFile, Part};
use crate::workload::toml_doc::{Key, TomlDoc};
use crate::workload::{names, sql};

/// Reads the claims; when the file doesn't fit its type, each claim and part is tried by itself.
pub(in crate::workload) fn read(doc: &TomlDoc<'_>, errors: &mut Errors) -> Option<Vec<Claim>> {
    let whole = match doc.read::<ClaimsFile>() {
        Ok(file) => return Some(file.claims),
        Err(error) => error,
    };
    for index in 0..doc.len_at(&Key::of("claim")) {
        let key = Key::of("claim").index(index);
        let parts = key.name("part");
        for part in 0..doc.len_at(&parts) {
            errors.keep(doc.read_at::<Part>(&parts.index(part)).transpose());
        }
        errors.keep(doc.read_at::<Claim>(&key).transpose());
    }
    errors.push(whole);
    None
}

/// Where a claim's ID is written: IDs are unique over all workloads, so they outlive their file's checks.
pub(in crate::workload) struct ClaimPlace {
    pub id: String,
    source: SourceFile,
    span: Range<usize>,
    key: String,
}

impl ClaimPlace {
    fn place(&self) -> String {
        self.source.place(self.span.start)
    }
}

/// The IDs of a claims file, whether or not the rest of it is in order.
pub(in crate::workload) fn places(doc: &TomlDoc<'_>) -> Vec<ClaimPlace> {
    (0..doc.len_at(&Key::of("claim")))
        .filter_map(|index| {
            let key = Key::of("claim").index(index).name("id");
            let id = doc.str_at(&key)?.to_owned();
            Some(ClaimPlace {
                id,
                source: doc.source().clone(),
                span: doc.span_of(&key),
                key: key.to_string(),
            })
        })
        .collect()
}

/// A fault for each ID that came before, with the position of its place in the list.
pub(in crate::workload) fn duplicates(places: &[ClaimPlace]) -> Vec<(usize, WorkloadError)> {
    let mut first: BTreeMap<&str, &ClaimPlace> = BTreeMap::new();
    let mut found = Vec::new();
    for (position, place) in places.iter().enumerate() {
        match first.get(place.id.as_str()) {
            Some(earlier) => {
                let fault =
                    Fault::Duplicate { what: "claim", name: place.id.clone(), first: earlier.place() };
                let error =
                    WorkloadError::at(&place.source, place.span.clone(), Some(place.key.clone()), fault);
                found.push((position, error));
            }
            None => {
                first.insert(&place.id, place);
            }
        }
    }
    found
}

/// Checks every claim.
pub(in crate::workload) fn check(
    context: &Context<'_>,
    doc: &TomlDoc<'_>,
    claims: &[Claim],
    errors: &mut Errors,
) {
    for (index, claim) in claims.iter().enumerate() {
        Checked { context, doc, claim, key: Key::of("claim").index(index), errors }.check();
    }
}

struct Checked<'a> {
    context: &'a Context<'a>,
    doc: &'a TomlDoc<'a>,
    claim: &'a Claim,
    key: Key,
    errors: &'a mut Errors,
}

impl Checked<'_> {
    fn fault(&mut self, key: &Key, fault: Fault) {
        self.errors.push(self.doc.at(key, fault));
    }

    fn check(&mut self) {
        let claim = self.claim;
        let key = self.key.clone();
        if !names::is_claim(&claim.id) {
            self.fault(&key.name("id"), super::manifest::bad_name("claim", &claim.id, names::CLAIM));
        }
        if !self.context.manifest.datasets.contains_key(&claim.dataset) {
            let known = self.context.manifest.datasets.keys();
            self.fault(&key.name("dataset"), Fault::unknown("data set", &claim.dataset, known));
        }
        self.size();
        self.variants();
        self.parts();
    }

    fn size(&mut self) {
        let size = &self.claim.size;
        let key = self.key.name("size");
        check_not_falling(self.doc, &key.name("held"), "`held`", &size.held, self.errors);
        if size.claimed == Some(0) {
            let way_out = "at least 1; leave `claimed` out when the document names no number";
            self.fault(&key.name("claimed"), Fault::range("`claimed`", 0, way_out));
        }
        if !sql::is_query(&size.count) {
            let way_out = "write a SELECT that returns one bigint: how many of `of` the loaded data hold";
            self.fault(&key.name("count"), Fault::rule("`count` is not a SELECT", way_out));
        }
    }

    fn variants(&mut self) {
        let claim = self.claim;
        let key = self.key.name("variants");
        if claim.variants.is_empty() {
            let way_out = "name the variants it is measured in";
            self.fault(&key, Fault::rule("the claim is measured in no variant", way_out));
        }
        let known = self.context.variant_names();
        let mut seen = BTreeSet::new();
        for (index, variant) in claim.variants.iter().enumerate() {
            if !known.contains(&variant.as_str()) {
                self.fault(&key.index(index), Fault::unknown("variant", variant, known.iter().copied()));
            }
            if !seen.insert(variant) {
                let (what, name) = ("variant", variant.clone());
                let first = "this list".to_owned();
                self.fault(&key.index(index), Fault::Duplicate { what, name, first });
            }
        }
        self.measured(&claim.decided_on, &self.key.name("decided_on"), false);
        for variant in claim.expect.keys() {
            self.measured(variant, &self.key.name("expect").name(variant), true);
        }
    }

    /// A variant of the claim's own list.
    fn measured(&mut self, variant: &str, key: &Key, is_key: bool) {
        if self.claim.variants.iter().any(|measured| measured == variant) {
            return;
        }
        let fault = Fault::unknown("variant of this claim", variant, &self.claim.variants);
        let error = if is_key { self.doc.at_name(key, fault) } else { self.doc.at(key, fault) };
        self.errors.push(error);
    }

    fn parts(&mut self) {
        let claim = self.claim;
        if claim.parts.is_empty() {
            let way_out =
                "add a `[[claim.part]]` with `name` and `measure`: what is not measured can't be judged";
            let fault = Fault::rule(format!("claim `{}` has no part", claim.id), way_out);
            self.fault(&self.key.name("id"), fault);
            return;
        }
        let mut measured = BTreeSet::new();
        let mut part_names = BTreeSet::new();
        for (index, part) in claim.parts.iter().enumerate() {
            let key = self.key.name("part").index(index);
            if !part_names.insert(&part.name) {
                let (what, name) = ("part", part.name.clone());
                let first = "this claim".to_owned();
                self.fault(&key.name("name"), Fault::Duplicate { what, name, first });
            }
            let variants = part.variants.as_ref().unwrap_or(&claim.variants);
            if let Some(own) = &part.variants {
                let key = key.name("variants");
                if own.is_empty() {
                    let way_out = "leave `variants` out to measure all of the claim's";
                    self.fault(&key, Fault::rule("the part applies to no variant", way_out));
                }
                for (index, variant) in own.iter().enumerate() {
                    self.measured(variant, &key.index(index), false);
                }
            }
            measured.extend(variants);
            PartOf { context: self.context, doc: self.doc, claim, variants, key: key.name("measure") }
                .check(&part.measure, self.errors);
        }
        for (index, variant) in claim.variants.iter().enumerate() {
            if !measured.contains(variant) {
                let way_out = "add it to a part's `variants`, or take it off the claim's";
                let fault = Fault::rule(format!("no part measures variant `{variant}`"), way_out);
                self.fault(&self.key.name("variants").index(index), fault);
            }
        }
    }
}
