//! The load generator under its own eyes: what it costs, and when it, not the server, is what was measured.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Lag that is never held against a leg: on a machine that is shared, timers are no better.
const LAG_ALLOWED_MS: f64 = 1.0;
/// Lag beyond this part of the latency it is in would be told as the server's.
const LAG_SHARE: f64 = 0.1;
/// A generator busier than this is the bottleneck, or about to be.
const BUSY_ALLOWED: f64 = 0.9;

/// Why a leg under load says more of the load generator than of the server, if it does.
///
/// `lag_p99_ms`: in an open loop, what the generator's own doing added; `latency_p99_ms`: the times that it is in.
/// `busy`: share of the time in which the generator had work to do.
pub fn doubt(lag_p99_ms: Option<f64>, latency_p99_ms: f64, busy: f64) -> Option<String> {
    let allowed = LAG_ALLOWED_MS.max(LAG_SHARE * latency_p99_ms);
    if let Some(lag) = lag_p99_ms.filter(|lag| *lag > allowed) {
        return Some(format!("the load generator was late by p99 {lag:.1} ms, {allowed:.1} ms are allowed"));
    }
    (busy > BUSY_ALLOWED).then(|| {
        format!(
            "the load generator was busy for {:.0} % of the time, {:.0} % are allowed",
            100.0 * busy,
            100.0 * BUSY_ALLOWED
        )
    })
}

/// Processor time of this thread: the load generator is on it, with its sockets, and nothing else is.
pub struct ThreadCpu(Duration);

impl ThreadCpu {
    pub fn now() -> ThreadCpu {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        let nanoseconds = time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec);
        ThreadCpu(Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0)))
    }

    pub fn elapsed(&self) -> Duration {
        ThreadCpu::now().0.saturating_sub(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generator_that_is_late_or_busy_is_what_was_measured() {
        assert_eq!(doubt(Some(1.0), 2.0, 0.9), None);
        assert_eq!(doubt(Some(9.9), 99.0, 0.2), None, "a tenth of the latency");
        assert_eq!(doubt(None, 0.1, 0.5), None, "a closed loop has no lag");
        assert_eq!(
            doubt(Some(1.5), 2.0, 0.1).as_deref(),
            Some("the load generator was late by p99 1.5 ms, 1.0 ms are allowed")
        );
        assert_eq!(
            doubt(None, 2.0, 0.95).as_deref(),
            Some("the load generator was busy for 95 % of the time, 90 % are allowed")
        );
    }

    #[test]
    fn a_thread_is_charged_for_its_work_and_not_for_its_sleep() {
        let cpu = ThreadCpu::now();
        std::thread::sleep(Duration::from_millis(20));
        assert!(cpu.elapsed() < Duration::from_millis(10));
        let mut sum = 0_u64;
        while cpu.elapsed() < Duration::from_millis(2) {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(sum > 0);
    }
}
