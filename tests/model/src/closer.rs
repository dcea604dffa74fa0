//! Closing an election, and healing one that was half opened: `close` and `finish` in
//! `workers/clock/src/closing.rs`, which also serve the request to close, and `Clock::look_after`.

use crate::{
    Gates, Guard, State,
    administrator::open_gate,
    tables::{ElectionEvent, Set, Status, Tables},
};

/// The version of an election that is open.
const OPENED: usize = 1;
/// The version of an election that is closing.
const CLOSING: usize = 2;

/// How far a closer is: the next call that it makes. One that crashed begins anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The election is to be loaded.
    Idle,
    /// It is open, and not due: these gates are to be opened, if they are drafts (`Clock::heal`). That reads the gates
    /// first, to save updates that would change nothing; the model sends them.
    Healing(Set),
    /// `ElectionClosing` is to be written. Before that, `close` looks whether all gates are there; in the model they are.
    Beginning,
    /// Another command took the place: the election is to be read again.
    Conflict,
    /// These gates are to be closed; the others have let so many casts through.
    Closing(Set, u8),
    /// `ElectionClosed` with so many casts is to be written.
    Finishing(u8),
}

/// What can happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// The election is loaded by one who closes it if it is open: it is due, or an administrator asks for it.
    Close,
    /// The election is loaded by one who finds that it is not due.
    Heal,
    /// The next call is made and answered.
    Call,
    /// The next call takes effect, but its answer is lost, and it is sent again.
    Lost,
    /// The place of `ElectionClosing` is taken, and by this closer: an answer was lost. (The model does not keep whose a
    /// commit is, and so lets any closer find it its own.)
    Ours,
    /// The gate of this shard is opened or closed. They are changed at once, so in any order.
    Gate(u8),
    /// The function ends.
    Crash,
}

pub(crate) fn moves(model: &Gates, state: &State, number: usize) -> Vec<Move> {
    let is_next = |version| state.tables.election.len() == version;
    match state.closers[number] {
        Step::Idle => match state.tables.status() {
            Status::Open => vec![Move::Close, Move::Heal],
            Status::Closing if model.has(Guard::FinishForOthers) => vec![Move::Close],
            _ => Vec::new(),
        },
        Step::Beginning if is_next(OPENED) => vec![Move::Call, Move::Lost, Move::Crash],
        Step::Finishing(_) if is_next(CLOSING) => vec![Move::Call, Move::Lost, Move::Crash],
        Step::Beginning => vec![Move::Call, Move::Ours, Move::Crash],
        Step::Finishing(_) | Step::Conflict => vec![Move::Call, Move::Crash],
        Step::Healing(left) | Step::Closing(left, _) => left.numbers().map(Move::Gate).chain([Move::Crash]).collect(),
    }
}

pub(crate) fn make(model: &Gates, state: &mut State, number: usize, step: Move) -> Option<()> {
    let tables = &mut state.tables;
    let next = match (state.closers[number], step) {
        (Step::Idle, Move::Heal) => Step::Healing(Set::below(model.shards)),
        (Step::Idle, Move::Close) if tables.status() == Status::Open => Step::Beginning,
        (Step::Idle, Move::Close) | (Step::Beginning, Move::Ours) => closing(model, tables),
        (Step::Healing(left), Move::Gate(shard)) => {
            open_gate(model, tables, shard);
            let left = left.without(shard);
            if left.is_empty() { Step::Idle } else { Step::Healing(left) }
        }
        (Step::Beginning, Move::Call | Move::Lost) => {
            match (append(tables, OPENED, ElectionEvent::ElectionClosing), step) {
                (_, Move::Lost) => Step::Beginning,
                (true, _) => closing(model, tables),
                (false, _) => Step::Conflict,
            }
        }
        (Step::Conflict, Move::Call) if tables.status() == Status::Closing => closing(model, tables),
        (Step::Closing(left, sum), Move::Gate(shard)) => {
            let sum = sum + close_gate(model, tables, shard);
            let left = left.without(shard);
            if left.is_empty() { Step::Finishing(sum) } else { Step::Closing(left, sum) }
        }
        (Step::Finishing(casts), Move::Call | Move::Lost) => {
            append(tables, CLOSING, ElectionEvent::ElectionClosed { casts });
            // If its place is taken, then by the same: only `ElectionClosed` follows `ElectionClosing`.
            if step == Move::Lost { Step::Finishing(casts) } else { Step::Idle }
        }
        // Somebody else has finished, or this one is stopped.
        (Step::Conflict, Move::Call) | (_, Move::Crash) => Step::Idle,
        _ => return None,
    };
    state.closers[number] = next;
    Some(())
}

/// A `PutItem` of a commit after `version`, under the condition that the place is free: was it?
fn append(tables: &mut Tables, version: usize, event: ElectionEvent) -> bool {
    let free = tables.election.len() == version;
    if free {
        tables.election.push(event);
    }
    free
}

/// The beginning of `Control::close_gates`.
fn closing(model: &Gates, tables: &Tables) -> Step {
    let gates = Set::below(if model.has(Guard::EveryGate) { model.shards } else { model.shards - 1 });
    let casts = || tables.gates.iter().map(|gate| gate.casts).sum();
    Step::Closing(gates, if model.has(Guard::CountWhatIsClosed) { 0 } else { casts() })
}

/// One update of `Control::close_gates`; answers the gate's casts. Sent again it closes and counts the same, so that a lost
/// answer is the same as none.
fn close_gate(model: &Gates, tables: &mut Tables, shard: u8) -> u8 {
    let gate = &mut tables.gates[usize::from(shard)];
    gate.status = Status::Closed;
    if model.has(Guard::CountWhatIsClosed) { gate.casts } else { 0 }
}
