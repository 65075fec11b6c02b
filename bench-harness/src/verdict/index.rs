//! Targets about an index set as such: sizes, statements accepted, indexes used.

use super::figures::{counted, grouped, number};
use super::{Judgement, Verdict};
use crate::result::evidence::{Rejection, UnusedIndex};

/// By how many percent `bytes` is smaller than `full_bytes`; negative when it is larger, 0 when both are empty.
pub fn smaller_by_percent(bytes: u64, full_bytes: u64) -> f64 {
    if full_bytes == 0 { 0.0 } else { 100.0 * (1.0 - bytes as f64 / full_bytes as f64) }
}

/// An index is at least `target_percent` smaller than the same index built in full. Sizes are exact.
pub fn judge_index_size(bytes: u64, full_bytes: u64, target_percent: f64) -> Judgement {
    if full_bytes == 0 {
        return Judgement::new(Verdict::Invalid, "the full index to compare with has no size");
    }
    let smaller = smaller_by_percent(bytes, full_bytes);
    let met = smaller >= target_percent;
    let [shown] = super::figures::apart_from(target_percent, [smaller]);
    let reason = format!(
        "{} kB against {} kB in full: {shown} % smaller, {} {} %",
        grouped(bytes / 1024),
        grouped(full_bytes / 1024),
        if met { "at least" } else { "not" },
        number(target_percent, 3),
    );
    Judgement::new(if met { Verdict::Proven } else { Verdict::Refuted }, reason)
}

/// All `claimed` statements of the variant's index file are accepted; a rejected one makes the claim not runnable,
/// with PostgreSQL's message. `tried`: how many statements the file has.
pub fn judge_accepted(claimed: u64, tried: u64, rejected: &[Rejection]) -> Judgement {
    if tried != claimed {
        let reason = format!(
            "the index file has {}, the claim speaks of {claimed}",
            counted(tried, "statement", "statements")
        );
        return Judgement::new(Verdict::Invalid, reason);
    }
    let accepted = tried.saturating_sub(rejected.len() as u64);
    let of = format!("{accepted} of {tried} accepted");
    if rejected.is_empty() {
        return Judgement::new(Verdict::Proven, of);
    }
    let messages: Vec<String> = rejected
        .iter()
        .map(|rejection| {
            format!("{}: {} ({})", first_line(&rejection.sql), rejection.message, rejection.sqlstate)
        })
        .collect();
    Judgement::new(Verdict::NotRunnable, format!("{of}; PostgreSQL rejects {}", messages.join("; ")))
}

/// `claimed` indexes of the set are used by a query that is said to use them.
pub fn judge_used(claimed: u64, used: &[String], unused: &[UnusedIndex]) -> Judgement {
    let of = format!("{} of {claimed} used", used.len());
    if used.len() as u64 >= claimed {
        return Judgement::new(Verdict::Proven, of);
    }
    let why: Vec<String> = unused.iter().map(|unused| format!("{} ({})", unused.index, unused.why)).collect();
    let reason = if why.is_empty() { of } else { format!("{of}; not used: {}", why.join(", ")) };
    Judgement::new(Verdict::Refuted, reason)
}

fn first_line(sql: &str) -> &str {
    sql.trim().lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rejection(sql: &str, message: &str) -> Rejection {
        Rejection { sql: sql.into(), sqlstate: "42704".into(), message: message.into() }
    }

    #[test]
    fn a_size_claim_is_met_at_its_very_figure() {
        assert_eq!(
            judge_index_size(204_800, 1_024_000, 80.0),
            Judgement::new(
                Verdict::Proven,
                "200 kB against 1 000 kB in full: 80.0 % smaller, at least 80.0 %"
            )
        );
        assert_eq!(
            judge_index_size(212_992, 1_024_000, 80.0),
            Judgement::new(Verdict::Refuted, "208 kB against 1 000 kB in full: 79.2 % smaller, not 80.0 %")
        );
        assert_eq!(judge_index_size(2_048_000, 1_024_000, 0.0).verdict, Verdict::Refuted);
        assert_eq!(judge_index_size(0, 0, 80.0).verdict, Verdict::Invalid);
        assert_eq!(smaller_by_percent(2_048, 1_024), -100.0);
    }

    #[test]
    fn a_rejected_statement_gives_postgresqls_message() {
        assert_eq!(judge_accepted(15, 15, &[]), Judgement::new(Verdict::Proven, "15 of 15 accepted"));
        let gin = rejection(
            "CREATE INDEX i\n  ON t USING gin (note)",
            "data type text has no default operator class",
        );
        assert_eq!(
            judge_accepted(8, 8, &[gin]),
            Judgement::new(
                Verdict::NotRunnable,
                "7 of 8 accepted; PostgreSQL rejects CREATE INDEX i: data type text has no default operator class (42704)"
            )
        );
    }

    #[test]
    fn a_file_that_is_not_the_claims_is_invalid() {
        let judgement = judge_accepted(15, 14, &[]);
        assert_eq!(judgement.verdict, Verdict::Invalid);
        assert_eq!(judgement.reason, "the index file has 14 statements, the claim speaks of 15");
    }

    #[test]
    fn unused_indexes_are_named_with_the_reason() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(judge_used(2, &names(&["a", "b"]), &[]), Judgement::new(Verdict::Proven, "2 of 2 used"));
        let unused = [UnusedIndex { index: "b".into(), why: "page uses a".into() }];
        assert_eq!(
            judge_used(2, &names(&["a"]), &unused),
            Judgement::new(Verdict::Refuted, "1 of 2 used; not used: b (page uses a)")
        );
    }

    proptest! {
        #[test]
        fn a_laxer_size_is_never_judged_worse(bytes in 1u64..10_000, full in 1u64..10_000, percent in 0.0f64..99.0, less in 0.0f64..50.0) {
            let proven = |percent| judge_index_size(bytes, full, percent).verdict == Verdict::Proven;
            prop_assert!(!proven(percent) || proven(percent - less));
        }
    }
}
