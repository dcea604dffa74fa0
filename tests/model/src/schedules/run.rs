//! Carrying out a command: first the append, then the gates. Requests and clocks do this in the same way.

use crate::{
    schedules::{
        Command, Guard, Schedules, State,
        rules::{self, Refused},
        tables::{Commit, Election, Tables, Time},
    },
    tables::{Set, Status},
};

/// How far a command is: the next call that is made for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The election, or what is new of it, is to be read. With that, the command is decided.
    Loading {
        /// The command.
        command: Command,
        /// `close` reads the time once, before its first decision. After a conflict, this is what it read.
        reading: Option<Time>,
        /// The commit was written, but its answer lost.
        is_written: bool,
    },
    /// This commit is to be written after this version.
    Appending {
        /// The command.
        command: Command,
        /// What was decided.
        commit: Commit,
        /// The version that it was decided with.
        version: usize,
        /// It was written, but the answer lost: the call is sent again.
        is_written: bool,
    },
    /// The commit after this version is written, and the election is to be put on the schedule. With [`Guard::ListedWithCommit`],
    /// that is part of the append.
    Listing(usize),
    /// These gates are to be opened, with the election's closing time.
    Opening(Set, Option<Time>),
    /// These gates are to be extended to this time.
    Extending(Set, Time),
    /// These gates are to be closed; the others have let so many casts through.
    Closing(Set, u8),
    /// `ElectionClosed` with so many casts is to be written.
    Finishing(u8),
    /// The election is to be taken off the schedule.
    Unscheduling,
    /// It is answered, or was stopped.
    Ended,
}

/// What can happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// The election is read, and the command decided at what this clock shows.
    Decide(Time),
    /// The next call is made and answered.
    Call,
    /// The next call takes effect, but the answer is lost.
    Lost,
    /// The gate of this shard is changed. Gates are changed at once, so in any order. Sending such an update again changes nothing, so
    /// that a lost answer is the same as none.
    Gate(u8),
    /// The function ends.
    Crash,
}

impl Step {
    pub(crate) const fn load(command: Command) -> Self {
        Self::Loading { command, reading: None, is_written: false }
    }
}

pub(crate) fn moves(model: &Schedules, state: &State, step: Step) -> Vec<Move> {
    let is_free = |version: usize| state.tables.stream.len() == version;
    let mut moves: Vec<Move> = match step {
        Step::Ended => return Vec::new(),
        Step::Loading { reading: Some(now), .. } => vec![Move::Decide(now)],
        // A request that is stopped here has written nothing: it is one that was never sent. A clock that is stopped here begins again.
        Step::Loading { .. } => return model.readings(state.time).map(Move::Decide).collect(),
        Step::Appending { version, is_written: false, .. } if is_free(version) => vec![Move::Call, Move::Lost],
        Step::Opening(left, _) | Step::Extending(left, _) | Step::Closing(left, _) => {
            left.numbers().map(Move::Gate).collect()
        }
        _ => vec![Move::Call],
    };
    moves.push(Move::Crash);
    moves
}

pub(crate) fn make(model: &Schedules, tables: &mut Tables, step: Step, action: Move) -> Option<Step> {
    Some(match (step, action) {
        (_, Move::Crash) => Step::Ended,
        (Step::Loading { command, reading, is_written }, Move::Decide(now)) => {
            let election = tables.election();
            let is_first = reading.is_none() && !is_written;
            if command == Command::CloseIfDue && is_first && election.status == Status::Closed {
                return Some(Step::Unscheduling);
            }
            match rules::decide(model, election, command, now) {
                Ok(Some(commit)) => write(model, tables, command, commit),
                Ok(None) => after_nothing(model, tables, command),
                Err(Refused) => {
                    tables.faults.misinformed |= is_written;
                    Step::Ended
                }
            }
        }
        (Step::Appending { command, commit, version, is_written }, Move::Call | Move::Lost) => {
            let is_new = !is_written && append(model, tables, commit, version);
            let is_known = is_new || (is_written && model.has(Guard::OwnIsKnown));
            match action {
                Move::Lost => Step::Appending { command, commit, version, is_written: true },
                _ if is_known && !model.has(Guard::ListedWithCommit) => Step::Listing(version),
                _ if is_known => after(model, tables, version),
                _ if !model.has(Guard::DecidedAgain) => {
                    Step::Appending { command, commit, version: tables.stream.len(), is_written }
                }
                _ => Step::Loading { command, reading: reading_of(commit), is_written },
            }
        }
        (Step::Listing(version), Move::Call) => {
            list(tables, *tables.stream.get(version)?);
            after(model, tables, version)
        }
        (Step::Opening(left, closes_at), Move::Gate(shard)) => {
            open_gate(model, tables, shard, closes_at);
            next(left.without(shard), |left| Step::Opening(left, closes_at), Step::Ended)
        }
        (Step::Extending(left, closes_at), Move::Gate(shard)) => {
            extend_gate(model, tables, shard, closes_at);
            next(left.without(shard), |left| Step::Extending(left, closes_at), Step::Ended)
        }
        (Step::Closing(left, casts), Move::Gate(shard)) => {
            let gate = &mut tables.gates[usize::from(shard)];
            gate.status = Status::Closed;
            let casts = casts + gate.casts;
            next(left.without(shard), |left| Step::Closing(left, casts), Step::Finishing(casts))
        }
        (Step::Finishing(casts), Move::Call) => {
            // If its place is taken, then by the same: only `ElectionClosed` follows `ElectionClosing`.
            if tables.election().status == Status::Closing {
                tables.stream.push(Commit::Closed { casts });
            }
            Step::Unscheduling
        }
        (Step::Unscheduling, Move::Call) => {
            tables.is_listed = false;
            Step::Ended
        }
        _ => return None,
    })
}

pub(crate) fn next<S>(left: Set, more: impl FnOnce(Set) -> S, done: S) -> S {
    if left.is_empty() { done } else { more(left) }
}

/// What a command that was decided does next.
fn write(model: &Schedules, tables: &mut Tables, command: Command, commit: Commit) -> Step {
    for shard in 0..model.shards {
        match commit {
            Commit::Opened { .. } if !model.has(Guard::EventBeforeGates) => {
                let closes_at = tables.election().plan.closes_at;
                open_gate(model, tables, shard, closes_at);
            }
            Commit::Extended { closes_at, .. } if !model.has(Guard::EventBeforeExtension) => {
                extend_gate(model, tables, shard, closes_at);
            }
            _ => {}
        }
    }
    Step::Appending { command, commit, version: tables.stream.len(), is_written: false }
}

/// `EventStore::try_append`. Answers whether the commit is written.
fn append(model: &Schedules, tables: &mut Tables, commit: Commit, version: usize) -> bool {
    match tables.stream.get_mut(version) {
        Some(_) if model.has(Guard::PlaceMustBeFree) => return false,
        Some(standing) => {
            *standing = commit;
            tables.faults.overwritten = true;
        }
        None => tables.stream.push(commit),
    }
    if model.has(Guard::ListedWithCommit) {
        list(tables, commit);
    }
    true
}

fn list(tables: &mut Tables, commit: Commit) {
    tables.is_listed |= matches!(commit, Commit::Scheduled(_) | Commit::Opened { .. });
}

const fn reading_of(commit: Commit) -> Option<Time> {
    match commit {
        Commit::Closing { due } => due,
        _ => None,
    }
}

/// The commit after this version is written. What follows rests on the election right after it: others may have gone on since.
fn after(model: &Schedules, tables: &Tables, version: usize) -> Step {
    let shards = Set::below(model.shards);
    let Election { status, plan } = tables.election_at(version + 1);
    match (tables.stream.get(version), plan.closes_at) {
        (Some(Commit::Opened { .. }), closes_at) => Step::Opening(shards, closes_at),
        (Some(Commit::Closing { .. }), _) => Step::Closing(shards, 0),
        (Some(_), Some(closes_at)) if status == Status::Open => Step::Extending(shards, closes_at),
        _ => Step::Ended,
    }
}

/// There was nothing to write.
fn after_nothing(model: &Schedules, tables: &Tables, command: Command) -> Step {
    let election = tables.election();
    match (command, election.status, election.plan.closes_at) {
        (Command::Close | Command::CloseIfDue, ..) => Step::Closing(Set::below(model.shards), 0),
        (Command::Plan(_) | Command::Extend(_), Status::Open, Some(closes_at)) => {
            Step::Extending(Set::below(model.shards), closes_at)
        }
        _ => Step::Ended,
    }
}

/// One update of `Control::open_gates`.
pub(crate) fn open_gate(model: &Schedules, tables: &mut Tables, shard: u8, closes_at: Option<Time>) {
    let gate = &mut tables.gates[usize::from(shard)];
    if gate.status == Status::Draft || !model.has(Guard::GateMustBeDraft) {
        gate.status = Status::Open;
        tables.faults.gate_went_back |= closes_at.is_some() && closes_at < gate.closes_at;
        gate.closes_at = closes_at.or(gate.closes_at);
    }
}

/// One update of `Control::extend_gates`.
pub(crate) fn extend_gate(model: &Schedules, tables: &mut Tables, shard: u8, closes_at: Time) {
    let gate = &mut tables.gates[usize::from(shard)];
    let Some(before) = gate.closes_at.filter(|_| gate.status == Status::Open) else { return };
    if before < closes_at || !model.has(Guard::GateIsOnlyExtended) {
        gate.closes_at = Some(closes_at);
        tables.faults.gate_went_back |= closes_at < before;
    }
}
