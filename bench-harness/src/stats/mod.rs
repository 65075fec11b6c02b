//! Statistics on rounds: pure, no server, no clock.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A closed interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

/// A paired ratio of medians over rounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RatioEstimate {
    pub ratio: f64,
    pub interval: Interval,
    pub rounds: u32,
}
