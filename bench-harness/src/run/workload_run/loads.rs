//! The loads of a workload's claims, one after the other.

use std::time::Duration;

use super::OneWorkload;
use crate::run::budget::Budget;
use crate::run::judge::{self, Evidence};
use crate::run::load;
use crate::run::measure::Bench;
use crate::run::options::Effort;
use crate::run::prepare::{PrepareError, PreparedDataset};
use crate::verdict::{Judgement, Verdict};
use crate::workload::model::Claim;

impl OneWorkload<'_> {
    /// Puts the variants under the loads of the claims. What else is to be timed keeps half of the budget.
    pub(super) fn loads(
        &self,
        claims: &[&Claim],
        dataset: &PreparedDataset,
        evidence: &mut Evidence,
        (budget, share): (&mut Budget, Duration),
    ) -> Result<(), PrepareError> {
        let scale = self.options.scale;
        let loads =
            load::planned(self.workload, claims, scale, |variant| dataset.database(variant).is_some());
        let mut left = if self.timed(claims).is_empty() { share } else { share / 2 };
        let config = |database: &str| self.server.connect(database);
        let bench = Bench { options: self.options, effort: Effort::at(scale), config: &config };
        for (place, planned) in loads.iter().enumerate() {
            // What earlier loads left over goes to later ones.
            let allowance = left / u32::try_from(loads.len() - place).unwrap_or(u32::MAX);
            if self.options.interrupt.raised() {
                let judgement = Judgement::new(Verdict::Inconclusive, "the run was interrupted");
                evidence.loads_failed.push((planned.load.clone(), judgement));
                continue;
            }
            let copies = self.copies(planned, dataset)?;
            let database = |variant: &str| {
                let copy = copies.iter().find(|(name, _)| name == variant);
                copy.map(|(_, copy)| copy.clone()).or_else(|| dataset.database(variant).map(str::to_owned))
            };
            let before = budget.spent();
            let outcome = self.runtime.block_on(budget.measure(allowance, async |deadline| {
                let decided = |run: &_, variant: &str| judge::load_decided(evidence, run, claims, variant);
                load::run(&bench, planned, dataset, database, deadline, decided).await
            }));
            left = left.saturating_sub(budget.spent() - before);
            match outcome {
                Ok(run) => evidence.loads.push(run),
                Err(why) => {
                    let judgement = Judgement::new(Verdict::Invalid, why);
                    evidence.loads_failed.push((planned.load.clone(), judgement));
                }
            }
            for (_, copy) in copies {
                self.server.drop_database(&copy)?;
            }
        }
        Ok(())
    }

    /// Copies of the variants' databases for a mix that changes them, by variant; none for one that only reads.
    fn copies(
        &self,
        planned: &load::Planned<'_>,
        dataset: &PreparedDataset,
    ) -> Result<Vec<(String, String)>, PrepareError> {
        let mut copies = Vec::new();
        if planned.writes() {
            for (place, variant) in planned.variants.iter().enumerate() {
                let Some(source) = dataset.database(variant) else { continue };
                let copy = format!("{}_{}_load{place}", self.workload.name, dataset.name);
                self.server.create_database(&copy, Some(source))?;
                copies.push((variant.clone(), copy));
            }
        }
        Ok(copies)
    }
}
