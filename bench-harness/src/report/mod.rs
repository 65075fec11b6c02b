//! Reports, drawn from a [`crate::result::RunResult`] and nothing else: no server, no workload folder, no clock.
//!
//! Reading order: the result file itself ([`json`]); what every report has in common, words and numbers
//! ([`words`]), figures as sentences ([`figures`]), grouping and counting ([`outline`]); then one module per
//! form: terminal ([`table`]), Markdown ([`markdown`]), the page ([`html`] with its [`plot`]s), JUnit
//! ([`junit`]), a GitHub step summary ([`github`]). Of two results: [`comparison`]; of an index set: [`ablation`].
//!
//! Invariant: a report never judges. Verdicts, reasons and agreements are copied from the result.

pub mod ablation;
pub mod comparison;
pub mod figures;
pub mod github;
pub mod html;
pub mod json;
pub mod junit;
mod load;
pub mod markdown;
pub mod outline;
pub mod plot;
pub mod table;
pub mod words;
