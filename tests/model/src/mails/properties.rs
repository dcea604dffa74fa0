//! What must hold, always; and what must be possible, so that nothing holds only because nothing happens.

use stateright::Property;

use crate::mails::{Mails, State, administrator, mailer};

/// Once nothing is due, a voter who is there was mailed the present link, and each mailing that was requested since they were
/// registered.
pub const DELIVERED: &str = "when nothing is due, the voter has each mail";
/// A mail goes out once more only if it could not be noted that it did: its mailer crashed, or the service's answer was lost.
pub const ONCE: &str = "a mail goes out twice only if it could not be noted";
/// All mails with a link have the same one.
pub const SAME: &str = "a link is the same in each mail";
/// A link that is sent opened the ballot before.
pub const RECORDED: &str = "a link is recorded before it is sent";
/// Only the present link of a voter who is there opens the ballot.
pub const REPLACED: &str = "a link that was replaced opens nothing";
/// What opens the ballot went to the present address only.
pub const ADDRESS: &str = "a link that went to another address opens nothing";
/// The ballot awaits the present link, or it is what opens it.
pub const NUMBERED: &str = "voter and ballot agree on the link";
/// A voter who is removed before a mailer's last look gets no mail from it. The last look is the read of the ballot that finds the link
/// issued, or the commit that issues it; of mails without links, it is the read of the voter.
pub const REMOVED: &str = "a voter who is removed before the last look gets no mail";
/// Once nothing is due, no mail is counted as queued.
pub const COUNTED: &str = "when nothing is due, nothing is queued";
/// What is noted as the last link that was mailed only grows.
pub const FORWARD: &str = "the last link that was mailed is never an earlier one";
/// No request finds that the guard of a voter's address is missing.
pub const GUARDED: &str = "no request finds a guard missing";

/// A mail goes out twice.
pub const TWICE: &str = "a mail goes out twice after a crash";
/// A mail goes to a voter after the removal, by a mailer whose last look came before.
pub const TOO_LATE: &str = "a mail is on its way when its voter is removed";
/// A mail with a link goes out after the link was replaced.
pub const OVERTAKEN: &str = "a mail is on its way when its link is replaced";

pub(crate) fn all() -> Vec<Property<Mails>> {
    vec![
        Property::always(DELIVERED, each_mail_was_sent),
        Property::always(ONCE, |_, state: &State| !state.outbox.sent_twice),
        Property::always(SAME, links_are_the_same),
        Property::always(RECORDED, |_, state: &State| !state.outbox.sent_unrecorded),
        Property::always(REPLACED, only_the_present_link_opens),
        Property::always(ADDRESS, links_went_to_the_present_address),
        Property::always(NUMBERED, voter_and_ballot_agree),
        Property::always(REMOVED, |_, state: &State| !state.outbox.sent_to_removed),
        Property::always(COUNTED, |_, state: &State| {
            !state.is_at_rest() || state.tables.queued.iter().all(|queued| *queued == 0)
        }),
        Property::always(FORWARD, |_, state: &State| !state.outbox.went_back),
        Property::always(GUARDED, |_, state: &State| !state.requests.contains(&administrator::Step::Unguarded)),
        Property::sometimes(TWICE, |_, state: &State| state.outbox.sent_again),
        Property::sometimes(TOO_LATE, |_, state: &State| {
            !state.tables.voter.is_registered() && is_sending(state, |_| true)
        }),
        Property::sometimes(OVERTAKEN, |_, state: &State| is_sending(state, |link| link < state.tables.voter.link)),
    ]
}

/// Is a mailer about to send a link like this?
fn is_sending(state: &State, like: impl Fn(u8) -> bool) -> bool {
    state.mailers.iter().any(|step| match step {
        mailer::Step::Sending { token: Some(token), .. } => like(token.link),
        _ => false,
    })
}

fn each_mail_was_sent(_: &Mails, state: &State) -> bool {
    let (voter, outbox) = (state.tables.voter, &state.outbox);
    if !(state.is_at_rest() && state.tables.is_open && voter.is_registered()) {
        return true;
    }
    let has_link = outbox.sent.keys().any(|mail| mail.invitation == Some(voter.link));
    let has_mailing = |mailing: &u8| outbox.sent.keys().any(|mail| mail.mailing == Some(*mailing));
    has_link && outbox.invited.iter().all(has_mailing)
}

fn links_are_the_same(_: &Mails, state: &State) -> bool {
    let went = || state.outbox.went.iter().map(|(token, _)| token);
    went().all(|token| went().all(|other| other.link != token.link || other == token))
}

fn only_the_present_link_opens(_: &Mails, state: &State) -> bool {
    let voter = state.tables.voter;
    state.tables.ballot.token.is_none_or(|token| voter.is_registered() && token.link == voter.link)
}

fn links_went_to_the_present_address(_: &Mails, state: &State) -> bool {
    let voter = state.tables.voter;
    let elsewhere = state.outbox.went.iter().filter(|(_, address)| *address != voter.address);
    elsewhere.into_iter().all(|(token, _)| state.tables.ballot.token != Some(*token))
}

fn voter_and_ballot_agree(_: &Mails, state: &State) -> bool {
    let ballot = &state.tables.ballot;
    let link = ballot.awaited.or(ballot.token.map(|token| token.link));
    !state.tables.voter.is_registered() || link == Some(state.tables.voter.link)
}
