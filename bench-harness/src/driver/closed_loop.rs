//! Closed loop: each connection sends the next request when the last was answered. This is how much a server can do;
//! the times it shows leave out whatever waited while nobody was asking, so latency under load is the open loop's.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use futures::future::try_join_all;

use super::load::LoadError;
use super::mix::{Mix, Request, RequestError};
use super::session::{Session, cancel};
use crate::run::options::Interrupt;
use crate::stats::LegRecorder;

/// The most requests made ready before the clock runs: some 20 MB of arguments.
const MOST_PREPARED: u32 = 50_000;

/// How a closed loop went; the times are in the recorder.
#[derive(Clone, Copy, Debug)]
pub struct Completed {
    pub requests: u64,
    /// Over each connection's own time from the start to its last answer, all connections together.
    pub per_second: f64,
    pub elapsed: Duration,
}

/// Requests of one leg, in order, made ready as far as could be foreseen.
pub struct Requests<'a> {
    mix: &'a Mix<'a>,
    round: u32,
    from: u32,
    ready: Vec<Request>,
    next: Cell<u32>,
}

impl<'a> Requests<'a> {
    /// From request `from` of a round on; the first `foreseen` of them are made now. A leg that needs more makes them
    /// between two requests, which counts against its throughput.
    pub fn new(mix: &'a Mix<'a>, round: u32, from: u32, foreseen: f64) -> Requests<'a> {
        let count = foreseen.clamp(0.0, f64::from(MOST_PREPARED)) as u32;
        let ready = (0..count).map(|n| mix.request(round, from.wrapping_add(n))).collect();
        Requests { mix, round, from, ready, next: Cell::new(0) }
    }

    fn take(&self) -> Cow<'_, Request> {
        let place = self.next.get();
        self.next.set(place.wrapping_add(1));
        match self.ready.get(place as usize) {
            Some(request) => Cow::Borrowed(request),
            None => Cow::Owned(self.mix.request(self.round, self.from.wrapping_add(place))),
        }
    }
}

/// Keeps every session busy for `duration`, and records the time of each request.
///
/// After an error the sessions may have statements under way and are to be dropped.
///
/// # Errors
/// The first request that fails, an interruption.
pub async fn run(
    mix: &Mix<'_>,
    requests: &Requests<'_>,
    duration: Duration,
    sessions: &[Session],
    recorder: &mut LegRecorder,
    interrupt: &Interrupt,
) -> Result<Completed, LoadError> {
    let recorder = RefCell::new(recorder);
    let start = Instant::now();
    let connections = sessions.iter().map(|session| async {
        let (mut count, mut last) = (0_u64, start);
        // At least one each: a request longer than the leg is still a figure.
        while count == 0 || last.saturating_duration_since(start) < duration {
            let request = requests.take();
            let sent = Instant::now();
            mix.send(session, &request).await?;
            last = Instant::now();
            recorder.borrow_mut().record(last.saturating_duration_since(sent));
            count += 1;
        }
        Ok::<_, RequestError>((count, last.saturating_duration_since(start)))
    });
    let ended: Result<Vec<(u64, Duration)>, LoadError> = tokio::select! {
        outcome = try_join_all(connections) => outcome.map_err(LoadError::Request),
        () = interrupt.wait() => Err(LoadError::Interrupted),
    };
    if ended.is_err() {
        // Why it ended is told, whatever comes of this.
        let _cancelled = cancel(sessions.iter()).await;
    }
    let each = ended?;
    Ok(Completed {
        requests: each.iter().map(|(count, _)| count).sum(),
        per_second: each.iter().map(|(count, time)| *count as f64 / time.as_secs_f64().max(1e-9)).sum(),
        elapsed: each.iter().map(|(_, time)| *time).max().unwrap_or_default(),
    })
}
