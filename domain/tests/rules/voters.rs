//! Who may vote.

use photovote_domain::{
    Ballot, Refusal, Voter,
    ballot::Status as BallotStatus,
    election::Status as ElectionStatus,
    fold,
    voter::{Context, Status, VoterCommand, VoterEvent, VoterRejection, registration},
};

use crate::{
    given::{Decision, given},
    photos::{STATUSES, ballot_history, ballot_id, election, registered, text},
};

fn register() -> VoterCommand {
    VoterCommand::Register { name: text("Bea"), email: text("bea@example.org"), ballot: ballot_id(1) }
}

/// When this is asked of a voter with this past, whose ballot and election have come so far.
fn when(
    events: impl IntoIterator<Item = VoterEvent>,
    command: VoterCommand,
    ballot: BallotStatus,
    status: ElectionStatus,
) -> Decision<Voter> {
    let ballot = fold::<Ballot>(&ballot_history(ballot));
    let election = election(status);
    given::<Voter>(events).when(command, &Context { election: &election, ballot: &ballot })
}

#[test]
fn a_voter_is_registered_with_one_ballot() {
    when([], register(), BallotStatus::Absent, ElectionStatus::Draft).then([registered()]);
    let voter = fold::<Voter>(&[registered()]);
    assert_eq!(voter.status, Status::Registered);
    assert_eq!(
        (voter.name.as_str(), voter.email.as_str(), voter.ballot),
        ("Bea", "bea@example.org", Some(ballot_id(1)))
    );
}

#[test]
fn voters_change_only_while_it_is_a_draft_or_open() {
    const CLOSED: &str = "registration_closed";
    let expected = [CLOSED, "yes", "yes", CLOSED, CLOSED, CLOSED, "election_deleted"];
    let answer = |decision: Decision<Voter>| match decision.get() {
        Ok(events) if events.len() == 1 => "yes",
        Ok(_) => "another number of events",
        Err(rejection) => rejection.code(),
    };
    assert_eq!(STATUSES.map(|at| answer(when([], register(), BallotStatus::Absent, at))), expected);
    let remove = || VoterCommand::Remove;
    assert_eq!(STATUSES.map(|at| answer(when([registered()], remove(), BallotStatus::Draft, at))), expected);
    let registration = STATUSES.map(|at| registration(&election(at)).map_or_else(|no| no.code(), |()| "yes"));
    assert_eq!(registration, expected);
}

#[test]
fn an_id_names_one_voter_for_ever() {
    let taken = |events: Vec<VoterEvent>| {
        when(events, register(), BallotStatus::Draft, ElectionStatus::Open).then_refused(VoterRejection::IdTaken);
    };
    taken(vec![registered()]);
    taken(vec![registered(), VoterEvent::VoterRemoved {}]);
}

#[test]
fn a_voter_who_has_not_cast_can_be_removed() {
    let removed = VoterEvent::VoterRemoved {};
    when([registered()], VoterCommand::Remove, BallotStatus::Draft, ElectionStatus::Open).then([removed.clone()]);
    assert_eq!(fold::<Voter>(&[registered(), removed]).status, Status::Removed);
}

#[test]
fn a_voter_who_has_cast_stays() {
    for status in [ElectionStatus::Open, ElectionStatus::Closed] {
        when([registered()], VoterCommand::Remove, BallotStatus::Cast, status).then_refused(VoterRejection::HasCast);
    }
}

#[test]
fn only_a_registered_voter_can_be_removed() {
    let gone = |events: Vec<VoterEvent>| {
        let decision = when(events, VoterCommand::Remove, BallotStatus::Draft, ElectionStatus::Open);
        decision.then_refused(VoterRejection::NotFound);
    };
    gone(vec![]);
    gone(vec![registered(), VoterEvent::VoterRemoved {}]);
}

#[test]
fn replacing_a_token_leaves_the_voter_unchanged() {
    let replaced = VoterEvent::VoterTokenReplaced {};
    let ask =
        |events: Vec<VoterEvent>| when(events, VoterCommand::ReplaceToken, BallotStatus::Draft, ElectionStatus::Open);
    ask(vec![registered()]).then([replaced.clone()]);
    ask(vec![registered(), replaced.clone()]).then([replaced.clone()]);
    ask(vec![]).then_refused(VoterRejection::NotFound);
    ask(vec![registered(), VoterEvent::VoterRemoved {}]).then_refused(VoterRejection::NotFound);
    assert_eq!(fold::<Voter>(&[registered(), replaced]), fold::<Voter>(&[registered()]));
}
