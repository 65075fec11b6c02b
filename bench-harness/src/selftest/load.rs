//! The run's own legs under load, against a synthetic server; and what the load generator costs.

use std::time::Duration;

use tokio::runtime::Runtime;

use super::SelftestError;
use super::check::Check;
use super::synthetic::{STATEMENT, SyntheticServer};
use crate::driver::load::{LoadLeg, LoadOutcome};
use crate::driver::mix::{Mix, MixStatement};
use crate::driver::session::Bound;
use crate::run::options::Interrupt;
use crate::stats::LegRecorder;
use crate::workload::load::Loop;

const GROUP: &str = "the load generator";
/// What a request may cost it.
const CPU_ALLOWED_US: f64 = 20.0;
/// What all of this may take, whatever the number of samples.
const MEMORY_ALLOWED_MB: f64 = 500.0;

/// A load to put on.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    pub how: Loop,
    pub connections: u32,
    pub duration: Duration,
}

pub(super) fn run(
    runtime: &Runtime,
    server: &SyntheticServer,
    plan: Plan,
) -> Result<LoadOutcome, SelftestError> {
    let statement = MixStatement {
        name: "measured".to_owned(),
        bound: Bound { sql: STATEMENT.to_owned(), types: Vec::new() },
        weight: 1,
        rows: None,
        arguments: Box::new(|_, _| Vec::new()),
    };
    let mix = Mix::new(vec![statement], 1)?;
    let config = server.config();
    let leg = LoadLeg {
        config: &config,
        mix: &mix,
        how: plan.how,
        connections: plan.connections,
        duration: plan.duration,
        statement_timeout: Duration::from_secs(30),
        proxy: None,
        restore: &[],
        seed: 1,
        interrupt: &Interrupt::default(),
    };
    let outcome = runtime.block_on(leg.run(0, &mut LegRecorder::new()))?;
    outcome.ok_or(SelftestError::NothingSent)
}

/// What a request costs in a closed loop, and what memory it all took.
pub fn check(runtime: &Runtime) -> Result<Vec<Check>, SelftestError> {
    let server = SyntheticServer::constant(Duration::ZERO)?;
    let plan = Plan { how: Loop::Closed, connections: 8, duration: Duration::from_secs(5) };
    let figures = run(runtime, &server, plan)?.figures;
    let cpu = figures.generator_cpu_us;
    let mut checks = vec![Check::new(
        GROUP,
        format!("processor time a request, closed loop, {} requests", figures.requests),
        ("little", format!("{cpu:.1} µs"), format!("< {CPU_ALLOWED_US} µs")),
        cpu < CPU_ALLOWED_US,
    )];
    if let Some(peak) = peak_memory_mb() {
        checks.push(Check::new(
            GROUP,
            "memory, at its peak",
            ("bounded", format!("{peak:.0} MB"), format!("< {MEMORY_ALLOWED_MB} MB")),
            peak < MEMORY_ALLOWED_MB,
        ));
    }
    Ok(checks)
}

/// The most memory this process has held, where the system tells.
fn peak_memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_told_where_there_is_proc() {
        if cfg!(target_os = "linux") {
            assert!(peak_memory_mb().is_some_and(|peak| peak > 1.0));
        }
    }
}
