//! The rules that name an index's worth. Pure.
//!
//! Exact figures first. A statement whose plan is the same without the index doesn't need it. Where the plan is
//! another, many times the buffers settle it; anything less is left to the clock, because a plan that touches a few
//! pages more may be as fast, and one that touches none more may sort.

use super::{IndexWorth, ReadEffect, ReadOutcome, Worth, WriteCost};
use crate::stats::RatioEstimate;

/// So many times the work, and at least so much more, is slower on any machine: of buffers, and of rows that are read
/// and thrown away.
const DECISIVE_FACTOR: u64 = 4;
const DECISIVE_BUFFERS: u64 = 64;
const DECISIVE_ROWS: u64 = 10_000;
/// Share of a statement's write-ahead log below which a difference is the scatter of page splits.
const WAL_SCATTER: f64 = 0.005;

/// What the exact figures alone say of a statement whose plan is another without the index: pairs of with and
/// without.
pub fn by_work(buffers: (u64, u64), rows_removed: (u64, u64)) -> ReadOutcome {
    let decisive = |(with, without): (u64, u64), least: u64| {
        without >= with.saturating_mul(DECISIVE_FACTOR) && without.saturating_sub(with) >= least
    };
    // Rows thrown away count only on top of no fewer buffers: a filter may also be cheaper than what it spares.
    let filters = decisive(rows_removed, DECISIVE_ROWS) && buffers.1 >= buffers.0;
    if decisive(buffers, DECISIVE_BUFFERS) || filters { ReadOutcome::Worse } else { ReadOutcome::Undecided }
}

/// What the clock says: time without / time with must stay below the tolerance, or below what is noise anyway.
pub fn by_time(ratio: &RatioEstimate, noise_floor: f64, tolerance: f64) -> ReadOutcome {
    let bound = tolerance.max(noise_floor);
    if ratio.interval.low > bound {
        ReadOutcome::Worse
    } else if ratio.interval.high <= bound {
        ReadOutcome::NoWorse
    } else {
        ReadOutcome::Undecided
    }
}

/// Whether a writer measurably pays for the index: in its write-ahead log, or in time beyond the noise.
pub fn costs(write: &WriteCost) -> bool {
    let saved = write.wal_bytes_with.saturating_sub(write.wal_bytes_without);
    let slower = match (&write.ratio, write.noise_floor) {
        (Some(ratio), Some(floor)) => ratio.interval.low > floor,
        _ => false,
    };
    saved as f64 > WAL_SCATTER * write.wal_bytes_with as f64 || slower
}

/// What an index is worth, and why.
///
/// `enforces`: it is unique or behind a constraint. Leaving it out would change what the schema means, not how fast
/// it is.
pub fn worth(enforces: bool, reads: &[ReadEffect], writes: &[WriteCost]) -> (Worth, String) {
    let of = |outcome: ReadOutcome| reads.iter().filter(move |read| read.outcome == outcome);
    if enforces {
        return (Worth::Essential, "it enforces uniqueness or a constraint".to_owned());
    }
    if let Some(worst) =
        of(ReadOutcome::Worse).max_by(|left, right| severity(left).total_cmp(&severity(right)))
    {
        let others = of(ReadOutcome::Worse).count() - 1;
        let more = if others == 0 { String::new() } else { format!(", and {others} more") };
        return (Worth::Essential, format!("{}{more}", falls_short(worst)));
    }
    if let Some(open) = of(ReadOutcome::Undecided).next() {
        let reason = format!("whether {} is slower without it stayed open", open.statement);
        return (Worth::Undecided, reason);
    }
    let payer = writes.iter().filter(|write| costs(write)).max_by_key(|write| saved_a_row(write));
    if !reads.is_empty() {
        let statements: Vec<_> = reads.iter().map(|read| read.statement.as_str()).collect();
        let instead: std::collections::BTreeSet<&str> =
            reads.iter().flat_map(|read| read.instead.iter().map(String::as_str)).collect();
        let instead = if instead.is_empty() {
            "need no index in its place".to_owned()
        } else {
            format!("are as fast with {}", instead.into_iter().collect::<Vec<_>>().join(", "))
        };
        return (Worth::Redundant, format!("{} {instead}", statements.join(", ")));
    }
    match payer {
        Some(write) => (Worth::Harmful, format!("no statement uses it; {}", pays(write))),
        None => (Worth::Unused, "no statement uses it; no cost to writers was measured".to_owned()),
    }
}

fn severity(read: &ReadEffect) -> f64 {
    read.buffers_without
        .map_or(f64::INFINITY, |without| (without + 1) as f64 / (read.buffers_with + 1) as f64)
}

fn falls_short(read: &ReadEffect) -> String {
    match (read.buffers_without, &read.ratio) {
        (None, _) => format!("{} does not end within its time without it", read.statement),
        (Some(without), Some(ratio)) => format!(
            "{} takes {:.2} times as long without it ({} buffers instead of {})",
            read.statement, ratio.ratio, without, read.buffers_with
        ),
        (Some(without), None) if by_work((read.buffers_with, without), (0, 0)) == ReadOutcome::Worse => {
            format!(
                "{} touches {without} buffers without it instead of {}",
                read.statement, read.buffers_with
            )
        }
        (Some(_), None) => format!(
            "{} reads and throws away {} rows without it instead of {}",
            read.statement, read.rows_removed_without, read.rows_removed_with
        ),
    }
}

/// Write-ahead log saved for each row, in bytes; for each execution where rows are not known.
fn saved_a_row(write: &WriteCost) -> u64 {
    write.wal_bytes_with.saturating_sub(write.wal_bytes_without) / write.rows.unwrap_or(1).max(1)
}

fn pays(write: &WriteCost) -> String {
    let unit = if write.rows.is_some() { "a row" } else { "an execution" };
    let time =
        write.ratio.as_ref().map_or(String::new(), |ratio| format!(", {:.2} times the time", ratio.ratio));
    format!("{} pays {} bytes of log {unit}{time}", write.statement, saved_a_row(write))
}

/// The order in which indexes are tried to be left out together: what helps nobody first, the dearest first.
pub fn elimination_order(indexes: &[IndexWorth]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..indexes.len())
        .filter(|place| matches!(indexes[*place].worth, Worth::Harmful | Worth::Unused | Worth::Redundant))
        .collect();
    order.sort_by_key(|place| {
        let index = &indexes[*place];
        let redundant = index.worth == Worth::Redundant;
        let cost: u64 = index.writes.iter().map(saved_a_row).sum();
        (redundant, std::cmp::Reverse(cost), std::cmp::Reverse(index.size_bytes))
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Interval;

    fn ratio(low: f64, high: f64) -> RatioEstimate {
        RatioEstimate { ratio: (low * high).sqrt(), interval: Interval { low, high }, rounds: 8 }
    }

    fn read(statement: &str, outcome: ReadOutcome, with: u64, without: u64) -> ReadEffect {
        ReadEffect {
            statement: statement.into(),
            dataset: "d".into(),
            outcome,
            buffers_with: with,
            buffers_without: Some(without),
            rows_removed_with: 0,
            rows_removed_without: 0,
            instead: vec!["other_idx".into()],
            ratio: None,
            noise_floor: None,
        }
    }

    fn write(with: u64, without: u64) -> WriteCost {
        WriteCost {
            statement: "insert".into(),
            dataset: "d".into(),
            rows: Some(100),
            wal_bytes_with: with,
            wal_bytes_without: without,
            buffers_with: 9,
            buffers_without: 9,
            ratio: None,
            noise_floor: None,
        }
    }

    #[test]
    fn many_more_buffers_decide_and_few_are_left_to_the_clock() {
        let by_buffers = |with, without| by_work((with, without), (0, 0));
        assert_eq!(by_buffers(4, 2_000), ReadOutcome::Worse);
        assert_eq!(by_buffers(1_000, 3_000), ReadOutcome::Undecided);
        assert_eq!(by_buffers(4, 40), ReadOutcome::Undecided, "ten times nothing is nothing");
        assert_eq!(by_buffers(400, 4), ReadOutcome::Undecided, "fewer pages can still be sorted");
        // A text search without its index: not twice the pages, but every row is parsed.
        assert_eq!(by_work((1_463, 2_435), (0, 149_000)), ReadOutcome::Worse);
        assert_eq!(by_work((1_463, 1_200), (0, 149_000)), ReadOutcome::Undecided);
        assert_eq!(by_work((1_463, 2_435), (140_000, 149_000)), ReadOutcome::Undecided);
    }

    #[test]
    fn the_clock_decides_beyond_tolerance_and_noise() {
        assert_eq!(by_time(&ratio(1.2, 1.4), 1.03, 1.05), ReadOutcome::Worse);
        assert_eq!(by_time(&ratio(1.2, 1.4), 1.5, 1.05), ReadOutcome::NoWorse);
        assert_eq!(by_time(&ratio(0.9, 1.04), 1.01, 1.05), ReadOutcome::NoWorse);
        assert_eq!(by_time(&ratio(1.0, 1.2), 1.01, 1.05), ReadOutcome::Undecided);
        assert_eq!(by_time(&ratio(1.2, 1.4), 1.03, 1.5), ReadOutcome::NoWorse);
    }

    #[test]
    fn worths_and_their_reasons() {
        let worse = [
            read("a", ReadOutcome::Worse, 4, 400),
            read("b", ReadOutcome::Worse, 4, 4_000),
            read("c", ReadOutcome::NoWorse, 4, 5),
        ];
        let (found, reason) = worth(false, &worse, &[write(200, 100)]);
        assert_eq!(found, Worth::Essential);
        assert_eq!(reason, "b touches 4000 buffers without it instead of 4, and 1 more");

        let none_worse = [read("c", ReadOutcome::NoWorse, 4, 5)];
        let (found, reason) = worth(false, &none_worse, &[write(200, 100)]);
        assert_eq!((found, reason.as_str()), (Worth::Redundant, "c are as fast with other_idx"));

        assert_eq!(worth(false, &[read("c", ReadOutcome::Undecided, 4, 5)], &[]).0, Worth::Undecided);

        let (found, reason) = worth(false, &[], &[write(20_000, 10_000)]);
        assert_eq!(found, Worth::Harmful);
        assert_eq!(reason, "no statement uses it; insert pays 100 bytes of log a row");
        assert_eq!(worth(false, &[], &[write(20_000, 19_990)]).0, Worth::Unused, "scatter is no cost");
        assert_eq!(worth(false, &[], &[]).0, Worth::Unused);
        assert_eq!(worth(true, &[], &[write(20_000, 10_000)]).0, Worth::Essential);
    }

    #[test]
    fn time_alone_can_show_the_cost() {
        let timed = |low, high, floor| WriteCost {
            ratio: Some(ratio(low, high)),
            noise_floor: Some(floor),
            ..write(100, 100)
        };
        assert!(costs(&timed(1.1, 1.2, 1.05)));
        assert!(!costs(&timed(1.1, 1.2, 1.15)));
    }

    #[test]
    fn what_helps_nobody_goes_first_and_the_dearest_before_others() {
        let index = |worth, wal| IndexWorth {
            name: String::new(),
            table: String::new(),
            sql: String::new(),
            worth,
            reason: String::new(),
            size_bytes: None,
            build_ms: None,
            reads: vec![],
            writes: vec![write(wal, 0)],
        };
        let set = [
            index(Worth::Essential, 900),
            index(Worth::Redundant, 800),
            index(Worth::Unused, 100),
            index(Worth::Harmful, 700),
            index(Worth::Undecided, 900),
        ];
        assert_eq!(elimination_order(&set), [3, 2, 1]);
    }
}
