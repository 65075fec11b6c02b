//! A GitHub step summary: what fell short first, the tables folded away.
//!
//! GitHub cuts a step's summary at one mebibyte, so evidence stays in the page; this names what to look at.

use super::outline;
use super::{markdown, words};
use crate::result::RunResult;

/// Markdown to append to the file that `GITHUB_STEP_SUMMARY` names.
pub fn render(result: &RunResult) -> String {
    let shortfalls = markdown::shortfalls(result);
    let sign = if shortfalls.is_empty() { "✅" } else { "❌" };
    let mut text = format!(
        "# {sign} indexproof\n\n{}\n\n{}\n",
        markdown::escape(&outline::summary(result)),
        markdown::escape(&markdown::facts(result))
    );
    if result.run.interrupted {
        text.push_str("\n**The run was ended by hand: what stands here is partial.**\n");
    }
    text.push_str(&shortfalls);
    for group in outline::groups(result).iter().filter(|group| !group.claims.is_empty()) {
        let claims = words::count_of(group.claims.len(), "claim", "claims");
        text.push_str(&format!(
            "\n<details><summary>{} ({claims})</summary>\n\n{}\n</details>\n",
            markdown::escape(&group.heading),
            markdown::claims_table(group)
        ));
    }
    text
}
