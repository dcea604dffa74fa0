//! Which mailings can be requested.

use std::collections::BTreeSet;

use photovote_domain::{
    Election, Links, Mailing, VoterId,
    election::Status,
    mailing::{
        Context, Kind, MOST_NAMED, MailingCommand as C, MailingEvent as E, MailingRejection as R, Recipients, Requested,
    },
};

use crate::{
    given::{Decision, given},
    photos::{STATUSES, election, text},
};

fn request(kind: Kind, to: Recipients) -> C {
    C::Request { kind, to, subject: Some(text("One week left")), text: Some(text("Please vote.")) }
}

fn requested(kind: Kind, to: Recipients) -> E {
    let (subject, text) = (Some("One week left".to_owned()), Some("Please vote.".to_owned()));
    E::MailingRequested(Requested { kind, subject, text, to })
}

fn voters(count: u128) -> Recipients {
    Recipients::Voters((0..count).map(VoterId::from_bits).collect())
}

fn inviting(status: Status) -> Election {
    Election { links: Links::Invite, ..election(status) }
}

fn when(command: C, election: &Election) -> Decision<Mailing> {
    given::<Mailing>([]).when(command, &Context { election })
}

#[test]
fn invitations_and_reminders_are_for_open_elections() {
    for status in STATUSES {
        for (kind, to) in [(Kind::Invitation, Recipients::NotInvited), (Kind::Reminder, Recipients::NotCast)] {
            let decided = when(request(kind, to.clone()), &inviting(status));
            match status {
                Status::Open => decided.then([requested(kind, to)]),
                Status::Deleted => decided.then_refused(R::ElectionDeleted),
                _ => decided.then_refused(R::NotOpen(status)),
            }
        }
    }
}

#[test]
fn results_are_mailed_once_they_are_released() {
    for status in STATUSES {
        for links in Links::ALL {
            let election = Election { links, ..election(status) };
            let decided = when(request(Kind::Results, Recipients::All), &election);
            match status {
                Status::Released => decided.then([requested(Kind::Results, Recipients::All)]),
                Status::Deleted => decided.then_refused(R::ElectionDeleted),
                _ => decided.then_refused(R::NotReleased(status)),
            }
        }
    }
}

#[test]
fn links_that_are_handed_out_are_not_mailed() {
    for kind in [Kind::Invitation, Kind::Reminder] {
        when(request(kind, Recipients::All), &election(Status::Open)).then_refused(R::LinksHandedOut);
    }
}

#[test]
fn each_kind_goes_to_voters_that_it_suits() {
    let suiting = [
        (Kind::Invitation, Recipients::All, true),
        (Kind::Invitation, Recipients::NotInvited, true),
        (Kind::Invitation, Recipients::NotCast, false),
        (Kind::Invitation, Recipients::Bounced, true),
        (Kind::Invitation, voters(1), true),
        (Kind::Reminder, Recipients::All, true),
        (Kind::Reminder, Recipients::NotInvited, false),
        (Kind::Reminder, Recipients::NotCast, true),
        (Kind::Reminder, Recipients::Bounced, false),
        (Kind::Reminder, voters(1), true),
        (Kind::Results, Recipients::All, true),
        (Kind::Results, Recipients::NotInvited, false),
        (Kind::Results, Recipients::NotCast, false),
        (Kind::Results, Recipients::Bounced, false),
        (Kind::Results, voters(1), true),
    ];
    for (kind, to, suits) in suiting {
        let status = if kind == Kind::Results { Status::Released } else { Status::Open };
        let decided = when(request(kind, to.clone()), &inviting(status));
        if suits {
            decided.then([requested(kind, to)]);
        } else {
            decided.then_refused(R::Recipients(kind));
        }
    }
}

#[test]
fn a_mailing_names_one_to_a_hundred_voters() {
    let named = |count| when(request(Kind::Reminder, voters(count)), &inviting(Status::Open));
    named(0).then_refused(R::Named);
    named(100).then([requested(Kind::Reminder, voters(100))]);
    named(101).then_refused(R::Named);
    assert_eq!(MOST_NAMED, 100);
}

#[test]
fn a_mailing_is_requested_once() {
    let to = Recipients::Voters(BTreeSet::from([VoterId::from_bits(7)]));
    let before = requested(Kind::Reminder, to);
    let election = inviting(Status::Open);
    given::<Mailing>([before])
        .when(request(Kind::Reminder, Recipients::NotCast), &Context { election: &election })
        .then_refused(R::IdTaken);
}
