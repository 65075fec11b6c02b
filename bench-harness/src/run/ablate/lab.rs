//! A variant's database with one session in it, where indexes can be left out and put back at once.
//!
//! DROP INDEX is transactional: inside a transaction that is rolled back, everything runs as if the index had never
//! been built, and afterwards it is there again, unrebuilt. So with and without are the same heap, the same
//! statistics and the same pages in memory, and nothing but the index differs. The commit is not in any figure.

use std::collections::BTreeSet;

use crate::driver::arguments::ArgumentPool;
use crate::driver::explain::{Ask, explain_within};
use crate::driver::session::{Arguments, Bound, Session};
use crate::plan::{self, Explained};
use crate::run::measure::{Bench, Trouble, trouble};
use crate::run::prepare::quote_identifier;

/// So few rows fit the free space of freshly built pages, however often they are written.
const FEW_ROWS: u64 = 10;

/// An index that might be left out.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub name: String,
    /// As PostgreSQL writes it, quoted and with its schema where need be.
    pub identity: String,
    pub table: String,
    /// Unique, or behind a constraint: never left out.
    pub enforces: bool,
}

/// A statement under observation.
pub struct Subject<'a> {
    pub name: String,
    pub dataset: String,
    pub bound: Bound,
    pub arguments: Source<'a>,
    pub writes: bool,
    /// Rows it writes, when known.
    pub rows: Option<u64>,
    /// Its plans with all indexes, one for each of the drawn arguments.
    pub plans: Vec<(Arguments, Explained)>,
}

pub enum Source<'a> {
    Pool(&'a ArgumentPool),
    /// It has no parameters.
    Nothing,
}

impl Source<'_> {
    pub fn at(&self, round: u32, n: u32) -> Arguments {
        match self {
            Source::Pool(pool) => pool.at(round, n),
            Source::Nothing => Vec::new(),
        }
    }

    fn first(&self, count: usize) -> Vec<Arguments> {
        match self {
            Source::Pool(pool) => pool.first(count),
            Source::Nothing => vec![Vec::new()],
        }
    }
}

impl Subject<'_> {
    /// Tables it writes to; None when only functions write, which hide them.
    fn written(&self) -> Option<Vec<&str>> {
        let (_, plan) = self.plans.first()?;
        let written: Vec<&str> = plan
            .nodes()
            .filter(|node| node.operation.is_some())
            .filter_map(|node| node.relation.as_deref())
            .collect();
        (!written.is_empty()).then_some(written)
    }

    /// Whether an index of this table might cost it something.
    pub fn may_write_to(&self, table: &str) -> bool {
        self.writes && self.written().is_none_or(|tables| tables.contains(&table))
    }

    /// An insert of generated rows, not a statement of the workload.
    pub fn is_generated(&self) -> bool {
        matches!(self.arguments, Source::Nothing)
    }

    fn hides(&self) -> bool {
        self.plans.iter().any(|(_, plan)| !plan::facts::hidden_functions(plan).is_empty())
    }
}

pub struct Lab<'a> {
    pub bench: &'a Bench<'a>,
    pub session: Session,
}

/// What leaving indexes out does to a statement's plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Replanned {
    pub buffers_with: u64,
    /// None: it did not end within the statement timeout.
    pub buffers_without: Option<u64>,
    /// Rows read and thrown away, with and without.
    pub rows_removed: (u64, u64),
    pub instead: Vec<String>,
}

/// Buffers and write-ahead log of one execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    pub buffers: u64,
    pub wal_bytes: u64,
}

impl Lab<'_> {
    pub fn trouble(&self, subject: &Bound, error: tokio_postgres::Error) -> Trouble {
        trouble(self.bench, &subject.sql, error)
    }

    /// Runs `action` as if these indexes had not been built.
    pub async fn without<T>(
        &self,
        left_out: &[&Candidate],
        action: impl AsyncFnOnce() -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, tokio_postgres::Error> {
        let drops: String = left_out.iter().map(|index| format!("; DROP INDEX {}", index.identity)).collect();
        let outcome = match self.session.batch(&format!("BEGIN{drops}")).await {
            Ok(()) => action().await,
            Err(error) => Err(error),
        };
        // Also after a failure, which leaves the transaction open.
        self.session.batch("ROLLBACK").await?;
        outcome
    }

    /// Plans the statement with all indexes, as a base to compare with.
    ///
    /// # Errors
    /// When it can't be planned or executed at all.
    pub async fn plan_base(&self, subject: &mut Subject<'_>) -> Result<(), Trouble> {
        let ask = if subject.writes { Ask::WorkAndWal } else { Ask::Work };
        let mut plans = Vec::new();
        for arguments in subject.arguments.first(self.bench.effort.plans) {
            let json = self
                .without(&[], async || explain_within(&self.session, &subject.bound, &arguments, ask).await)
                .await
                .map_err(|error| self.trouble(&subject.bound, error))?;
            plans.push((arguments, parsed(&json)?));
        }
        subject.plans = plans;
        Ok(())
    }

    /// What becomes of the statement without these indexes, for the drawn arguments that suffer most. None: its plans
    /// are the same, and so is its work.
    pub async fn replanned(
        &self,
        subject: &Subject<'_>,
        left_out: &[&Candidate],
    ) -> Result<Option<Replanned>, Trouble> {
        let mut worst: Option<Replanned> = None;
        for (arguments, _) in &subject.plans {
            // Both now: what earlier executions left behind, undone but on the pages, moves estimates and plans, and
            // that must not be taken for the index.
            let base = self.explained(subject, arguments, &[], Ask::Shape).await?;
            let shape = self.explained(subject, arguments, left_out, Ask::Shape).await?;
            let same = plan::same_shape(&base, &shape);
            if same && !subject.hides() {
                continue;
            }
            let base = self.explained(subject, arguments, &[], Ask::Work).await?;
            let with = plan::facts(&base).buffers;
            let removed = plan::facts::rows_removed(&base);
            let now = match self.explained(subject, arguments, left_out, Ask::Work).await {
                Ok(plan) => {
                    let facts = plan::facts(&plan);
                    // Statements in functions show their work alone; what a writer saves is no change of plan.
                    if same && !notably_more(with, facts.buffers) {
                        continue;
                    }
                    let instead = facts.indexes.into_iter();
                    let base = plan::facts(&base).indexes;
                    Replanned {
                        buffers_with: with,
                        buffers_without: Some(facts.buffers),
                        rows_removed: (removed, plan::facts::rows_removed(&plan)),
                        instead: instead.filter(|index| !base.contains(index)).collect(),
                    }
                }
                Err(Trouble::TimedOut(_)) => {
                    let rows_removed = (removed, removed);
                    Replanned { buffers_with: with, buffers_without: None, rows_removed, instead: Vec::new() }
                }
                Err(trouble) => return Err(trouble),
            };
            if worst.as_ref().is_none_or(|worst| factor(&now) > factor(worst)) {
                worst = Some(now);
            }
        }
        Ok(worst)
    }

    /// Buffers and log of a writer without these indexes.
    ///
    /// For a writer of many rows the tables are vacuumed first: what earlier executions left in indexes, undone, would
    /// make pages split in one measurement and not in the next, and a split weighs as much as a hundred rows. Then it
    /// is the least of some executions, because the first after a checkpoint writes whole pages to the log.
    pub async fn written(
        &self,
        subject: &Subject<'_>,
        left_out: &[&Candidate],
        tables: &BTreeSet<&str>,
    ) -> Result<Option<Written>, Trouble> {
        let Some((arguments, _)) = subject.plans.first() else { return Ok(None) };
        let many = subject.rows.is_none_or(|rows| rows > FEW_ROWS);
        for table in tables.iter().filter(|_| many) {
            // INDEX_CLEANUP: with few dead rows PostgreSQL would leave the indexes alone.
            let vacuum = format!("VACUUM (INDEX_CLEANUP ON) {}", quote_identifier(table));
            self.session.batch(&vacuum).await.map_err(|error| self.trouble(&subject.bound, error))?;
        }
        let mut least: Option<Written> = None;
        for _ in 0..3 {
            let plan = self.explained(subject, arguments, left_out, Ask::WorkAndWal).await?;
            let now = Written {
                buffers: plan::facts(&plan).buffers,
                wal_bytes: plan.plan.count("WAL Bytes").unwrap_or_default(),
            };
            if least.is_none_or(|least| now.wal_bytes < least.wal_bytes) {
                least = Some(now);
            }
        }
        Ok(least)
    }

    async fn explained(
        &self,
        subject: &Subject<'_>,
        arguments: &Arguments,
        left_out: &[&Candidate],
        ask: Ask,
    ) -> Result<Explained, Trouble> {
        let json = self
            .without(left_out, async || explain_within(&self.session, &subject.bound, arguments, ask).await)
            .await
            .map_err(|error| self.trouble(&subject.bound, error))?;
        parsed(&json)
    }
}

fn parsed(json: &serde_json::Value) -> Result<Explained, Trouble> {
    plan::parse(json).map_err(|error| Trouble::Guard(format!("EXPLAIN: {error}")))
}

/// More by more than a tenth, and by more than a lookup.
fn notably_more(with: u64, without: u64) -> bool {
    without > with + with / 10 + 8
}

/// How much more work it is, for picking the arguments that suffer most: of buffers or of filtered rows.
fn factor(now: &Replanned) -> f64 {
    let times = |with: u64, without: u64| (without + 1) as f64 / (with + 1) as f64;
    let filtered = times(now.rows_removed.0, now.rows_removed.1);
    now.buffers_without.map_or(f64::INFINITY, |without| times(now.buffers_with, without).max(filtered))
}
