//! Columns that need themselves.

use super::{Context, Errors};
use crate::generate::dependencies;
use crate::workload::error::Fault;
use crate::workload::toml_doc::Key;

/// A column whose value would need itself can't be computed.
pub(in crate::workload) fn check(context: &Context<'_>, errors: &mut Errors) {
    for cycle in dependencies::cycles(&context.manifest.tables) {
        let [(table, column), ..] = cycle.as_slice() else { continue };
        let path = cycle.iter().chain(cycle.first()).map(|(table, column)| format!("{table}.{column}"));
        let fault = Fault::rule(
            format!("the column refers to itself: {}", path.collect::<Vec<_>>().join(" → ")),
            "break the circle: let one of these columns be made without the others",
        );
        errors.push(context.manifest_doc.at_name(&Key::of("tables").name(table).name(column), fault));
    }
}
