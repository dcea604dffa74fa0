//! When an election ends of itself.

use photovote_domain::{
    Election, Timestamp,
    election::{ElectionCommand, ElectionEvent, ElectionRejection},
    fold,
};

use crate::{
    given::{Given, given},
    photos::{NOW, TODAY, at, context, draft, opened_until},
};

/// An open election that closes at this moment, if at any.
fn open_until(closes_at: Option<Timestamp>) -> Given<Election> {
    let mut events = draft();
    events.push(opened_until(closes_at));
    given(events)
}

const fn extend(closes_at: i64) -> ElectionCommand {
    ElectionCommand::Extend { closes_at: at(closes_at) }
}

#[test]
fn the_closing_time_lies_in_the_future() {
    let open = |millis| ElectionCommand::Open { closes_at: Some(at(millis)) };
    given::<Election>(draft()).when(open(1_001), &TODAY).then([opened_until(Some(at(1_001)))]);
    given::<Election>(draft()).when(open(1_000), &TODAY).then_refused(ElectionRejection::ClosingTimePast);
    given::<Election>(draft()).when(open(-1), &TODAY).then_refused(ElectionRejection::ClosingTimePast);
}

#[test]
fn it_can_only_be_moved_later() {
    let extended = ElectionEvent::ElectionExtended { closes_at: at(2_001) };
    let open = open_until(Some(at(2_000)));
    open.when(extend(2_001), &TODAY).then([extended]);
    open.when(extend(2_000), &TODAY).then_nothing();
    open.when(extend(1_999), &TODAY).then_refused(ElectionRejection::ClosingTimeNotLater);
    open.when(extend(1_000), &TODAY).then_refused(ElectionRejection::ClosingTimePast);
}

#[test]
fn once_it_has_come_it_cannot_be_moved() {
    let open = open_until(Some(at(2_000)));
    let extended = ElectionEvent::ElectionExtended { closes_at: at(3_000) };
    open.when(extend(3_000), &context(at(1_999))).then([extended]);
    open.when(extend(3_000), &context(at(2_000))).then_refused(ElectionRejection::Due);
}

#[test]
fn there_is_none_to_move_if_none_was_given() {
    open_until(None).when(extend(3_000), &TODAY).then_refused(ElectionRejection::NoClosingTime);
}

#[test]
fn an_election_closes_when_due_and_not_before() {
    let close = || ElectionCommand::CloseIfDue;
    let open = open_until(Some(at(2_000)));
    open.when(close(), &context(at(1_999))).then_refused(ElectionRejection::NotDue);
    open.when(close(), &context(at(2_000))).then([ElectionEvent::ElectionClosing {}]);
    open_until(None).when(close(), &context(at(i64::MAX))).then_refused(ElectionRejection::NotDue);
}

#[test]
fn an_administrator_can_close_it_at_any_time() {
    let early = open_until(Some(at(2_000)));
    early.when(ElectionCommand::Close, &TODAY).then([ElectionEvent::ElectionClosing {}]);
    open_until(None).when(ElectionCommand::Close, &TODAY).then([ElectionEvent::ElectionClosing {}]);
}

#[test]
fn votes_are_accepted_until_the_closing_time() {
    let mut events = draft();
    events.push(opened_until(Some(at(2_000))));
    let election = fold::<Election>(&events);
    assert!(election.accepts_votes(NOW));
    assert!(election.accepts_votes(at(1_999)));
    assert!(!election.accepts_votes(at(2_000)));
    events.push(ElectionEvent::ElectionExtended { closes_at: at(3_000) });
    assert!(fold::<Election>(&events).accepts_votes(at(2_000)), "it was extended");
}
