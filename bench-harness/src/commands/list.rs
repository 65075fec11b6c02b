//! `indexproof list`: what there is to prove, and what was found last time.

use comfy_table::{Attribute, Cell};

use crate::report::table::{colour_of, fill, finish, plain_table};
use crate::report::words;
use crate::result::{ClaimResult, RunResult};
use crate::workload::loaded::Workload;

/// Workloads with their claims; the last verdict of each, when there was a run. `width` in columns.
pub fn render(workloads: &[Workload], last: Option<&RunResult>, width: u16, colour: bool) -> String {
    let mut text = String::new();
    for workload in workloads {
        let mut heading = plain_table(width, colour);
        let title = format!("{}: {}", workload.name, workload.manifest.title);
        heading.add_row(vec![Cell::new(words::one_line(&title)).add_attribute(Attribute::Bold)]);
        let document = &workload.manifest.document;
        heading.add_row(vec![Cell::new(words::one_line(&format!(
            "document {}: {}",
            document.id, document.title
        )))]);
        let variants: Vec<&str> =
            workload.manifest.variants.iter().map(|variant| variant.name.as_str()).collect();
        heading.add_row(vec![Cell::new(words::one_line(&format!("variants: {}", variants.join(", "))))]);
        text.push_str(&finish(heading));
        let mut table = plain_table(width, colour);
        for claim in &workload.claims {
            let found = last.and_then(|last| found(last, &workload.name, &claim.id));
            let verdict = match found {
                Some(found) => Cell::new(words::glyph_and_word(found.verdict)).fg(colour_of(found.verdict)),
                None => Cell::new("not run yet").add_attribute(Attribute::Dim),
            };
            table.add_row(vec![
                Cell::new(format!("  {}", words::one_line(&claim.id))),
                verdict,
                Cell::new(words::kind(claim.kind)).add_attribute(Attribute::Dim),
                Cell::new(words::one_line(&claim.title)),
            ]);
        }
        if !workload.claims.is_empty() {
            text.push_str(&finish(table));
        }
        text.push('\n');
    }
    text.push_str(&fill(&footer(workloads, last), width));
    text
}

fn found<'a>(last: &'a RunResult, workload: &str, id: &str) -> Option<&'a ClaimResult> {
    last.claims.iter().find(|claim| claim.workload == workload && claim.id == id)
}

fn footer(workloads: &[Workload], last: Option<&RunResult>) -> String {
    let claims = workloads.iter().map(|workload| workload.claims.len()).sum();
    let counted = format!(
        "{} in {}",
        words::count_of(claims, "claim", "claims"),
        words::count_of(workloads.len(), "workload", "workloads")
    );
    match last {
        Some(last) => format!(
            "{counted}. Verdicts are of {}, scale {}, PostgreSQL {}.",
            words::instant(&last.run.epoch),
            words::scale(last.run.scale),
            words::one_line(&last.server.version)
        ),
        None => format!("{counted}. Nothing was run yet: `indexproof run`."),
    }
}
