//! From generators as written to generators ready to be evaluated.

use indexmap::IndexMap;
use jiff::Timestamp;
use rand::distr::weighted::WeightedIndex;
use rand_distr::Zipf;

use super::cell::{Cell, EntityPick, Piece, Span};
use super::random::{Permutation, StreamKey};
use super::value::Value;
use super::{duration, template};
use crate::workload::generator::{Generator, Pick, QuotaShare, RowPick, Weighted};
use crate::workload::model::{Scale, Scaled};

/// Names of the tables that are loaded, with their rows and columns.
pub(super) type Layout = IndexMap<String, (u64, IndexMap<String, Generator>)>;

/// What all generators of a plan share.
#[derive(Debug)]
pub(super) struct Compiler {
    pub layout: Layout,
    pub scale: Scale,
    pub epoch: Timestamp,
    /// From which all streams come.
    pub root: StreamKey,
}

/// Where a generator stands.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// A column's own: its rows can be counted.
    Column { table: &'a str, rows: u64, before: usize },
    /// Inside a column's.
    Inside { table: &'a str, before: usize },
    /// A statement's parameter.
    Parameter,
}

impl Compiler {
    /// Compiles a generator whose random numbers come from the stream `key`.
    ///
    /// The reason of a failure is one that validation would have given with its place; it is said again here
    /// because a plan can also be asked for generators that no folder was read for.
    pub fn cell(&self, generator: &Generator, key: StreamKey, place: Place<'_>) -> Result<Cell, String> {
        let inside = match place {
            Place::Column { table, before, .. } => Place::Inside { table, before },
            other => other,
        };
        let inner = |generator: &Generator, label: &str| self.cell(generator, key.child(label), inside);
        let boxed = |generator: &Generator, label: &str| inner(generator, label).map(Box::new);
        Ok(match generator {
            Generator::Null => Cell::Fixed(Value::Null),
            Generator::Row => Cell::Row,
            Generator::Uuid => Cell::Uuid(key),
            Generator::Constant(value) => Cell::Fixed(Value::from_json(value)),
            Generator::Integer { min, max } => {
                ordered(min, max)?;
                Cell::Integer { key, min: *min, max: *max }
            }
            Generator::Float { min, max } => {
                ordered(min, max)?;
                if !(max - min).is_finite() {
                    return Err(format!("the range from {min} to {max} is not finite"));
                }
                Cell::Float { key, min: *min, max: *max }
            }
            Generator::Boolean { probability } => Cell::Boolean { key, probability: probable(*probability)? },
            Generator::Zipf { count, exponent } => Cell::Zipf { key, zipf: self.zipf(count, *exponent)? },
            Generator::Entity { name, pick } => {
                let pick = match pick {
                    Pick::Uniform { count } => EntityPick::Uniform(self.count(count)?),
                    Pick::Cycle { count } => EntityPick::Cycle(self.count(count)?),
                    Pick::Zipf { count, exponent } => EntityPick::Zipf(self.zipf(count, *exponent)?),
                };
                Cell::Entity { entities: self.root.child("entity").child(name), key, pick }
            }
            Generator::Weighted(choices) => self.weighted(choices, key, inner)?,
            Generator::Quota { values, rest } => {
                let Place::Column { rows, .. } = place else {
                    return Err("`quota` counts a table's rows: it can't be used here".into());
                };
                Cell::Quota {
                    order: Permutation::new(rows, key.child("order")),
                    shares: self.shares(values, rows)?,
                    rest: boxed(rest, "rest")?,
                }
            }
            Generator::Timestamp { from, to, skew } => {
                Cell::Timestamp { key, epoch: self.epoch, span: span(to, from, *skew)? }
            }
            Generator::After { column, min, max, skew } => {
                Cell::After { key, column: self.earlier(column, place)?, span: span(min, max, *skew)? }
            }
            Generator::Case { column, when, otherwise } => {
                let compiled = when.iter().map(|(value, generator)| {
                    Ok((value.clone(), self.cell(generator, key.child("when").child(value), inside)?))
                });
                Cell::Case {
                    column: self.earlier(column, place)?,
                    when: compiled.collect::<Result<_, String>>()?,
                    otherwise: boxed(otherwise, "otherwise")?,
                }
            }
            Generator::Json { template, with } => Cell::Json {
                pieces: pieces(template::json(template), with)?,
                with: self.with(with, key, inside)?,
            },
            Generator::Template { text, with } => {
                let compiled = text.iter().map(|text| pieces(template::text(text)?, with));
                let texts = compiled.collect::<Result<Vec<_>, String>>()?;
                if texts.is_empty() {
                    return Err("a template without text".into());
                }
                Cell::Template { key, texts, with: self.with(with, key, inside)? }
            }
            Generator::Words { min, max } => {
                ordered(min, max)?;
                Cell::Words { key, min: *min, max: *max }
            }
            Generator::Reference { table, column, pick } => self.reference(table, column, pick, key)?,
            Generator::Nullable { probability, of } => {
                Cell::Nullable { key, probability: probable(*probability)?, of: boxed(of, "of")? }
            }
        })
    }

    fn count(&self, count: &Scaled<u64>) -> Result<u64, String> {
        match count.at(self.scale) {
            0 => Err("a count of 0".into()),
            count => Ok(count),
        }
    }

    fn zipf(&self, count: &Scaled<u64>, exponent: f64) -> Result<Zipf<f64>, String> {
        zipf(self.count(count)?, exponent)
    }

    fn weighted(
        &self,
        choices: &[Weighted],
        key: StreamKey,
        inner: impl Fn(&Generator, &str) -> Result<Cell, String>,
    ) -> Result<Cell, String> {
        let weights = WeightedIndex::new(choices.iter().map(|choice| choice.weight))
            .map_err(|error| format!("weights don't work: {error}"))?;
        let compiled = choices.iter().enumerate().map(|(index, choice)| match (&choice.value, &choice.of) {
            (Some(value), None) => Ok(Cell::Fixed(Value::from_json(value))),
            (None, Some(generator)) => inner(generator, &index.to_string()),
            _ => Err("a choice needs exactly one of `value` and `of`".to_owned()),
        });
        Ok(Cell::Weighted { key, weights, choices: compiled.collect::<Result<_, _>>()? })
    }

    fn shares(&self, values: &[QuotaShare], rows: u64) -> Result<Vec<(u64, Value)>, String> {
        let mut end = 0_u64;
        let mut shares = Vec::new();
        for share in values {
            end = end
                .checked_add(share.rows.at(self.scale))
                .filter(|end| *end <= rows)
                .ok_or_else(|| format!("quotas exceed the table's {rows} rows"))?;
            shares.push((end, Value::from_json(&share.value)));
        }
        Ok(shares)
    }

    fn earlier(&self, column: &str, place: Place<'_>) -> Result<usize, String> {
        let (Place::Column { table, before, .. } | Place::Inside { table, before }) = place else {
            return Err(format!("a parameter has no column `{column}`"));
        };
        let columns = self.layout.get(table).map(|(_, columns)| columns);
        columns
            .and_then(|columns| columns.get_index_of(column))
            .filter(|position| *position < before)
            .ok_or_else(|| format!("`{column}` is not declared before it"))
    }

    fn with(
        &self,
        with: &IndexMap<String, Generator>,
        key: StreamKey,
        inside: Place<'_>,
    ) -> Result<Vec<Cell>, String> {
        with.iter()
            .map(|(name, generator)| self.cell(generator, key.child("with").child(name), inside))
            .collect()
    }

    fn reference(&self, table: &str, column: &str, pick: &RowPick, key: StreamKey) -> Result<Cell, String> {
        let Some((position, _, (rows, columns))) = self.layout.get_full(table) else {
            return Err(format!("it refers to table `{table}`, which this data set doesn't load"));
        };
        let column = columns
            .get_index_of(column)
            .ok_or_else(|| format!("it refers to `{table}.{column}`, which doesn't exist"))?;
        if *rows == 0 {
            return Err(format!("it refers to table `{table}`, which is empty"));
        }
        let zipf = match pick {
            RowPick::Uniform => None,
            RowPick::Zipf { exponent } => Some(zipf(*rows, *exponent)?),
        };
        Ok(Cell::Reference { key, table: position, column, rows: *rows, zipf })
    }
}

fn zipf(count: u64, exponent: f64) -> Result<Zipf<f64>, String> {
    Zipf::new(count as f64, exponent).map_err(|error| format!("zipf of {count} with {exponent}: {error}"))
}

fn ordered<T: PartialOrd + std::fmt::Display>(min: &T, max: &T) -> Result<(), String> {
    if min <= max { Ok(()) } else { Err(format!("the range from {min} to {max} is empty")) }
}

fn probable(probability: f64) -> Result<f64, String> {
    if (0.0..=1.0).contains(&probability) {
        Ok(probability)
    } else {
        Err(format!("a probability of {probability}"))
    }
}

fn span(near: &str, far: &str, skew: f64) -> Result<Span, String> {
    // Whole microseconds, as PostgreSQL keeps them; a hundred years of them fit many times.
    let micros = |text: &str| duration::parse(text).map(|duration| duration.as_micros() as i64);
    Ok(Span { near: micros(near)?, far: micros(far)?, skew })
}

fn pieces(parsed: Vec<template::Piece>, with: &IndexMap<String, Generator>) -> Result<Vec<Piece>, String> {
    let compiled = parsed.into_iter().map(|piece| match piece {
        template::Piece::Literal(text) => Ok(Piece::Literal(text)),
        template::Piece::Slot(name) => {
            let position = with.get_index_of(&name);
            position.map(Piece::Slot).ok_or_else(|| format!("`{name}` of its template is not in `with`"))
        }
    });
    compiled.collect()
}
