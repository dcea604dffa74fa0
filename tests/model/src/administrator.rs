//! Opening an election: `open` in `workers/clock/src/opening.rs`.

use crate::{
    Gates, Guard, State,
    tables::{ElectionEvent, Set, Status, Tables},
};

/// How far the request is: the next call that it makes. One that crashed is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// The election is to be loaded.
    Idle,
    /// `ElectionOpened` is to be written.
    Writing,
    /// These gates are to be opened.
    Opening(Set),
    /// It is answered.
    Ended,
}

/// What can happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// The election is loaded, or its event written.
    Call,
    /// The event is written, but the answer lost, and the call sent again.
    Lost,
    /// The gate of this shard is opened. They are opened at once, so in any order. Sending such an update again
    /// changes nothing, so that a lost answer is the same as none.
    Gate(u8),
    /// The function ends without an answer.
    Crash,
}

pub(crate) fn moves(state: &State) -> Vec<Move> {
    match state.administrator {
        Step::Idle => vec![Move::Call],
        Step::Writing if state.tables.election.is_empty() => vec![Move::Call, Move::Lost, Move::Crash],
        Step::Writing => vec![Move::Call, Move::Crash],
        Step::Opening(left) => left.numbers().map(Move::Gate).chain([Move::Crash]).collect(),
        Step::Ended => Vec::new(),
    }
}

pub(crate) fn make(model: &Gates, state: &mut State, step: Move) -> Option<()> {
    let tables = &mut state.tables;
    let gates = Step::Opening(Set::below(model.shards));
    let event_first = model.has(Guard::EventBeforeGates);
    state.administrator = match (state.administrator, step) {
        (Step::Idle, Move::Call) if tables.status() == Status::Draft && event_first => Step::Writing,
        // Opened by this command before: that attempt may have been stopped before the gates.
        (Step::Idle, Move::Call) => gates,
        (Step::Writing, Move::Call | Move::Lost) => {
            // The place can only be taken by this very command, whose answer was lost: then that is its success.
            if tables.election.is_empty() {
                tables.election.push(ElectionEvent::ElectionOpened);
            }
            match step {
                Move::Lost => Step::Writing,
                _ if event_first => gates,
                _ => Step::Ended,
            }
        }
        (Step::Opening(left), Move::Gate(shard)) => {
            open_gate(model, tables, shard);
            match left.without(shard) {
                left if !left.is_empty() => Step::Opening(left),
                _ if event_first => Step::Ended,
                _ => Step::Writing,
            }
        }
        (_, Move::Crash) => Step::Idle,
        _ => return None,
    };
    Some(())
}

/// One update of `Control::open_gates`.
pub(crate) fn open_gate(model: &Gates, tables: &mut Tables, shard: u8) {
    let gate = &mut tables.gates[usize::from(shard)];
    if gate.status == Status::Draft || !model.has(Guard::GateMustBeDraft) {
        gate.status = Status::Open;
    }
}
