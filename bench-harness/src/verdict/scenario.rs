//! What a scenario saw.

use super::{Judgement, Verdict};
use crate::result::evidence::Observation;

/// Proven when every observation that has a target holds; without any target they are measured only.
pub fn judge_scenario(observations: &[Observation]) -> Judgement {
    let said = |wanted: Option<bool>| {
        let chosen = observations.iter().filter(|seen| wanted.is_none() || seen.holds == wanted);
        chosen.map(|seen| format!("{}: {}", seen.name, seen.value)).collect::<Vec<_>>().join("; ")
    };
    if observations.is_empty() {
        return Judgement::new(Verdict::Invalid, "the scenario observed nothing");
    }
    if observations.iter().any(|seen| seen.holds == Some(false)) {
        return Judgement::new(Verdict::Refuted, said(Some(false)));
    }
    let with_target = observations.iter().any(|seen| seen.holds == Some(true));
    Judgement::new(if with_target { Verdict::Proven } else { Verdict::Measured }, said(None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(name: &str, value: &str, holds: Option<bool>) -> Observation {
        Observation { name: name.into(), value: value.into(), holds }
    }

    #[test]
    fn one_failed_observation_refutes_and_is_the_reason() {
        let all =
            [seen("jobs", "1", Some(true)), seen("errors", "3", Some(false)), seen("calls", "64", None)];
        assert_eq!(judge_scenario(&all), Judgement::new(Verdict::Refuted, "errors: 3"));
    }

    #[test]
    fn all_that_have_a_target_must_hold() {
        let all = [seen("jobs", "1", Some(true)), seen("calls", "64", None)];
        assert_eq!(judge_scenario(&all), Judgement::new(Verdict::Proven, "jobs: 1; calls: 64"));
        assert_eq!(judge_scenario(&all[1..]), Judgement::new(Verdict::Measured, "calls: 64"));
    }

    #[test]
    fn nothing_observed_proves_nothing() {
        assert_eq!(judge_scenario(&[]).verdict, Verdict::Invalid);
    }
}
