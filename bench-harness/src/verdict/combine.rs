//! One verdict of several parts, and the claim's verdict of its variants'.

use super::{Judgement, Verdict};
use crate::result::VariantVerdict;
use crate::result::evidence::PartResult;

/// Which part's verdict is the whole's, strongest first; `proven` needs every part, so it comes last but one.
///
/// A failed guard comes first: where the harness caught itself, it says nothing else. Then what is decided against
/// the claim, from the most fundamental: a statement that doesn't run can't be slow, a target beyond arithmetic needs
/// no measurement. One such part is enough, whatever the undecided ones would have been. Of these, a missing thing
/// comes before a missing decision, since more time would not mend it. A part without a target adds nothing to
/// parts that have one.
const PRECEDENCE: [Verdict; 8] = [
    Verdict::Invalid,
    Verdict::NotRunnable,
    Verdict::Infeasible,
    Verdict::Refuted,
    Verdict::Skipped,
    Verdict::Inconclusive,
    Verdict::Proven,
    Verdict::Measured,
];

/// The verdict of a claim in one variant from its parts there. The reason is that of the deciding parts, each
/// under its name when there are several parts.
pub fn combine_parts(parts: &[PartResult]) -> Judgement {
    let Some(verdict) =
        PRECEDENCE.into_iter().find(|verdict| parts.iter().any(|part| part.verdict == *verdict))
    else {
        return Judgement::new(Verdict::Skipped, "no part of the claim applies to this variant");
    };
    if let [only] = parts {
        return Judgement::new(verdict, &only.reason);
    }
    let deciding: Vec<String> = parts
        .iter()
        .filter(|part| part.verdict == verdict)
        .map(|part| format!("{}: {}", part.name, part.reason))
        .collect();
    Judgement::new(verdict, deciding.join("; "))
}

/// The claim's verdict: that of the variant it is decided on.
pub fn claim_verdict(decided_on: &str, variants: &[VariantVerdict]) -> Judgement {
    match variants.iter().find(|variant| variant.variant == decided_on) {
        Some(variant) => Judgement::new(variant.verdict, &variant.reason),
        None => Judgement::new(
            Verdict::Skipped,
            format!("variant {decided_on}, which decides the claim, was not run"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::result::Agreement;
    use crate::result::evidence::Measurement;

    fn parts(verdicts: &[Verdict]) -> Vec<PartResult> {
        (1..)
            .zip(verdicts)
            .map(|(number, verdict)| PartResult {
                name: format!("part {number}"),
                target: String::new(),
                verdict: *verdict,
                reason: format!("figure {number}"),
                measurement: Measurement::None,
            })
            .collect()
    }

    fn combined(verdicts: &[Verdict]) -> Verdict {
        combine_parts(&parts(verdicts)).verdict
    }

    #[test]
    fn proven_only_if_every_part_is() {
        use Verdict::*;
        assert_eq!(combined(&[Proven, Proven]), Proven);
        assert_eq!(combined(&[Proven, Measured]), Proven);
        assert_eq!(combined(&[Measured, Measured]), Measured);
        for other in [Refuted, Inconclusive, Infeasible, NotRunnable, Skipped, Invalid] {
            assert_eq!(combined(&[Proven, other, Proven]), other);
        }
    }

    #[test]
    fn the_stronger_verdict_wins_in_either_order() {
        for (rank, stronger) in PRECEDENCE.into_iter().enumerate() {
            for weaker in &PRECEDENCE[rank..] {
                assert_eq!(combined(&[*weaker, stronger]), stronger);
                assert_eq!(combined(&[stronger, *weaker]), stronger);
            }
        }
    }

    #[test]
    fn the_reason_is_that_of_the_deciding_parts() {
        use Verdict::*;
        assert_eq!(combine_parts(&parts(&[Refuted])).reason, "figure 1");
        assert_eq!(
            combine_parts(&parts(&[Refuted, Proven, Refuted])).reason,
            "part 1: figure 1; part 3: figure 3"
        );
        assert_eq!(combine_parts(&[]).verdict, Skipped);
    }

    #[test]
    fn the_claim_follows_the_variant_it_is_decided_on() {
        let variant = |name: &str, verdict| VariantVerdict {
            variant: name.into(),
            verdict,
            reason: format!("as {name}"),
            expected: None,
            agreement: Agreement::NoExpectation,
            parts: vec![],
        };
        let variants = [variant("bare", Verdict::Refuted), variant("as-written", Verdict::Proven)];
        assert_eq!(claim_verdict("as-written", &variants), Judgement::new(Verdict::Proven, "as as-written"));
        assert_eq!(
            claim_verdict("corrected", &variants),
            Judgement::new(Verdict::Skipped, "variant corrected, which decides the claim, was not run")
        );
    }

    proptest! {
        #[test]
        fn every_verdict_has_its_place(verdicts in proptest::collection::vec(0usize..8, 1..6)) {
            let verdicts: Vec<Verdict> = verdicts.into_iter().map(|index| Verdict::ALL[index]).collect();
            let whole = combined(&verdicts);
            prop_assert!(verdicts.contains(&whole));
            let all_prove = verdicts.iter().all(|verdict| matches!(verdict, Verdict::Proven | Verdict::Measured));
            prop_assert_eq!(matches!(whole, Verdict::Proven | Verdict::Measured), all_prove);
        }
    }
}
