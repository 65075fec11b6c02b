//! Sequential looks: stopping as soon as a claim is decided gives chance several tries, so each try must promise
//! more.
//!
//! The looks are planned before the first round, as numbers of rounds, and each spends the same share of the
//! permitted error (Bonferroni): with K looks at 1 − α/K each, the chance that any of the intervals misses is at
//! most α, whatever the dependence between looks and whenever one stops. Spending functions that exploit the
//! dependence would gain little at five looks and hold only for normal errors. A look whose moment is set by
//! the clock because the budget ends is covered too, as long as it takes the place of a planned one.

/// When intervals are looked at, and what each look may claim.
#[derive(Clone, Debug, PartialEq)]
pub struct LookPlan {
    confidence: f64,
    rounds: Vec<u32>,
}

impl LookPlan {
    /// Looks after `first` rounds, then each time half as many again have been added, the last after `last` rounds.
    /// `confidence` is that of all looks together. A `last` below `first` leaves one look, at `last`.
    ///
    /// # Panics
    /// When `confidence` is not strictly between 0 and 1.
    pub fn new(confidence: f64, first: u32, last: u32) -> Self {
        super::bootstrap::assert_confidence(confidence);
        let grow = |rounds: &u32| Some(rounds.saturating_add((rounds / 2).max(1)));
        let mut rounds: Vec<u32> =
            std::iter::successors(Some(first.max(1)), grow).take_while(|rounds| *rounds < last).collect();
        rounds.push(last);
        Self { confidence, rounds }
    }

    /// Confidence to ask of each interval at each look.
    pub fn confidence_per_look(&self) -> f64 {
        1.0 - (1.0 - self.confidence) / self.rounds.len() as f64
    }

    /// Confidence of all looks together.
    pub fn confidence(&self) -> f64 {
        self.confidence
    }

    /// The numbers of rounds at which to look, ascending.
    pub fn looks(&self) -> &[u32] {
        &self.rounds
    }

    /// Whether a look is planned once `rounds` rounds are done.
    pub fn is_look(&self, rounds: u32) -> bool {
        self.rounds.contains(&rounds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_grow_by_half_and_end_at_the_last_round() {
        assert_eq!(LookPlan::new(0.95, 8, 40).looks(), [8, 12, 18, 27, 40]);
        assert_eq!(LookPlan::new(0.95, 8, 12).looks(), [8, 12]);
        assert_eq!(LookPlan::new(0.95, 8, 8).looks(), [8]);
        assert_eq!(LookPlan::new(0.95, 8, 5).looks(), [5]);
        assert_eq!(LookPlan::new(0.95, 0, 3).looks(), [1, 2, 3]);
    }

    #[test]
    fn error_is_shared_evenly() {
        let plan = LookPlan::new(0.95, 8, 40);
        assert!((plan.confidence_per_look() - 0.99).abs() < 1e-12);
        assert_eq!(LookPlan::new(0.95, 8, 8).confidence_per_look(), 0.95);
        assert!(plan.is_look(18) && !plan.is_look(19));
        assert_eq!(plan.confidence(), 0.95);
    }
}
