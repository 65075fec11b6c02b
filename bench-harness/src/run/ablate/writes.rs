//! What indexes cost writers: log and buffers exactly, then time.

use std::collections::BTreeSet;
use std::time::Duration;

use super::lab::{Candidate, Lab, Subject};
use super::{Scene, Work, rounds, setting};
use crate::ablation::{IndexWorth, WriteCost};
use crate::run::budget::Budget;
use crate::run::measure::Trouble;
use crate::run::progress::Step;

impl Work<'_> {
    /// What each index costs the statements that write to its table: log and buffers of one execution, then time.
    pub(super) async fn writes(
        &self,
        scenes: &[Scene<'_>],
        candidates: &[Candidate],
        all: &mut [IndexWorth],
        budget: &mut Budget,
        allowance: Duration,
        notes: &mut Vec<String>,
    ) {
        let mut writers: Vec<_> = scenes
            .iter()
            .flat_map(|scene| scene.subjects.iter().map(move |subject| (&scene.lab, subject)))
            .filter(|(_, subject)| subject.writes)
            .collect();
        // The generated inserts first: they compare all indexes of a table by the same rows.
        writers.sort_by_key(|(_, subject)| !subject.is_generated());
        let generated = writers.iter().filter(|(_, subject)| subject.is_generated()).count();
        let mut left = allowance;
        for (place, (lab, subject)) in writers.iter().enumerate() {
            let concerned: Vec<usize> = (0..candidates.len())
                .filter(|index| subject.may_write_to(&candidates[*index].table))
                .collect();
            let sets: Vec<Vec<&Candidate>> =
                concerned.iter().map(|index| vec![&candidates[*index]]).collect();
            let sharers = if place < generated { generated - place } else { writers.len() - place };
            let share = left / u32::try_from(sharers).unwrap_or(1);
            let before = budget.spent();
            match write_costs(lab, subject, &sets, budget, share).await {
                Ok(costs) => {
                    for (index, cost) in concerned.into_iter().zip(costs) {
                        all[index].writes.extend(cost);
                    }
                }
                Err(trouble) => notes.push(format!(
                    "what {} pays for indexes was not measured: {}",
                    subject.name,
                    setting::said(&trouble)
                )),
            }
            left = left.saturating_sub(budget.spent() - before);
        }
    }
}

/// What a writer pays for each of the sets; None of a set that it doesn't touch.
pub(super) async fn write_costs(
    lab: &Lab<'_>,
    subject: &Subject<'_>,
    sets: &[Vec<&Candidate>],
    budget: &mut Budget,
    share: Duration,
) -> Result<Vec<Option<WriteCost>>, Trouble> {
    if sets.is_empty() {
        return Ok(Vec::new());
    }
    let step = Step::start(&format!("what {} pays for indexes", subject.name), Some(sets.len() as u64));
    let tables: BTreeSet<&str> = sets.iter().flatten().map(|index| index.table.as_str()).collect();
    let Some(with) = lab.written(subject, &[], &tables).await? else { return Ok(vec![None; sets.len()]) };
    // One look at all of them together spares a look at each, for a statement that writes to none (a DELETE).
    let all: Vec<&Candidate> = sets.iter().flatten().copied().collect();
    let bare = lab.written(subject, &all, &tables).await?;
    if !subject.is_generated() && bare.is_some_and(|bare| bare.wal_bytes == with.wal_bytes) {
        return Ok(vec![None; sets.len()]);
    }
    let mut costs: Vec<Option<WriteCost>> = Vec::new();
    for set in sets {
        let without = lab.written(subject, set, &tables).await?;
        step.advance(1);
        // A statement of the workload that writes nothing to an index says nothing of it. The generated insert may
        // write nothing to a partial index, and that is worth saying.
        let without = without.filter(|without| subject.is_generated() || without.wal_bytes != with.wal_bytes);
        costs.push(without.map(|without| WriteCost {
            statement: subject.name.clone(),
            dataset: subject.dataset.clone(),
            rows: subject.rows,
            wal_bytes_with: with.wal_bytes,
            wal_bytes_without: without.wal_bytes,
            buffers_with: with.buffers,
            buffers_without: without.buffers,
            ratio: None,
            noise_floor: None,
        }));
    }
    let touched: Vec<Vec<&Candidate>> =
        sets.iter().zip(&costs).filter(|(_, cost)| cost.is_some()).map(|(set, _)| set.clone()).collect();
    if touched.is_empty() {
        return Ok(costs);
    }
    let timed = budget
        .measure(share, async |deadline| {
            // Decided when the whole interval lies on one side of the noise.
            let decided = |timed: &rounds::Timed| {
                let (interval, cheaper) = (timed.ratio.interval, 1.0 / timed.noise_floor);
                interval.high < cheaper || interval.low > cheaper
            };
            rounds::compare(lab, subject, &touched, deadline, decided).await
        })
        .await?;
    for (cost, timed) in costs.iter_mut().flatten().zip(timed) {
        cost.noise_floor = timed.as_ref().map(|timed| timed.noise_floor);
        cost.ratio = timed.map(|timed| timed.ratio.inverse());
    }
    Ok(costs)
}
