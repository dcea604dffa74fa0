//! A voter's request, from the ballot that it opens to its answer: `api/ballot-commands/src/lib.rs`.

use crate::{
    Command, Gates, Guard, Request, State,
    tables::{BallotCommit, BallotEvent, Nonce, Status, Tables},
};

/// How often a command is decided before a conflict is the answer (`execute.rs`).
const ATTEMPTS: u8 = 3;

/// How far a request is: the next call that it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// It has not come yet.
    Unsent,
    /// Decided: the commit is to be written, a cast together with its gate (`EventStore::try_append`).
    Writing(Attempt),
    /// Not written: the ballot is to be read again (`EventStore::refresh`).
    Looking(Attempt, Why),
    /// Rejected by what was cached: the election is to be read afresh (`App::execute`, `ElectionCache::fresh`).
    Turned,
    /// The election is like this now: the ballot is to be read again after it (`App::execute`, `EventStore::load`).
    Again(Status),
    /// The function is done with it, and what the voter was told; nothing, if it crashed.
    Ended(Option<Told>),
}

/// What a function knows between two calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// The version of the ballot that was opened.
    opened: usize,
    /// The version of the ballot now.
    version: usize,
    /// How often it was tried before.
    tries: u8,
    /// Is the election's status fresh, or cached?
    fresh: bool,
}

/// Why a commit was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// Its place is taken, by another command.
    Conflict,
    /// The gate is like this.
    Gate(Status),
}

/// What says that an election is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum By {
    /// The gate.
    Gate,
    /// The election's status: it is closed.
    Closed,
    /// The election's status: it is closing.
    Closing,
}

/// What a voter was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Told {
    /// It is done; and the receipt of a cast.
    Done(Option<Nonce>),
    /// The election is not open yet.
    NotOpenYet,
    /// The election is closed. If its gate or its status says so, the command is not in the history, now or ever. If it is
    /// only closing, this request has not cast, nor has another of the same command that ended before it came. One that was
    /// under way at the same time may have, or may yet, as long as its gate is open.
    Closed(By),
    /// The ballot was cast already, by another command.
    CastAlready,
    /// Others were faster every time.
    Conflict,
}

impl Told {
    /// Need the voter not ask again?
    fn is_final(self) -> bool {
        matches!(self, Self::Done(_) | Self::Closed { .. } | Self::CastAlready)
    }
}

/// What can happen to a request next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// It is sent, and the function opens the ballot (`opened`, `api/edge/src/ballot.rs`): the ballot is read now, the
    /// election was seen at this version, now or some time before (`ElectionCache::recent`).
    Open(u8),
    /// The next call is made and answered. `DynamoDB` does not promise to name every condition that fails.
    Call(Named),
    /// The next call takes effect, but its answer is lost, and it is sent again.
    Lost,
    /// The function ends without an answer.
    Crash,
}

/// Which of the conditions that fail are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// All of them.
    All,
    /// If both fail, only the gate's.
    Gate,
}

pub(crate) fn moves(model: &Gates, state: &State, number: u8) -> Vec<Move> {
    match state.requests[usize::from(number)] {
        Step::Unsent if may_be_sent(model, state, number) => {
            (0..).zip(0..=state.tables.election.len()).map(|(seen, _)| Move::Open(seen)).collect()
        }
        Step::Writing(attempt) => {
            let call = match failing(model, &state.tables, number, attempt) {
                (false, false) => Some(Move::Lost),
                (true, true) => Some(Move::Call(Named::Gate)),
                _ => None,
            };
            [Move::Call(Named::All), Move::Crash].into_iter().chain(call).collect()
        }
        Step::Looking(..) | Step::Turned | Step::Again(_) => vec![Move::Call(Named::All), Move::Crash],
        Step::Unsent | Step::Ended(_) => Vec::new(),
    }
}

pub(crate) fn make(model: &Gates, state: &mut State, number: u8, step: Move) -> Option<()> {
    let next = match (state.requests[usize::from(number)], step) {
        (Step::Unsent, Move::Open(seen)) => {
            if twins(model, state, number).any(|(_, step)| !matches!(step, Step::Unsent | Step::Ended(_))) {
                state.twins = state.twins.with(model.requests[usize::from(number)].voter);
            }
            let opened = ballot(model, &state.tables, number).len();
            let attempt = Attempt { opened, version: opened, tries: 0, fresh: false };
            decide(model, &state.tables, number, attempt, state.tables.status_at(seen.into()))
        }
        (Step::Writing(attempt), Move::Call(named)) => match (failing(model, &state.tables, number, attempt), named) {
            ((false, false), _) => Step::Ended(Some(write(model, &mut state.tables, number, attempt))),
            ((true, _), Named::All) => found(model, &state.tables, number, attempt),
            _ if model.has(Guard::SecondLook) => Step::Looking(attempt, Why::Gate(gate(model, &state.tables, number))),
            _ => Step::Ended(Some(shut(gate(model, &state.tables, number)))),
        },
        (Step::Writing(attempt), Move::Lost) => {
            write(model, &mut state.tables, number, attempt);
            Step::Writing(attempt)
        }
        (Step::Looking(attempt, why), Move::Call(Named::All)) => look(model, &state.tables, number, attempt, why),
        (Step::Turned, Move::Call(Named::All)) => Step::Again(state.tables.status()),
        (Step::Again(status), Move::Call(Named::All)) => {
            let opened = ballot(model, &state.tables, number).len();
            let attempt = Attempt { opened, version: opened, tries: 0, fresh: true };
            decide(model, &state.tables, number, attempt, status)
        }
        (Step::Writing(_) | Step::Looking(..) | Step::Turned | Step::Again(_), Move::Crash) => Step::Ended(None),
        _ => return None,
    };
    state.requests[usize::from(number)] = next;
    Some(())
}

/// The other requests of the same command, and how far they are.
fn twins<'a>(model: &'a Gates, state: &'a State, number: u8) -> impl Iterator<Item = (u8, Step)> {
    let command = |request: &Request| (request.voter, request.key);
    let own = command(&model.requests[usize::from(number)]);
    let all = (0..).zip(&model.requests).zip(&state.requests);
    let twins = all.filter(move |((other, request), _)| *other != number && command(request) == own);
    twins.map(|((other, _), step)| (other, *step))
}

/// A voter sends again what was sent and not answered for good: whether it crashed or is only slow, a voter cannot tell.
fn may_be_sent(model: &Gates, state: &State, number: u8) -> bool {
    twins(model, state, number).filter(|(twin, _)| *twin < number).all(|(_, step)| match step {
        Step::Unsent => false,
        Step::Ended(Some(told)) => !told.is_final(),
        _ => true,
    })
}

fn ballot<'a>(model: &Gates, tables: &'a Tables, number: u8) -> &'a Vec<BallotCommit> {
    &tables.ballots[usize::from(model.requests[usize::from(number)].voter)]
}

/// The commit of this request's command within these of the ballot, if it is known (`History::known`).
fn known<'a>(model: &Gates, ballot: &'a [BallotCommit], number: u8) -> Option<&'a BallotCommit> {
    let of_ours = |commit: &&BallotCommit| commit.key == model.requests[usize::from(number)].key;
    if model.has(Guard::CommandIsKnown) { ballot.iter().find(of_ours) } else { None }
}

/// The beginning of a round of `EventStore::decide_and_append`: is the command known? Then `Ballot::decide`, with the election's
/// status.
fn decide(model: &Gates, tables: &Tables, number: u8, attempt: Attempt, election: Status) -> Step {
    let seen = &ballot(model, tables, number)[..attempt.version];
    if let Some(commit) = known(model, seen, number) {
        return Step::Ended(Some(Told::Done(commit.cast())));
    }
    let rejected = match election {
        _ if seen.iter().any(|commit| commit.cast().is_some()) && model.has(Guard::CastIsTheEnd) => Told::CastAlready,
        Status::Open => return Step::Writing(attempt),
        Status::Draft => Told::NotOpenYet,
        Status::Closing => Told::Closed(By::Closing),
        Status::Closed => Told::Closed(By::Closed),
    };
    // Nobody is turned away by what is cached.
    if attempt.fresh { Step::Ended(Some(rejected)) } else { Step::Turned }
}

/// Where the gate of the request's ballot is.
fn gate(model: &Gates, tables: &Tables, number: u8) -> Status {
    tables.gates[usize::from(model.shard(model.requests[usize::from(number)].voter))].status
}

/// Which conditions of the write fail: that the commit's place is free (`PLACE_IS_FREE`), and, of a cast, that its gate is open
/// (`Control::pass_cast`).
fn failing(model: &Gates, tables: &Tables, number: u8, attempt: Attempt) -> (bool, bool) {
    let taken = ballot(model, tables, number).len() > attempt.version && model.has(Guard::PlaceMustBeFree);
    let is_cast = model.requests[usize::from(number)].command == Command::Cast;
    let shut = is_cast && gate(model, tables, number) != Status::Open && model.has(Guard::GateMustBeOpen);
    (taken, shut)
}

/// The effect of one `PutItem` of a commit, or of one transaction of a commit with `BallotCast` and the update of its gate.
/// Answers what the voter is told.
fn write(model: &Gates, tables: &mut Tables, number: u8, attempt: Attempt) -> Told {
    let request = model.requests[usize::from(number)];
    let gate = &mut tables.gates[usize::from(model.shard(request.voter))];
    let (nonce, event) = match request.command {
        Command::Rate => (None, BallotEvent::BallotCandidateRated),
        Command::Cast => {
            gate.casts += 1;
            (Some(number), BallotEvent::BallotCast { nonce: number, gate: gate.status })
        }
    };
    let commit = BallotCommit { key: request.key, event };
    Tables::put(&mut tables.ballots[usize::from(request.voter)], attempt.version, commit);
    Told::Done(nonce)
}

/// What stands at the commit's place comes back (`found`): is it ours, written by an attempt whose answer was lost?
fn found(model: &Gates, tables: &Tables, number: u8, attempt: Attempt) -> Step {
    let standing = &ballot(model, tables, number)[attempt.version..][..1];
    match known(model, standing, number) {
        Some(ours) => Step::Ended(Some(Told::Done(ours.cast()))),
        None => Step::Looking(attempt, Why::Conflict),
    }
}

/// The end of a round of `EventStore::decide_and_append`: the ballot is read again.
fn look(model: &Gates, tables: &Tables, number: u8, attempt: Attempt, why: Why) -> Step {
    let stream = ballot(model, tables, number);
    let next = Attempt { version: stream.len(), tries: attempt.tries + 1, ..attempt };
    let nothing_new = next.version == attempt.version && why != Why::Conflict;
    if next.tries < ATTEMPTS && !nothing_new {
        // It was decided with an election that was open; that is not read again.
        return decide(model, tables, number, next, Status::Open);
    }
    Step::Ended(Some(match (known(model, stream, number), why) {
        (Some(commit), _) => Told::Done(commit.cast()),
        (None, Why::Conflict) => Told::Conflict,
        (None, Why::Gate(gate)) => shut(gate),
    }))
}

/// The gate did not let a cast through (`shut`).
fn shut(gate: Status) -> Told {
    if gate == Status::Draft { Told::NotOpenYet } else { Told::Closed(By::Gate) }
}
