//! Positions in the pickup order, one for each priority. No pgrx inside; times are microseconds.

use std::collections::BTreeMap;

/// Priorities a job can have.
const HIGHEST: i32 = i16::MAX as i32;
const LOWEST: i32 = i16::MIN as i32;
/// With more priorities than this in use, the least recently used ones are looked up each time.
const MAX_PRIORITIES: usize = 64;

/// A stretch of priorities to go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    pub highest: i32,
    pub lowest: i32,
    /// The schedule to begin at; None where nothing is known.
    pub from: Option<i64>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Positions {
    by_priority: BTreeMap<i32, i64>,
    /// When the look that was adopted last was made.
    looked_at: Option<i64>,
}

impl Positions {
    /// All priorities from the highest to the lowest, each in exactly one range.
    pub fn ranges(&self) -> Vec<Range> {
        let mut ranges = Vec::with_capacity(2 * self.by_priority.len() + 1);
        let mut highest = HIGHEST;
        for (&priority, &from) in self.by_priority.iter().rev() {
            if priority < highest {
                ranges.push(Range { highest, lowest: priority + 1, from: None });
            }
            ranges.push(Range { highest: priority, lowest: priority, from: Some(from) });
            highest = priority - 1;
        }
        if highest >= LOWEST {
            ranges.push(Range { highest, lowest: LOWEST, from: None });
        }
        ranges
    }

    /// Nothing is left before `passed`.
    pub fn advance(&mut self, priority: i32, passed: i64) {
        if !(LOWEST..=HIGHEST).contains(&priority) {
            return;
        }
        if self.by_priority.len() >= MAX_PRIORITIES && !self.by_priority.contains_key(&priority) {
            // The one that has not moved for longest is the least missed.
            let stale = self.by_priority.iter().min_by_key(|(_, from)| **from).map(|(&priority, _)| priority);
            stale.and_then(|stale| self.by_priority.remove(&stale));
        }
        let from = self.by_priority.entry(priority).or_insert(passed);
        *from = passed.max(*from);
    }

    /// A look made at `looked_at` found the earliest job of each of these priorities.
    pub fn adopt(&mut self, looked_at: i64, found: impl Iterator<Item = (i32, i64)>) {
        // Not "older than": after the clock was set back, new looks seem older than what is known.
        if self.looked_at == Some(looked_at) {
            return;
        }
        self.looked_at = Some(looked_at);
        for (priority, earliest) in found {
            match self.by_priority.get_mut(&priority) {
                Some(from) => *from = earliest.min(*from),
                None => self.advance(priority, earliest),
            }
        }
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_known_is_one_range() {
        assert_eq!(Positions::default().ranges(), [Range { highest: HIGHEST, lowest: LOWEST, from: None }]);
    }

    #[test]
    fn known_priorities_stand_between_gaps() {
        let mut positions = Positions::default();
        positions.advance(0, 10);
        positions.advance(1, 20);
        positions.advance(HIGHEST, 30);
        let ranges: Vec<_> = positions.ranges().into_iter().map(|r| (r.highest, r.lowest, r.from)).collect();
        assert_eq!(
            ranges,
            [
                (HIGHEST, HIGHEST, Some(30)),
                (HIGHEST - 1, 2, None),
                (1, 1, Some(20)),
                (0, 0, Some(10)),
                (-1, LOWEST, None)
            ]
        );
    }

    #[test]
    fn a_position_moves_forward_by_pickups_and_back_by_looks() {
        let mut positions = Positions::default();
        positions.advance(0, 10);
        positions.advance(0, 5);
        assert_eq!(positions.by_priority[&0], 10);
        positions.adopt(100, [(0, 3), (7, 4)].into_iter());
        assert_eq!((positions.by_priority[&0], positions.by_priority[&7]), (3, 4));
        positions.advance(0, 12);
        positions.adopt(100, [(0, 3)].into_iter());
        assert_eq!(positions.by_priority[&0], 12, "a look counts once");
        positions.adopt(101, [(0, 50)].into_iter());
        assert_eq!(positions.by_priority[&0], 12, "a look never moves forward");
    }

    proptest! {
        #[test]
        fn ranges_cover_every_priority_once(moves in prop::collection::vec((LOWEST..=HIGHEST, any::<i64>()), 0..200)) {
            let mut positions = Positions::default();
            for (priority, passed) in moves {
                positions.advance(priority, passed);
            }
            prop_assert!(positions.by_priority.len() <= MAX_PRIORITIES);
            let mut next = HIGHEST;
            for range in positions.ranges() {
                prop_assert_eq!(range.highest, next);
                prop_assert!(range.lowest <= range.highest);
                prop_assert!(range.from.is_none() || range.lowest == range.highest);
                next = range.lowest - 1;
            }
            prop_assert_eq!(next, LOWEST - 1);
        }
    }
}
