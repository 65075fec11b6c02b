//! A data set ready to be generated.

use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;

use super::cell::{Cell, Row};
use super::compile::{Compiler, Layout, Place};
use super::random::StreamKey;
use super::value::Value;
use super::{GenerateError, dependencies};
use crate::workload::generator::Generator;
use crate::workload::loaded::Workload;
use crate::workload::model::Scale;

/// Bytes gathered before they are written: large enough that a socket or file is asked seldom.
const BUFFER: usize = 256 * 1024;

/// One data set of a workload at one scale, with one seed and epoch. Cheap to clone, free to share.
#[derive(Clone, Debug)]
pub struct DatasetPlan {
    tables: Arc<Tables>,
    shown: Arc<[TablePlan]>,
    compiler: Arc<Compiler>,
}

/// A table to be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TablePlan {
    pub name: String,
    pub rows: u64,
    /// The columns COPY is given, in order; virtual ones are not among them.
    pub columns: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Tables(Vec<Table>);

#[derive(Debug)]
struct Table {
    rows: u64,
    /// All columns in order of declaration, and whether they are loaded.
    columns: Vec<(Cell, bool)>,
}

impl Tables {
    /// A cell by itself. The tables' columns refer to each other without circles, so this comes to an end.
    pub fn cell(&self, table: usize, column: usize, row: u64) -> Value {
        let (cell, _) = &self.0[table].columns[column];
        cell.value(self, Row { number: row, table, computed: &[] })
    }
}

impl DatasetPlan {
    /// Compiles a workload's data set.
    ///
    /// `epoch` is the time that generated timestamps are offsets from. The same arguments give the same bytes.
    ///
    /// # Errors
    /// When the workload has no such data set, or one of its generators can't be evaluated; neither happens to a
    /// workload that [`crate::workload::load`] let through and one of its own data sets.
    pub fn compile(
        workload: &Workload,
        dataset: &str,
        scale: Scale,
        seed: u64,
        epoch: Timestamp,
    ) -> Result<DatasetPlan, GenerateError> {
        let manifest = &workload.manifest;
        let rows = match manifest.datasets.get(dataset) {
            Some(dataset) => &dataset.rows,
            None => {
                return Err(GenerateError::UnknownDataset {
                    name: dataset.to_owned(),
                    known: manifest.datasets.keys().cloned().collect(),
                });
            }
        };
        if let Some((table, column)) = dependencies::cycles(&manifest.tables).into_iter().flatten().next() {
            return Err(GenerateError::Column { table, column, reason: "it refers to itself".into() });
        }
        // Load order is the order of the manifest, not of the data set.
        let layout: Layout = manifest
            .tables
            .iter()
            .filter_map(|(name, columns)| Some((name.clone(), (rows.get(name)?.at(scale), columns.clone()))))
            .collect();
        let compiler = Compiler { layout, scale, epoch, root: StreamKey::root(seed) };
        let mut tables = Vec::new();
        let mut shown = Vec::new();
        for (name, (rows, columns)) in &compiler.layout {
            let mut compiled = Vec::new();
            for (before, (column, generator)) in columns.iter().enumerate() {
                let key = compiler.root.child("column").child(name).child(column);
                let place = Place::Column { table: name, rows: *rows, before };
                let cell = compiler.cell(generator, key, place).map_err(|reason| GenerateError::Column {
                    table: name.clone(),
                    column: column.clone(),
                    reason,
                })?;
                compiled.push((cell, is_loaded(column)));
            }
            tables.push(Table { rows: *rows, columns: compiled });
            let loaded = columns.keys().filter(|column| is_loaded(column));
            shown.push(TablePlan { name: name.clone(), rows: *rows, columns: loaded.cloned().collect() });
        }
        Ok(DatasetPlan {
            tables: Arc::new(Tables(tables)),
            shown: shown.into(),
            compiler: Arc::new(compiler),
        })
    }

    /// The tables to load, in load order.
    pub fn tables(&self) -> &[TablePlan] {
        &self.shown
    }

    /// Writes rows of a table, counted from 0, in COPY's text format.
    ///
    /// The bytes of a row don't depend on the range it is written in, so a table may be written in parts, in any
    /// order, from several threads.
    ///
    /// # Errors
    /// When the plan doesn't load the table, the range exceeds it, or `out` fails.
    pub fn write_copy(
        &self,
        table: &str,
        rows: Range<u64>,
        out: &mut impl Write,
    ) -> Result<(), GenerateError> {
        let Some(position) = self.shown.iter().position(|shown| shown.name == table) else {
            let known = self.shown.iter().map(|shown| shown.name.clone()).collect();
            return Err(GenerateError::UnknownTable { name: table.to_owned(), known });
        };
        let Table { rows: held, columns } = &self.tables.0[position];
        if rows.end > *held {
            return Err(GenerateError::RowsOutOfRange { table: table.to_owned(), rows, held: *held });
        }
        let mut buffer = Vec::with_capacity(BUFFER + BUFFER / 8);
        let mut values = Vec::with_capacity(columns.len());
        for number in rows {
            values.clear();
            for (cell, _) in columns {
                let value = cell.value(&self.tables, Row { number, table: position, computed: &values });
                values.push(value);
            }
            let loaded = columns.iter().zip(&values).filter(|((_, is_loaded), _)| *is_loaded);
            for (field, (_, value)) in loaded.enumerate() {
                if field > 0 {
                    buffer.push(b'\t');
                }
                value.as_copy(&mut buffer);
            }
            buffer.push(b'\n');
            if buffer.len() >= BUFFER {
                out.write_all(&buffer).map_err(GenerateError::Write)?;
                buffer.clear();
            }
        }
        out.write_all(&buffer).map_err(GenerateError::Write)
    }

    /// The values of a statement's parameter: an endless stream of which any position can be asked for.
    ///
    /// `name` tells streams apart: use the statement's name with the parameter's.
    ///
    /// # Errors
    /// When the generator refers to a column (a parameter has no row), counts rows, or can't be evaluated.
    pub fn parameter(&self, generator: &Generator, name: &str) -> Result<Parameter, GenerateError> {
        let key = self.compiler.root.child("parameter").child(name);
        match self.compiler.cell(generator, key, Place::Parameter) {
            Ok(cell) => Ok(Parameter { tables: self.tables.clone(), cell: Arc::new(cell) }),
            Err(reason) => Err(GenerateError::Parameter { name: name.to_owned(), reason }),
        }
    }
}

#[cfg(test)]
impl DatasetPlan {
    /// A cell by itself, by the position of its column among all columns.
    pub(super) fn cell(&self, table: &str, column: usize, row: u64) -> Value {
        let position = self.shown.iter().position(|shown| shown.name == table).expect("a planned table");
        self.tables.cell(position, column, row)
    }
}

/// A compiled parameter; see [`DatasetPlan::parameter`].
#[derive(Clone, Debug)]
pub struct Parameter {
    tables: Arc<Tables>,
    cell: Arc<Cell>,
}

impl Parameter {
    /// The value of an execution, counted from 0.
    pub fn at(&self, execution: u64) -> Value {
        self.cell.value(&self.tables, Row { number: execution, table: usize::MAX, computed: &[] })
    }
}

/// Columns whose name starts with `_` are for other columns to refer to.
fn is_loaded(column: &str) -> bool {
    !column.starts_with('_')
}
