//! Reminders: each goes to every voter who has not cast, once, with the link that the voter has.

use std::collections::{BTreeMap, BTreeSet};

use photovote_domain::{
    Ballot, BallotId, BallotToken, Election, Mailing, MailingId, Timestamp, VoterId,
    ballot::{self, BallotEvent},
    election::Status,
    voter,
};
use photovote_events::Stream;

use super::{
    Verdict,
    invitations::Person,
    truth::{Truth, fold},
};
use crate::mail::{Done, Reminder, Step};

pub(super) fn check(
    truth: &Truth,
    ballots: &BTreeMap<BallotId, Stream>,
    people: &BTreeMap<VoterId, Person>,
    steps: &[Step],
    verdict: &mut Verdict<'_>,
) {
    let requested: BTreeMap<MailingId, (Stream, Timestamp)> = truth
        .streams
        .iter()
        .filter_map(|(stream, entries)| match stream {
            Stream::Mailing(_, id) => Some((*id, (*stream, entries.first()?.at))),
            _ => None,
        })
        .collect();
    for (place, step) in steps.iter().enumerate() {
        if let Done::Reminded(mail) = &step.what {
            is_right(truth, ballots, people, &requested, (steps, place, mail), verdict);
        }
    }
    for (id, (stream, at)) in &requested {
        reaches_everybody(truth, ballots, people, (*id, *stream, *at), steps, verdict);
    }
}

/// When the voter of a ballot cast it.
fn cast_at(truth: &Truth, ballot: Option<&Stream>) -> Option<Timestamp> {
    truth.streams.get(ballot?)?.iter().find_map(|entry| {
        let events = entry.commit.decode::<Ballot>().expect("what was written can be read");
        events.iter().any(|event| matches!(event, BallotEvent::BallotCast { .. })).then_some(entry.at)
    })
}

/// A reminder was asked for, is for its voter alone, was wanted when the mailer began with it, and comes again only for a reason.
fn is_right(
    truth: &Truth,
    ballots: &BTreeMap<BallotId, Stream>,
    people: &BTreeMap<VoterId, Person>,
    requested: &BTreeMap<MailingId, (Stream, Timestamp)>,
    (steps, place, mail): (&[Step], usize, &Reminder),
    verdict: &mut Verdict<'_>,
) {
    let step = &steps[place];
    let said = || format!("the reminder of mailing {} to {}", mail.mailing, step.voter);
    let (Ok(token), Some(person), Some((stream, at))) =
        (mail.token.parse::<BallotToken>(), people.get(&step.voter), requested.get(&mail.mailing))
    else {
        verdict.holds(false, || format!("{} has no token, no voter, or nobody asked for it", said()));
        return;
    };
    verdict.holds(*at <= step.at, || format!("{} precedes its request", said()));
    let own = token.election == stream.election() && person.now().ballot == Some(token.ballot);
    verdict.holds(own, || format!("{} has the token of another ballot", said()));
    let known = ballots.get(&token.ballot).is_some_and(|ballot| {
        truth.streams[ballot].iter().any(|entry| {
            let events = entry.commit.decode::<Ballot>().expect("what was written can be read");
            let issued = |event: &BallotEvent| match event {
                BallotEvent::BallotLinkIssued { token: hash, .. } => token.matches(hash),
                _ => false,
            };
            entry.at <= step.at && events.iter().any(issued)
        })
    });
    verdict.holds(known, || format!("{} has a token that history does not know", said()));
    let lived_there = person.states.iter().any(|(at, voter)| *at <= step.at && voter.email == mail.to);
    verdict.holds(lived_there, || format!("{} goes to {}, where the voter never was", said(), mail.to));
    let claim = steps[..place].iter().rev().find(|claim| {
        claim.voter == step.voter
            && claim.life.is(&step.life)
            && matches!(claim.what, Done::ClaimedReminder(mailing) if mailing == mail.mailing)
    });
    let Some(claim) = claim else {
        verdict.holds(false, || format!("{} was not claimed", said()));
        return;
    };
    let cast = cast_at(truth, ballots.get(&token.ballot));
    verdict.holds(cast.is_none_or(|cast| claim.at <= cast), || format!("{} was begun after the cast", said()));
    let removed = person.removed();
    verdict
        .holds(removed.is_none_or(|removed| claim.at <= removed), || format!("{} was begun after the removal", said()));
    let of_this_mail = |later: &&Step| {
        later.voter == step.voter
            && match &later.what {
                Done::Reminded(other) => other.mailing == mail.mailing,
                Done::Settled(mailing) => *mailing == mail.mailing,
                _ => false,
            }
    };
    let later: Vec<_> = steps[place + 1..].iter().filter(of_this_mail).collect();
    let again = later.iter().any(|later| matches!(later.what, Done::Reminded(_)));
    let next = later.iter().find(|later| later.life.is(&step.life));
    let settled = next.is_some_and(|next| matches!(next.what, Done::Settled(_)));
    verdict.holds(!(again && settled), || format!("{} came again, after it was settled", said()));
    let excused = mail.answer_lost || step.life.was_troubled();
    verdict.holds(!again || excused, || format!("{} came again, and nothing went wrong", said()));
}

/// In an election that is open when the system has come to rest, a reminder reached every voter who was there before it and has not
/// cast.
fn reaches_everybody(
    truth: &Truth,
    ballots: &BTreeMap<BallotId, Stream>,
    people: &BTreeMap<VoterId, Person>,
    (id, stream, at): (MailingId, Stream, Timestamp),
    steps: &[Step],
    verdict: &mut Verdict<'_>,
) {
    let mailing: Mailing = fold(&truth.streams[&stream]);
    verdict.holds(mailing.requested.is_some(), || format!("{stream} is no mailing"));
    let is_open = |election: &Election| election.status == Status::Open;
    if !truth.election(stream.election()).is_some_and(is_open) {
        return;
    }
    let reminded: BTreeSet<VoterId> = steps
        .iter()
        .filter(|step| matches!(&step.what, Done::Reminded(mail) if mail.mailing == id))
        .map(|step| step.voter)
        .collect();
    for (voter, person) in people {
        let there = person.stream.election() == stream.election()
            && person.states[0].0 < at
            && person.now().status == voter::Status::Registered;
        let ballot = person.now().ballot.and_then(|ballot| ballots.get(&ballot));
        let state: Option<Ballot> = ballot.map(|ballot| fold(&truth.streams[ballot]));
        if there && state.is_some_and(|ballot| ballot.status != ballot::Status::Cast) {
            verdict.holds(reminded.contains(voter), || format!("{stream} did not reach {voter}"));
        }
    }
}
