//! Measurements as sentences: the same words in the terminal, in Markdown and on the page.

use super::{load, words};
use crate::result::evidence::{Measurement, PartResult, PlanFacts};
use crate::result::{ClaimResult, SizeFacts, VariantVerdict};
use crate::stats::Interval;

/// `26.4 ms (22.1–28.0)`: estimate with its interval.
pub fn with_interval(estimate: String, interval: &Interval) -> String {
    format!("{estimate} ({}–{})", words::number(interval.low), words::number(interval.high))
}

/// The figure of a part in few words, for a table cell; None when nothing was measured.
pub fn short(measurement: &Measurement) -> Option<String> {
    match measurement {
        Measurement::None => None,
        Measurement::Latency { statistic, estimate_ms, interval_ms, .. } => {
            let name = words::statistic(*statistic);
            let estimate = words::milliseconds((*estimate_ms)?);
            Some(match interval_ms {
                Some(interval) => format!("{name} {}", with_interval(estimate, interval)),
                None => format!("{name} {estimate}, no interval"),
            })
        }
        Measurement::Ratio { estimate, .. } => {
            Some(with_interval(words::ratio(estimate.ratio), &estimate.interval))
        }
        Measurement::Plan { facts, .. } => Some(plan(facts)),
        Measurement::IndexSize { smaller_by_percent, .. } => {
            let percent = words::number(smaller_by_percent.abs());
            let direction = if *smaller_by_percent < 0.0 { "larger" } else { "smaller" };
            Some(format!("{percent}\u{a0}% {direction}"))
        }
        Measurement::Accepted { accepted, of, .. } => Some(format!("{accepted} of {of} accepted")),
        Measurement::Used { used, unused } => {
            Some(format!("{} of {} used", used.len(), used.len() + unused.len()))
        }
        Measurement::Load(evidence) => Some(load::short(evidence)),
        Measurement::Scenario { observations, .. } => {
            let broken: Vec<_> = observations.iter().filter(|seen| seen.holds == Some(false)).collect();
            let shown = if broken.is_empty() { observations.iter().collect() } else { broken };
            if shown.is_empty() {
                return None;
            }
            Some(
                shown
                    .iter()
                    .map(|seen| format!("{}: {}", seen.name, seen.value))
                    .collect::<Vec<_>>()
                    .join("; "),
            )
        }
    }
}

/// What stands behind the short figure, where a reader has room for it.
pub fn detail(measurement: &Measurement) -> Option<String> {
    match measurement {
        Measurement::None | Measurement::Scenario { .. } | Measurement::Accepted { .. } => None,
        Measurement::Latency { statement, dataset, .. } => Some(format!("{statement} on {dataset}")),
        Measurement::Ratio { statement, dataset, baseline, estimate, noise_floor, .. } => {
            let noise = match noise_floor {
                Some(floor) => format!("noise floor {}", words::ratio(*floor)),
                None => "noise floor not measured".to_owned(),
            };
            let rounds = words::count_of(estimate.rounds as usize, "paired round", "paired rounds");
            Some(format!("against {baseline}, {rounds}, {noise}; {statement} on {dataset}"))
        }
        Measurement::Plan { statement, dataset, facts } => {
            let nodes =
                if facts.nodes.is_empty() { "no nodes".to_owned() } else { facts.nodes.join(" → ") };
            let indexes = if facts.indexes.is_empty() {
                "no index".to_owned()
            } else {
                format!("using {}", facts.indexes.join(", "))
            };
            Some(format!("{nodes}; {indexes}; {statement} on {dataset}"))
        }
        Measurement::IndexSize { index, bytes, full_bytes, .. } => Some(format!(
            "{index} {}, the same index in full {}",
            words::bytes(*bytes),
            words::bytes(*full_bytes)
        )),
        Measurement::Load(evidence) => Some(load::detail(evidence)),
        Measurement::Used { used, .. } if used.is_empty() => None,
        Measurement::Used { used, .. } => Some(format!("used: {}", used.join(", "))),
    }
}

fn plan(facts: &PlanFacts) -> String {
    let mut text = words::count_of(facts.buffers as usize, "buffer", "buffers");
    if facts.parallel {
        text.push_str(" without workers");
    }
    if facts.index_only {
        let fetches = words::count_of(facts.heap_fetches as usize, "heap fetch", "heap fetches");
        text.push_str(&format!(", index-only, {fetches}"));
    }
    if !facts.nodes.is_empty() {
        text.push_str(&format!(", {}", facts.nodes.join(" → ")));
    }
    text
}

/// The part to show where only one fits: the first that gives the variant its verdict.
pub fn deciding_part(variant: &VariantVerdict) -> Option<&PartResult> {
    variant.parts.iter().find(|part| part.verdict == variant.verdict).or_else(|| variant.parts.first())
}

/// `p95 < 10 ms → p95 26.4 ms (22.1–28.0)`, and how many parts stand behind it; the reason of the verdict
/// when nothing was measured.
pub fn target_and_figure(variant: &VariantVerdict) -> String {
    let Some(part) = deciding_part(variant) else { return variant.reason.clone() };
    let figure = short(&part.measurement).unwrap_or_else(|| "no figure".to_owned());
    let more = match variant.parts.len() {
        0 | 1 => String::new(),
        parts => format!(" [1 of {parts} parts]"),
    };
    format!("{} → {figure}{more}", part.target)
}

/// The verdict that counts for the claim.
pub fn deciding_variant(claim: &ClaimResult) -> Option<&VariantVerdict> {
    claim.variants.iter().find(|variant| variant.variant == claim.decided_on)
}

/// `held 1 000 000 jobs, claimed 1 000 000`
pub fn size(size: &SizeFacts) -> String {
    let counted = match size.counted {
        Some(counted) if counted != size.held => format!(" (counted {})", words::grouped(counted)),
        _ => String::new(),
    };
    let claimed = match size.claimed {
        Some(claimed) => format!("claimed for {}", words::grouped(claimed)),
        None => "the document names no size".to_owned(),
    };
    format!("{} {} held{counted}, {claimed}", words::grouped(size.held), size.of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::evidence::Observation;
    use crate::verdict::Verdict;

    fn observation(name: &str, value: &str, holds: Option<bool>) -> Observation {
        Observation { name: name.into(), value: value.into(), holds }
    }

    #[test]
    fn a_scenario_shows_what_broke_before_what_held() {
        let measurement = Measurement::Scenario {
            scenario: "storm".into(),
            observations: vec![
                observation("calls", "64", None),
                observation("jobs created", "3", Some(false)),
                observation("errors", "0", Some(true)),
            ],
        };
        assert_eq!(short(&measurement).as_deref(), Some("jobs created: 3"));
    }

    #[test]
    fn an_index_that_grew_is_called_larger() {
        let measurement = Measurement::IndexSize {
            index: "i".into(),
            bytes: 12,
            full_bytes: 10,
            smaller_by_percent: -20.0,
        };
        assert_eq!(short(&measurement).as_deref(), Some("20.0\u{a0}% larger"));
    }

    #[test]
    fn the_part_shown_is_one_that_decides() {
        let part = |name: &str, verdict| PartResult {
            name: name.into(),
            target: "t".into(),
            verdict,
            reason: String::new(),
            measurement: Measurement::None,
        };
        let variant = VariantVerdict {
            variant: "bare".into(),
            verdict: Verdict::Refuted,
            reason: String::new(),
            expected: None,
            agreement: crate::result::Agreement::NoExpectation,
            parts: vec![part("first", Verdict::Proven), part("second", Verdict::Refuted)],
        };
        assert_eq!(deciding_part(&variant).map(|part| part.name.as_str()), Some("second"));
        assert_eq!(target_and_figure(&variant), "t → no figure [1 of 2 parts]");
    }
}
