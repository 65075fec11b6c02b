//! Randomness by position: any cell's generator is a function of what the cell is, not of what came before it.

use rand::SeedableRng;
use rand_xoshiro::rand_core::Rng;
use rand_xoshiro::{SplitMix64, Xoroshiro128PlusPlus};
use uuid::{Builder, Uuid};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Names a stream of random numbers: a seed and the path to a column or to a generator within one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StreamKey(u64);

impl StreamKey {
    pub fn root(seed: u64) -> StreamKey {
        StreamKey(mix(seed))
    }

    /// The stream of this name within this one.
    pub fn child(self, label: &str) -> StreamKey {
        StreamKey(xxh3_64_with_seed(label.as_bytes(), self.0))
    }

    /// A generator for one position of the stream, as long as wanted.
    pub fn at(self, position: u64) -> Xoroshiro128PlusPlus {
        // The position is mixed first: seeding walks on from its seed, and neighbours would share numbers.
        Xoroshiro128PlusPlus::seed_from_u64(self.0 ^ mix(position))
    }

    /// The random version 4 UUID of one position.
    pub fn uuid_at(self, position: u64) -> Uuid {
        let mut bytes = [0; 16];
        self.at(position).fill_bytes(&mut bytes);
        Builder::from_random_bytes(bytes).into_uuid()
    }
}

fn mix(number: u64) -> u64 {
    SplitMix64::seed_from_u64(number).next_u64()
}

/// A pseudo-random order of `0..len`: which position each index takes. Computed for one index at a time, so a
/// quota's exact counts need no table of rows.
///
/// A Feistel network permutes the smallest even-bit domain that holds `len`; an index that lands outside walks on.
#[derive(Clone, Debug)]
pub(super) struct Permutation {
    len: u64,
    half_bits: u32,
    rounds: [u64; 6],
}

impl Permutation {
    pub fn new(len: u64, key: StreamKey) -> Permutation {
        let bits = u64::BITS - len.saturating_sub(1).leading_zeros();
        let mut rng = key.at(0);
        Permutation {
            len,
            half_bits: bits.div_ceil(2).max(1),
            rounds: std::array::from_fn(|_| rng.next_u64()),
        }
    }

    /// The position of an index below `len`.
    pub fn position(&self, index: u64) -> u64 {
        debug_assert!(index < self.len, "{index} is not below {}", self.len);
        let mut position = self.step(index);
        // The domain is less than four times `len`, and a permutation's cycle through `index` comes back below it.
        while position >= self.len {
            position = self.step(position);
        }
        position
    }

    fn step(&self, number: u64) -> u64 {
        let mask = (1 << self.half_bits) - 1;
        let (mut left, mut right) = (number >> self.half_bits, number & mask);
        for round in self.rounds {
            (left, right) = (right, left ^ (mix(right ^ round) & mask));
        }
        left << self.half_bits | right
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn neighbouring_positions_share_no_numbers() {
        let key = StreamKey::root(1).child("table").child("column");
        let mut seen = std::collections::BTreeSet::new();
        for position in 0..1000 {
            let mut rng = key.at(position);
            for _ in 0..4 {
                assert!(seen.insert(rng.next_u64()), "position {position} repeats a number");
            }
        }
    }

    #[test]
    fn uuids_are_version_4() {
        let uuid = StreamKey::root(1).uuid_at(7);
        assert_eq!((uuid.get_version_num(), uuid.get_variant()), (4, uuid::Variant::RFC4122));
    }

    proptest! {
        #[test]
        fn a_permutation_takes_every_position_once(len in 1_u64..5000, seed: u64) {
            let permutation = Permutation::new(len, StreamKey::root(seed));
            let mut taken = vec![false; len as usize];
            for index in 0..len {
                let position = permutation.position(index) as usize;
                prop_assert!(!std::mem::replace(&mut taken[position], true), "{} is taken twice", position);
            }
        }

        #[test]
        fn a_large_permutation_stays_in_its_range(len in (1_u64 << 33)..(1 << 62), index: u64, seed: u64) {
            let permutation = Permutation::new(len, StreamKey::root(seed));
            prop_assert!(permutation.position(index % len) < len);
        }
    }

    #[test]
    fn a_permutation_is_not_the_order_of_rows() {
        let permutation = Permutation::new(10_000, StreamKey::root(3));
        let first_tenth = (0..1000).filter(|&index| permutation.position(index) < 1000).count();
        assert!((50..150).contains(&first_tenth), "{first_tenth} of 1000 stay in the first tenth");
    }
}
