//! How verdicts stand to expectations. This comes after judging, and no judge ever calls it.

use super::Verdict;
use crate::result::{Agreement, ClaimResult};

/// Holds a verdict against what the workload expects of it.
///
/// A failed guard falls short even where nothing is expected: the run itself is at fault.
pub fn agreement(verdict: Verdict, expected: Option<Verdict>) -> Agreement {
    match (verdict, expected) {
        (verdict, Some(expected)) if verdict == expected => Agreement::AsExpected,
        (Verdict::Invalid, _) => Agreement::FellShort,
        (_, None) => Agreement::NoExpectation,
        (Verdict::Inconclusive | Verdict::Skipped, Some(_)) => Agreement::Undecided,
        (_, Some(_)) => Agreement::FellShort,
    }
}

/// Whether the run ends with exit code 1: any variant of any claim fell short.
pub fn fell_short(claims: &[ClaimResult]) -> bool {
    claims.iter().flat_map(|claim| &claim.variants).any(|variant| variant.agreement == Agreement::FellShort)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::{SizeFacts, VariantVerdict};
    use crate::workload::model::{ClaimKind, TargetBy};

    #[test]
    fn each_verdict_against_each_expectation() {
        for verdict in Verdict::ALL {
            for expected in Verdict::ALL {
                let wanted = match verdict {
                    _ if verdict == expected => Agreement::AsExpected,
                    Verdict::Inconclusive | Verdict::Skipped => Agreement::Undecided,
                    _ => Agreement::FellShort,
                };
                assert_eq!(
                    agreement(verdict, Some(expected)),
                    wanted,
                    "{verdict} where {expected} was expected"
                );
            }
            let wanted =
                if verdict == Verdict::Invalid { Agreement::FellShort } else { Agreement::NoExpectation };
            assert_eq!(agreement(verdict, None), wanted);
        }
    }

    fn claim(agreements: &[Agreement]) -> ClaimResult {
        ClaimResult {
            id: "SJ-01".into(),
            workload: "stream_jobs".into(),
            document: "003".into(),
            title: String::new(),
            source: String::new(),
            kind: ClaimKind::Latency,
            target_by: TargetBy::Document,
            note: None,
            size: SizeFacts { of: "jobs".into(), claimed: None, held: 1, counted: None },
            decided_on: "bare".into(),
            verdict: Verdict::Proven,
            reason: String::new(),
            variants: agreements
                .iter()
                .map(|agreement| VariantVerdict {
                    variant: "bare".into(),
                    verdict: Verdict::Proven,
                    reason: String::new(),
                    expected: None,
                    agreement: *agreement,
                    parts: vec![],
                })
                .collect(),
        }
    }

    #[test]
    fn one_variant_is_enough_to_fall_short() {
        use Agreement::*;
        assert!(!fell_short(&[]));
        assert!(!fell_short(&[claim(&[AsExpected, Undecided]), claim(&[NoExpectation])]));
        assert!(fell_short(&[claim(&[AsExpected]), claim(&[AsExpected, FellShort])]));
    }
}
