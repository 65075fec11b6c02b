//! UUID version 7 (RFC 9562): ids that sort by the time they were made. No pgrx inside.
//!
//! Made by us because PostgreSQL has `uuidv7()` only from 18 on, and because a job's id and its created_at
//! must come from the same instant: readers prune by the id's time.

/// Random bytes that one id needs.
pub const RANDOM_BYTES: usize = 8;

/// Builds an id from microseconds since 1970 and random bytes; None when the time doesn't fit (before
/// 1970, or after the year 10889).
///
/// The 12 bits after the version carry the fraction of the millisecond (RFC 9562, 6.2, method 3), so ids
/// sort by time to a quarter of a microsecond, which keeps all of PostgreSQL's precision.
pub fn from_unix_micros(micros: i64, random: [u8; RANDOM_BYTES]) -> Option<[u8; 16]> {
    let micros = u64::try_from(micros).ok()?;
    let millis = micros / 1000;
    if millis >> 48 != 0 {
        return None;
    }
    // Rounded up, so that unix_micros can round down and get the same microsecond back.
    let fraction = ((micros % 1000) * 4096).div_ceil(1000);

    let high = millis << 16 | 0x7000 | fraction;
    let low = u64::from_be_bytes(random) >> 2 | 0x8000_0000_0000_0000;
    let mut id = [0u8; 16];
    id[..8].copy_from_slice(&high.to_be_bytes());
    id[8..].copy_from_slice(&low.to_be_bytes());
    Some(id)
}

/// The time an id carries, in microseconds since 1970; None for ids of another version or variant.
/// Exact for ids made here; an id made elsewhere may mean something else by the bits below the millisecond.
pub fn unix_micros(id: &[u8; 16]) -> Option<i64> {
    if id[6] >> 4 != 7 || id[8] >> 6 != 0b10 {
        return None;
    }
    let [a, b, c, d, e, f, g, h, ..] = *id;
    let high = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    i64::try_from((high >> 16) * 1000 + (high & 0xfff) * 1000 / 4096).ok()
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;

    const LAST_MICROS: i64 = (1 << 48) * 1000 - 1;

    #[test]
    fn other_ids_carry_no_time() {
        assert_eq!(unix_micros(&[0; 16]), None);
        assert_eq!(unix_micros(&[0xff; 16]), None);
    }

    #[test]
    fn rfc_9562_example() {
        // Appendix A.6: 2022-02-22 19:22:22 UTC is 017F22E2-79B0-7…
        let id = from_unix_micros(1_645_557_742_000_000, [0xff; 8]).unwrap();
        assert_eq!(id[..8], [0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0, 0x70, 0x00]);
    }

    #[test]
    fn times_that_do_not_fit_are_refused() {
        assert_eq!(from_unix_micros(-1, [0; 8]), None);
        assert!(from_unix_micros(LAST_MICROS, [0; 8]).is_some());
        assert_eq!(from_unix_micros(LAST_MICROS + 1, [0; 8]), None);
    }

    proptest! {
        #[test]
        fn version_and_variant_are_set(micros in 0..=LAST_MICROS, random: [u8; 8]) {
            let id = from_unix_micros(micros, random).unwrap();
            prop_assert_eq!(id[6] >> 4, 7);
            prop_assert_eq!(id[8] >> 6, 0b10);
        }

        #[test]
        fn the_time_comes_back(micros in 0..=LAST_MICROS, random: [u8; 8]) {
            prop_assert_eq!(unix_micros(&from_unix_micros(micros, random).unwrap()), Some(micros));
        }

        #[test]
        fn a_later_microsecond_sorts_later(micros in 0..LAST_MICROS, step in 1i64..5000, a: [u8; 8], b: [u8; 8]) {
            let later = (micros + step).min(LAST_MICROS);
            prop_assert!(from_unix_micros(micros, a).unwrap() < from_unix_micros(later, b).unwrap());
        }

        #[test]
        fn random_bits_are_kept(micros in 0..=LAST_MICROS, a: [u8; 8], b: [u8; 8]) {
            prop_assume!(u64::from_be_bytes(a) >> 2 != u64::from_be_bytes(b) >> 2);
            prop_assert_ne!(from_unix_micros(micros, a), from_unix_micros(micros, b));
        }
    }
}
