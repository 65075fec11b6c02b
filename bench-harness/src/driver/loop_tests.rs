//! Open and closed loops against a server whose latency is set. Only what holds however slow the machine is.

use std::time::{Duration, Instant};

use super::closed_loop::{self, Requests};
use super::load::LoadError;
use super::mix::{Mix, MixStatement};
use super::open_loop;
use super::session::{Bound, Session};
use crate::run::options::Interrupt;
use crate::selftest::synthetic::{STATEMENT, SyntheticServer};
use crate::stats::{LegRecorder, RoundSamples};
use crate::workload::load::Arrivals;
use crate::workload::model::RowBounds;

const LONG: Duration = Duration::from_secs(60);

fn milliseconds(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn mix(rows: Option<RowBounds>) -> Mix<'static> {
    let statement = MixStatement {
        name: "measured".to_owned(),
        bound: Bound { sql: STATEMENT.to_owned(), types: Vec::new() },
        weight: 1,
        rows,
        arguments: Box::new(|_, _| Vec::new()),
    };
    Mix::new(vec![statement], 1).unwrap()
}

async fn sessions(server: &SyntheticServer, count: usize) -> Vec<Session> {
    let mut sessions = Vec::new();
    for _ in 0..count {
        sessions.push(Session::open(&server.config(), LONG).await.unwrap());
    }
    sessions
}

/// Ten arrivals, one each 10 ms, over so many connections.
async fn ten(
    latency: Duration,
    connections: usize,
    patience: Duration,
    interrupt: &Interrupt,
) -> Result<(open_loop::Sent, RoundSamples), LoadError> {
    let server = SyntheticServer::constant(latency).unwrap();
    let mix = mix(None);
    let offsets = open_loop::schedule(100.0, Arrivals::Constant, milliseconds(100), 1);
    let requests: Vec<_> = (0..10).map(|n| mix.request(0, n)).collect();
    let mut recorder = LegRecorder::new();
    let sessions = sessions(&server, connections).await;
    let sent =
        open_loop::run(&mix, &requests, &offsets, &sessions, patience, &mut recorder, interrupt).await?;
    Ok((sent, recorder.finish(0, None).unwrap()))
}

#[tokio::test]
async fn waiting_for_a_connection_is_in_the_time() {
    let (sent, samples) = ten(milliseconds(50), 1, LONG, &Interrupt::default()).await.unwrap();
    assert_eq!((sent.requests, sent.unanswered, samples.samples()), (10, 0, 10));
    assert!(samples.min_ms() >= 50.0, "{}", samples.min_ms());
    // The last is meant to start at 90 ms, and answered after nine others of 50 ms: at 500 ms or later.
    assert!(samples.max_ms() >= 410.0, "{}", samples.max_ms());
    assert!(sent.elapsed >= milliseconds(500));
}

#[tokio::test]
async fn with_a_connection_for_each_nobody_waits_for_another() {
    let (sent, samples) = ten(milliseconds(50), 10, LONG, &Interrupt::default()).await.unwrap();
    assert_eq!((samples.samples(), sent.unanswered), (10, 0));
    // One after the other they would take 500 ms; here the last is meant to start at 90 ms.
    assert!(samples.quantile_ms(0.5) < 300.0, "{}", samples.quantile_ms(0.5));
    assert!(sent.lag.p99 <= sent.lag.max && sent.lag.max < LONG);
}

#[tokio::test]
async fn what_is_not_answered_in_time_counts_with_the_time_it_has_waited() {
    let start = Instant::now();
    let (sent, samples) =
        ten(Duration::from_secs(30), 2, milliseconds(200), &Interrupt::default()).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert_eq!((sent.unanswered, samples.samples()), (10, 10));
    // From the first intended start to the last, and then the patience; from the last, the patience alone.
    assert!(
        samples.max_ms() >= 289.0 && samples.min_ms() >= 199.0,
        "{} {}",
        samples.max_ms(),
        samples.min_ms()
    );
}

#[tokio::test]
async fn an_interrupted_load_ends_at_once() {
    let interrupt = Interrupt::default();
    let raise = interrupt.clone();
    std::thread::spawn(move || {
        std::thread::sleep(milliseconds(150));
        raise.raise();
    });
    let start = Instant::now();
    let outcome = ten(Duration::from_secs(30), 2, LONG, &interrupt).await;
    assert!(matches!(outcome, Err(LoadError::Interrupted)));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());

    let server = SyntheticServer::constant(Duration::from_secs(30)).unwrap();
    let (mix, sessions) = (mix(None), sessions(&server, 2).await);
    let requests = Requests::new(&mix, 0, 0, 4.0);
    let outcome =
        closed_loop::run(&mix, &requests, LONG, &sessions, &mut LegRecorder::new(), &interrupt).await;
    assert!(matches!(outcome, Err(LoadError::Interrupted)));
}

#[tokio::test]
async fn a_closed_loop_keeps_each_connection_busy_with_one_request() {
    let server = SyntheticServer::constant(milliseconds(20)).unwrap();
    let (mix, sessions) = (mix(None), sessions(&server, 4).await);
    let mut recorder = LegRecorder::new();
    // Fewer are foreseen than it will take.
    let requests = Requests::new(&mix, 0, 0, 3.0);
    let interrupt = Interrupt::default();
    let run = closed_loop::run(&mix, &requests, milliseconds(200), &sessions, &mut recorder, &interrupt);
    let done = run.await.unwrap();
    let samples = recorder.finish(0, None).unwrap();
    assert_eq!(samples.samples(), done.requests);
    // 20 ms each on 4 connections: 200 a second at most.
    assert!(samples.min_ms() >= 20.0 && done.per_second <= 200.0, "{done:?}");
    assert!((4..=40).contains(&done.requests) && done.elapsed >= milliseconds(200), "{done:?}");
}

#[tokio::test]
async fn an_answer_the_header_does_not_allow_ends_the_load() {
    let server = SyntheticServer::constant(Duration::ZERO).unwrap();
    let (mix, sessions) = (mix(Some(RowBounds { min: 2, max: 9 })), sessions(&server, 1).await);
    let requests = Requests::new(&mix, 0, 0, 1.0);
    let interrupt = Interrupt::default();
    let mut recorder = LegRecorder::new();
    let run = closed_loop::run(&mix, &requests, LONG, &sessions, &mut recorder, &interrupt);
    let error = run.await.unwrap_err().to_string();
    assert!(error.contains("measured: an execution returned 1 rows"), "{error}");
}
