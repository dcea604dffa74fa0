//! Who may vote.

use photovote_domain::{
    Aggregate, Ballot, Election, LinkNumber, Links, Refusal, Voter,
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
    let (before, after) = (fold::<Voter>(&[registered()]), fold::<Voter>(&[registered(), replaced]));
    assert_eq!(Voter { link: before.link.next(), ..before }, after, "only which link is theirs");
}

fn correct(name: Option<&str>, email: Option<&str>) -> VoterCommand {
    VoterCommand::Change { name: name.map(text), email: email.map(text) }
}

fn moved() -> VoterEvent {
    VoterEvent::VoterEmailChanged { email: "bea@example.net".into() }
}

#[test]
fn a_correction_says_what_is_different() {
    let ask = |command| when([registered()], command, BallotStatus::Draft, ElectionStatus::Open);
    ask(correct(Some("Bea"), Some("bea@example.org"))).then([]);
    ask(correct(None, Some("bea@example.net"))).then([moved()]);
    ask(correct(Some("Beatrice"), None)).then([VoterEvent::VoterNameChanged { name: "Beatrice".into() }]);
    let voter = fold::<Voter>(&[registered(), moved(), VoterEvent::VoterNameChanged { name: "Beatrice".into() }]);
    assert_eq!((voter.name.as_str(), voter.email.as_str()), ("Beatrice", "bea@example.net"));
}

#[test]
fn a_correction_needs_a_voter_and_an_election() {
    let ask = |events: Vec<VoterEvent>, status| when(events, correct(Some("Eve"), None), BallotStatus::Draft, status);
    ask(vec![], ElectionStatus::Open).then_refused(VoterRejection::NotFound);
    ask(vec![registered(), VoterEvent::VoterRemoved {}], ElectionStatus::Open).then_refused(VoterRejection::NotFound);
    ask(vec![registered()], ElectionStatus::Deleted).then_refused(VoterRejection::ElectionDeleted);
    // Results are mailed after the close.
    ask(vec![registered()], ElectionStatus::Released).then([VoterEvent::VoterNameChanged { name: "Eve".into() }]);
}

#[test]
fn another_mailbox_gets_another_link() {
    let asked = |links, ballot, status, email: &str| {
        let ballot = fold::<Ballot>(&ballot_history(ballot));
        let election = Election { links, ..election(status) };
        let context = Context { election: &election, ballot: &ballot };
        fold::<Voter>(&[registered()]).decide(correct(None, Some(email)), &context).unwrap()
    };
    let (invite, draft, open) = (Links::Invite, BallotStatus::Draft, ElectionStatus::Open);
    let replaced = vec![moved(), VoterEvent::VoterTokenReplaced {}];
    assert_eq!(asked(invite, draft, open, "bea@example.net"), replaced);
    assert_eq!(asked(Links::HandOut, draft, open, "bea@example.net"), [moved()], "the administrator has the token");
    assert_eq!(asked(invite, BallotStatus::Cast, open, "bea@example.net"), [moved()], "it is cast");
    assert_eq!(asked(invite, draft, ElectionStatus::Closed, "bea@example.net"), [moved()], "nobody votes any more");
    let spelled = VoterEvent::VoterEmailChanged { email: "Bea@example.org".into() };
    assert_eq!(asked(invite, draft, open, "Bea@example.org"), [spelled], "it is the same mailbox");
    assert_eq!(fold::<Voter>(&[registered()]).link, LinkNumber::FIRST);
}
