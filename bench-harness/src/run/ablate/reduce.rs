//! The smallest set: backward elimination, each step checked against all statements, then the whole measured.

use super::lab::Candidate;
use super::reads::read_effects;
use super::writes::write_costs;
use super::{Scene, Work, names};
use crate::ablation::{IndexWorth, ReadOutcome, ReducedSet, rule};
use crate::result::evidence::IndexAudit;
use crate::run::budget::Budget;
use crate::run::progress::Step;

impl Work<'_> {
    /// Leaves out one index after the other for good, as long as no statement is the worse for all of them together.
    ///
    /// One at a time is not enough: two indexes that serve in each other's place are each redundant, and both gone
    /// would be missed.
    pub(super) async fn reduce(
        &self,
        scenes: &[Scene<'_>],
        candidates: &[Candidate],
        worths: &[IndexWorth],
        audits: &[IndexAudit],
        budget: &mut Budget,
        notes: &mut Vec<String>,
    ) -> ReducedSet {
        let order = rule::elimination_order(worths);
        let step = Step::start("looking for the smallest set", Some(order.len() as u64));
        let mut dropped: Vec<&Candidate> = Vec::new();
        for (tried, place) in order.iter().enumerate() {
            let mut left_out = dropped.clone();
            left_out.push(&candidates[*place]);
            step.say(&format!("without {}", names(&left_out)));
            let mut effects = read_effects(scenes, &left_out, notes).await;
            let steps_left = u32::try_from(order.len() - tried).unwrap_or(1);
            // A share of the budget is kept for measuring what the whole reduction gives.
            let share = budget.share(1) * 2 / 3 / steps_left;
            if !effects.iter().any(|effect| effect.outcome == ReadOutcome::Worse) {
                let sets = [left_out.clone()];
                self.time_undecided(scenes, &sets, &mut [&mut effects], budget, share, notes).await;
            }
            match effects.iter().find(|effect| effect.outcome != ReadOutcome::NoWorse) {
                None => dropped = left_out,
                Some(effect) => notes.push(format!(
                    "{} stays: without it and {}, {} {}",
                    candidates[*place].name,
                    if dropped.is_empty() { "nothing else".to_owned() } else { names(&dropped) },
                    effect.statement,
                    if effect.outcome == ReadOutcome::Worse { "falls short" } else { "was not decided" },
                )),
            }
            step.advance(1);
        }
        drop(step);
        let mut writes = Vec::new();
        let writers: Vec<_> = scenes
            .iter()
            .flat_map(|scene| scene.subjects.iter().map(move |subject| (&scene.lab, subject)))
            .filter(|(_, subject)| dropped.iter().any(|index| subject.may_write_to(&index.table)))
            .collect();
        for (place, (lab, subject)) in writers.iter().enumerate() {
            let share = budget.share(writers.len() - place);
            match write_costs(lab, subject, &[dropped.clone()], budget, share).await {
                Ok(costs) => writes.extend(costs.into_iter().flatten()),
                Err(trouble) => notes.push(format!(
                    "what {} saves was not measured: {}",
                    subject.name,
                    super::setting::said(&trouble)
                )),
            }
        }
        let is_dropped = |name: &str| dropped.iter().any(|index| index.name == name);
        let built = || audits.iter().filter(|audit| audit.created);
        let size = |kept_only: bool| -> u64 {
            let counted = built().filter(|audit| !kept_only || !is_dropped(&audit.name));
            counted.filter_map(|audit| audit.size_bytes).sum()
        };
        ReducedSet {
            kept: built().filter(|audit| !is_dropped(&audit.name)).map(|audit| audit.name.clone()).collect(),
            // In the order of the index file, like all else.
            dropped: built()
                .filter(|audit| is_dropped(&audit.name))
                .map(|audit| audit.name.clone())
                .collect(),
            size_bytes_full: size(false),
            size_bytes_reduced: size(true),
            writes,
            verdicts: Vec::new(),
            confirmed: false,
            sql: String::new(),
        }
    }
}
