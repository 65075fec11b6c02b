//! A logarithmic axis with round marks.

use plotters::coord::combinators::{IntoLogRange, LogCoord};
use plotters::coord::ranged1d::Ranged;

/// A logarithmic axis in fine pixels; `pixels` may run either way.
pub(super) struct LogAxis {
    coord: LogCoord<f64>,
    low: f64,
    high: f64,
    pixels: (i32, i32),
}

impl LogAxis {
    /// Covers all positive values with a little air; None when there is none.
    pub(super) fn over(values: impl IntoIterator<Item = f64>, pixels: (i32, i32)) -> Option<LogAxis> {
        let (low, high) = values
            .into_iter()
            .filter(|value| value.is_finite() && *value > 0.0)
            .fold((f64::INFINITY, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            return None;
        }
        // At least a factor of 1.3 in all, else noise would fill the axis.
        let air = (1.3 / (high / low)).max(1.0).sqrt() * 1.06;
        let (low, high) = (low / air, high * air);
        Some(LogAxis { coord: (low..high).log_scale().into(), low, high, pixels })
    }

    pub(super) fn at(&self, value: f64) -> i32 {
        self.coord.map(&value.clamp(self.low, self.high), self.pixels)
    }

    /// Round values to mark: 1-2-5 steps, fewer when there are many decades, finer ones when there are few.
    pub(super) fn ticks(&self) -> Vec<f64> {
        for steps in [&[1.0][..], &[1.0, 3.0], &[1.0, 2.0, 5.0], &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0]] {
            let ticks = self.multiples(steps);
            if ticks.len() >= 3 {
                let every = ticks.len().div_ceil(5);
                return ticks.into_iter().step_by(every).collect();
            }
        }
        let middle = (self.low * self.high).sqrt();
        let digits = 10_f64.powi(2 - middle.log10().floor() as i32);
        let mut ticks: Vec<f64> = [self.low * 1.05, middle, self.high / 1.05]
            .map(|value| (value * digits).round() / digits)
            .to_vec();
        ticks.dedup();
        ticks
    }

    fn multiples(&self, steps: &[f64]) -> Vec<f64> {
        let decades = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        decades
            .flat_map(|decade| steps.iter().map(move |step| step * 10_f64.powi(decade)))
            .filter(|value| (self.low..=self.high).contains(value))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn marks_lie_on_the_axis_in_order_and_are_few(low in 1e-4_f64..1e4, factor in 1.0_f64..1e6) {
            let axis = LogAxis::over([low, low * factor], (100, 700)).expect("two positive values");
            let ticks = axis.ticks();
            prop_assert!((1..=6).contains(&ticks.len()), "{ticks:?}");
            prop_assert!(ticks.windows(2).all(|pair| pair[0] < pair[1]), "{ticks:?}");
            prop_assert!(ticks.iter().all(|tick| (axis.low..=axis.high).contains(tick)), "{ticks:?}");
        }

        #[test]
        fn larger_values_lie_further_along(low in 1e-4_f64..1e4, factor in 1.01_f64..1e6) {
            let axis = LogAxis::over([low, low * factor], (100, 700)).expect("two positive values");
            prop_assert!(axis.at(low) <= axis.at(low * factor));
            prop_assert!((100..=700).contains(&axis.at(low)));
            prop_assert!((100..=700).contains(&axis.at(low * factor)));
        }
    }

    #[test]
    fn an_axis_needs_a_positive_value() {
        assert!(LogAxis::over([0.0, -1.0, f64::NAN], (0, 1)).is_none());
        assert!(LogAxis::over([2.0], (0, 1)).is_some());
    }
}
