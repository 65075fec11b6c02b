//! Compiled generators: all names resolved, all numbers checked, evaluated at any row on its own.

use std::borrow::Cow;

use fake::Fake;
use fake::faker::lorem::en::Word;
use jiff::Timestamp;
use rand::RngExt;
use rand::distr::weighted::WeightedIndex;
use rand_distr::Zipf;

use super::plan::Tables;
use super::random::{Permutation, StreamKey};
use super::value::Value;

/// A generator ready to be evaluated.
#[derive(Debug)]
pub(super) enum Cell {
    Fixed(Value),
    Row,
    Uuid(StreamKey),
    Integer {
        key: StreamKey,
        min: i64,
        max: i64,
    },
    Float {
        key: StreamKey,
        min: f64,
        max: f64,
    },
    Boolean {
        key: StreamKey,
        probability: f64,
    },
    Zipf {
        key: StreamKey,
        zipf: Zipf<f64>,
    },
    Entity {
        entities: StreamKey,
        key: StreamKey,
        pick: EntityPick,
    },
    Weighted {
        key: StreamKey,
        weights: WeightedIndex<f64>,
        choices: Vec<Cell>,
    },
    Quota {
        order: Permutation,
        /// Each value with the position at which its share ends.
        shares: Vec<(u64, Value)>,
        rest: Box<Cell>,
    },
    Timestamp {
        key: StreamKey,
        epoch: Timestamp,
        span: Span,
    },
    After {
        key: StreamKey,
        column: usize,
        span: Span,
    },
    Case {
        column: usize,
        when: Vec<(String, Cell)>,
        otherwise: Box<Cell>,
    },
    Json {
        pieces: Vec<Piece>,
        with: Vec<Cell>,
    },
    Template {
        key: StreamKey,
        texts: Vec<Vec<Piece>>,
        with: Vec<Cell>,
    },
    Words {
        key: StreamKey,
        min: u32,
        max: u32,
    },
    Reference {
        key: StreamKey,
        table: usize,
        column: usize,
        rows: u64,
        zipf: Option<Zipf<f64>>,
    },
    Nullable {
        key: StreamKey,
        probability: f64,
        of: Box<Cell>,
    },
}

#[derive(Debug)]
pub(super) enum EntityPick {
    Uniform(u64),
    Zipf(Zipf<f64>),
    Cycle(u64),
}

/// A template's piece; a slot is a position in its `with`.
#[derive(Debug)]
pub(super) enum Piece {
    Literal(String),
    Slot(usize),
}

/// A range of microseconds; `skew` > 1 crowds towards the `near` end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub near: i64,
    pub far: i64,
    pub skew: f64,
}

impl Span {
    fn draw(self, rng: &mut impl RngExt) -> i64 {
        let uniform: f64 = rng.random();
        // libm's pow, not the system's, whose last bit moves a microsecond now and then.
        let share = if self.skew == 1.0 { uniform } else { libm::pow(uniform, self.skew) };
        self.near + (share * (self.far - self.near) as f64).round() as i64
    }
}

/// The row a cell is evaluated for.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    /// From 0.
    pub number: u64,
    pub table: usize,
    /// The row's first columns, when they are computed already.
    pub computed: &'a [Value],
}

impl<'a> Row<'a> {
    fn column(self, tables: &Tables, column: usize) -> Cow<'a, Value> {
        match self.computed.get(column) {
            Some(value) => Cow::Borrowed(value),
            None => Cow::Owned(tables.cell(self.table, column, self.number)),
        }
    }
}

impl Cell {
    pub fn value(&self, tables: &Tables, row: Row<'_>) -> Value {
        let position = row.number;
        match self {
            Cell::Fixed(value) => value.clone(),
            Cell::Row => Value::Int((position as i64).wrapping_add(1)),
            Cell::Uuid(key) => Value::Uuid(key.uuid_at(position)),
            Cell::Integer { key, min, max } => Value::Int(key.at(position).random_range(*min..=*max)),
            Cell::Float { key, min, max } => Value::Float(key.at(position).random_range(*min..=*max)),
            Cell::Boolean { key, probability } => Value::Bool(key.at(position).random_bool(*probability)),
            Cell::Zipf { key, zipf } => Value::Int(draw_zipf(zipf, *key, position) as i64),
            Cell::Entity { entities, key, pick } => {
                let number = match pick {
                    EntityPick::Uniform(count) => key.at(position).random_range(1..=*count),
                    EntityPick::Zipf(zipf) => draw_zipf(zipf, *key, position),
                    EntityPick::Cycle(count) => 1 + position % count,
                };
                Value::Uuid(entities.uuid_at(number))
            }
            Cell::Weighted { key, weights, choices } => {
                choices[key.at(position).sample(weights)].value(tables, row)
            }
            Cell::Quota { order, shares, rest } => {
                let place = order.position(position);
                match shares.iter().find(|(end, _)| place < *end) {
                    Some((_, value)) => value.clone(),
                    None => rest.value(tables, row),
                }
            }
            Cell::Timestamp { key, epoch, span } => shifted(*epoch, span.draw(&mut key.at(position))),
            Cell::After { key, column, span } => match *row.column(tables, *column) {
                Value::Timestamp(start) => shifted(start, span.draw(&mut key.at(position))),
                // Compilation lets only columns of timestamps and NULLs through.
                _ => Value::Null,
            },
            Cell::Case { column, when, otherwise } => {
                let value = row.column(tables, *column);
                let chosen = value.as_param_text().and_then(|text| {
                    when.iter().find(|(expected, _)| *expected == text).map(|(_, cell)| cell)
                });
                chosen.unwrap_or(otherwise).value(tables, row)
            }
            Cell::Json { pieces, with } => {
                Value::Json(fill(pieces, |slot, out| with[slot].value(tables, row).push_json(out)))
            }
            Cell::Template { key, texts, with } => {
                let text = match texts.as_slice() {
                    [only] => only,
                    several => &several[key.at(position).random_range(0..several.len())],
                };
                Value::Text(fill(text, |slot, out| with[slot].value(tables, row).push_text(out)))
            }
            Cell::Words { key, min, max } => {
                let mut rng = key.at(position);
                let mut text = String::new();
                for word in 0..rng.random_range(*min..=*max) {
                    if word > 0 {
                        text.push(' ');
                    }
                    text.push_str(Word().fake_with_rng::<&str, _>(&mut rng));
                }
                Value::Text(text)
            }
            Cell::Reference { key, table, column, rows, zipf } => {
                let other = match zipf {
                    Some(zipf) => draw_zipf(zipf, *key, position) - 1,
                    None => key.at(position).random_range(0..*rows),
                };
                tables.cell(*table, *column, other)
            }
            Cell::Nullable { key, probability, of } => {
                if key.at(position).random_bool(*probability) {
                    Value::Null
                } else {
                    of.value(tables, row)
                }
            }
        }
    }
}

/// A whole number from 1.
fn draw_zipf(zipf: &Zipf<f64>, key: StreamKey, position: u64) -> u64 {
    key.at(position).sample(zipf) as u64
}

fn shifted(start: Timestamp, microseconds: i64) -> Value {
    let moved = start.as_microsecond().saturating_add(microseconds);
    // Durations are at most a hundred years, so leaving the calendar takes a chain of eighty columns.
    let end = if microseconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Value::Timestamp(Timestamp::from_microsecond(moved).unwrap_or(end))
}

fn fill(pieces: &[Piece], mut push: impl FnMut(usize, &mut String)) -> String {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Literal(text) => out.push_str(text),
            Piece::Slot(slot) => push(*slot, &mut out),
        }
    }
    out
}
