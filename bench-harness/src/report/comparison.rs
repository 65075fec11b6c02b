//! A comparison of two results, for the terminal and as Markdown. Copies findings, judges nothing.

use std::fmt::Write;

use comfy_table::{Attribute, Cell, Color, ColumnConstraint, Width};

use super::markdown::escape;
use super::table::{fill, finish, plain_table};
use super::words;
use crate::compare::{Change, Comparison, Finding, RunLabel, Tier};

/// What is shown in full; what is the same is counted.
fn shown() -> impl Iterator<Item = Change> {
    Change::ALL.into_iter().filter(|change| *change != Change::Same)
}

/// Heading of a change, and what it means where the word alone doesn't say.
fn heading(change: Change) -> (&'static str, &'static str) {
    match change {
        Change::Worse => ("✗ worse", ""),
        Change::Lost => ("? undecided now", ""),
        Change::Disappeared => ("– only in old", ""),
        Change::Changed => ("≠ changed", "neither better nor worse by itself"),
        Change::Better => ("✓ better", ""),
        Change::Appeared => ("+ only in new", ""),
        Change::Unknown => ("· not compared", ""),
        Change::Same => ("= the same", ""),
    }
}

fn colour(change: Change) -> Option<Color> {
    match change {
        Change::Worse => Some(Color::Red),
        Change::Lost | Change::Disappeared => Some(Color::Yellow),
        Change::Better => Some(Color::Green),
        _ => None,
    }
}

/// `width` is in columns; `colour` adds ANSI colours to the headings.
pub fn table(comparison: &Comparison, width: u16, with_colour: bool) -> String {
    let mut text = String::new();
    for (name, label) in [("old", &comparison.old), ("new", &comparison.new)] {
        text.push_str(&fill(&format!("{name}: {}", said(label)), width));
    }
    for line in notes(comparison) {
        text.push_str(&fill(&line, width));
    }
    for change in shown() {
        let of_it: Vec<_> = comparison.findings.iter().filter(|finding| finding.change == change).collect();
        if of_it.is_empty() {
            continue;
        }
        let (name, meaning) = heading(change);
        let mut head = Cell::new(name).add_attribute(Attribute::Bold);
        if let Some(colour) = colour(change) {
            head = head.fg(colour);
        }
        let mut table = plain_table(width, with_colour);
        table.set_header(vec![head, Cell::new(meaning)]);
        if change == Change::Unknown {
            for (says, of) in by_reason(&of_it) {
                table.add_row(vec![
                    words::count_of(of.len(), "figure", "figures"),
                    format!("{says}: {}", of.join(", ")),
                ]);
            }
        } else {
            for finding in of_it {
                let place =
                    format!("{}\n{}", words::one_line(&finding.of), words::one_line(&finding.variant));
                let figures = words::one_line(&figures(finding));
                let says = words::one_line(&finding.says);
                let lines = if says.is_empty() { figures } else { format!("{figures}\n{says}") };
                table.add_row(vec![place, lines]);
            }
        }
        let first = width / 4;
        table.set_constraints(
            [first, width - first].map(|columns| ColumnConstraint::Absolute(Width::Fixed(columns))),
        );
        text.push('\n');
        text.push_str(&finish(table));
    }
    text.push('\n');
    text.push_str(&fill(&summary(comparison), width));
    text
}

/// GitHub-flavoured Markdown.
pub fn markdown(comparison: &Comparison) -> String {
    let mut text = format!("# Compared\n\n{}\n", escape(&summary(comparison)));
    for (name, label) in [("old", &comparison.old), ("new", &comparison.new)] {
        push(&mut text, format_args!("\n- {name}: {}", escape(&said(label))));
    }
    text.push('\n');
    for line in notes(comparison) {
        push(&mut text, format_args!("\n> {}\n", escape(&line)));
    }
    for change in shown() {
        let of_it: Vec<_> = comparison.findings.iter().filter(|finding| finding.change == change).collect();
        if of_it.is_empty() {
            continue;
        }
        push(
            &mut text,
            format_args!("\n## {}\n\n| of | variant | what | \n|---|---|---|\n", heading(change).0),
        );
        for finding in of_it {
            let says = if finding.says.is_empty() {
                String::new()
            } else {
                format!("<br>{}", escape(&finding.says))
            };
            push(
                &mut text,
                format_args!(
                    "| {} | {} | {}{says} |\n",
                    escape(&finding.of),
                    escape(&finding.variant),
                    escape(&figures(finding))
                ),
            );
        }
    }
    text
}

/// What could not be compared, gathered by why: that is often the same for a whole run.
fn by_reason<'a>(findings: &[&'a Finding]) -> Vec<(String, Vec<String>)> {
    let mut reasons: Vec<(&'a str, Vec<String>)> = Vec::new();
    for finding in findings {
        let of = words::one_line(&format!("{} {} ({})", finding.of, finding.variant, finding.what));
        match reasons.iter_mut().find(|(says, _)| *says == finding.says) {
            Some((_, all)) => all.push(of),
            None => reasons.push((&finding.says, vec![of])),
        }
    }
    reasons.into_iter().map(|(says, of)| (words::one_line(says), of)).collect()
}

/// Writing to a String can't fail.
fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).unwrap_or_default();
}

/// `3 worse, 1 better; the same: 30 verdicts, 41 exact figures, 12 times within their noise`
pub fn summary(comparison: &Comparison) -> String {
    let counted: Vec<String> = shown()
        .map(|change| (change, comparison.count(change)))
        .filter(|(_, count)| *count > 0)
        .map(|(change, count)| {
            let (name, _) = heading(change);
            format!("{count} {}", name.trim_start_matches(|char: char| !char.is_ascii_alphabetic()))
        })
        .collect();
    let same = |tier: Tier| {
        let is_it = |finding: &&Finding| finding.change == Change::Same && finding.tier == tier;
        comparison.findings.iter().filter(is_it).count()
    };
    let same = format!(
        "the same: {}, {}, {} within the noise",
        words::count_of(same(Tier::Verdict), "verdict", "verdicts"),
        words::count_of(same(Tier::Exact), "exact figure", "exact figures"),
        words::count_of(same(Tier::Time), "time", "times"),
    );
    if counted.is_empty() { same } else { format!("{}; {same}", counted.join(", ")) }
}

/// `p95 of pickup: 1.31 ms → 2.02 ms, 1.54× (1.40–1.70) where 1.06× is noise`
fn figures(finding: &Finding) -> String {
    let values = match (&finding.old, &finding.new) {
        (Some(old), Some(new)) if old == new => format!("{old}, as before"),
        (Some(old), Some(new)) => format!("{old} → {new}"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => String::new(),
    };
    let ratio = match (&finding.ratio, finding.floor) {
        (Some(ratio), Some(floor)) => {
            let interval = super::figures::with_interval(words::ratio(ratio.ratio), &ratio.interval);
            format!("; {interval} as long, where up to {} is noise", words::ratio(floor))
        }
        (Some(ratio), None) => {
            format!("; {} as long", super::figures::with_interval(words::ratio(ratio.ratio), &ratio.interval))
        }
        _ => String::new(),
    };
    format!("{}: {values}{ratio}", finding.what)
}

fn said(label: &RunLabel) -> String {
    let revision = label.git_revision.as_ref().map_or(String::new(), |it| format!(", workloads at {it}"));
    let floor = label
        .select_one_ms
        .map_or(String::new(), |floor| format!(", SELECT 1 {}", words::milliseconds(floor.median)));
    format!(
        "{}, PostgreSQL {}, scale {}{floor}, indexproof {}{revision}",
        words::instant(&label.epoch),
        label.server_version,
        words::scale(label.scale),
        label.tool_version,
    )
}

fn notes(comparison: &Comparison) -> Vec<String> {
    let limits = comparison.basis.limits.iter().map(|limit| format!("note: {limit}"));
    let differences = comparison
        .basis
        .differences
        .iter()
        .map(|one| format!("warning: {} differs: {} → {}", one.what, one.old, one.new));
    limits.chain(differences).collect()
}
