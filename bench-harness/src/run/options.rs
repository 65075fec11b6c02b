//! What a run was asked to do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::stats::{LookPlan, MIN_ROUNDS};
use crate::workload::model::Scale;

#[derive(Clone, Debug)]
pub struct RunOptions {
    pub scale: Scale,
    pub seed: u64,
    /// Time for the rounds of each workload, see [`super::budget::Budget`].
    pub budget: Duration,
    /// Only these claims; all when empty.
    pub claims: Vec<String>,
    /// Only these variants besides the baseline; all when empty.
    pub variants: Vec<String>,
    pub interrupt: Interrupt,
}

/// Set by Ctrl-C; looked at between steps, so that what is measured so far is kept.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    pub fn raise(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub fn raised(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Returns within a fiftieth of a second after it was raised.
    pub async fn wait(&self) {
        while !self.raised() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The measuring effort that goes with a scale.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    pub budget: Duration,
    /// The most rounds ever made.
    pub rounds: u32,
    pub leg: Duration,
    /// Fewest and most timed executions in a leg.
    pub fewest: u32,
    pub most: u32,
    pub statement_timeout: Duration,
    /// Drawn parameters a plan is taken with.
    pub plans: usize,
}

impl Effort {
    /// When verdicts are looked at: first as soon as there can be intervals.
    pub fn looks(&self) -> LookPlan {
        LookPlan::new(CONFIDENCE, MIN_ROUNDS as u32, self.rounds)
    }

    pub fn at(scale: Scale) -> Effort {
        match scale {
            Scale::Ci => Effort {
                budget: Duration::from_secs(60),
                rounds: 12,
                leg: Duration::from_millis(60),
                fewest: 1,
                most: 200,
                statement_timeout: Duration::from_secs(30),
                plans: 3,
            },
            Scale::Small => Effort {
                budget: Duration::from_secs(600),
                rounds: 30,
                leg: Duration::from_millis(200),
                fewest: 4,
                most: 400,
                statement_timeout: Duration::from_secs(120),
                plans: 4,
            },
            Scale::Full => Effort {
                budget: Duration::from_secs(1800),
                rounds: 60,
                leg: Duration::from_millis(400),
                fewest: 4,
                most: 800,
                statement_timeout: Duration::from_secs(600),
                plans: 8,
            },
        }
    }
}

/// Confidence of every interval, over all looks together.
pub const CONFIDENCE: f64 = 0.95;
