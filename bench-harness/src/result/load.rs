//! What was measured under load.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::evidence::{Interval3, LatencyEvidence};
use crate::stats::RatioEstimate;
use crate::workload::load::Arrivals;
use crate::workload::model::Statistic;

/// Everything measured of one mix in one variant under one load.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LoadEvidence {
    pub load: LoadFacts,
    pub dataset: String,
    pub target: Option<LoadTarget>,
    /// In an open loop from the intended start; in a closed loop from sending, which hides what a stall delays.
    pub latency: LatencyEvidence,
    /// Requests answered in a second.
    pub per_second: f64,
    /// With its interval over rounds; absent with too few of them.
    pub per_second_interval: Option<Interval3>,
    /// Against the baseline: of median latencies in an open loop, of throughputs in a closed one; > 1 is better.
    pub ratio_to_baseline: Option<RatioEstimate>,
    /// `SELECT 1` in a closed loop on as many connections: what this machine can send and answer at most.
    pub select_one_per_second: f64,
    /// Legs left out of all figures, as the load generator could not keep up.
    pub invalid_rounds: u32,
    pub rounds: Vec<LoadRound>,
}

/// How load was applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoadFacts {
    pub mix: String,
    /// Weights of the mix's statements.
    pub statements: BTreeMap<String, u32>,
    /// Open loop: requests that arrive in a second, answered or not. Absent: a closed loop.
    pub rate: Option<f64>,
    pub arrivals: Option<Arrivals>,
    pub connections: u32,
    /// Length of each leg.
    pub seconds: f64,
    /// Round trip added by the proxy.
    pub rtt_ms: Option<f64>,
}

/// What a part wants of a load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoadTarget {
    Latency { statistic: Statistic, below_ms: f64 },
    Throughput { at_least: f64 },
    Ratio { baseline: String, above: f64 },
}

/// One leg under load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoadRound {
    pub round: u32,
    pub requests: u64,
    pub per_second: f64,
    /// Open loop: requests that were not answered in time; they count with the time they had waited.
    pub unanswered: u64,
    /// Open loop: what the generator's own doing added to the times.
    pub lag_p99_ms: Option<f64>,
    pub lag_max_ms: Option<f64>,
    /// Processor time of the load generator for each request, microseconds.
    pub generator_cpu_us: f64,
    /// Share of the time in which the load generator had work to do.
    pub generator_busy: f64,
    /// Round trips that each request took, counted by the proxy.
    pub round_trips: Option<f64>,
    /// Why this leg is left out of the figures, when it is.
    pub invalid: Option<String>,
}
