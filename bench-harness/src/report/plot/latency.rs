//! Before and after: median and p95 with their intervals, a row per variant, milliseconds on a log scale.

use plotters::style::text_anchor::HPos;

use super::axis::LogAxis;
use super::{FINE, Ink, LINE, Plot, PlotError, Sheet, WIDTH, draw, label, mark, mark_ms};
use crate::report::words;
use crate::result::evidence::Interval3;

/// One variant's figures.
pub struct LatencyRow<'a> {
    pub variant: &'a str,
    /// Place of the variant in the workload: its colour.
    pub series: usize,
    pub median_ms: Interval3,
    pub p95_ms: Option<Interval3>,
}

/// The line not to be crossed.
#[derive(Clone, Copy, Debug)]
pub struct LatencyTarget {
    pub below_ms: f64,
}

const LEFT: i32 = 84;
const RIGHT: i32 = WIDTH - 8;
const ROW: i32 = 34;
const TOP: i32 = 22;

/// None when no row holds a positive figure.
///
/// # Errors
/// When plotters fails.
pub fn latency(
    statement: &str,
    rows: &[LatencyRow<'_>],
    target: Option<LatencyTarget>,
) -> Result<Option<Plot>, PlotError> {
    let values = rows.iter().flat_map(|row| {
        let ends = |interval: Interval3| [interval.low, interval.estimate, interval.high];
        ends(row.median_ms).into_iter().chain(row.p95_ms.into_iter().flat_map(ends))
    });
    let values = values.chain(target.map(|target| target.below_ms));
    let Some(axis) = LogAxis::over(values, (LEFT * FINE, RIGHT * FINE)) else { return Ok(None) };
    let bottom = TOP + ROW * rows.len() as i32;
    let plot = draw(statement, describe(statement, rows, target), bottom + LINE + 6, |sheet| {
        for tick in axis.ticks() {
            let x = axis.at(tick);
            sheet.line(vec![(x, TOP * FINE), (x, bottom * FINE)], Ink::Grid, 1)?;
            mark(sheet, &mark_ms(tick), x, (bottom + 12) * FINE, Ink::Faint)?;
        }
        for (at, row) in rows.iter().enumerate() {
            let y = TOP + ROW * at as i32 + ROW / 2;
            sheet.text(&label(row.variant), (0, y * FINE), Ink::Text, HPos::Left)?;
            paint(sheet, &axis, row, y)?;
        }
        if let Some(LatencyTarget { below_ms }) = target {
            let x = axis.at(below_ms);
            sheet.line(vec![(x, (TOP - 4) * FINE), (x, bottom * FINE)], Ink::Target, 1)?;
            let text = format!("target {}", mark_ms(below_ms));
            // The label leans to the side where there is room.
            let side = if x > (LEFT + RIGHT) / 2 * FINE { HPos::Right } else { HPos::Left };
            sheet.text(&text, (x, 9 * FINE), Ink::Target, side)?;
        }
        Ok(())
    })?;
    Ok(Some(plot))
}

/// The median's dot stands a little above the row's middle, the ring of p95 a little below: they may overlap.
fn paint(sheet: &Sheet<'_>, axis: &LogAxis, row: &LatencyRow<'_>, y: i32) -> Result<(), PlotError> {
    let ink = Ink::Series(row.series);
    let bar = |interval: &Interval3, y: i32| {
        sheet.line(vec![(axis.at(interval.low), y), (axis.at(interval.high), y)], ink, 2)
    };
    let upper = (y - 5) * FINE;
    bar(&row.median_ms, upper)?;
    sheet.dot((axis.at(row.median_ms.estimate), upper), 5 * FINE, ink)?;
    if let Some(p95) = &row.p95_ms {
        let lower = (y + 6) * FINE;
        bar(p95, lower)?;
        sheet.ring((axis.at(p95.estimate), lower), 4 * FINE, ink)?;
    }
    Ok(())
}

fn describe(statement: &str, rows: &[LatencyRow<'_>], target: Option<LatencyTarget>) -> String {
    let rows: Vec<String> = rows
        .iter()
        .map(|row| {
            let p95 = match row.p95_ms {
                Some(p95) => format!(", p95 {}", words::milliseconds(p95.estimate)),
                None => String::new(),
            };
            format!("{} median {}{p95}", row.variant, words::milliseconds(row.median_ms.estimate))
        })
        .collect();
    let target = match target {
        Some(target) => format!(" Target: below {}.", words::milliseconds(target.below_ms)),
        None => String::new(),
    };
    format!("Time of {statement}: {}.{target}", rows.join("; "))
}
