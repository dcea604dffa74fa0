//! What was planned happened, once, and at its time.

use std::collections::{BTreeMap, BTreeSet};

use photovote_clock::reminder_id;
use photovote_domain::{
    Aggregate, Election, ElectionId, Mailing, MailingId, Schedule, Timestamp,
    election::{ElectionEvent, Status},
    mailing::{Kind, Recipients},
};
use photovote_events::{Actor, Stream};

use super::{
    Verdict,
    truth::{Entry, Truth, fold},
};

pub(super) fn check(truth: &Truth, verdict: &mut Verdict<'_>) {
    let mut reminders: BTreeMap<ElectionId, BTreeSet<MailingId>> = BTreeMap::new();
    for (stream, entries) in &truth.streams {
        if let Stream::Election(id) = stream {
            reminders.insert(*id, check_election(*id, entries, truth, verdict));
        }
    }
    for (stream, entries) in &truth.streams {
        let Stream::Mailing(election, id) = stream else { continue };
        let by_the_clock = entries.iter().any(|entry| entry.private.actor == Actor::Clock);
        if by_the_clock {
            let was_planned = reminders.get(election).is_some_and(|planned| planned.contains(id));
            verdict.holds(was_planned, || format!("{stream} was requested by the clock, and not planned"));
            let mailing: Mailing = fold(entries);
            let right = mailing
                .requested
                .is_some_and(|requested| (requested.kind, requested.to) == (Kind::Reminder, Recipients::NotCast));
            verdict.holds(right, || format!("{stream} is no reminder"));
        }
    }
}

/// Checks what the clock did to an election. Answers the reminders that it could request.
fn check_election(id: ElectionId, entries: &[Entry], truth: &Truth, verdict: &mut Verdict<'_>) -> BTreeSet<MailingId> {
    let mut election = Election::default();
    let mut planned = BTreeSet::new();
    let mut opened = 0;
    for entry in entries {
        let events = entry.commit.decode::<Election>().expect("what was written can be read");
        if events.iter().any(|event| matches!(event, ElectionEvent::ElectionOpened { .. })) {
            opened += 1;
            if entry.private.actor == Actor::Clock {
                let decided_at = entry.private.time;
                let due = election.is_due_to_open(entry.at) || election.is_due_to_open(decided_at);
                verdict.holds(due, || {
                    format!("{id} was opened by the clock at {:?}, as {:?}", entry.at, election.schedule)
                });
            }
        }
        election = events.iter().fold(election, Election::evolve);
        let moments = election.schedule.iter().flat_map(|schedule| &schedule.reminders).map(|reminder| reminder.at);
        planned.extend(moments.map(|at| (at, reminder_id(id, at))));
    }
    verdict.holds(opened <= 1, || format!("{id} was opened {opened} times"));
    verdict
        .holds(!was_forgotten(id, &election, truth), || format!("{id} was never opened, as {:?}", election.schedule));
    for (at, reminder) in &planned {
        let requested = truth.streams.get(&Stream::Mailing(id, *reminder)).and_then(|entries| entries.first());
        let in_time = requested.is_none_or(|entry| entry.at >= *at);
        verdict.holds(in_time, || format!("{id}: the reminder of {at:?} was requested before"));
    }
    planned.into_iter().map(|(_, reminder)| reminder).collect()
}

/// Is it still a draft, although it had voters and nothing else could prevent its opening?
fn was_forgotten(id: ElectionId, election: &Election, truth: &Truth) -> bool {
    let opens_at = election.schedule.as_ref().and_then(Schedule::opening_time);
    let (Status::Draft, Some(opens_at)) = (election.status, opens_at) else { return false };
    let of_election = |stream: &&Stream| stream.election() == id;
    let has_photographs =
        truth.streams.keys().filter(of_election).any(|stream| matches!(stream, Stream::Photograph(..)));
    let has_imports = truth.streams.keys().filter(of_election).any(|stream| matches!(stream, Stream::Import(..)));
    // Voters who were there before the opening, and never went.
    let stayed = |entries: &[Entry]| entries.first().is_some_and(|first| before(first, opens_at)) && entries.len() == 1;
    let voters =
        truth.streams.iter().filter(|(stream, _)| stream.election() == id && matches!(stream, Stream::Voter(..)));
    !has_photographs && !has_imports && voters.into_iter().any(|(_, entries)| stayed(entries))
}

fn before(entry: &Entry, at: Timestamp) -> bool {
    entry.at < at
}
