//! The verdict table as GitHub-flavoured Markdown.

use std::fmt::Write;

use super::outline::{self, Group};
use super::{figures, words};
use crate::result::{Agreement, ClaimResult, RunResult};

/// The run's facts, a table per document, what fell short, and the reasons of all verdicts.
pub fn render(result: &RunResult) -> String {
    let mut text = String::new();
    push(&mut text, format_args!("# Verdicts\n\n{}\n\n", escape(&facts(result))));
    push(&mut text, format_args!("{}\n", escape(&outline::summary(result))));
    if result.run.interrupted {
        text.push_str("\n**The run was ended by hand: what stands here is partial.**\n");
    }
    for warning in &result.run.warnings {
        push(&mut text, format_args!("\n> [!WARNING]\n> {}\n", escape(warning)));
    }
    text.push_str(&shortfalls(result));
    for group in outline::groups(result).iter().filter(|group| !group.claims.is_empty()) {
        push(&mut text, format_args!("\n## {}\n\n", escape(&group.heading)));
        text.push_str(&claims_table(group));
        text.push_str(&reasons(group));
    }
    text
}

/// Writing to a String can't fail.
fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).unwrap_or_default();
}

/// `PostgreSQL 15.14 (local), scale small, seed 42, indexproof 0.1.0, 2025-11-21 01:45:07 UTC`
pub fn facts(result: &RunResult) -> String {
    let revision = match &result.tool.git_revision {
        Some(revision) => format!(", workloads at {revision}"),
        None => String::new(),
    };
    format!(
        "PostgreSQL {} ({}), scale {}, seed {}, indexproof {}{revision}, {}",
        result.server.version,
        result.server.kind,
        words::scale(result.run.scale),
        result.run.seed,
        result.tool.version,
        words::instant(&result.run.epoch),
    )
}

pub(crate) fn shortfalls(result: &RunResult) -> String {
    let found = outline::shortfalls(result);
    if found.is_empty() {
        return String::new();
    }
    let mut text = "\n## Fell short of what is expected\n\n".to_owned();
    for shortfall in found {
        push(
            &mut text,
            format_args!(
                "- **{} {}**: {}. {}  \n  Next: {}\n",
                escape(&shortfall.claim.id),
                escape(&shortfall.variant.variant),
                shortfall.contrast(),
                escape(&shortfall.variant.reason),
                with_code_spans(&shortfall.next_step),
            ),
        );
    }
    text
}

/// One table of all claims, for a page that has its own headings: README's is this one.
pub fn verdict_table(result: &RunResult) -> String {
    outline::groups(result).iter().filter(|group| !group.claims.is_empty()).map(claims_table).collect()
}

pub(crate) fn claims_table(group: &Group<'_>) -> String {
    let mut text = "| claim | verdict | what is claimed | target → figure | other variants |\n".to_owned();
    text.push_str("|---|---|---|---|---|\n");
    for claim in &group.claims {
        push(
            &mut text,
            format_args!(
                "| {} | {} | {} | {} | {} |\n",
                escape(&claim.id),
                verdict(claim),
                escape(&claim.title),
                escape(&figure(claim)),
                others(claim)
            ),
        );
    }
    text
}

fn verdict(claim: &ClaimResult) -> String {
    let own = format!("**{}**", words::glyph_and_word(claim.verdict));
    match figures::deciding_variant(claim) {
        Some(variant) if variant.agreement == Agreement::FellShort => match variant.expected {
            Some(expected) => format!("{own}, not {}", words::verdict(expected).word),
            None => own,
        },
        _ => own,
    }
}

fn figure(claim: &ClaimResult) -> String {
    match figures::deciding_variant(claim) {
        Some(variant) => figures::target_and_figure(variant),
        None => format!("variant {} was not run", claim.decided_on),
    }
}

fn others(claim: &ClaimResult) -> String {
    claim
        .variants
        .iter()
        .filter(|variant| variant.variant != claim.decided_on)
        .map(|variant| format!("{} {}", escape(&variant.variant), words::glyph_and_word(variant.verdict)))
        .collect::<Vec<_>>()
        .join("<br>")
}

fn reasons(group: &Group<'_>) -> String {
    let mut text = "\n<details><summary>Reasons</summary>\n\n".to_owned();
    for claim in &group.claims {
        push(
            &mut text,
            format_args!(
                "- **{}** on {}: {} ({})\n",
                escape(&claim.id),
                escape(&claim.decided_on),
                escape(&claim.reason),
                escape(&figures::size(&claim.size))
            ),
        );
    }
    text.push_str("\n</details>\n");
    text
}

/// Our own sentences mark code by backticks; what stands between them may still come from a file.
fn with_code_spans(text: &str) -> String {
    words::one_line(text)
        .split('`')
        .enumerate()
        .map(|(at, piece)| if at % 2 == 1 { format!("`{piece}`") } else { escape_line(piece) })
        .collect()
}

/// Text as inline Markdown: what would be read as HTML, a table cell's end or markup is escaped.
pub(crate) fn escape(text: &str) -> String {
    escape_line(&words::one_line(text))
}

fn escape_line(line: &str) -> String {
    let mut escaped = String::with_capacity(line.len() + 8);
    for char in line.chars() {
        match char {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '~' | '#' | '!' | '$' => {
                escaped.push('\\');
                escaped.push(char);
            }
            '@' => escaped.push_str("&#64;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        let escaped = escape("<script>alert(1)</script> | a|b\n@team *x* `y` [z](w) a_b");
        assert_eq!(
            escaped,
            "&lt;script&gt;alert(1)&lt;/script&gt; \\| a\\|b &#64;team \\*x\\* \\`y\\` \\[z\\](w) a\\_b"
        );
    }
}
