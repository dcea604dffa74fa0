//! Tallies as bytes: 2,000 candidates must fit into one item, many times over.
//!
//! ```text
//! format (1) · ballots · number of candidates · { id (16 bytes, big-endian) · which grades · count, count, … } …
//! ```
//!
//! Numbers are unsigned LEB128. "Which grades" has a bit for each grade that was given, the lowest bit for grade 0; a
//! count follows for each of these. Candidates ascend, and numbers are as short as they can be: a tally has one form.

use photovote_domain::{CandidateId, Histogram, MAX_GRADE, Tally};
use thiserror::Error;

const FORMAT: u8 = 1;
const GRADES: usize = MAX_GRADE as usize + 1;

/// Why bytes are not a packed tally.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TallyError {
    /// A newer program packed it.
    #[error("a tally of format {0} cannot be read")]
    Format(u8),
    /// It ends too early.
    #[error("the tally ends too early")]
    Short,
    /// There is more after its end.
    #[error("the tally goes on after its end")]
    Long,
    /// A number that is over 64 bits or longer than it need be.
    #[error("a number in the tally is malformed")]
    Number,
    /// Candidates out of order, a grade that does not exist, or a grade that was given no time.
    #[error("the tally is not in its one form")]
    Form,
}

/// The tally as bytes.
pub fn pack(tally: &Tally) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    put(&mut bytes, tally.ballots);
    put(&mut bytes, tally.candidates.len() as u64);
    for (candidate, Histogram(counts)) in &tally.candidates {
        bytes.extend(candidate.bits().to_be_bytes());
        let given = counts.iter().enumerate().filter(|(_, count)| **count != 0);
        put(&mut bytes, given.clone().fold(0, |grades, (grade, _)| grades | 1 << grade));
        given.for_each(|(_, count)| put(&mut bytes, *count));
    }
    bytes
}

/// The tally that these bytes are.
pub fn unpack(bytes: &[u8]) -> Result<Tally, TallyError> {
    let mut rest = bytes;
    match take(&mut rest)? {
        [FORMAT] => {}
        [other] => return Err(TallyError::Format(other)),
    }
    let mut tally = Tally { ballots: number(&mut rest)?, ..Tally::default() };
    for _ in 0..number(&mut rest)? {
        let candidate = CandidateId::from_bits(u128::from_be_bytes(take(&mut rest)?));
        if tally.candidates.last_key_value().is_some_and(|(last, _)| *last >= candidate) {
            return Err(TallyError::Form);
        }
        let grades = number(&mut rest)?;
        if grades >> GRADES != 0 {
            return Err(TallyError::Form);
        }
        let mut histogram = Histogram::default();
        for (grade, cell) in histogram.0.iter_mut().enumerate() {
            if grades >> grade & 1 == 1 {
                *cell = number(&mut rest)?;
                if *cell == 0 {
                    return Err(TallyError::Form);
                }
            }
        }
        tally.candidates.insert(candidate, histogram);
    }
    if rest.is_empty() { Ok(tally) } else { Err(TallyError::Long) }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], TallyError> {
    let (first, others) = rest.split_first_chunk().ok_or(TallyError::Short)?;
    *rest = others;
    Ok(*first)
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

fn number(rest: &mut &[u8]) -> Result<u64, TallyError> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let [byte] = take(rest)?;
        let bits = u64::from(byte & 0x7F);
        // The tenth byte has room for one bit.
        if bits << shift >> shift != bits {
            return Err(TallyError::Number);
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            let padded = byte == 0 && shift != 0;
            return if padded { Err(TallyError::Number) } else { Ok(number) };
        }
    }
    Err(TallyError::Number)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_map, prelude::*};

    use super::*;

    fn any_tally() -> impl Strategy<Value = Tally> {
        let count = prop_oneof![3 => Just(0), 3 => 1..300_u64, 1 => any::<u64>()];
        let histogram = prop::array::uniform11(count).prop_map(Histogram);
        let candidates = btree_map(any::<u128>().prop_map(CandidateId::from_bits), histogram, 0..20);
        (any::<u64>(), candidates).prop_map(|(ballots, candidates)| Tally { ballots, candidates })
    }

    proptest! {
        #[test]
        fn what_is_packed_unpacks_to_itself(tally in any_tally()) {
            prop_assert_eq!(unpack(&pack(&tally)), Ok(tally));
        }

        #[test]
        fn what_unpacks_was_packed_like_that(tally in any_tally(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = pack(&tally);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(other) = unpack(&bytes) {
                prop_assert_eq!(pack(&other), bytes);
            }
        }

        #[test]
        fn a_tally_that_is_cut_off_is_refused(tally in any_tally(), at in any::<prop::sample::Index>()) {
            let bytes = pack(&tally);
            prop_assert!(unpack(&bytes[..at.index(bytes.len())]).is_err());
        }
    }

    #[test]
    fn each_kind_of_damage_has_its_name() {
        let one = [&[1, 1, 1][..], &[0; 15], &[7, 0b10, 3]].concat();
        let tally = unpack(&one).unwrap();
        assert_eq!((tally.ballots, tally.candidates[&CandidateId::from_bits(7)].0[1]), (1, 3));

        let refused = |bytes: &[u8]| unpack(bytes).unwrap_err();
        assert_eq!(refused(&[]), TallyError::Short);
        assert_eq!(refused(&[2, 0, 0]), TallyError::Format(2));
        assert_eq!(refused(&[1, 0, 0, 0]), TallyError::Long);
        assert_eq!(refused(&[1, 0x80, 0, 0]), TallyError::Number, "longer than it need be");
        assert_eq!(refused(&[&[1][..], &[0xFF; 9], &[2, 0]].concat()), TallyError::Number, "over 64 bits");
        let twice = [&[1, 1, 2][..], &one[3..], &one[3..]].concat();
        assert_eq!(refused(&twice), TallyError::Form, "the same candidate again");
        let no_time = [&one[..one.len() - 1], &[0]].concat();
        assert_eq!(refused(&no_time), TallyError::Form, "a grade that was given no time");
        let no_grade = [&[1, 1, 1][..], &[0; 16], &[0x80, 0x10, 1]].concat();
        assert_eq!(refused(&no_grade), TallyError::Form, "grade 11");
    }

    #[test]
    fn the_largest_tally_fits_easily_into_an_item() {
        let histogram = Histogram([100_000; GRADES]);
        let candidates = (0..2_000).map(|n| (CandidateId::from_bits(n), histogram)).collect();
        assert!(pack(&Tally { ballots: 1_100_000, candidates }).len() < 110_000);
    }
}
