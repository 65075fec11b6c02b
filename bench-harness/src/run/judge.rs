//! From figures and guards to verdicts: picks the rule of each part and gives it its figures.
//!
//! Expectations are read in `agreement` alone, after the verdict stands.

use std::collections::BTreeMap;

use super::measure::{LegRun, StatementRun, Trouble};
use super::options::{CONFIDENCE, Effort};
use super::plans::{PlanKey, Plans};
use crate::result::LatencyPair;
use crate::result::evidence::{LatencyEvidence, Observation, Rejection};
use crate::scenarios::ScenarioError;
use crate::stats::{RatioEstimate, bootstrap, noise, sequential};
use crate::workload::model::Claim;

/// What a scenario came to.
pub type Played = Result<Vec<Observation>, ScenarioError>;

/// A part of a claim in a variant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartKey {
    pub claim: String,
    pub part: String,
    pub variant: String,
}

/// An index and what it is compared with.
pub struct Sizes {
    /// None: the variant has no such index.
    pub bytes: Option<u64>,
    pub full_bytes: Result<u64, Rejection>,
}

/// All that was found on one data set, the rounds aside.
pub struct Evidence {
    pub floor: LatencyPair,
    pub effort: Effort,
    pub plans: BTreeMap<PlanKey, Result<Plans, Trouble>>,
    pub scenarios: BTreeMap<PartKey, Played>,
    pub sizes: BTreeMap<PartKey, Sizes>,
}
