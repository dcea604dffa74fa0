//! Counting ballots: `Projector::ballots` in `functions/projector/src/project.rs`, and `DocumentStore::count` in
//! `storage/document-store/src/count.rs`.
//!
//! A projector may be given any casts that stand in the events table, at any time and again: so the model has duplicates,
//! any order, commits that come late, and what `repair` does, which is the same.

use crate::{
    Gates, Guard, State,
    tables::{Nonce, Part, Set},
};

/// How far a projector is: the next call that it makes. One that crashed is given its batch again, or another is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// It waits for a batch.
    Idle,
    /// These ballots are to be counted; a part of the tally is to be read (`DocumentStore::any_part`).
    Reading(Set),
    /// These ballots are to be counted in this part, which was read like this.
    Counting {
        /// The ballots, by their nonces.
        ballots: Set,
        /// Which part it is.
        number: u8,
        /// The part.
        part: Part,
    },
}

/// What can happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// It is given these casts, and reads this part of the tally.
    Deliver(Set, u8),
    /// It reads this part of the tally.
    Read(u8),
    /// The transaction is sent and answered. Of the conditions that fail, if any do, those of these receipts are named, and,
    /// if it says so, that of the tally's part: `DynamoDB` does not promise to name all.
    Count(Set, bool),
    /// The transaction takes effect, but its answer is lost, and it is sent again.
    Lost,
    /// The function ends.
    Crash,
}

pub(crate) fn moves(model: &Gates, state: &State, number: usize) -> Vec<Move> {
    let parts = 0..model.parts;
    match &state.projectors[number] {
        Step::Idle => {
            let cast = state.tables.cast().fold(Set::default(), |cast, (_, nonce)| cast.with(nonce));
            cast.parts().flat_map(|batch| parts.clone().map(move |part| Move::Deliver(batch, part))).collect()
        }
        Step::Reading(_) => parts.map(Move::Read).chain([Move::Crash]).collect(),
        Step::Counting { ballots, number, part } => {
            let (there, moved) = failing(model, state, chunk(model, *ballots), *number, part);
            if there.is_empty() && !moved {
                return vec![Move::Count(there, moved), Move::Lost, Move::Crash];
            }
            let receipts =
                there.parts().flat_map(|receipts| [Move::Count(receipts, false), Move::Count(receipts, true)]);
            let named = receipts.chain([Move::Count(Set::default(), true)]);
            named.filter(|step| moved || !matches!(step, Move::Count(_, true))).chain([Move::Crash]).collect()
        }
    }
}

pub(crate) fn make(model: &Gates, state: &mut State, number: usize, step: Move) -> Option<()> {
    let next = match (state.projectors[number].clone(), step) {
        (Step::Idle, Move::Deliver(ballots, part)) | (Step::Reading(ballots), Move::Read(part)) => {
            Step::Counting { ballots, number: part, part: state.tables.tally[usize::from(part)].clone() }
        }
        (Step::Counting { ballots, number, part }, Move::Count(receipts, false)) if receipts.is_empty() => {
            count(model, state, ballots, number, &part)
        }
        (Step::Counting { ballots, number, part }, Move::Count(receipts, moved)) => {
            // A receipt that is there says "counted".
            let rest = receipts.numbers().fold(ballots, Set::without);
            let all_of_chunk = chunk(model, ballots) == receipts;
            if moved && !all_of_chunk { Step::Reading(rest) } else { counting(rest, number, part) }
        }
        (step @ Step::Counting { .. }, Move::Lost) => {
            if let Step::Counting { ballots, number, part } = &step {
                count(model, state, *ballots, *number, part);
            }
            step
        }
        (Step::Idle, Move::Crash) => return None,
        (_, Move::Crash) => Step::Idle,
        _ => return None,
    };
    state.projectors[number] = next;
    Some(())
}

/// The ballots of the next transaction.
fn chunk(model: &Gates, ballots: Set) -> Set {
    ballots.numbers().take(model.at_once.into()).fold(Set::default(), Set::with)
}

/// Which conditions of the transaction fail: these receipts are there, and perhaps the part of the tally has moved.
fn failing(model: &Gates, state: &State, chunk: Set, number: u8, part: &Part) -> (Set, bool) {
    let there = |nonce: &Nonce| state.tables.receipts.has(*nonce) && model.has(Guard::ReceiptMustBeNew);
    let stored = &state.tables.tally[usize::from(number)];
    let moved = stored.version != part.version && model.has(Guard::PartMustNotHaveMoved);
    (chunk.numbers().filter(there).fold(Set::default(), Set::with), moved)
}

/// The effect of one transaction of `DocumentStore::count_chunk`: a receipt for each ballot, and the part of the tally.
fn count(model: &Gates, state: &mut State, ballots: Set, number: u8, part: &Part) -> Step {
    let chunk = chunk(model, ballots);
    let mut counted: Vec<_> = part.counted.iter().copied().chain(chunk.numbers()).collect();
    counted.sort_unstable();
    let part = Part { version: part.version + 1, counted };
    state.tables.tally[usize::from(number)] = part.clone();
    state.tables.receipts = chunk.numbers().fold(state.tables.receipts, Set::with);
    counting(chunk.numbers().fold(ballots, Set::without), number, part)
}

/// A part that this projector has just written, or that nobody is known to have moved, is not read again.
fn counting(ballots: Set, number: u8, part: Part) -> Step {
    if ballots.is_empty() { Step::Idle } else { Step::Counting { ballots, number, part } }
}
