//! One leg under load: connections opened, warmed, driven in an open or a closed loop, data put back.

use std::io;
use std::time::Duration;

use tokio_postgres::Config;

use super::closed_loop::{self, Requests};
use super::generator::{self, ThreadCpu};
use super::leg::{hit_ratio, shared_buffers};
use super::mix::{Mix, RequestError};
use super::open_loop::{self, PATIENCE, Sent};
use super::session::{Session, describe};
use crate::proxy::Proxy;
use crate::result::load::LoadRound;
use crate::run::options::Interrupt;
use crate::stats::{LegRecorder, RoundSamples};
use crate::workload::load::Loop;

/// Warming takes this part of the timed length, and no more than this.
const WARM_SHARE: f64 = 0.25;
const LONGEST_WARM: Duration = Duration::from_secs(2);
/// Spreads neighbouring places over the whole range of seeds.
const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
/// Warming requests are numbered from here, so that the timed ones find their arguments unused.
const WARM_FROM: u32 = 1 << 31;

/// One variant under load for a while.
pub struct LoadLeg<'a> {
    pub config: &'a Config,
    pub mix: &'a Mix<'a>,
    pub how: Loop,
    pub connections: u32,
    pub duration: Duration,
    pub statement_timeout: Duration,
    /// What the connections lead through, when they are to be delayed.
    pub proxy: Option<&'a Proxy>,
    /// Puts back what the mix committed, afterwards and untimed.
    pub restore: &'a [String],
    pub seed: u64,
    pub interrupt: &'a Interrupt,
}

#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error("between two requests: {}", describe(.0))]
    Postgres(#[from] tokio_postgres::Error),
    #[error("opening {connections} connections: {}", describe(error))]
    Connect { connections: u32, error: tokio_postgres::Error },
    #[error("the timer: {0}")]
    Timer(#[from] io::Error),
    #[error("interrupted")]
    Interrupted,
}

/// What a leg under load gave.
#[derive(Debug)]
pub struct LoadOutcome {
    pub samples: RoundSamples,
    pub figures: LoadRound,
}

impl LoadLeg<'_> {
    /// Runs the leg. None when not one request was due in it.
    ///
    /// # Errors
    /// The first request that fails, a connection that can't be opened, an interruption.
    pub async fn run(
        &self,
        round: u32,
        recorder: &mut LegRecorder,
    ) -> Result<Option<LoadOutcome>, LoadError> {
        let outcome = self.loaded(round, recorder).await;
        // Put back also after a failure: the next leg must find the data as they were.
        self.put_back().await?;
        outcome
    }

    async fn put_back(&self) -> Result<(), LoadError> {
        if self.restore.is_empty() {
            return Ok(());
        }
        let session = Session::open(self.config, self.statement_timeout).await?;
        for sql in self.restore {
            session.batch(sql).await?;
        }
        Ok(())
    }

    async fn loaded(&self, round: u32, recorder: &mut LegRecorder) -> Result<Option<LoadOutcome>, LoadError> {
        let sessions = self.open().await?;
        let warming = self.duration.mul_f64(WARM_SHARE).min(LONGEST_WARM);
        let warmed = self.drive(warming, WARM_FROM, 0.0, round, &sessions, recorder).await;
        // Warming is no figure.
        let _untimed = recorder.finish(round, None);
        let foreseen = 1.5 * warmed?.per_second * self.duration.as_secs_f64();
        self.put_back().await?;

        let buffers_before = all_buffers(&sessions).await?;
        let trips_before = self.proxy.map(|proxy| proxy.counted().round_trips);
        let driven = self.drive(self.duration, 0, foreseen, round, &sessions, recorder).await;
        // A failed leg's times must not stay behind in the recorder.
        let driven = driven.inspect_err(|_| {
            recorder.finish(round, None);
        });
        let Driven { requests, per_second, sent, cpu, elapsed } = driven?;
        let trips = self.proxy.zip(trips_before).map(|(proxy, before)| proxy.counted().round_trips - before);
        let unanswered = sent.map_or(0, |sent| sent.unanswered);
        // A statement that was cancelled may take the next one of its session with it.
        let hits = match unanswered {
            0 => hit_ratio(buffers_before, all_buffers(&sessions).await?),
            _ => None,
        };
        let Some(samples) = recorder.finish(round, hits) else { return Ok(None) };

        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        let lag = sent.map(|sent| sent.lag);
        let busy = cpu.as_secs_f64() / elapsed.as_secs_f64().max(1e-9);
        let lag_p99_ms = lag.map(|lag| milliseconds(lag.p99));
        let figures = LoadRound {
            round,
            requests,
            per_second,
            unanswered,
            lag_p99_ms,
            lag_max_ms: lag.map(|lag| milliseconds(lag.max)),
            generator_cpu_us: cpu.as_secs_f64() * 1e6 / requests.max(1) as f64,
            generator_busy: busy,
            round_trips: trips.map(|trips| trips as f64 / requests.max(1) as f64),
            invalid: generator::doubt(lag_p99_ms, samples.quantile_ms(0.99), busy),
        };
        Ok(Some(LoadOutcome { samples, figures }))
    }

    async fn open(&self) -> Result<Vec<Session>, LoadError> {
        let opening = (0..self.connections).map(|_| Session::open(self.config, self.statement_timeout));
        let failed = |error| LoadError::Connect { connections: self.connections, error };
        futures::future::try_join_all(opening).await.map_err(failed)
    }

    /// Sends requests from number `from` on for a while, in the way of this load.
    async fn drive(
        &self,
        duration: Duration,
        from: u32,
        foreseen: f64,
        round: u32,
        sessions: &[Session],
        recorder: &mut LegRecorder,
    ) -> Result<Driven, LoadError> {
        match self.how {
            Loop::Open { rate, arrivals } => {
                // The same arrivals in every variant of a round.
                let seed = self.seed ^ (u64::from(round) << 32 | u64::from(from)).wrapping_mul(ODD);
                let offsets = open_loop::schedule(rate, arrivals, duration, seed);
                let requests: Vec<_> =
                    (from..).take(offsets.len()).map(|n| self.mix.request(round, n)).collect();
                let cpu = ThreadCpu::now();
                let sent = open_loop::run(
                    self.mix,
                    &requests,
                    &offsets,
                    sessions,
                    PATIENCE,
                    recorder,
                    self.interrupt,
                )
                .await?;
                let answered = sent.requests - sent.unanswered;
                Ok(Driven {
                    requests: sent.requests,
                    per_second: answered as f64 / sent.elapsed.as_secs_f64().max(1e-9),
                    sent: Some(sent),
                    cpu: cpu.elapsed(),
                    elapsed: sent.elapsed,
                })
            }
            Loop::Closed => {
                let requests = Requests::new(self.mix, round, from, foreseen);
                let cpu = ThreadCpu::now();
                let done =
                    closed_loop::run(self.mix, &requests, duration, sessions, recorder, self.interrupt)
                        .await?;
                Ok(Driven {
                    requests: done.requests,
                    per_second: done.per_second,
                    sent: None,
                    cpu: cpu.elapsed(),
                    elapsed: done.elapsed,
                })
            }
        }
    }
}

/// What the two loops have in common.
struct Driven {
    requests: u64,
    per_second: f64,
    sent: Option<Sent>,
    cpu: Duration,
    elapsed: Duration,
}

/// Shared buffers (hit, read) of the sessions' database so far.
async fn all_buffers(sessions: &[Session]) -> Result<(i64, i64), LoadError> {
    let mut buffers = (0, 0);
    // The last to report reads the sum of all.
    for session in sessions {
        buffers = shared_buffers(session).await?;
    }
    Ok(buffers)
}
