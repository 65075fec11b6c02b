//! The last word on generators: each data set is compiled at each scale, so that what passes here can be loaded.

use jiff::Timestamp;

use super::{Errors, SCALES, scale_name};
use crate::generate::{DatasetPlan, GenerateError};
use crate::workload::error::Fault;
use crate::workload::loaded::Workload;
use crate::workload::toml_doc::{Key, TomlDoc};

/// Compiles every data set. What the checks before this one know about is reported by them, with a better place.
pub(in crate::workload) fn check(workload: &Workload, doc: &TomlDoc<'_>, errors: &mut Errors) {
    for dataset in workload.manifest.datasets.keys() {
        for scale in SCALES {
            let compiled = DatasetPlan::compile(workload, dataset, scale, 0, Timestamp::UNIX_EPOCH);
            let Err(error) = compiled else { continue };
            let key = match &error {
                GenerateError::Column { table, column, .. } => Key::of("tables").name(table).name(column),
                _ => Key::of("datasets").name(dataset),
            };
            let fault = Fault::rule(
                format!("data set `{dataset}` can't be generated at scale {}: {error}", scale_name(scale)),
                "workloads/README.md says what each generator takes",
            );
            errors.push(doc.at(&key, fault));
            // The same generator fails at the other scales as well.
            break;
        }
    }
}
