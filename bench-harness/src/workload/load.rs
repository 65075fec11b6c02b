//! How a workload writes loads: mixes of statements, sent in an open or a closed loop.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::{Measure, Scale, Scaled, Statistic};

/// Weights by statement: `{ open_orders = 9, send_order = 1 }`.
pub type Weights = IndexMap<String, u32>;

/// Latency while requests arrive at a rate, whether or not earlier ones have been answered.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenLoop {
    /// One of the workload's mixes.
    pub mix: String,
    /// Requests that arrive in a second.
    pub rate: f64,
    #[serde(default)]
    pub arrivals: Arrivals,
    /// Connections that requests are sent over; one that finds none free waits, and the wait is in its time.
    pub connections: u32,
    /// Length of each leg.
    #[serde(default = "usual_seconds")]
    pub seconds: Scaled<f64>,
    /// Round trip to a distant server, added by a proxy.
    pub rtt_ms: Option<f64>,
    /// Absent: the figures are measured and not judged.
    pub target: Option<OpenTarget>,
}

/// How many requests are answered when each connection sends the next as soon as the last was answered.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClosedLoop {
    /// One of the workload's mixes.
    pub mix: String,
    pub connections: u32,
    /// Length of each leg.
    #[serde(default = "usual_seconds")]
    pub seconds: Scaled<f64>,
    /// Round trip to a distant server, added by a proxy.
    pub rtt_ms: Option<f64>,
    /// Absent: the figures are measured and not judged.
    pub target: Option<ClosedTarget>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OpenTarget {
    /// A statistic of the time from a request's intended start to its answer.
    Latency {
        #[serde(default)]
        statistic: Statistic,
        below_ms: f64,
    },
    /// Paired ratio of median latencies: baseline / this variant.
    Ratio { above: f64, baseline: Option<String> },
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ClosedTarget {
    /// Requests answered in a second.
    Throughput { at_least: f64 },
    /// Paired ratio of throughputs: this variant / baseline.
    Ratio { above: f64, baseline: Option<String> },
}

/// When requests of an open loop arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Arrivals {
    /// As independent users make them: gaps are drawn, some short, some long.
    #[default]
    Poisson,
    /// Evenly spaced.
    Constant,
}

fn usual_seconds() -> Scaled<f64> {
    Scaled::PerScale { ci: 1.0, small: 3.0, full: 5.0 }
}

/// How requests are sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loop {
    Open { rate: f64, arrivals: Arrivals },
    Closed,
}

/// A load at a scale, apart from what is asked of it: parts that agree on it are judged by the same legs.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    pub mix: String,
    pub how: Loop,
    pub connections: u32,
    pub seconds: f64,
    pub rtt_ms: Option<f64>,
}

/// What a part asks of a load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target<'a> {
    Latency {
        statistic: Statistic,
        below_ms: f64,
    },
    Throughput {
        at_least: f64,
    },
    /// The baseline is the workload's first variant when the part names none.
    Ratio {
        above: f64,
        baseline: Option<&'a str>,
    },
}

impl Load {
    /// The load a part measures, when it measures one.
    pub fn of(measure: &Measure, scale: Scale) -> Option<Load> {
        match measure {
            Measure::OpenLoop(open) => Some(Load {
                mix: open.mix.clone(),
                how: Loop::Open { rate: open.rate, arrivals: open.arrivals },
                connections: open.connections,
                seconds: open.seconds.at(scale),
                rtt_ms: open.rtt_ms,
            }),
            Measure::ClosedLoop(closed) => Some(Load {
                mix: closed.mix.clone(),
                how: Loop::Closed,
                connections: closed.connections,
                seconds: closed.seconds.at(scale),
                rtt_ms: closed.rtt_ms,
            }),
            _ => None,
        }
    }
}

impl Measure {
    /// What is asked of a load; None also when nothing is.
    pub fn load_target(&self) -> Option<Target<'_>> {
        match self {
            Measure::OpenLoop(open) => open.target.as_ref().map(OpenTarget::target),
            Measure::ClosedLoop(closed) => closed.target.as_ref().map(ClosedTarget::target),
            _ => None,
        }
    }
}

impl OpenTarget {
    pub fn target(&self) -> Target<'_> {
        match self {
            OpenTarget::Latency { statistic, below_ms } => {
                Target::Latency { statistic: *statistic, below_ms: *below_ms }
            }
            OpenTarget::Ratio { above, baseline } => {
                Target::Ratio { above: *above, baseline: baseline.as_deref() }
            }
        }
    }
}

impl ClosedTarget {
    pub fn target(&self) -> Target<'_> {
        match self {
            ClosedTarget::Throughput { at_least } => Target::Throughput { at_least: *at_least },
            ClosedTarget::Ratio { above, baseline } => {
                Target::Ratio { above: *above, baseline: baseline.as_deref() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(toml: &str) -> Measure {
        toml::from_str(toml).unwrap()
    }

    #[test]
    fn parts_that_differ_in_their_target_alone_share_a_load() {
        let load = |toml: &str| Load::of(&measure(toml), Scale::Small).unwrap();
        let p95 =
            "open_loop = { mix = 'm', rate = 100, connections = 8, target = { latency = { below_ms = 9 } } }";
        let p99 = p95.replace("below_ms", "statistic = 'p99', below_ms");
        assert_eq!(load(p95), load(&p99));
        assert_eq!(load(p95).seconds, 3.0);
        assert_eq!(load(p95).how, Loop::Open { rate: 100.0, arrivals: Arrivals::Poisson });
        assert_ne!(load(p95), load(&p95.replace("100", "101")));
        assert_ne!(load(p95), load("closed_loop = { mix = 'm', connections = 8 }"));
        assert_eq!(Load::of(&measure("accepted = { statements = 1 }"), Scale::Ci), None);
    }

    #[test]
    fn a_load_without_a_target_asks_nothing() {
        assert_eq!(measure("closed_loop = { mix = 'm', connections = 8 }").load_target(), None);
        let ratio =
            measure("closed_loop = { mix = 'm', connections = 8, target = { ratio = { above = 2 } } }");
        assert_eq!(ratio.load_target(), Some(Target::Ratio { above: 2.0, baseline: None }));
    }
}
