//! Counting ballots: `Counter` in `workers/counting/src/lib.rs`, and `Folding` in `workers/counting/src/fold.rs`.
//!
//! A counter may be asked for any shard, or for the election, at any time and again: so the model has messages that come twice, in
//! any order, too early and too late.

use crate::{
    Gates, Guard, State,
    tables::{BallotCommit, ElectionEvent, Set, Status, Tables},
};

/// What is counted: a shard, or the whole election for its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// A shard.
    Shard(u8),
    /// All of them, by an election at this version.
    Election {
        /// The version.
        version: usize,
    },
}

/// How far a counter is: the next call that it makes. One that crashed gets its message again, or another does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// It waits for a message.
    Idle,
    /// The ballots of these voters are to be read; of the others, these were cast.
    Folding {
        /// What is counted.
        what: What,
        /// The voters.
        left: Set,
        /// The casts, by their nonces.
        cast: Set,
    },
    /// A shard's gate is to be read.
    Comparing {
        /// The shard.
        shard: u8,
        /// The casts.
        cast: Set,
    },
    /// A shard's receipts and tally are to be saved.
    Saving {
        /// The shard.
        shard: u8,
        /// The casts.
        cast: Set,
    },
    /// `ResultsCounted` is to be written after this version.
    Recording {
        /// The version.
        version: usize,
        /// The casts.
        cast: Set,
    },
    /// What the shards add up to is to be saved.
    AddingUp {
        /// The casts.
        cast: Set,
    },
}

/// What can happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// It is asked for a shard, and loads the election.
    Shard(u8),
    /// It is asked for the election: it loads it, and looks which shards are counted.
    Election,
    /// It reads the ballot of this voter.
    Read(u8),
    /// The next call is made and answered.
    Call,
    /// The next call takes effect, but its answer is lost, and it is sent again.
    Lost,
    /// The function ends.
    Crash,
}

pub(crate) fn moves(model: &Gates, state: &State, number: usize) -> Vec<Move> {
    match state.counters[number] {
        Step::Idle if state.tables.status() == Status::Closed || !model.has(Guard::ElectionMustBeClosed) => {
            (0..model.shards).map(Move::Shard).chain([Move::Election]).collect()
        }
        Step::Idle => Vec::new(),
        Step::Folding { left, .. } => left.numbers().map(Move::Read).chain([Move::Crash]).collect(),
        Step::Comparing { .. } => vec![Move::Call, Move::Crash],
        Step::Recording { version, .. } if version != state.tables.election.len() => vec![Move::Call, Move::Crash],
        Step::Saving { .. } | Step::Recording { .. } | Step::AddingUp { .. } => {
            vec![Move::Call, Move::Lost, Move::Crash]
        }
    }
}

pub(crate) fn make(model: &Gates, state: &mut State, number: usize, step: Move) -> Option<()> {
    let tables = &mut state.tables;
    let next = match (state.counters[number], step) {
        (Step::Idle, Move::Shard(shard)) => {
            let voters = (0..model.voters()).filter(|voter| model.shard(*voter) == shard);
            folding(What::Shard(shard), voters.fold(Set::default(), Set::with), Set::default())
        }
        (Step::Idle, Move::Election) => look(model, tables)?,
        (Step::Folding { what, left, cast }, Move::Read(voter)) => {
            let ballot = &tables.ballots[usize::from(voter)];
            let cast = ballot.iter().filter_map(BallotCommit::cast).fold(cast, Set::with);
            folding(what, left.without(voter), cast)
        }
        // A shard that is not what its gate let through is not counted (`Difference::Gate`).
        (Step::Comparing { shard, cast }, Move::Call) => {
            let agrees = usize::from(tables.gates[usize::from(shard)].casts) == cast.numbers().count();
            if agrees { Step::Saving { shard, cast } } else { Step::Idle }
        }
        (Step::Saving { shard, cast }, Move::Call | Move::Lost) => {
            tables.counted[usize::from(shard)] = Some(cast);
            after(step, state.counters[number])
        }
        // Another command took the place, or this one before, whose answer was lost: the message comes again.
        (Step::Recording { version, .. }, Move::Call) if version != tables.election.len() => Step::Idle,
        (Step::Recording { version, cast }, Move::Call | Move::Lost) => {
            Tables::put(&mut tables.election, version, ElectionEvent::ResultsCounted { cast });
            after(step, state.counters[number])
        }
        (Step::AddingUp { cast }, Move::Call | Move::Lost) => {
            tables.sum = Some(cast);
            after(step, state.counters[number])
        }
        (Step::Idle, Move::Crash) => return None,
        (_, Move::Crash) => Step::Idle,
        _ => return None,
    };
    state.counters[number] = next;
    Some(())
}

/// `Counter::count_election`: what the shards that are counted allow to do.
fn look(model: &Gates, tables: &Tables) -> Option<Step> {
    let whole = tables.counted.iter().all(Option::is_some) || !model.has(Guard::CountMustBeWhole);
    if !whole {
        return None;
    }
    let Some(recorded) = tables.recorded() else {
        let what = What::Election { version: tables.election.len() };
        return Some(folding(what, Set::below(model.voters()), Set::default()));
    };
    let sum = tables.counted.iter().flatten().flat_map(|cast| cast.numbers()).fold(Set::default(), Set::with);
    let agrees = sum == recorded || !model.has(Guard::CountMustBeWhole);
    agrees.then_some(Step::AddingUp { cast: sum })
}

fn folding(what: What, left: Set, cast: Set) -> Step {
    match what {
        _ if !left.is_empty() => Step::Folding { what, left, cast },
        What::Shard(shard) => Step::Comparing { shard, cast },
        What::Election { version } => Step::Recording { version, cast },
    }
}

fn after(step: Move, sent: Step) -> Step {
    if step == Move::Lost { sent } else { Step::Idle }
}
