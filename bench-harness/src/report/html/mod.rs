//! The result as one HTML page that needs nothing else: no network, no fonts, no script to be readable.
//!
//! Rust prepares views (`page`, `claim`, `statement`), minijinja lays them out and escapes every value;
//! only drawings, rendered notes and code spans, which are made here, are marked safe in the templates.

mod claim;
mod page;
mod plan_diff;
mod prose;
mod statement;

use std::collections::BTreeSet;

use miette::Diagnostic;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use thiserror::Error;

use super::plot::PlotError;
use crate::result::RunResult;

/// Why the page could not be made.
#[derive(Debug, Error, Diagnostic)]
pub enum HtmlError {
    #[error("the report's template fails: {cause:#}")]
    #[diagnostic(help(
        "this is a bug of indexproof; `indexproof report RESULT --markdown` does not need the template"
    ))]
    Template { cause: minijinja::Error },
    #[error("claim {claim}: {cause}")]
    #[diagnostic(help("the result file was changed by hand or damaged; run the claim again"))]
    Plot { claim: String, cause: PlotError },
}

impl From<minijinja::Error> for HtmlError {
    fn from(cause: minijinja::Error) -> Self {
        HtmlError::Template { cause }
    }
}

const TEMPLATES: [(&str, &str); 8] = [
    ("macros.html", include_str!("../templates/macros.html")),
    ("page.html", include_str!("../templates/page.html")),
    ("overview.html", include_str!("../templates/overview.html")),
    ("claim.html", include_str!("../templates/claim.html")),
    ("statement.html", include_str!("../templates/statement.html")),
    ("indexes.html", include_str!("../templates/indexes.html")),
    ("environment.html", include_str!("../templates/environment.html")),
    ("glossary.html", include_str!("../templates/glossary.html")),
];
pub(super) const STYLE: &str = include_str!("../templates/style.css");
const SCRIPT: &str = include_str!("../templates/page.js");

/// The page.
///
/// # Errors
/// When a histogram of the result can't be decoded. Template failures are bugs, caught by the tests.
pub fn render(result: &RunResult) -> Result<String, HtmlError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.add_filter("code_spans", |text: String| Value::from_safe_string(prose::code_spans(&text)));
    environment.add_filter("grouped", super::words::grouped);
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    let page = Serde(page::page(result)?);
    let template = environment.get_template("page.html")?;
    Ok(template.render(context! { page, style => STYLE, script => SCRIPT })?)
}

/// Identifiers for fragments of the page, each given once.
#[derive(Default)]
struct Anchors {
    taken: BTreeSet<String>,
}

impl Anchors {
    /// `SJ-02` stays `SJ-02`; characters that would need escaping in an address become hyphens.
    fn claim(&mut self, wanted: &str) -> String {
        let safe: String = wanted
            .chars()
            .map(|char| if char.is_ascii_alphanumeric() || char == '_' { char } else { '-' })
            .collect();
        let mut anchor = safe.clone();
        let mut more = 2;
        while !self.taken.insert(anchor.clone()) {
            anchor = format!("{safe}-{more}");
            more += 1;
        }
        anchor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_safe_and_unique() {
        let mut anchors = Anchors::default();
        assert_eq!(anchors.claim("SJ-02"), "SJ-02");
        assert_eq!(anchors.claim("SJ 02"), "SJ-02-2");
        assert_eq!(anchors.claim("<a href='x'>"), "-a-href--x--");
    }
}
