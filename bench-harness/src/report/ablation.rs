//! An ablation, for the terminal and as Markdown. Copies findings, judges nothing.

use comfy_table::{Attribute, Cell, Color, ColumnConstraint, Width};

use super::markdown::escape;
use super::table::{SPACED, fill, finish, plain_table};
use super::{figures, words};
use crate::ablation::{Ablation, IndexWorth, ReadEffect, ReadOutcome, Worth, WriteCost};

/// Glyph and word, what it means, and its colour.
fn worth(worth: Worth) -> (&'static str, &'static str, Color) {
    match worth {
        Worth::Essential => ("✓ essential", "a statement falls short without it", Color::Green),
        Worth::Redundant => ("= redundant", "others of the set serve as well", Color::Yellow),
        Worth::Harmful => ("✗ harmful", "it costs writers and helps nobody", Color::Red),
        Worth::Unused => ("– unused", "it helps nobody and costs next to nothing", Color::Yellow),
        Worth::Undecided => ("? undecided", "the budget ended first; kept", Color::DarkGrey),
    }
}

/// `width` is in columns; `colour` adds ANSI colours.
pub fn table(ablation: &Ablation, width: u16, colour: bool) -> String {
    let mut text = fill(&facts(ablation), width);
    text.push('\n');
    let mut table = plain_table(width, colour);
    let first = width * 2 / 5;
    table.load_style(SPACED);
    table.set_header(
        ["index, worth, size, build time", "why, and what writers pay"]
            .map(|head| Cell::new(head).add_attribute(Attribute::Bold)),
    );
    for index in &ablation.indexes {
        let (name, _, shade) = worth(index.worth);
        let facts = format!(
            "{}\n{name}, {}, {}",
            words::one_line(&index.name),
            index.size_bytes.map_or("size not known".to_owned(), words::bytes),
            index.build_ms.map_or("build not timed".to_owned(), words::milliseconds)
        );
        let mut why = words::one_line(&index.reason);
        if let Some(write) = telling(&index.writes).filter(|_| index.worth != Worth::Harmful) {
            why.push_str(&format!("\n{}", words::one_line(&cost(write))));
        }
        table.add_row(vec![Cell::new(facts).fg(shade), Cell::new(why)]);
    }
    table.set_constraints(
        [first, width - first].map(|columns| ColumnConstraint::Absolute(Width::Fixed(columns))),
    );
    text.push_str(&finish(table));
    text.push('\n');
    for line in conclusion(ablation) {
        text.push_str(&fill(&words::one_line(&line), width));
    }
    for note in &ablation.notes {
        text.push_str(&fill(&format!("note: {}", words::one_line(note)), width));
    }
    text
}

/// GitHub-flavoured Markdown: the table, what each index does for each statement, the smallest set as SQL.
pub fn markdown(ablation: &Ablation) -> String {
    let mut text = format!(
        "# Ablation of {}, variant {}\n\n{}\n\n| index | worth | size | build | why |\n|---|---|---|---|---|\n",
        escape(&ablation.workload),
        escape(&ablation.variant),
        escape(&facts(ablation))
    );
    for index in &ablation.indexes {
        text.push_str(&format!(
            "| {} | **{}** | {} | {} | {} |\n",
            escape(&index.name),
            worth(index.worth).0,
            index.size_bytes.map_or("–".to_owned(), words::bytes),
            index.build_ms.map_or("–".to_owned(), words::milliseconds),
            escape(&index.reason)
        ));
    }
    text.push_str("\nWithout it, a statement… and with it, a writer…\n\n| index | statement | without the index |\n|---|---|---|\n");
    for index in &ablation.indexes {
        for read in &index.reads {
            text.push_str(&row(index, &read.statement, &effect(read)));
        }
    }
    text.push_str("\n| index | writer | with the index |\n|---|---|---|\n");
    for index in &ablation.indexes {
        for write in &index.writes {
            text.push_str(&row(index, &write.statement, &price(write)));
        }
    }
    text.push_str("\n## The smallest set\n\n");
    for line in conclusion(ablation) {
        text.push_str(&format!("{}\n\n", escape(&line)));
    }
    let kept = &ablation.reduced.verdicts;
    if !kept.is_empty() {
        text.push_str("| claim | part | full set | reduced set |\n|---|---|---|---|\n");
        for one in kept {
            let reason =
                if one.reason.is_empty() { String::new() } else { format!(": {}", escape(&one.reason)) };
            text.push_str(&format!(
                "| {} | {} | {} | {}{reason} |\n",
                escape(&one.claim),
                escape(&one.part),
                words::glyph_and_word(one.full),
                words::glyph_and_word(one.reduced),
            ));
        }
        text.push('\n');
    }
    text.push_str(&format!("```sql\n{}```\n", ablation.reduced.sql.replace("```", "` ` `")));
    if !ablation.notes.is_empty() {
        text.push_str("\n## Notes\n\n");
        for note in &ablation.notes {
            text.push_str(&format!("- {}\n", escape(note)));
        }
    }
    text
}

fn row(index: &IndexWorth, statement: &str, says: &str) -> String {
    format!("| {} | {} | {} |\n", escape(&index.name), escape(statement), escape(says))
}

fn facts(ablation: &Ablation) -> String {
    let run = &ablation.run;
    let rows: Vec<String> = ablation
        .datasets
        .iter()
        .flat_map(|dataset| dataset.rows.iter())
        .map(|(table, rows)| format!("{} rows of {table}", words::grouped(*rows)))
        .collect();
    format!(
        "{} · {}: PostgreSQL {} ({}), scale {}, {}, seed {}, {}; rounds took {} of {}",
        ablation.workload,
        ablation.variant,
        ablation.server.version,
        ablation.server.kind,
        words::scale(run.scale),
        rows.join(", "),
        run.seed,
        words::instant(&run.epoch),
        words::seconds(run.measuring_seconds),
        words::seconds(run.budget_seconds as f64),
    )
}

/// The writer that says most: the insert of generated rows, which compares all indexes of a table, else the first.
fn telling(writes: &[WriteCost]) -> Option<&WriteCost> {
    writes.iter().find(|write| write.statement.starts_with("insert into ")).or_else(|| writes.first())
}

fn cost(write: &WriteCost) -> String {
    format!("{}: {}", write.statement, price(write))
}

/// `+94 bytes of log a row, +3 buffers a row, 1.08× (1.02–1.11) the time`
fn price(write: &WriteCost) -> String {
    let (rows, unit) = match write.rows {
        Some(rows) if rows > 0 => (rows as f64, " row"),
        _ => (1.0, "n execution"),
    };
    let difference = |with: u64, without: u64| {
        let each = (with as f64 - without as f64) / rows;
        let sign = if each < 0.0 { "−" } else { "+" };
        format!("{sign}{}", words::mark(each.abs()))
    };
    let time = match (&write.ratio, write.noise_floor) {
        (Some(ratio), Some(floor)) => format!(
            ", {} the time (noise {})",
            figures::with_interval(words::ratio(ratio.ratio), &ratio.interval),
            words::ratio(floor)
        ),
        _ => ", time not measured".to_owned(),
    };
    format!(
        "{} bytes of log and {} buffers a{unit}{time}",
        difference(write.wal_bytes_with, write.wal_bytes_without),
        difference(write.buffers_with, write.buffers_without)
    )
}

fn effect(read: &ReadEffect) -> String {
    let buffers = match read.buffers_without {
        Some(without) => {
            let (with, now) = (read.rows_removed_with, read.rows_removed_without);
            let removed = if with == now {
                String::new()
            } else {
                format!(", {} → {} rows thrown away", words::grouped(with), words::grouped(now))
            };
            format!("{} → {} buffers{removed}", words::grouped(read.buffers_with), words::grouped(without))
        }
        None => "did not end within its time".to_owned(),
    };
    let time = match (&read.ratio, read.noise_floor) {
        (Some(ratio), Some(floor)) => format!(
            ", {} the time (noise {})",
            figures::with_interval(words::ratio(ratio.ratio), &ratio.interval),
            words::ratio(floor)
        ),
        _ => String::new(),
    };
    let instead =
        if read.instead.is_empty() { String::new() } else { format!(", using {}", read.instead.join(", ")) };
    let outcome = match read.outcome {
        ReadOutcome::Worse => "worse",
        ReadOutcome::Undecided => "undecided",
        ReadOutcome::NoWorse => "no worse",
    };
    format!("{outcome}: {buffers}{time}{instead}")
}

fn conclusion(ablation: &Ablation) -> Vec<String> {
    let mut lines = Vec::new();
    for (class, verb) in [
        (Worth::Essential, "essential"),
        (Worth::Redundant, "redundant"),
        (Worth::Harmful, "harmful"),
        (Worth::Unused, "unused"),
        (Worth::Undecided, "undecided"),
    ] {
        let names: Vec<&str> = ablation
            .indexes
            .iter()
            .filter(|index| index.worth == class)
            .map(|index| index.name.as_str())
            .collect();
        if !names.is_empty() {
            lines.push(format!("{} {verb} ({}): {}", names.len(), worth(class).1, names.join(", ")));
        }
    }
    let reduced = &ablation.reduced;
    if reduced.dropped.is_empty() {
        lines.push("Nothing can be left out.".to_owned());
        return lines;
    }
    let confirmed = if reduced.confirmed {
        "measured again as a whole: no verdict is worse"
    } else {
        "NOT confirmed as a whole, see the notes"
    };
    lines.push(format!(
        "The smallest set keeps {} of {}, {} instead of {}; {confirmed}. Left out: {}",
        reduced.kept.len(),
        reduced.kept.len() + reduced.dropped.len(),
        words::bytes(reduced.size_bytes_reduced),
        words::bytes(reduced.size_bytes_full),
        reduced.dropped.join(", ")
    ));
    for write in &reduced.writes {
        lines.push(format!("The full set against the smallest: {}", cost(write)));
    }
    lines
}
