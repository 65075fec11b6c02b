//! The method proves itself on this machine: false alarms at the promised rate, known effects covered, stalls seen,
//! delays as asked. `METHOD.md` explains each promise and holds reference figures.
//!
//! Everything is asked of the code that a run uses: sessions, legs, loads, figures, verdict rules. Half of it happens
//! in virtual time ([`virtual_time`]), where the truth is exact and hundreds of comparisons take seconds; half over
//! the wire ([`wire`], [`omission`], [`delays`]), against a server whose latency is set ([`synthetic`]).

mod check;
mod comparison;
mod delays;
mod load;
mod omission;
pub(crate) mod synthetic;
mod virtual_time;
mod wire;

use std::io;

use serde::Serialize;

pub use check::Check;

use crate::driver::leg::LegError;
use crate::driver::load::LoadError;
use crate::driver::mix::NoChoice;
use crate::driver::session::describe;
use crate::proxy::ProxyError;
use crate::result::Machine;
use crate::run::options::Effort;
use crate::run::progress::Step;
use crate::server::machine;
use crate::workload::model::Scale;

/// Comparisons of identical variants.
const IDENTICAL: u64 = 200;
/// Comparisons for each planted effect in virtual time, and over the wire.
const PLANTED: u64 = 200;
const PLANTED_OVER_THE_WIRE: u64 = 6;
/// Runs whose latency intervals are held against the truth.
const LATENCIES: u64 = 200;

/// Something here does not let the method be tested.
#[derive(Debug, thiserror::Error)]
pub enum SelftestError {
    #[error("a socket, thread or timer is not to be had: {0}")]
    Io(#[from] io::Error),
    #[error("the synthetic server's answer: {}", describe(.0))]
    Postgres(#[from] tokio_postgres::Error),
    #[error(transparent)]
    Leg(#[from] LegError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Mix(#[from] NoChoice),
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    #[error("a load sent nothing")]
    NothingSent,
}

/// All that was asked and seen.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub version: &'static str,
    /// Only what holds however slow the machine is.
    pub quick: bool,
    pub seed: u64,
    pub machine: Machine,
    /// An unoptimised build: times over the wire are its own.
    pub debug_build: bool,
    pub checks: Vec<Check>,
}

impl Report {
    pub fn ok(&self) -> bool {
        self.checks.iter().all(|check| check.ok)
    }
}

/// Asks everything. `quick`: in seconds, and only what does not depend on how fast the machine is.
///
/// # Errors
/// [`SelftestError`] when something can't be asked at all; what is asked and not met is in the report.
pub fn run(quick: bool, seed: u64) -> Result<Report, SelftestError> {
    let mut checks = Vec::new();
    // The looks of a short run, and those of the usual one.
    let effort = Effort::at(if quick { Scale::Ci } else { Scale::Small });
    let step = Step::start("virtual time: identical variants, planted effects, latency intervals", None);
    checks.extend(virtual_time::identical(effort, IDENTICAL, seed));
    checks.extend(virtual_time::planted(effort, if quick { PLANTED / 2 } else { PLANTED }, seed));
    checks.extend(virtual_time::latency(effort, if quick { LATENCIES / 2 } else { LATENCIES }, seed));
    drop(step);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if !quick {
        // Short runs: hundreds of them are to be made.
        let effort = Effort::at(Scale::Ci);
        let step = Step::start("over the wire: identical variants", Some(IDENTICAL));
        checks.extend(wire::identical(&runtime, effort, IDENTICAL, seed, |_| step.advance(1))?);
        drop(step);
        let all = 3 * PLANTED_OVER_THE_WIRE;
        let step = Step::start("over the wire: planted effects", Some(all));
        checks.extend(wire::planted(&runtime, effort, PLANTED_OVER_THE_WIRE, seed, |_| step.advance(1))?);
        drop(step);
    }
    let step = Step::start("a server that stalls", None);
    checks.extend(omission::check(&runtime, quick)?);
    drop(step);
    let step = Step::start("the proxy", None);
    checks.extend(delays::check(&runtime, quick)?);
    drop(step);
    if !quick {
        let _step = Step::start("the load generator", None);
        checks.extend(load::check(&runtime)?);
    }
    Ok(Report {
        version: env!("CARGO_PKG_VERSION"),
        quick,
        seed,
        machine: machine::machine(None),
        debug_build: cfg!(debug_assertions),
        checks,
    })
}
