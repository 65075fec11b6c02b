//! Plots as SVG, drawn by plotters, coloured by the page.
//!
//! plotters writes fixed colours. Each [`Ink`] is drawn in a colour of its own that means nothing; afterwards
//! that colour becomes a CSS class, so one drawing serves light, dark and print. Text inherits the page's font.

mod axis;
mod distribution;
mod latency;
mod ratio;

use plotters::coord::Shift;
use plotters::element::{Drawable, PointCollection};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use thiserror::Error;

use super::words;

pub use distribution::{Distribution, distribution};
pub use latency::{LatencyRow, LatencyTarget, latency};
pub use ratio::{RatioRow, ratio};

/// A plot that could not be drawn.
#[derive(Debug, Error)]
pub enum PlotError {
    #[error("cannot draw {what}: {cause}")]
    Draw { what: String, cause: String },
    #[error("the histogram of {what} can't be read: {cause}")]
    Histogram { what: String, cause: String },
}

/// A drawing and the sentence that says the same to those who don't see it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Plot {
    /// An `<svg>` element without outside references; safe to put into a page.
    pub svg: String,
    pub description: String,
}

/// Pixels of the drawing per CSS pixel: plotters places on whole pixels, this makes them half ones.
const FINE: i32 = 2;
/// Width of every plot, CSS pixels: as wide as a phone shows without shrinking the text.
const WIDTH: i32 = 380;
/// Height of a text line, CSS pixels.
const LINE: i32 = 16;

/// What a stroke stands for; the style sheet gives it a colour in each theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    Text,
    Faint,
    Grid,
    Target,
    Noise,
    /// One of the variants, by its place in the workload.
    Series(usize),
}

/// Colours told apart in the style sheet; further variants share the last.
const SERIES: usize = 5;

impl Ink {
    fn all() -> impl Iterator<Item = Ink> {
        [Ink::Text, Ink::Faint, Ink::Grid, Ink::Target, Ink::Noise]
            .into_iter()
            .chain((0..SERIES).map(Ink::Series))
    }

    fn colour(self) -> RGBColor {
        match self {
            Ink::Text => RGBColor(1, 2, 1),
            Ink::Faint => RGBColor(1, 2, 2),
            Ink::Grid => RGBColor(1, 2, 3),
            Ink::Target => RGBColor(1, 2, 4),
            Ink::Noise => RGBColor(1, 2, 5),
            Ink::Series(at) => RGBColor(1, 3, at.min(SERIES - 1) as u8),
        }
    }

    fn class(self) -> String {
        match self {
            Ink::Text => "text".to_owned(),
            Ink::Faint => "faint".to_owned(),
            Ink::Grid => "grid".to_owned(),
            Ink::Target => "target".to_owned(),
            Ink::Noise => "noise".to_owned(),
            Ink::Series(at) => format!("series-{}", at.min(SERIES - 1)),
        }
    }
}

/// A point of the drawing, in fine pixels.
type At = (i32, i32);

/// A sheet to draw on, in CSS pixels times [`FINE`].
struct Sheet<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
    what: &'a str,
}

impl<'s> Sheet<'s> {
    fn line(&self, points: Vec<At>, ink: Ink, stroke: i32) -> Result<(), PlotError> {
        let style = ink.colour().stroke_width((stroke * FINE) as u32);
        self.put(&PathElement::new(points, style))
    }

    fn dot(&self, at: At, radius: i32, ink: Ink) -> Result<(), PlotError> {
        self.put(&Circle::new(at, radius, ink.colour().filled()))
    }

    fn ring(&self, at: At, radius: i32, ink: Ink) -> Result<(), PlotError> {
        self.put(&Circle::new(at, radius, ink.colour().stroke_width((2 * FINE) as u32)))
    }

    fn block(&self, corners: [At; 2], ink: Ink) -> Result<(), PlotError> {
        self.put(&Rectangle::new(corners, ink.colour().filled()))
    }

    fn text(&self, text: &str, at: At, ink: Ink, horizontal: HPos) -> Result<(), PlotError> {
        // plotters divides the size by this factor on its way into SVG.
        let size = f64::from(12 * FINE) * 1.24;
        let style =
            ("sans-serif", size).into_font().color(&ink.colour()).pos(Pos::new(horizontal, VPos::Center));
        self.put(&Text::new(text.to_owned(), at, style))
    }

    fn put<'b, E>(&self, element: &'b E) -> Result<(), PlotError>
    where
        &'b E: PointCollection<'b, At>,
        E: Drawable<SVGBackend<'s>>,
    {
        self.area
            .draw(element)
            .map_err(|cause| PlotError::Draw { what: self.what.to_owned(), cause: cause.to_string() })
    }
}

/// Draws on a sheet of the given height (CSS pixels) and turns the result into something a page can hold.
fn draw(
    what: &str,
    description: String,
    height: i32,
    paint: impl FnOnce(&Sheet<'_>) -> Result<(), PlotError>,
) -> Result<Plot, PlotError> {
    let mut raw = String::new();
    {
        let size = ((WIDTH * FINE) as u32, (height * FINE) as u32);
        let sheet = Sheet { area: SVGBackend::with_string(&mut raw, size).into_drawing_area(), what };
        paint(&sheet)?;
        sheet
            .area
            .present()
            .map_err(|cause| PlotError::Draw { what: what.to_owned(), cause: cause.to_string() })?;
    }
    Ok(Plot { svg: themed(&raw, height), description })
}

/// Colours become classes, and attributes that the page sets itself are dropped.
fn themed(raw: &str, height: i32) -> String {
    let mut svg = raw.replace('\n', "");
    for ink in Ink::all() {
        let RGBColor(red, green, blue) = ink.colour();
        let colour = format!("#{red:02X}{green:02X}{blue:02X}");
        let class = ink.class();
        svg = svg
            .replace(&format!(" fill=\"{colour}\""), &format!(" class=\"fill-{class}\""))
            .replace(&format!(" stroke=\"{colour}\""), &format!(" class=\"line-{class}\""));
    }
    for dropped in [
        " xmlns=\"http://www.w3.org/2000/svg\"",
        " opacity=\"1\"",
        " font-family=\"sans-serif\"",
        " stroke=\"none\"",
    ] {
        svg = svg.replace(dropped, "");
    }
    svg.replacen(
        &format!("width=\"{}\" height=\"{}\"", WIDTH * FINE, height * FINE),
        &format!(
            "class=\"plot\" width=\"{WIDTH}\" height=\"{height}\" aria-hidden=\"true\" focusable=\"false\""
        ),
        1,
    )
}

/// A variant's name as far as the column of names holds it.
fn label(name: &str) -> String {
    const CHARACTERS: usize = 12;
    if name.chars().count() <= CHARACTERS {
        return name.to_owned();
    }
    let mut short: String = name.chars().take(CHARACTERS - 1).collect();
    short.push('…');
    short
}

/// A mark's label on a horizontal axis, kept inside the sheet.
fn mark(sheet: &Sheet<'_>, text: &str, x: i32, y: i32, ink: Ink) -> Result<(), PlotError> {
    // Half the label, at a generous width per character.
    let half = text.chars().count() as i32 * 7 * FINE / 2;
    if x + half > WIDTH * FINE {
        sheet.text(text, (WIDTH * FINE, y), ink, HPos::Right)
    } else {
        sheet.text(text, (x, y), ink, HPos::Center)
    }
}

/// `10 ms` beside an axis.
fn mark_ms(ms: f64) -> String {
    format!("{}\u{a0}ms", words::mark(ms))
}
