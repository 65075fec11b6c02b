//! Interleaved rounds of one statement with all indexes, with all again (A/A), and without each of several sets.

use std::time::{Duration, Instant};

use super::lab::{Candidate, Lab, Subject};
use crate::driver::leg::LegSize;
use crate::driver::order::balanced_order;
use crate::run::measure::Trouble;
use crate::stats::{LegRecorder, MIN_ROUNDS, RatioEstimate, noise_floor, paired_ratio};

/// What leaving a set out does to a statement's time.
#[derive(Clone, Debug, PartialEq)]
pub struct Timed {
    /// Time without / time with.
    pub ratio: RatioEstimate,
    pub noise_floor: f64,
}

/// Measures until `decided` says so of each set at a look, or until the deadline; None of a set for which there were
/// too few rounds.
///
/// # Errors
/// When the statement fails, with or without indexes.
pub async fn compare(
    lab: &Lab<'_>,
    subject: &Subject<'_>,
    sets: &[Vec<&Candidate>],
    deadline: Instant,
    decided: impl Fn(&Timed) -> bool,
) -> Result<Vec<Option<Timed>>, Trouble> {
    let effort = &lab.bench.effort;
    let looks = effort.looks();
    let seed = lab.bench.options.seed;
    let mut recorder = LegRecorder::new();
    // The first two legs leave nothing out.
    let mut legs: Vec<(&[&Candidate], Vec<f64>)> = vec![(&[], Vec::new()), (&[], Vec::new())];
    legs.extend(sets.iter().map(|set| (set.as_slice(), Vec::new())));
    let one = leg(lab, subject, &[], (0, LegSize { warm: 1, timed: 1 }), &mut recorder).await?;
    let one = Duration::from_secs_f64(one / 1e3);
    let size = LegSize::for_duration(one, effort.leg, (effort.fewest, effort.most));
    let mut timed = vec![None; sets.len()];
    // Too few rounds for an interval would only take time from what can still be decided.
    let needed = one * (size.warm + size.timed) * (legs.len() * MIN_ROUNDS) as u32;
    if Instant::now() + needed > deadline {
        return Ok(timed);
    }
    for round in 0..effort.rounds {
        if Instant::now() >= deadline || lab.bench.options.interrupt.raised() {
            break;
        }
        for place in balanced_order(legs.len(), round, seed) {
            let (left_out, medians) = &mut legs[place];
            medians.push(leg(lab, subject, left_out, (round, size), &mut recorder).await?);
        }
        if looks.is_look(round + 1) {
            timed = figures(&legs, looks.confidence_per_look(), seed);
            if timed.iter().all(|timed| timed.as_ref().is_some_and(&decided)) {
                break;
            }
        }
    }
    Ok(if timed.iter().any(Option::is_none) {
        figures(&legs, looks.confidence_per_look(), seed)
    } else {
        timed
    })
}

fn figures(legs: &[(&[&Candidate], Vec<f64>)], confidence: f64, seed: u64) -> Vec<Option<Timed>> {
    let [(_, kept), (_, twin), sets @ ..] = legs else { return Vec::new() };
    let pairs = |left: &[f64], right: &[f64]| -> Vec<(f64, f64)> {
        left.iter().copied().zip(right.iter().copied()).collect()
    };
    let floor = noise_floor(&pairs(kept, twin), confidence, seed);
    sets.iter()
        .map(|(_, without)| {
            let ratio = paired_ratio(&pairs(without, kept), confidence, seed)?;
            Some(Timed { ratio, noise_floor: floor? })
        })
        .collect()
}

/// Median of a leg in milliseconds. What the executions change is undone, untimed.
async fn leg(
    lab: &Lab<'_>,
    subject: &Subject<'_>,
    left_out: &[&Candidate],
    (round, size): (u32, LegSize),
    recorder: &mut LegRecorder,
) -> Result<f64, Trouble> {
    let times = lab
        .without(left_out, async || {
            let mut times = Vec::with_capacity(size.timed as usize);
            for n in 0..size.warm + size.timed {
                let arguments = subject.arguments.at(round, n);
                if subject.writes {
                    lab.session.batch("SAVEPOINT execution").await?;
                }
                let answer = lab.session.execute(&subject.bound, &arguments).await?;
                if subject.writes {
                    lab.session.batch("ROLLBACK TO SAVEPOINT execution").await?;
                }
                if n >= size.warm {
                    times.push(answer.elapsed);
                }
            }
            Ok(times)
        })
        .await
        .map_err(|error| lab.trouble(&subject.bound, error))?;
    for time in times {
        recorder.record(time);
    }
    let samples = recorder.finish(round, None);
    samples
        .map(|samples| samples.median_ms())
        .ok_or_else(|| Trouble::Guard(format!("{} left no time", subject.name)))
}
