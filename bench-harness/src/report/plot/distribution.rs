//! The whole distribution: time at each percentile, percentiles spaced by nines so that the tail shows.

use base64::Engine;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use plotters::style::text_anchor::HPos;

use super::axis::LogAxis;
use super::{FINE, Ink, LINE, Plot, PlotError, WIDTH, draw, mark, mark_ms};
use crate::report::words;

/// One variant's histogram as it stands in the result.
pub struct Distribution<'a> {
    pub variant: &'a str,
    pub series: usize,
    /// Nanoseconds, V2 deflate, base64.
    pub histogram: &'a str,
}

const LEFT: i32 = 58;
const RIGHT: i32 = WIDTH - 16;
const TOP: i32 = 8;
const BOTTOM: i32 = TOP + 132;
/// Points of a curve.
const STEPS: usize = 60;

/// None when no histogram holds a value.
///
/// # Errors
/// When a histogram can't be decoded or plotters fails.
pub fn distribution(statement: &str, variants: &[Distribution<'_>]) -> Result<Option<Plot>, PlotError> {
    let mut curves = Vec::new();
    for variant in variants {
        let histogram = decode(variant)?;
        if !histogram.is_empty() {
            curves.push((variant, histogram));
        }
    }
    // A percentile needs ten samples beyond it to mean something.
    let samples = curves.iter().map(|(_, histogram)| histogram.len()).max().unwrap_or(0);
    let nines = ((samples as f64 / 10.0).log10()).clamp(1.0, 4.0);
    let time = |histogram: &Histogram<u64>, nines: f64| {
        histogram.value_at_quantile(1.0 - 10_f64.powf(-nines)) as f64 / 1e6
    };
    let ends = curves.iter().flat_map(|(_, histogram)| [time(histogram, 0.0), time(histogram, nines)]);
    let Some(axis) = LogAxis::over(ends, (BOTTOM * FINE, TOP * FINE)) else { return Ok(None) };
    let across = |at: f64| LEFT * FINE + (f64::from((RIGHT - LEFT) * FINE) * at / nines).round() as i32;
    let plot = draw(statement, describe(statement, &curves), BOTTOM + LINE + 6, |sheet| {
        for tick in axis.ticks() {
            let y = axis.at(tick);
            sheet.line(vec![(LEFT * FINE, y), (RIGHT * FINE, y)], Ink::Grid, 1)?;
            sheet.text(&mark_ms(tick), ((LEFT - 4) * FINE, y), Ink::Faint, HPos::Right)?;
        }
        for (percent, name) in [
            (0.0, "fastest"),
            (50.0, "50\u{a0}%"),
            (90.0, "90\u{a0}%"),
            (99.0, "99\u{a0}%"),
            (99.9, "99.9\u{a0}%"),
        ] {
            let at = -((1.0_f64 - percent / 100.0).log10());
            if at > nines {
                break;
            }
            let x = across(at);
            sheet.line(vec![(x, TOP * FINE), (x, BOTTOM * FINE)], Ink::Grid, 1)?;
            mark(sheet, name, x, (BOTTOM + 12) * FINE, Ink::Faint)?;
        }
        for (variant, histogram) in &curves {
            let points = (0..=STEPS).map(|step| {
                let at = nines * step as f64 / STEPS as f64;
                (across(at), axis.at(time(histogram, at)))
            });
            sheet.line(points.collect(), Ink::Series(variant.series), 2)?;
        }
        Ok(())
    })?;
    Ok(Some(plot))
}

fn decode(variant: &Distribution<'_>) -> Result<Histogram<u64>, PlotError> {
    let fault = |cause: String| PlotError::Histogram { what: variant.variant.to_owned(), cause };
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(variant.histogram)
        .map_err(|cause| fault(cause.to_string()))?;
    Deserializer::new().deserialize(&mut bytes.as_slice()).map_err(|cause| fault(cause.to_string()))
}

fn describe(statement: &str, curves: &[(&Distribution<'_>, Histogram<u64>)]) -> String {
    let at = |histogram: &Histogram<u64>, quantile| {
        words::milliseconds(histogram.value_at_quantile(quantile) as f64 / 1e6)
    };
    let curves: Vec<String> = curves
        .iter()
        .map(|(variant, histogram)| {
            format!(
                "{} 50\u{a0}% within {}, 90\u{a0}% within {}, 99\u{a0}% within {}",
                variant.variant,
                at(histogram, 0.5),
                at(histogram, 0.9),
                at(histogram, 0.99)
            )
        })
        .collect();
    format!("Distribution of the time of {statement}: {}.", curves.join("; "))
}
