//! The time for measuring: a clock that runs only while rounds do.

use std::time::{Duration, Instant};

/// What `--budget` gives a workload. Loading, index builds, scenarios, plans and the comparison of answers are not
/// in it: how long those take must not decide how well the rest is measured.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    left: Duration,
    spent: Duration,
}

impl Budget {
    pub fn new(total: Duration) -> Budget {
        Budget { left: total, spent: Duration::ZERO }
    }

    /// What one of `sharers` data sets (itself included) that still come may use: an even share, so that what
    /// earlier ones left over goes to later ones.
    pub fn share(&self, sharers: usize) -> Duration {
        self.left / u32::try_from(sharers.max(1)).unwrap_or(u32::MAX)
    }

    /// Runs `rounds` with the instant it must end by, and takes the time it took.
    pub async fn measure<T>(&mut self, allowance: Duration, rounds: impl AsyncFnOnce(Instant) -> T) -> T {
        let started = Instant::now();
        let outcome = rounds(started + allowance).await;
        self.spend(started.elapsed());
        outcome
    }

    fn spend(&mut self, time: Duration) {
        self.left = self.left.saturating_sub(time);
        self.spent += time;
    }

    /// Time that rounds took so far.
    pub fn spent(&self) -> Duration {
        self.spent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_one_data_set_leaves_goes_to_the_next() {
        let mut budget = Budget::new(60 * SECOND);
        assert_eq!(budget.share(3), 20 * SECOND);
        budget.spend(10 * SECOND);
        assert_eq!(budget.share(2), 25 * SECOND);
        // A round under way is finished, so a share may be overrun; never below nothing.
        budget.spend(70 * SECOND);
        assert_eq!((budget.share(1), budget.spent()), (Duration::ZERO, 80 * SECOND));
    }
}
