//! How many times faster than the baseline: a dot per round, the estimate's interval, the noise around 1.

use plotters::style::text_anchor::HPos;

use super::axis::LogAxis;
use super::{FINE, Ink, LINE, Plot, PlotError, WIDTH, draw, label, mark};
use crate::report::words;
use crate::stats::RatioEstimate;

/// One variant against the baseline.
pub struct RatioRow<'a> {
    pub variant: &'a str,
    pub series: usize,
    pub estimate: &'a RatioEstimate,
    /// Ratio of medians, round by round.
    pub rounds: Vec<f64>,
    /// From 1; ratios within it are noise.
    pub noise_floor: Option<f64>,
}

const LEFT: i32 = 84;
const RIGHT: i32 = WIDTH - 8;
const ROW: i32 = 38;
const TOP: i32 = 22;

/// None when there is nothing to compare.
///
/// # Errors
/// When plotters fails.
pub fn ratio(statement: &str, baseline: &str, rows: &[RatioRow<'_>]) -> Result<Option<Plot>, PlotError> {
    if rows.is_empty() {
        return Ok(None);
    }
    let values = rows.iter().flat_map(|row| {
        let floor = row.noise_floor.filter(|floor| *floor > 0.0);
        let band = floor.into_iter().flat_map(|floor| [floor, 1.0 / floor]);
        let interval = row.estimate.interval;
        row.rounds.iter().copied().chain([interval.low, interval.high, row.estimate.ratio]).chain(band)
    });
    let Some(axis) = LogAxis::over(values.chain([1.0]), (LEFT * FINE, RIGHT * FINE)) else { return Ok(None) };
    let bottom = TOP + ROW * rows.len() as i32;
    let plot = draw(statement, describe(statement, baseline, rows), bottom + LINE + 6, |sheet| {
        for (at, row) in rows.iter().enumerate() {
            if let Some(floor) = row.noise_floor.filter(|floor| *floor > 0.0) {
                let y = TOP + ROW * at as i32;
                let (low, high) = (axis.at(floor.min(1.0 / floor)), axis.at(floor.max(1.0 / floor)));
                sheet.block([(low, (y + 2) * FINE), (high, (y + ROW - 2) * FINE)], Ink::Noise)?;
            }
        }
        // A mark beside 1 would run into its label.
        let one = axis.at(1.0);
        for tick in axis.ticks().into_iter().filter(|tick| (axis.at(*tick) - one).abs() > 34 * FINE) {
            let x = axis.at(tick);
            sheet.line(vec![(x, TOP * FINE), (x, bottom * FINE)], Ink::Grid, 1)?;
            mark(sheet, &format!("{}×", words::mark(tick)), x, (bottom + 12) * FINE, Ink::Faint)?;
        }
        sheet.line(vec![(one, (TOP - 4) * FINE), (one, bottom * FINE)], Ink::Text, 1)?;
        sheet.text("1×", (one, (bottom + 12) * FINE), Ink::Text, HPos::Center)?;
        let side = if one > (LEFT + RIGHT) / 2 * FINE { HPos::Right } else { HPos::Left };
        sheet.text(&format!("as fast as {}", label(baseline)), (one, 9 * FINE), Ink::Text, side)?;
        for (at, row) in rows.iter().enumerate() {
            let ink = Ink::Series(row.series);
            let y = TOP + ROW * at as i32 + ROW / 2;
            sheet.text(&label(row.variant), (0, y * FINE), Ink::Text, HPos::Left)?;
            let upper = (y - 6) * FINE;
            let interval = row.estimate.interval;
            sheet.line(vec![(axis.at(interval.low), upper), (axis.at(interval.high), upper)], ink, 2)?;
            sheet.dot((axis.at(row.estimate.ratio), upper), 5 * FINE, ink)?;
            for (round, ratio) in row.rounds.iter().enumerate().filter(|(_, ratio)| **ratio > 0.0) {
                // Rounds alternate between three lines so that equal ones stay visible.
                let lower = (y + 4) * FINE + (round as i32 % 3) * 5;
                sheet.dot((axis.at(*ratio), lower), 2 * FINE, ink)?;
            }
        }
        Ok(())
    })?;
    Ok(Some(plot))
}

fn describe(statement: &str, baseline: &str, rows: &[RatioRow<'_>]) -> String {
    let rows: Vec<String> = rows
        .iter()
        .map(|row| {
            let interval = row.estimate.interval;
            format!(
                "{} {} ({} to {})",
                row.variant,
                words::ratio(row.estimate.ratio),
                words::number(interval.low),
                words::number(interval.high)
            )
        })
        .collect();
    format!("{statement}, how many times as fast as {baseline}: {}.", rows.join("; "))
}
