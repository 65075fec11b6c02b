//! `indexproof show CLAIM`: one claim with its evidence, in the terminal.

use comfy_table::{Attribute, Cell};
use miette::Diagnostic;
use thiserror::Error;

use crate::report::outline::{self, StatementGroup};
use crate::report::table::{colour_of, fill, finish, plain_table};
use crate::report::{figures, words};
use crate::result::evidence::{Interval3, Measurement, PartResult};
use crate::result::{ClaimResult, RunResult, WorkloadResult};
use crate::stats::Interval;
use crate::workload::loaded::Workload;
use crate::workload::model::Claim;

/// No claim of this name, neither in a workload nor in the result.
#[derive(Debug, Error, Diagnostic, PartialEq, Eq)]
#[error("there is no claim {id}")]
pub struct UnknownClaim {
    pub id: String,
    #[help]
    pub help: String,
}

/// The claim as it was found in `last`, or as the workload states it when it was not run. `width` in columns.
///
/// # Errors
/// When no workload and no result knows the claim; the help names similar ones.
pub fn render(
    workloads: &[Workload],
    last: Option<&RunResult>,
    id: &str,
    width: u16,
    colour: bool,
) -> Result<String, UnknownClaim> {
    let same = |other: &str| other.eq_ignore_ascii_case(id);
    if let Some(last) = last
        && let Some(claim) = last.claims.iter().find(|claim| same(&claim.id))
    {
        return Ok(of_result(last, claim, width, colour));
    }
    for workload in workloads {
        if let Some(claim) = workload.claims.iter().find(|claim| same(&claim.id)) {
            return Ok(of_workload(workload, claim, width));
        }
    }
    let known: Vec<&str> = workloads
        .iter()
        .flat_map(|workload| workload.claims.iter().map(|claim| claim.id.as_str()))
        .chain(last.into_iter().flat_map(|last| last.claims.iter().map(|claim| claim.id.as_str())))
        .collect();
    let near = similar::get_close_matches(id.to_uppercase().as_str(), &known, 3, 0.6);
    let help = match near.as_slice() {
        [] => "`indexproof list` shows all claims".to_owned(),
        near => format!("similar: {}; `indexproof list` shows all claims", near.join(", ")),
    };
    Err(UnknownClaim { id: id.to_owned(), help })
}

fn of_workload(workload: &Workload, claim: &Claim, width: u16) -> String {
    let mut text = fill(&words::one_line(&format!("{}  {}", claim.id, claim.title)), width);
    let parts: Vec<&str> = claim.parts.iter().map(|part| part.name.as_str()).collect();
    let facts = [
        ("source", claim.source.clone()),
        ("kind", words::kind(claim.kind).to_owned()),
        ("variants", claim.variants.join(", ")),
        ("decided on", claim.decided_on.clone()),
        ("parts", parts.join(", ")),
    ];
    text.push_str(&pairs(&facts, width, false));
    text.push_str(&format!("\nNot run yet: `indexproof run {} --claim {}`\n", workload.name, claim.id));
    text
}

fn of_result(result: &RunResult, claim: &ClaimResult, width: u16, colour: bool) -> String {
    let mut text = fill(&words::one_line(&format!("{}  {}", claim.id, claim.title)), width);
    let mut ruling = plain_table(width, colour);
    ruling.add_row(vec![
        Cell::new(words::glyph_and_word(claim.verdict).replace(' ', "\u{a0}"))
            .fg(colour_of(claim.verdict))
            .add_attribute(Attribute::Bold),
        Cell::new(words::one_line(&claim.reason)),
    ]);
    text.push_str(&finish(ruling));
    let mut facts = vec![
        ("source", claim.source.clone()),
        ("size", figures::size(&claim.size)),
        ("decided on", claim.decided_on.clone()),
    ];
    if let Some(note) = &claim.note {
        facts.push(("note", note.clone()));
    }
    facts.push((
        "found",
        format!(
            "{}, scale {}, PostgreSQL {}",
            words::instant(&result.run.epoch),
            words::scale(result.run.scale),
            result.server.version
        ),
    ));
    text.push('\n');
    text.push_str(&pairs(&facts, width, colour));
    text.push_str(&variants(claim, width, colour));
    if let Some(workload) = result.workloads.iter().find(|workload| workload.name == claim.workload) {
        for (statement, dataset) in measured(claim) {
            if let Some(group) = StatementGroup::find(workload, statement, dataset) {
                text.push_str(&evidence(workload, &group, width, colour));
            }
        }
    }
    for shortfall in outline::shortfalls(result).iter().filter(|shortfall| shortfall.claim.id == claim.id) {
        let sentence = format!(
            "{} fell short: {}. {}",
            shortfall.variant.variant,
            shortfall.contrast(),
            shortfall.next_step
        );
        text.push('\n');
        text.push_str(&fill(&words::one_line(&sentence), width));
    }
    text
}

fn pairs(facts: &[(&str, String)], width: u16, colour: bool) -> String {
    let mut table = plain_table(width, colour);
    for (name, value) in facts {
        table.add_row(vec![
            Cell::new(name.replace(' ', "\u{a0}")).add_attribute(Attribute::Dim),
            Cell::new(words::one_line(value)),
        ]);
    }
    finish(table)
}

fn variants(claim: &ClaimResult, width: u16, colour: bool) -> String {
    let mut text = String::new();
    for variant in &claim.variants {
        let mut table = plain_table(width, colour);
        let agreement = words::agreement(variant.agreement);
        table.add_row(vec![
            Cell::new(words::glyph_and_word(variant.verdict).replace(' ', "\u{a0}"))
                .fg(colour_of(variant.verdict)),
            Cell::new(words::one_line(&format!("{} ({agreement}): {}", variant.variant, variant.reason))),
        ]);
        for part in &variant.parts {
            let lines =
                part_lines(part).iter().map(|line| words::one_line(line)).collect::<Vec<_>>().join("\n");
            table.add_row(vec![Cell::new(""), Cell::new(lines)]);
        }
        text.push('\n');
        text.push_str(&finish(table));
    }
    text
}

fn part_lines(part: &PartResult) -> Vec<String> {
    let figure = figures::short(&part.measurement).unwrap_or_else(|| "no figure".to_owned());
    let mut lines =
        vec![format!("{} {}: {} → {figure}", words::verdict(part.verdict).glyph, part.name, part.target)];
    lines.extend(figures::detail(&part.measurement));
    match &part.measurement {
        Measurement::Scenario { observations, .. } => lines.extend(observations.iter().map(|seen| {
            let sign = match seen.holds {
                Some(true) => "✓",
                Some(false) => "✗",
                None => "·",
            };
            format!("{sign} {}: {}", seen.name, seen.value)
        })),
        Measurement::Accepted { rejected, .. } => lines
            .extend(rejected.iter().map(|one| format!("⊘ {} ({}): {}", one.message, one.sqlstate, one.sql))),
        Measurement::Used { unused, .. } => {
            lines.extend(unused.iter().map(|index| format!("✗ {}: {}", index.index, index.why)));
        }
        _ => {}
    }
    lines
}

fn measured(claim: &ClaimResult) -> Vec<(&str, &str)> {
    let mut places = Vec::new();
    for part in claim.variants.iter().flat_map(|variant| &variant.parts) {
        if let Measurement::Latency { statement, dataset, .. }
        | Measurement::Ratio { statement, dataset, .. }
        | Measurement::Plan { statement, dataset, .. } = &part.measurement
        {
            let place = (statement.as_str(), dataset.as_str());
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    places
}

/// Figures of a statement in each variant, then each plan.
fn evidence(workload: &WorkloadResult, group: &StatementGroup<'_>, width: u16, colour: bool) -> String {
    let baseline = workload.variants.first().map_or("the baseline", |facts| facts.name.as_str());
    let mut table = plain_table(width, colour);
    table.set_header(
        ["variant", "median", "p95", &format!("times as fast as {baseline}"), "noise floor"]
            .map(|title| Cell::new(words::one_line(title)).add_attribute(Attribute::Dim)),
    );
    let interval = |figure: &Interval3| {
        let ends = Interval { low: figure.low, high: figure.high };
        figures::with_interval(words::milliseconds(figure.estimate), &ends)
    };
    let none = || "–".to_owned();
    for evidence in &group.by_variant {
        let Some(latency) = &evidence.latency else { continue };
        let ratio = evidence.ratio_to_baseline.as_ref();
        table.add_row(vec![
            words::one_line(&evidence.variant),
            interval(&latency.median_ms),
            latency.p95_ms.as_ref().map_or_else(none, interval),
            ratio.map_or_else(none, |ratio| {
                figures::with_interval(words::ratio(ratio.ratio), &ratio.interval)
            }),
            latency.noise_floor.map_or_else(none, words::ratio),
        ]);
    }
    let mut text =
        format!("\nStatement {} on {}\n", words::one_line(group.name), words::one_line(group.dataset));
    if table.row_count() > 0 {
        text.push_str(&finish(table));
    }
    for evidence in &group.by_variant {
        if let Some(rejection) = &evidence.rejection {
            let said =
                format!("{}: rejected: {} ({})", evidence.variant, rejection.message, rejection.sqlstate);
            text.push_str(&fill(&words::one_line(&said), width));
        }
        if let Some(plan) = evidence.plans.first() {
            let title = format!(
                "\nPlan in {} ({})\n",
                words::one_line(&evidence.variant),
                words::one_line(&plan.mode)
            );
            text.push_str(&title);
            for line in plan.text.lines() {
                // Indentation is the plan's structure, so lines are left as long as they are.
                let depth = line.len() - line.trim_start().len();
                text.push_str(&format!("  {:depth$}{}\n", "", words::one_line(line)));
            }
        }
    }
    text
}
