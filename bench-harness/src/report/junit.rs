//! JUnit XML for CI: a suite per document, a case per claim and variant.
//!
//! A case fails when its verdict fell short of what is expected, not when a claim is refuted: refuting a
//! document is what the workload may well expect. A failed guard is an error, what was not decided is skipped.

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::{figures, outline, words};
use crate::result::{Agreement, ClaimResult, RunResult, VariantVerdict};
use crate::verdict::Verdict;

/// # Errors
/// When the XML can't be written to memory, which is a bug of the library.
pub fn render(result: &RunResult) -> Result<String, SerializeError> {
    let mut report = Report::new("indexproof");
    for group in outline::groups(result).iter().filter(|group| !group.claims.is_empty()) {
        let mut suite = TestSuite::new(words::one_line(&group.heading));
        for claim in &group.claims {
            suite.add_test_cases(claim.variants.iter().map(|variant| case(claim, variant)));
        }
        report.add_test_suite(suite);
    }
    report.to_string()
}

fn case(claim: &ClaimResult, variant: &VariantVerdict) -> TestCase {
    let status = match (variant.agreement, variant.verdict) {
        (Agreement::FellShort, Verdict::Invalid) => failing(NonSuccessKind::Error, claim, variant),
        (Agreement::FellShort, _) => failing(NonSuccessKind::Failure, claim, variant),
        (Agreement::Undecided, _) | (_, Verdict::Skipped | Verdict::Invalid) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(message(variant));
            status
        }
        (Agreement::AsExpected | Agreement::NoExpectation, _) => TestCaseStatus::success(),
    };
    let name = format!("{} {}: {}", claim.id, variant.variant, claim.title);
    let mut case = TestCase::new(words::one_line(&name), status);
    case.set_classname(format!("{}.{}", claim.workload, claim.id));
    let figures: Vec<String> = variant
        .parts
        .iter()
        .map(|part| {
            let figure = figures::short(&part.measurement).unwrap_or_else(|| "no figure".to_owned());
            format!("{} {}: {} → {figure}", words::verdict(part.verdict).glyph, part.name, part.target)
        })
        .collect();
    case.set_system_out(format!("{}\n{}", message(variant), figures.join("\n")));
    case
}

fn failing(kind: NonSuccessKind, claim: &ClaimResult, variant: &VariantVerdict) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    let expected = variant.expected.map_or("nothing", |expected| words::verdict(expected).word);
    status.set_type(words::verdict(variant.verdict).key);
    status.set_message(format!("{}, expected {expected}", message(variant)));
    status.set_description(format!("{} ({}): {}", claim.id, claim.source, variant.reason));
    status
}

fn message(variant: &VariantVerdict) -> String {
    format!("{}: {}", words::verdict(variant.verdict).word, words::one_line(&variant.reason))
}
