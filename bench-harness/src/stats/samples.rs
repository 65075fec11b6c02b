//! The times of one leg: recorded into an HDR histogram, kept as its occupied buckets only.
//!
//! A leg is one statement in one variant in one round. Memory is bounded by the spread of the times, not by their
//! number: a decade of spread is at most some 3 400 buckets.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};

use super::pool::Pool;
use crate::result::evidence::RoundFigure;

/// Times are told apart to 3 significant digits.
const SIGNIFICANT_DIGITS: u8 = 3;
/// 1 µs: shorter than any round trip; what is shorter is a fault of the clock.
const SHORTEST_NS: u64 = 1_000;
/// 10 min: longer than any statement may run.
const LONGEST_NS: u64 = 600_000_000_000;
pub(super) const NS_PER_MS: f64 = 1e6;

/// Takes the times of one leg at a time. It owns some 250 kB of counters: make one and use it for all legs.
pub struct LegRecorder {
    histogram: Histogram<u64>,
    sum_ns: u128,
    min_ns: u64,
    max_ns: u64,
    saturated: u64,
}

impl Default for LegRecorder {
    fn default() -> Self {
        Self::new()
    }
}

impl LegRecorder {
    pub fn new() -> Self {
        Self { histogram: empty_histogram(), sum_ns: 0, min_ns: u64::MAX, max_ns: 0, saturated: 0 }
    }

    /// Records one execution. A time outside 1 µs … 10 min lands in the outermost bucket and is counted as
    /// saturated; mean, minimum and maximum keep it as it is.
    pub fn record(&mut self, time: Duration) {
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let inside = ns.clamp(SHORTEST_NS, LONGEST_NS);
        self.histogram.saturating_record(inside);
        self.saturated += u64::from(inside != ns);
        self.sum_ns += u128::from(ns);
        self.min_ns = self.min_ns.min(ns);
        self.max_ns = self.max_ns.max(ns);
    }

    /// Executions recorded since the last [`Self::finish`].
    pub fn samples(&self) -> u64 {
        self.histogram.len()
    }

    /// Hands over the leg and makes ready for the next. None when nothing was recorded.
    ///
    /// `buffer_hit_ratio`: share of shared-buffer requests of this leg served without a read, when known.
    pub fn finish(&mut self, round: u32, buffer_hit_ratio: Option<f64>) -> Option<RoundSamples> {
        if self.histogram.is_empty() {
            return None;
        }
        let buckets = self.histogram.iter_recorded().map(|step| Bucket {
            ns: self.histogram.median_equivalent(step.value_iterated_to()),
            count: step.count_at_value(),
        });
        let leg = RoundSamples {
            round,
            buckets: buckets.collect(),
            sum_ns: self.sum_ns,
            min_ns: self.min_ns,
            max_ns: self.max_ns,
            saturated: self.saturated,
            buffer_hit_ratio,
        };
        self.histogram.clear();
        (self.sum_ns, self.min_ns, self.max_ns, self.saturated) = (0, u64::MAX, 0, 0);
        Some(leg)
    }
}

/// Executions whose times can't be told apart at 3 digits, by the middle of their bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bucket {
    pub ns: u64,
    pub count: u64,
}

/// The times of one finished leg; never empty.
#[derive(Clone, Debug, PartialEq)]
pub struct RoundSamples {
    round: u32,
    /// Ascending.
    buckets: Vec<Bucket>,
    sum_ns: u128,
    min_ns: u64,
    max_ns: u64,
    saturated: u64,
    buffer_hit_ratio: Option<f64>,
}

impl RoundSamples {
    pub fn round(&self) -> u32 {
        self.round
    }

    pub fn samples(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.count).sum()
    }

    /// Executions outside 1 µs … 10 min: with any, the figures are not to be trusted.
    pub fn saturated(&self) -> u64 {
        self.saturated
    }

    pub fn mean_ms(&self) -> f64 {
        self.sum_ns as f64 / self.samples() as f64 / NS_PER_MS
    }

    pub fn median_ms(&self) -> f64 {
        self.quantile_ms(0.5)
    }

    /// The `q`-quantile to 3 digits; where it falls between two samples, their mean.
    ///
    /// # Panics
    /// When `q` is not between 0 and 1.
    pub fn quantile_ms(&self, q: f64) -> f64 {
        Pool::new(std::slice::from_ref(self)).quantile_ns(&[1], q) / NS_PER_MS
    }

    pub fn min_ms(&self) -> f64 {
        self.min_ns as f64 / NS_PER_MS
    }

    pub fn max_ms(&self) -> f64 {
        self.max_ns as f64 / NS_PER_MS
    }

    /// The leg as the result file shows it.
    pub fn figure(&self) -> RoundFigure {
        RoundFigure {
            round: self.round,
            samples: self.samples(),
            median_ms: self.median_ms(),
            p95_ms: self.quantile_ms(0.95),
            buffer_hit_ratio: self.buffer_hit_ratio,
        }
    }

    pub(super) fn buckets(&self) -> &[Bucket] {
        &self.buckets
    }

    pub(super) fn sum_ns(&self) -> u128 {
        self.sum_ns
    }
}

/// All legs in one histogram of nanoseconds.
pub fn merged(rounds: &[RoundSamples]) -> Histogram<u64> {
    let mut histogram = empty_histogram();
    for bucket in rounds.iter().flat_map(RoundSamples::buckets) {
        histogram.saturating_record_n(bucket.ns, bucket.count);
    }
    histogram
}

/// The merged histogram as the result file holds it: V2 deflate, base64.
pub fn export_histogram(rounds: &[RoundSamples]) -> String {
    let mut bytes = Vec::new();
    V2DeflateSerializer::new()
        .serialize(&merged(rounds), &mut bytes)
        .expect("writing to memory can't fail, and 31 000 buckets fit the format's 32-bit length");
    STANDARD.encode(bytes)
}

/// Why the text of a histogram can't be read.
#[derive(Debug, thiserror::Error)]
pub enum HistogramError {
    #[error("histogram is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
    #[error("histogram is not in HDR V2 format: {0}")]
    Format(#[from] hdrhistogram::serialization::DeserializeError),
}

/// Reads what [`export_histogram`] wrote.
///
/// # Errors
/// [`HistogramError`] when the text is damaged or something else.
pub fn import_histogram(text: &str) -> Result<Histogram<u64>, HistogramError> {
    Ok(Deserializer::new().deserialize(&mut STANDARD.decode(text)?.as_slice())?)
}

/// The lowest discernible value is 1 ns, not 1 µs: HDR rounds every value to its multiples, and half a microsecond
/// would be a whole percent of a fast lookup.
fn empty_histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_NS, SIGNIFICANT_DIGITS).expect("constant bounds are valid")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn leg(times: impl IntoIterator<Item = Duration>) -> RoundSamples {
        let mut recorder = LegRecorder::new();
        times.into_iter().for_each(|time| recorder.record(time));
        recorder.finish(1, None).unwrap()
    }

    #[test]
    fn figures_of_known_times() {
        let leg = leg((1..=100).map(Duration::from_millis));
        assert_eq!(leg.samples(), 100);
        assert!((leg.mean_ms() - 50.5).abs() < 1e-9);
        assert!((leg.median_ms() / 50.5 - 1.0).abs() < 1e-3, "{}", leg.median_ms());
        assert!((leg.quantile_ms(0.95) / 95.5 - 1.0).abs() < 1e-3, "{}", leg.quantile_ms(0.95));
        assert!((leg.quantile_ms(0.951) / 96.0 - 1.0).abs() < 1e-3, "{}", leg.quantile_ms(0.951));
        assert_eq!((leg.min_ms(), leg.max_ms(), leg.saturated()), (1.0, 100.0, 0));
        let figure = leg.figure();
        assert_eq!((figure.round, figure.samples, figure.buffer_hit_ratio), (1, 100, None));
    }

    #[test]
    fn a_recorder_starts_every_leg_afresh() {
        let mut recorder = LegRecorder::default();
        recorder.record(Duration::from_secs(1));
        let first = recorder.finish(1, Some(0.5)).unwrap();
        assert_eq!(recorder.samples(), 0);
        assert!(recorder.finish(2, None).is_none());
        recorder.record(Duration::from_millis(1));
        let second = recorder.finish(3, None).unwrap();
        assert_eq!((first.max_ms(), second.max_ms(), second.min_ms()), (1_000.0, 1.0, 1.0));
        assert_eq!((first.round(), first.figure().buffer_hit_ratio, second.round()), (1, Some(0.5), 3));
    }

    #[test]
    fn what_is_out_of_range_is_counted_not_lost() {
        let leg = leg([Duration::from_nanos(10), Duration::from_millis(5), Duration::from_secs(3_600)]);
        assert_eq!((leg.samples(), leg.saturated()), (3, 2));
        assert_eq!((leg.min_ms(), leg.max_ms()), (1e-5, 3_600_000.0));
        assert!((leg.mean_ms() - (3_600_000.0 + 5.0 + 1e-5) / 3.0).abs() < 1e-6);
        assert!((leg.quantile_ms(1.0) / 600_000.0 - 1.0).abs() < 1e-3);
        // The range itself is inside.
        assert_eq!(self::leg([Duration::from_micros(1), Duration::from_secs(600)]).saturated(), 0);
    }

    #[test]
    fn memory_follows_the_spread_not_the_number() {
        let times = |count: u64| {
            (0..count).map(|n| Duration::from_nanos(1_000_000 + n % 9_000_000 * 997 % 9_000_000))
        };
        assert!(leg(times(100_000)).buckets().len() < 3_500);
        assert_eq!(leg(times(100_000)).samples(), 100_000);
    }

    #[test]
    fn exported_histogram_reads_back() {
        let rounds = [leg((1..=50).map(Duration::from_micros)), leg((1..=50).map(Duration::from_millis))];
        let text = export_histogram(&rounds);
        assert_eq!(import_histogram(&text).unwrap(), merged(&rounds));
        assert_eq!(merged(&rounds).len(), 100);
        assert!(import_histogram("no base64!").unwrap_err().to_string().contains("not base64"));
        assert!(import_histogram("AAAAAAAAAAA=").unwrap_err().to_string().contains("not in HDR V2 format"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn three_digits_are_kept(ns in SHORTEST_NS..=LONGEST_NS) {
            let kept = leg([Duration::from_nanos(ns)]).median_ms() * NS_PER_MS;
            prop_assert!((kept / ns as f64 - 1.0).abs() <= 1e-3, "{} became {}", ns, kept);
        }

        #[test]
        fn quantiles_ascend_within_the_extremes(
            micros in proptest::collection::vec(1u64..10_000_000, 1..50), q in 0.0f64..1.0, step in 0.0f64..0.5,
        ) {
            let leg = leg(micros.iter().copied().map(Duration::from_micros));
            let (lower, upper) = (leg.quantile_ms(q), leg.quantile_ms((q + step).min(1.0)));
            prop_assert!(lower <= upper);
            prop_assert!(leg.min_ms() * 0.999 <= lower && upper <= leg.max_ms() * 1.001);
        }
    }
}
