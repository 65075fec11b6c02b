//! The verdict table for the terminal.

use std::io::IsTerminal;

use comfy_table::{
    Attribute, Cell, Color, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width,
};

use super::outline::{self, Group};
use super::{figures, words};
use crate::result::{Agreement, ClaimResult, RunResult, VariantVerdict};
use crate::verdict::Verdict;

/// Columns below which claim, figure and other variants share one column.
const WIDE: u16 = 110;
/// Narrower than this nothing reads well; lines then run over.
const NARROWEST: u16 = 50;
/// Beyond this, lines are too long to follow.
const WIDEST: u16 = 180;

/// What standard output can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Columns.
    pub width: u16,
    pub colour: bool,
}

impl Terminal {
    /// Of this process's standard output: 80 columns without colour when it is not a terminal.
    /// Colour also gives way to `NO_COLOR` (any non-empty value) and `TERM=dumb`.
    pub fn detect() -> Terminal {
        let terminal = std::io::stdout().is_terminal();
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Terminal {
            width: Table::new().width().filter(|_| terminal).unwrap_or(80),
            colour: terminal && !refused,
        }
    }
}

/// The whole verdict table: a heading and a table per document, counts, and what fell short.
///
/// `width` is in columns; `colour` adds ANSI colours to the verdicts.
pub fn render(result: &RunResult, width: u16, colour: bool) -> String {
    let width = width.clamp(NARROWEST, WIDEST);
    let mut text = String::new();
    for group in outline::groups(result).iter().filter(|group| !group.claims.is_empty()) {
        text.push_str(&heading(group, width, colour));
        text.push_str(&claims_table(group, width, colour));
        text.push('\n');
    }
    if result.run.interrupted {
        text.push_str("The run was ended by hand: what stands here is partial.\n");
    }
    text.push_str(&fill(&outline::summary(result), width));
    let shortfalls = shortfalls(result, width, colour);
    if !shortfalls.is_empty() {
        text.push('\n');
        text.push_str(&shortfalls);
    }
    text
}

fn heading(group: &Group<'_>, width: u16, colour: bool) -> String {
    let mut table = plain_table(width, colour);
    table.add_row(vec![Cell::new(words::one_line(&group.heading)).add_attribute(Attribute::Bold)]);
    finish(table)
}

fn claims_table(group: &Group<'_>, width: u16, colour: bool) -> String {
    let wide = width >= WIDE;
    let mut table = plain_table(width, colour);
    table.load_style(SPACED);
    let mut head = vec!["claim", "verdict"];
    head.extend(if wide {
        ["what is claimed", "target → figure", "other variants"].as_slice()
    } else {
        &[]
    });
    if !wide {
        head.push("what is claimed, target → figure, other variants");
    }
    table.set_header(head.into_iter().map(|title| Cell::new(title).add_attribute(Attribute::Dim)));
    for claim in &group.claims {
        table.add_row(row(claim, wide));
    }
    table.set_constraints(constraints(width, wide));
    finish(table)
}

/// Identifier and verdict never wrap; the rest shares what is left.
fn constraints(width: u16, wide: bool) -> Vec<ColumnConstraint> {
    let fixed = |columns| ColumnConstraint::Absolute(Width::Fixed(columns));
    const ID: u16 = 9;
    const VERDICT: u16 = 18;
    let rest = width - ID - VERDICT;
    if wide {
        let others = 26;
        let claim = (rest - others) * 45 / 100;
        vec![fixed(ID), fixed(VERDICT), fixed(claim), fixed(rest - others - claim), fixed(others)]
    } else {
        vec![fixed(ID), fixed(VERDICT), fixed(rest)]
    }
}

fn row(claim: &ClaimResult, wide: bool) -> Vec<Cell> {
    let deciding = figures::deciding_variant(claim);
    let figure = match deciding {
        Some(variant) => words::one_line(&figures::target_and_figure(variant)),
        None => format!("variant {} was not run", words::one_line(&claim.decided_on)),
    };
    let others: Vec<String> =
        claim.variants.iter().filter(|variant| variant.variant != claim.decided_on).map(in_short).collect();
    let title = words::one_line(&claim.title);
    let mut cells = vec![Cell::new(words::one_line(&claim.id)), verdict_cell(claim, deciding)];
    if wide {
        cells.extend([Cell::new(title), Cell::new(figure), Cell::new(others.join("\n"))]);
    } else {
        let mut lines = vec![title, figure];
        if !others.is_empty() {
            lines.push(others.join(" · "));
        }
        cells.push(Cell::new(lines.join("\n")));
    }
    cells
}

/// `corrected ✓ proven`, tied so that it does not wrap apart.
fn in_short(variant: &VariantVerdict) -> String {
    format!("{} {}", words::one_line(&variant.variant), words::glyph_and_word(variant.verdict))
        .replace(' ', "\u{a0}")
}

fn verdict_cell(claim: &ClaimResult, deciding: Option<&VariantVerdict>) -> Cell {
    let mut text = words::glyph_and_word(claim.verdict);
    if let Some(VariantVerdict { agreement: Agreement::FellShort, expected: Some(expected), .. }) = deciding {
        text.push_str(&format!("\nnot {}", words::verdict(*expected).word));
    }
    Cell::new(text).fg(colour_of(claim.verdict)).add_attribute(Attribute::Bold)
}

pub(crate) fn colour_of(verdict: Verdict) -> Color {
    match verdict {
        Verdict::Proven => Color::Green,
        Verdict::Refuted | Verdict::Infeasible => Color::Red,
        Verdict::Invalid => Color::Magenta,
        Verdict::NotRunnable => Color::Yellow,
        Verdict::Inconclusive | Verdict::Skipped => Color::DarkGrey,
        Verdict::Measured => Color::Cyan,
    }
}

fn shortfalls(result: &RunResult, width: u16, colour: bool) -> String {
    let found = outline::shortfalls(result);
    if found.is_empty() {
        return String::new();
    }
    let mut table = plain_table(width, colour);
    table.load_style(SPACED);
    table.set_header(vec![
        Cell::new("Fell short of what is expected").add_attribute(Attribute::Bold),
        Cell::new(""),
    ]);
    for shortfall in &found {
        let place = format!(
            "{} {}\n{}",
            words::one_line(&shortfall.claim.id),
            words::one_line(&shortfall.variant.variant),
            shortfall.contrast()
        );
        let why = format!(
            "{}\nNext: {}",
            words::one_line(&shortfall.variant.reason),
            words::one_line(&shortfall.next_step)
        );
        table.add_row(vec![Cell::new(place).fg(colour_of(shortfall.variant.verdict)), Cell::new(why)]);
    }
    let first = width * 2 / 5;
    table.set_constraints(
        [first, width - first].map(|columns| ColumnConstraint::Absolute(Width::Fixed(columns))),
    );
    finish(table)
}

/// Rules under the head only, blank lines between rows: for cells of several lines.
pub(crate) const SPACED: TableStyle = TableStyle::new()
    .header_separator(LineStyle::none().fill('─'))
    .row_separator(LineStyle::none().fill(' '));

/// A table without lines, as wide as asked, with or without colour whatever standard output is.
pub(crate) fn plain_table(width: u16, colour: bool) -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    if colour {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table
}

/// Cell padding is to stand between columns only, and no line is to end in spaces.
pub(crate) fn finish(mut table: Table) -> String {
    let last = table.column_count().saturating_sub(1);
    for at in 0..=last {
        if let Some(column) = table.column_mut(at) {
            column.set_padding((0, if at == last { 0 } else { 2 }));
        }
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Prose broken at the given width.
pub(crate) fn fill(prose: &str, width: u16) -> String {
    let mut table = plain_table(width, false);
    table.add_row(vec![prose]);
    finish(table)
}
