//! What leaving indexes out does to statements: plans first, times where those leave a doubt.

use std::time::Duration;

use super::lab::{Candidate, Subject};
use super::{Scene, Work, names, rounds, setting};
use crate::ablation::{IndexWorth, ReadEffect, ReadOutcome, rule};
use crate::run::budget::Budget;
use crate::run::progress::Step;

impl Work<'_> {
    /// What leaving each index out does to the statements' plans, and where those don't settle it, to their times.
    pub(super) async fn reads(
        &self,
        scenes: &[Scene<'_>],
        candidates: &[Candidate],
        all: &mut [IndexWorth],
        budget: &mut Budget,
        allowance: Duration,
        notes: &mut Vec<String>,
    ) {
        let step = Step::start("leaving out one index at a time: plans", Some(candidates.len() as u64));
        for (candidate, worth) in candidates.iter().zip(all.iter_mut()) {
            step.say(&format!("without {}: plans", candidate.name));
            worth.reads = read_effects(scenes, &[candidate], notes).await;
            step.advance(1);
        }
        drop(step);
        let left_out: Vec<Vec<&Candidate>> = candidates.iter().map(|candidate| vec![candidate]).collect();
        let mut effects: Vec<&mut Vec<ReadEffect>> = all.iter_mut().map(|worth| &mut worth.reads).collect();
        self.time_undecided(scenes, &left_out, &mut effects, budget, allowance, notes).await;
    }

    /// Times every statement that buffers left undecided, each with all the sets for which they did.
    pub(super) async fn time_undecided(
        &self,
        scenes: &[Scene<'_>],
        left_out: &[Vec<&Candidate>],
        effects: &mut [&mut Vec<ReadEffect>],
        budget: &mut Budget,
        allowance: Duration,
        notes: &mut Vec<String>,
    ) {
        let open = |effects: &[&mut Vec<ReadEffect>], subject: &Subject<'_>| -> Vec<(usize, usize)> {
            let is_it = |effect: &ReadEffect| {
                effect.outcome == ReadOutcome::Undecided
                    && effect.statement == subject.name
                    && effect.dataset == subject.dataset
            };
            let of_set = effects.iter().enumerate();
            of_set.filter_map(|(set, effects)| Some((set, effects.iter().position(is_it)?))).collect()
        };
        let subjects: Vec<_> = scenes
            .iter()
            .flat_map(|scene| scene.subjects.iter().map(move |subject| (&scene.lab, subject)))
            .filter(|(_, subject)| !open(effects, subject).is_empty())
            .collect();
        let mut left = allowance;
        for (place, (lab, subject)) in subjects.iter().enumerate() {
            let places = open(effects, subject);
            let sets: Vec<Vec<&Candidate>> = places.iter().map(|(set, _)| left_out[*set].clone()).collect();
            let step = Step::start(&format!("measuring {} without {} sets", subject.name, sets.len()), None);
            let share = left / u32::try_from(subjects.len() - place).unwrap_or(1);
            let tolerance = self.options.tolerance;
            let outcome = |timed: &rounds::Timed| rule::by_time(&timed.ratio, timed.noise_floor, tolerance);
            let before = budget.spent();
            let timed = budget
                .measure(share, async |deadline| {
                    let decided = |timed: &rounds::Timed| outcome(timed) != ReadOutcome::Undecided;
                    rounds::compare(lab, subject, &sets, deadline, decided).await
                })
                .await;
            drop(step);
            left = left.saturating_sub(budget.spent() - before);
            match timed {
                Err(trouble) => {
                    notes.push(format!("{} could not be timed: {}", subject.name, setting::said(&trouble)));
                }
                Ok(timed) => {
                    for ((set, effect), timed) in places.into_iter().zip(timed) {
                        let Some(timed) = timed else { continue };
                        let effect = &mut effects[set][effect];
                        effect.outcome = outcome(&timed);
                        effect.noise_floor = Some(timed.noise_floor);
                        effect.ratio = Some(timed.ratio);
                    }
                }
            }
        }
    }
}

/// What leaving these indexes out does to the plans of all statements.
pub(super) async fn read_effects(
    scenes: &[Scene<'_>],
    left_out: &[&Candidate],
    notes: &mut Vec<String>,
) -> Vec<ReadEffect> {
    let mut effects = Vec::new();
    for scene in scenes {
        for subject in &scene.subjects {
            match scene.lab.replanned(subject, left_out).await {
                Ok(None) => {}
                Ok(Some(now)) => effects.push(ReadEffect {
                    statement: subject.name.clone(),
                    dataset: subject.dataset.clone(),
                    outcome: now.buffers_without.map_or(ReadOutcome::Worse, |without| {
                        rule::by_work((now.buffers_with, without), now.rows_removed)
                    }),
                    buffers_with: now.buffers_with,
                    buffers_without: now.buffers_without,
                    rows_removed_with: now.rows_removed.0,
                    rows_removed_without: now.rows_removed.1,
                    instead: now.instead,
                    ratio: None,
                    noise_floor: None,
                }),
                Err(trouble) => notes.push(format!(
                    "{} could not be planned without {}: {}",
                    subject.name,
                    names(left_out),
                    setting::said(&trouble)
                )),
            }
        }
    }
    effects
}
