//! Statistics on rounds: pure, no server, no clock.
//!
//! A round is the unit of replication: statements of one leg share whatever the machine was doing at that moment,
//! so they are no independent witnesses. Every interval here therefore comes from resampling whole rounds
//! ([`bootstrap`]), and for a quantile of latency is the envelope of that and the order-statistic bounds
//! ([`quantile`], [`summary`] says why both).
//!
//! Reading order: [`samples`] record, [`summary`], [`ratio`] and [`mod@throughput`] estimate, [`noise`] says what
//! a ratio is worth, [`sequential`] keeps intervals valid when they are looked at more than once; [`two_sample`]
//! compares two runs.

pub mod bootstrap;
pub mod noise;
mod pool;
pub mod quantile;
pub mod ratio;
pub mod samples;
pub mod sequential;
pub mod summary;
pub mod throughput;
pub mod two_sample;

#[cfg(test)]
mod simulation;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use bootstrap::MIN_ROUNDS;
pub use noise::noise_floor;
pub use ratio::paired_ratio;
pub use samples::{LegRecorder, RoundSamples};
pub use sequential::LookPlan;
pub use summary::{LatencySummary, StatisticBounds};
pub use throughput::{Throughput, throughput, throughput_ratio};
pub use two_sample::two_sample_ratio;

/// A closed interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

impl RatioEstimate {
    /// The ratio the other way round.
    pub fn inverse(&self) -> RatioEstimate {
        RatioEstimate {
            ratio: 1.0 / self.ratio,
            interval: Interval { low: 1.0 / self.interval.high, high: 1.0 / self.interval.low },
            rounds: self.rounds,
        }
    }
}

/// A paired ratio of medians over rounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RatioEstimate {
    pub ratio: f64,
    pub interval: Interval,
    pub rounds: u32,
}
