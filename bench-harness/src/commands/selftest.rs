//! `indexproof selftest`: the method's promises, asked and seen.

use std::io::{self, Write};

use super::{Failure, Outcome};
use crate::cli::SelftestArgs;
use crate::report::table::Terminal;
use crate::selftest::{self, Check, Report, SelftestError};

#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("the method can't be tested here: {0}")]
#[diagnostic(help(
    "`indexproof doctor` looks at this machine; selftest needs the loopback, a few ports and threads"
))]
struct CantTest(SelftestError);

pub fn run(arguments: &SelftestArgs) -> Result<Outcome, Failure> {
    let report = selftest::run(arguments.quick, arguments.seed)
        .map_err(|error| Failure::environment(CantTest(error)))?;
    if arguments.json {
        super::print_json(&report)?;
    } else {
        let Terminal { width, .. } = Terminal::detect();
        write!(io::stdout().lock(), "{}", render(&report, usize::from(width)))?;
    }
    Ok(if report.ok() { Outcome::AsExpected } else { Outcome::FellShort })
}

/// Each promise with what was asked, seen and allowed.
fn render(report: &Report, width: usize) -> String {
    let mut text = String::new();
    let mut group = "";
    for check in &report.checks {
        if check.group != group {
            group = check.group;
            text.push_str(&format!("\n{group}\n{}\n", "─".repeat(width.min(80))));
        }
        text.push_str(&line(check));
    }
    let failed = report.checks.iter().filter(|check| !check.ok).count();
    let of = report.checks.len();
    text.push_str(&match failed {
        0 => format!("\nAll {of} checks hold.\n"),
        failed => format!("\n{failed} of {of} checks FAILED.\n"),
    });
    if report.debug_build {
        text.push_str("This is a debug build: its own time is in every figure over the wire.\n");
    }
    text
}

fn line(check: &Check) -> String {
    let Check { name, asked, seen, allowed, ok, .. } = check;
    let verdict = if *ok { "ok    " } else { "FAILED" };
    format!("{verdict}  {name}\n        asked {asked} · seen {seen} · allowed {allowed}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::machine;

    fn report(ok: bool) -> Report {
        Report {
            version: "0",
            quick: true,
            seed: 1,
            machine: machine::machine(None),
            debug_build: false,
            checks: vec![
                Check::new("the proxy", "10 ms: shortest", ("10 ms", "10.1 ms", "≥ 10 ms"), true),
                Check::new("the proxy", "10 ms: round trips", (5, 6, 5), ok),
            ],
        }
    }

    #[test]
    fn each_check_says_what_was_asked_seen_and_allowed() {
        let rule = "─".repeat(40);
        assert_eq!(
            render(&report(true), 40),
            format!(
                "\nthe proxy\n{rule}\nok      10 ms: shortest\n        asked 10 ms · seen 10.1 ms · allowed ≥ 10 ms\n\
                 ok      10 ms: round trips\n        asked 5 · seen 6 · allowed 5\n\nAll 2 checks hold.\n"
            )
        );
    }

    #[test]
    fn a_failed_one_stands_out_and_is_counted() {
        let failed = report(false);
        let text = render(&failed, 80);
        assert!(
            text.contains("FAILED  10 ms: round trips") && text.contains("1 of 2 checks FAILED"),
            "{text}"
        );
        assert!(!failed.ok());
    }
}
