//! How well this machine keeps time: what its clock resolves, and how late a sleeper wakes.

use std::hint::black_box;
use std::time::{Duration, Instant};

use hdrhistogram::{CreationError, Histogram};
use serde::Serialize;

use crate::server::machine::clock_resolution_ns;

const NAP: Duration = Duration::from_millis(1);
const NAPS: u32 = 500;
const LOOP: Duration = Duration::from_millis(750);
/// A gap this long is not the loop's own doing: something else had the processor.
const TAKEN: Duration = Duration::from_micros(50);
const LONGEST_NS: u64 = 60_000_000_000;

/// Figures of one or two seconds of watching the clock.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Noise {
    /// As the system states it.
    pub clock_resolution_ns: u64,
    /// Reading the clock twice, median: no shorter time can be measured.
    pub clock_read_ns: u64,
    /// How much longer than asked a sleep of 1 ms takes.
    pub late_p50_us: f64,
    pub late_p99_us: f64,
    /// Longest gap in a loop that does nothing but read the clock.
    pub longest_gap_us: f64,
    /// Share of that loop's time, in percent, in which something else had the processor.
    pub taken_percent: f64,
}

impl Noise {
    /// Watches for about 1.5 s.
    pub fn measure() -> Result<Self, CreationError> {
        let mut late = Histogram::<u64>::new_with_bounds(1, LONGEST_NS, 3)?;
        for _ in 0..NAPS {
            let start = Instant::now();
            std::thread::sleep(NAP);
            late.saturating_record(nanoseconds(start.elapsed().saturating_sub(NAP)).max(1));
        }
        let mut gaps = Histogram::<u64>::new_with_bounds(1, LONGEST_NS, 3)?;
        let mut taken = Duration::ZERO;
        let start = Instant::now();
        let mut last = start;
        while last.duration_since(start) < LOOP {
            let now = black_box(Instant::now());
            let gap = now.duration_since(last);
            gaps.saturating_record(nanoseconds(gap).max(1));
            if gap >= TAKEN {
                taken += gap;
            }
            last = now;
        }
        Ok(Noise {
            clock_resolution_ns: clock_resolution_ns(),
            clock_read_ns: gaps.value_at_quantile(0.5),
            late_p50_us: microseconds(late.value_at_quantile(0.5)),
            late_p99_us: microseconds(late.value_at_quantile(0.99)),
            longest_gap_us: microseconds(gaps.max()),
            taken_percent: 100.0 * taken.as_secs_f64() / last.duration_since(start).as_secs_f64(),
        })
    }

    /// What these figures mean for a run, where they mean something.
    pub fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        if self.taken_percent > 2.0 {
            doubts.push(format!(
                "something else had the processor for {:.1} % of the time: claims in milliseconds may stay \
                 inconclusive; end other work, or give a longer --budget",
                self.taken_percent
            ));
        }
        if self.late_p99_us > 2_000.0 {
            doubts.push(format!(
                "timers are late by {:.1} ms at p99: open-loop scenarios will report lag",
                self.late_p99_us / 1_000.0
            ));
        }
        if self.clock_read_ns > 1_000 {
            doubts.push(format!(
                "reading the clock takes {} ns (a slow clock source): EXPLAIN ANALYZE and track_io_timing cost time",
                self.clock_read_ns
            ));
        }
        doubts
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn microseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_is_plausible() {
        let noise = Noise::measure().expect("bounds are valid");
        assert!(noise.clock_read_ns >= 1 && noise.clock_read_ns < 1_000_000, "{noise:?}");
        assert!(noise.late_p50_us > 0.0 && noise.late_p50_us <= noise.late_p99_us, "{noise:?}");
        assert!((0.0..=100.0).contains(&noise.taken_percent), "{noise:?}");
    }

    #[test]
    fn only_bad_figures_raise_doubts() {
        let quiet = Noise {
            clock_resolution_ns: 1,
            clock_read_ns: 30,
            late_p50_us: 60.0,
            late_p99_us: 200.0,
            longest_gap_us: 40.0,
            taken_percent: 0.1,
        };
        assert_eq!(quiet.doubts(), Vec::<String>::new());
        let busy = Noise { clock_read_ns: 2_000, late_p99_us: 9_000.0, taken_percent: 30.0, ..quiet };
        assert_eq!(busy.doubts().len(), 3);
    }
}
