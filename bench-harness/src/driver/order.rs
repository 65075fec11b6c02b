//! The order of legs within a round: random, and balanced over rounds.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

/// Order in which `legs` legs run in round `round` (from 0).
///
/// Rounds come in blocks of as many rounds as there are legs. Within a block a random order is rotated by one place a
/// round, so that over the block each leg stands once at each place: whatever drifts within a round (caches, CPU
/// frequency, the checkpointer) hits all legs alike. Each block draws a new order, so that no leg always follows the
/// same other one.
pub fn balanced_order(legs: usize, round: u32, seed: u64) -> Vec<usize> {
    if legs == 0 {
        return Vec::new();
    }
    let block = u64::from(round) / legs as u64;
    let mut order: Vec<usize> = (0..legs).collect();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed ^ block.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    order.shuffle(&mut rng);
    order.rotate_left(round as usize % legs);
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::balanced_order;

    proptest! {
        #[test]
        fn each_leg_stands_once_at_each_place_of_a_block(legs in 1_usize..8, block in 0_u32..50, seed: u64) {
            let rounds: Vec<_> =
                (0..legs as u32).map(|round| balanced_order(legs, block * legs as u32 + round, seed)).collect();
            for place in 0..legs {
                let mut seen: Vec<_> = rounds.iter().map(|order| order[place]).collect();
                seen.sort_unstable();
                prop_assert_eq!(seen, (0..legs).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn orders_differ_between_blocks() {
        let first = balanced_order(5, 0, 7);
        assert!((1..20).any(|block| balanced_order(5, block * 5, 7) != first));
    }
}
