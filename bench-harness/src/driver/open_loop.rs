//! Open loop: requests arrive when they are meant to, whether or not earlier ones have been answered.
//!
//! A request's time runs from its *intended* start. When all connections are busy it waits for one, and that is the
//! server's doing and part of the time, as it is for a user; a generator that sent the next request only after the
//! last answer would leave out the very requests a stall delays (coordinated omission).
//!
//! What is the generator's own doing is reported apart, as lag: how late it noticed that a request was due, and how
//! long a request that found a connection free took to be sent. It is in the times as well, so they never flatter.

use std::cell::{Cell, RefCell};
use std::io;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use hdrhistogram::Histogram;
use rand::SeedableRng;
use rand_distr::{Distribution, Exp1};
use rand_xoshiro::Xoshiro256PlusPlus;
use tokio::sync::Semaphore;

use super::load::LoadError;
use super::mix::{Mix, Request, RequestError};
use super::session::{Session, cancel};
use crate::run::options::Interrupt;
use crate::stats::LegRecorder;
use crate::timer::Timer;
use crate::workload::load::Arrivals;

/// From the decision to start until the first request can be due: nobody shall be late for it.
const LEAD: Duration = Duration::from_millis(2);
/// How long the answers to what has arrived are waited for. What is unanswered then counts as answered then, which is
/// less than the truth; targets beyond it are refused when a workload is read.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// When requests arrive, as offsets from the start of the leg.
///
/// `constant` spaces them evenly; `poisson` draws the gaps, as independent users make them.
pub fn schedule(rate: f64, arrivals: Arrivals, duration: Duration, seed: u64) -> Vec<Duration> {
    let seconds = duration.as_secs_f64();
    match arrivals {
        Arrivals::Constant => {
            let count = (rate * seconds).ceil() as u32;
            (0..count).map(|n| Duration::from_secs_f64(f64::from(n) / rate)).collect()
        }
        Arrivals::Poisson => {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
            let gaps = std::iter::repeat_with(|| {
                let gap: f64 = Exp1.sample(&mut rng);
                gap / rate
            });
            let at = gaps.scan(0.0, |at, gap| {
                *at += gap;
                Some(*at)
            });
            at.take_while(|at| *at < seconds).map(Duration::from_secs_f64).collect()
        }
    }
}

/// What the generator's own doing added to the times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lag {
    pub p99: Duration,
    pub max: Duration,
}

/// How an open loop went; the times are in the recorder.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    pub requests: u64,
    /// Not answered within the patience after the last arrival.
    pub unanswered: u64,
    /// From the first intended start to the last answer.
    pub elapsed: Duration,
    pub lag: Lag,
}

/// Sends each request at its offset over the sessions, and records the time of each. What is not answered within
/// `patience` after the last arrival is cancelled, and counts with the time it has waited.
///
/// After an error the sessions may have statements under way and are to be dropped.
///
/// # Errors
/// The first request that fails, the timer, an interruption.
pub async fn run(
    mix: &Mix<'_>,
    requests: &[Request],
    offsets: &[Duration],
    sessions: &[Session],
    patience: Duration,
    recorder: &mut LegRecorder,
    interrupt: &Interrupt,
) -> Result<Sent, LoadError> {
    let mut timer = Timer::new()?;
    let desk = Desk {
        mix,
        requests,
        offsets,
        start: Instant::now() + LEAD,
        due: Semaphore::new(0),
        released: RefCell::new(Vec::with_capacity(offsets.len())),
        next: Cell::new(0),
        under_way: sessions.iter().map(|_| Cell::new(None)).collect(),
        recorder: RefCell::new(recorder),
        lag: RefCell::new(Histogram::new_with_bounds(1, 3_600_000_000_000, 3).map_err(io::Error::other)?),
    };
    let mut connections: FuturesUnordered<_> =
        sessions.iter().zip(&desk.under_way).map(|(session, own)| desk.connection(session, own)).collect();
    let answered = async {
        while let Some(outcome) = connections.next().await {
            outcome?;
        }
        Ok(())
    };
    let last = desk.start + offsets.last().copied().unwrap_or_default();
    let arrivals = async {
        desk.release(&mut timer, sessions.len()).await?;
        timer.until(last + patience).await
    };
    let ended: Result<(), LoadError> = tokio::select! {
        outcome = answered => outcome.map_err(LoadError::Request),
        outcome = arrivals => outcome.map_err(LoadError::Timer),
        () = interrupt.wait() => Err(LoadError::Interrupted),
    };
    drop(connections);
    let now = Instant::now();
    // Nobody waits for these any more; left alone they would run on into the next leg.
    let busy = sessions.iter().zip(&desk.under_way).filter(|(_, own)| own.get().is_some());
    let cancelled = cancel(busy.map(|(session, _)| session)).await;
    ended?;
    cancelled?;
    let unanswered = desk.give_up(now);
    Ok(Sent {
        requests: offsets.len() as u64,
        unanswered,
        elapsed: now.saturating_duration_since(desk.start),
        lag: desk.lag(),
    })
}

/// Where arrivals wait for a connection, first come, first served. All of it runs on one thread.
struct Desk<'a> {
    mix: &'a Mix<'a>,
    requests: &'a [Request],
    offsets: &'a [Duration],
    start: Instant,
    /// One permit for each request that is due and that no connection has taken yet.
    due: Semaphore,
    /// When each request was noticed to be due.
    released: RefCell<Vec<Instant>>,
    next: Cell<usize>,
    /// For each connection, the intended start of the request it is waiting for.
    under_way: Vec<Cell<Option<Instant>>>,
    recorder: RefCell<&'a mut LegRecorder>,
    lag: RefCell<Histogram<u64>>,
}

impl Desk<'_> {
    /// Lets requests go when they are due, then each connection once more, to find that there is nothing left.
    async fn release(&self, timer: &mut Timer, connections: usize) -> io::Result<()> {
        for offset in self.offsets {
            timer.until(self.start + *offset).await?;
            self.released.borrow_mut().push(Instant::now());
            self.due.add_permits(1);
        }
        self.due.add_permits(connections);
        Ok(())
    }

    async fn connection(
        &self,
        session: &Session,
        under_way: &Cell<Option<Instant>>,
    ) -> Result<(), RequestError> {
        loop {
            let free = Instant::now();
            // The semaphore is never closed.
            let Ok(permit) = self.due.acquire().await else { return Ok(()) };
            permit.forget();
            let place = self.next.get();
            let Some(request) = self.requests.get(place) else { return Ok(()) };
            self.next.set(place + 1);
            let intended = self.start + self.offsets[place];
            under_way.set(Some(intended));
            self.note_lag(place, intended, free);
            self.mix.send(session, request).await?;
            let time = Instant::now().saturating_duration_since(intended);
            under_way.set(None);
            self.recorder.borrow_mut().record(time);
        }
    }

    /// A request's lag, at the moment before it is sent; `free`: since when its connection had nothing to do.
    fn note_lag(&self, place: usize, intended: Instant, free: Instant) {
        let released = self.released.borrow()[place];
        let noticed = released.saturating_duration_since(intended);
        // Waiting for a connection is the server's doing; waiting although one was free is ours.
        let handed_over = if free <= released { released.elapsed() } else { Duration::ZERO };
        let nanoseconds = u64::try_from((noticed + handed_over).as_nanos()).unwrap_or(u64::MAX);
        self.lag.borrow_mut().saturating_record(nanoseconds.max(1));
    }

    /// Records what was not answered until `now`, and says how many requests that were.
    fn give_up(&self, now: Instant) -> u64 {
        let waiting =
            self.offsets[self.next.get().min(self.offsets.len())..].iter().map(|at| self.start + *at);
        let under_way = self.under_way.iter().filter_map(Cell::get);
        let unanswered: Vec<Instant> = waiting.chain(under_way).collect();
        for intended in &unanswered {
            self.recorder.borrow_mut().record(now.saturating_duration_since(*intended));
        }
        unanswered.len() as u64
    }

    fn lag(&self) -> Lag {
        let lag = self.lag.borrow();
        let at = Duration::from_nanos;
        Lag { p99: at(lag.value_at_quantile(0.99)), max: at(lag.max()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_arrivals_are_evenly_spaced() {
        let offsets = schedule(200.0, Arrivals::Constant, Duration::from_secs(2), 1);
        assert_eq!(offsets.len(), 400);
        assert_eq!((offsets[0], offsets[1]), (Duration::ZERO, Duration::from_millis(5)));
        assert_eq!(offsets[399], Duration::from_millis(1_995));
        assert_eq!(schedule(0.3, Arrivals::Constant, Duration::from_secs(1), 1).len(), 1);
    }

    #[test]
    fn poisson_arrivals_keep_the_rate_and_scatter() {
        let offsets = schedule(1_000.0, Arrivals::Poisson, Duration::from_secs(10), 1);
        // Three standard deviations of 10 000 arrivals: 300.
        assert!((9_700..10_300).contains(&offsets.len()), "{}", offsets.len());
        assert!(offsets.is_sorted() && offsets.iter().all(|at| *at < Duration::from_secs(10)));
        let gaps: Vec<f64> = offsets.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        // Exponential gaps scatter as widely as they are long.
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.05, "{}", variance.sqrt() / mean);
        assert_eq!(offsets, schedule(1_000.0, Arrivals::Poisson, Duration::from_secs(10), 1));
        assert_ne!(offsets, schedule(1_000.0, Arrivals::Poisson, Duration::from_secs(10), 2));
    }
}
