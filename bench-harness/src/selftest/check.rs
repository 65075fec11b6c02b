//! One thing that selftest asks of the method, with what it saw.

use std::fmt;

use serde::Serialize;
use statrs::distribution::{Binomial, DiscreteCDF};

/// How sure a check is of its own bounds: a method that keeps its promise fails one in a thousand.
const CERTAINTY: f64 = 0.999;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// Which promise of the method it belongs to.
    pub group: &'static str,
    pub name: String,
    pub asked: String,
    pub seen: String,
    pub allowed: String,
    pub ok: bool,
}

impl Check {
    pub fn new(
        group: &'static str,
        name: impl Into<String>,
        (asked, seen, allowed): (impl fmt::Display, impl fmt::Display, impl fmt::Display),
        ok: bool,
    ) -> Check {
        let (asked, seen, allowed) = (asked.to_string(), seen.to_string(), allowed.to_string());
        Check { group, name: name.into(), asked, seen, allowed, ok }
    }

    /// At most `promised` of all tries may go wrong; by chance it may be a few more.
    pub fn rarely(
        group: &'static str,
        name: impl Into<String>,
        promised: f64,
        wrong: u64,
        tries: u64,
    ) -> Check {
        let most = most_by_chance(promised, tries);
        let asked = format!("≤ {:.1} %", 100.0 * promised);
        let seen = format!("{wrong} of {tries} ({:.1} %)", 100.0 * wrong as f64 / tries.max(1) as f64);
        Check::new(group, name, (asked, seen, format!("{most} of {tries}")), wrong <= most && tries > 0)
    }

    /// The same check, with something more that was seen and is not asked.
    pub fn also_seen(mut self, more: &str) -> Check {
        self.seen = format!("{}; {more}", self.seen);
        self
    }
}

/// The most of `tries` that go wrong, with [`CERTAINTY`], when each does with probability `promised`.
pub fn most_by_chance(promised: f64, tries: u64) -> u64 {
    // Every probability within 0 and 1 makes a distribution.
    Binomial::new(promised, tries).map_or(0, |wrong| wrong.inverse_cdf(CERTAINTY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_the_binomial_one() {
        // P(X ≤ 20) = 0.99878 and P(X ≤ 21) = 0.99949 for 200 tries at a twentieth.
        assert_eq!(most_by_chance(0.05, 200), 21);
        assert_eq!(most_by_chance(0.05, 0), 0);
    }

    #[test]
    fn beyond_the_bound_it_fails_and_without_tries_too() {
        let check = |wrong, tries| Check::rarely("group", "name", 0.05, wrong, tries);
        assert!(check(21, 200).ok && !check(22, 200).ok && !check(0, 0).ok);
        let Check { asked, seen, allowed, .. } = check(7, 200);
        assert_eq!(
            (asked.as_str(), seen.as_str(), allowed.as_str()),
            ("≤ 5.0 %", "7 of 200 (3.5 %)", "21 of 200")
        );
    }
}
