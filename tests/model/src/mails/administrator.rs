//! Requests of administrators: `change` and `replace_token` in `api/election-commands/src/voters.rs`, and `Registrar` in
//! `workers/registration/src/lib.rs`.
//!
//! A request that crashes is one that makes no further call. One that is sent again with its key is known; the model of the gates looks
//! at that.

use crate::mails::{
    Command, Guard, Mails, State,
    follower::Delivery,
    tables::{Ask, Ballot, Link, Status, Tables, Voter},
};

/// How far a request is: the next call that it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// It is to be sent. The first call loads the voter, or writes what needs nothing to be loaded.
    Unsent,
    /// The voter was loaded; the ballot is to be.
    ReadingBallot(Voter),
    /// What is new of the voter is to be read, after the ballot at this version.
    ReadingVoter(Voter, u8),
    /// The voter's commit is to be written, and the ballot's.
    Writing(Attempt),
    /// The transaction was cancelled: what is new of the voter is to be read.
    Refreshing(Attempt),
    /// It is answered.
    Ended,
    /// It is answered that the voter's address has no guard: something is damaged.
    Unguarded,
}

/// Two commits that are written at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// The voter, as it is decided with.
    voter: Voter,
    /// The version of the ballot.
    ballot: u8,
    /// The link that the ballot will await.
    next: Link,
    /// The address whose guard is released.
    address: u8,
}

pub(crate) fn can_move(model: &Mails, state: &State, number: usize) -> bool {
    let tables = &state.tables;
    match (state.requests[number], model.commands[number]) {
        (Step::Ended | Step::Unguarded, _) => false,
        (Step::Unsent, Command::Open) => !tables.is_open,
        (Step::Unsent, Command::Register) => tables.voter.status == Status::Absent,
        (Step::Unsent, Command::Mail(_)) => tables.is_open,
        (Step::Unsent, _) => tables.voter.is_registered(),
        _ => true,
    }
}

pub(crate) fn make(model: &Mails, state: &mut State, number: usize) -> Option<()> {
    let command = model.commands[number];
    let tables = &mut state.tables;
    state.requests[number] = match state.requests[number] {
        Step::Unsent => match command {
            Command::Open => {
                tables.is_open = true;
                tables.commits.push((Ask::Everybody, Delivery::New));
                Step::Ended
            }
            Command::Register => {
                tables.voter = Voter { version: 1, status: Status::Registered, link: 1, address: 0 };
                tables.ballot.version = 1;
                tables.ballot.awaited = Some(1);
                tables.commits.push((Ask::Voter, Delivery::New));
                Step::Ended
            }
            Command::Mail(_) => {
                let mailing = u8::try_from(number).ok()?;
                if tables.voter.is_registered() {
                    state.outbox.invited.insert(mailing);
                }
                tables.commits.push((Ask::Mailing(mailing), Delivery::New));
                Step::Ended
            }
            Command::Replace | Command::Correct | Command::Remove => Step::ReadingBallot(tables.voter),
        },
        Step::ReadingBallot(_) if tables.ballot.is_voided => Step::Ended,
        Step::ReadingBallot(voter) if command == Command::Remove => {
            Step::Writing(attempt(voter, tables.ballot.version))
        }
        Step::ReadingBallot(voter) if !model.has(Guard::VoterAfterBallot) => {
            Step::Writing(attempt(voter, tables.ballot.version))
        }
        Step::ReadingBallot(voter) => Step::ReadingVoter(voter, tables.ballot.version),
        // The voter is removed.
        Step::ReadingVoter(..) | Step::Refreshing(_) if !tables.voter.is_registered() => Step::Ended,
        Step::ReadingVoter(_, ballot) => Step::Writing(attempt(tables.voter, ballot)),
        Step::Writing(attempt) if write(model, tables, command, attempt) => Step::Ended,
        Step::Writing(attempt) => Step::Refreshing(attempt),
        // Nothing has happened to the voter: something else has blocked the transaction. Everything is read anew.
        Step::Refreshing(attempt) if attempt.voter.version == tables.voter.version => {
            let is_moved = command == Command::Remove && attempt.address != tables.voter.address;
            if is_moved && !model.has(Guard::PresentAddress) {
                Step::Unguarded
            } else {
                Step::ReadingBallot(tables.voter)
            }
        }
        // The ballot's commit and the guard stay those that were decided on.
        Step::Refreshing(attempt) => Step::Writing(Attempt { voter: tables.voter, ..attempt }),
        Step::Ended | Step::Unguarded => return None,
    };
    Some(())
}

fn attempt(voter: Voter, ballot: u8) -> Attempt {
    Attempt { voter, ballot, next: voter.link + 1, address: voter.address }
}

/// One transaction. Is it written?
fn write(model: &Mails, tables: &mut Tables, command: Command, attempt: Attempt) -> bool {
    let is_moved = command == Command::Correct || command == Command::Remove;
    let with_ballot = match command {
        Command::Correct => model.has(Guard::AddressWithLink) && model.has(Guard::BallotWithVoter),
        Command::Remove => model.has(Guard::VoidWithVoter),
        _ => model.has(Guard::BallotWithVoter),
    };
    let Tables { voter, ballot, commits, .. } = tables;
    if voter.version != attempt.voter.version
        || (with_ballot && ballot.version != attempt.ballot)
        || (is_moved && voter.address != attempt.address)
    {
        return false;
    }
    voter.version += 1;
    match command {
        Command::Remove => voter.status = Status::Removed,
        Command::Correct => voter.address += 1,
        _ => {}
    }
    let is_replaced = command == Command::Replace || (command == Command::Correct && model.has(Guard::AddressWithLink));
    if is_replaced {
        voter.link += 1;
        commits.push((Ask::Voter, Delivery::New));
    }
    if with_ballot {
        let (version, recorded) = (ballot.version + 1, std::mem::take(&mut ballot.recorded));
        let is_voided = command == Command::Remove;
        *ballot = Ballot { version, is_voided, awaited: is_replaced.then_some(attempt.next), token: None, recorded };
    }
    true
}
