//! Finding recipients, and sending mails: `workers/mailing/src`.
//!
//! The election is open, and stays so. No voter casts, no mail is refused for good, and no voter ends the mails: then a mailer ends its
//! claim without a mail, as it does when a voter was removed.

use crate::mails::{
    Guard, Kind, Mails, State,
    tables::{Due, Item, Link, Mail, Mailing, Tables, Token, kind},
};

/// A mail that a mailer has claimed (`Claim`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Job {
    /// Its item.
    item: Item,
    /// The mailing among whose mails it is counted.
    counted: Option<Mailing>,
    /// Is the link sent although it was sent before?
    again: bool,
}

/// A voter, as a mailer has read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Seen {
    /// The link.
    link: Link,
    /// The address.
    address: u8,
}

/// What became of a mail (`Ended`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ended {
    /// It is not due any more.
    Dropped,
    /// It was sent.
    Sent(Mail),
    /// It can never be sent: this link was derived from another key.
    Failed(Link),
}

impl Ended {
    const fn link(self) -> Option<Link> {
        match self {
            Self::Dropped => None,
            Self::Sent(mail) => mail.invitation,
            Self::Failed(link) => Some(link),
        }
    }
}

/// How far a mailer is: the next call that it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// It waits for a message.
    Idle,
    /// The voter is to be read.
    Claimed(Job),
    /// The last link that was mailed is to be read.
    ReadingMailed(Job, Seen),
    /// The ballot is to be read.
    ReadingBallot(Job, Seen),
    /// The hash of this token is to be appended to the ballot, at this version.
    Issuing(Job, Seen, u8, Token),
    /// The ballot does not await this link: the voter is to be read again.
    Refused(Job, Link),
    /// The claim is to be given up.
    GivingUp(Job),
    /// The mail is to be sent, perhaps with this token.
    Sending {
        /// The mail's claim.
        job: Job,
        /// To whom it goes.
        seen: Seen,
        /// What it opens.
        token: Option<Token>,
        /// Was the voter registered at the last look? Nobody in the model sees this.
        is_registered: bool,
    },
    /// The claim is to be ended, and the mail noted, unless it was asked for again.
    Settling(Job, Ended),
    /// It was asked for again: the claim is to be ended, and the mail stays due.
    SettlingAgain(Job, Ended),
    /// Somebody else has the claim: that this mail was sent is to be noted.
    Noting(Ended),
    /// All voters are looked at, when it was asked so often; they are to be read.
    Looking(u8),
    /// The last links that were mailed are to be read; the voter's is this.
    Comparing(u8, Link),
    /// The voter's link is to be asked for.
    Asking(u8),
    /// That all voters were looked at is to be noted.
    Looked(u8),
    /// The recipients of this mailing are to be read.
    Finding(Mailing),
    /// The voter's mail is to be queued, if the voter is a recipient.
    Queueing(Mailing, bool),
}

/// What can happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// A mail is found to be due, and claimed.
    Claim(Item),
    /// All voters are found to be looked at.
    Look,
    /// A mailing is found whose recipients are to be found.
    Find(Mailing),
    /// The next call is made and answered.
    Call,
    /// The mail is sent, but the answer lost.
    Lost,
    /// The function ends.
    Crash,
}

pub(crate) fn moves(model: &Mails, state: &State, number: u8) -> Vec<Move> {
    let tables = &state.tables;
    match state.mailers[usize::from(number)] {
        Step::Idle => {
            let mailings = (0..).zip(&tables.mails);
            let mails = mailings.filter(|(_, due)| is_free(model, **due)).map(|(mailing, _)| Item::Mail(mailing));
            let link = is_free(model, tables.link).then_some(Item::Link);
            let finding = (0..).zip(&tables.finding).filter(|(_, to_be_found)| **to_be_found);
            let claims = link.into_iter().chain(mails).map(Move::Claim);
            claims
                .chain(tables.everybody.map(|_| Move::Look))
                .chain(finding.map(|(mailing, _)| Move::Find(mailing)))
                .collect()
        }
        Step::Sending { .. } => vec![Move::Call, Move::Lost, Move::Crash],
        _ => vec![Move::Call, Move::Crash],
    }
}

/// Can an item be claimed?
fn is_free(model: &Mails, due: Option<Due>) -> bool {
    due.is_some_and(|due| due.claimant.is_none() || model.slow || !model.has(Guard::ClaimedOnce))
}

pub(crate) fn make(model: &Mails, state: &mut State, number: u8, step: Move) -> Option<()> {
    let at = state.mailers[usize::from(number)];
    let next = match (at, step) {
        (Step::Idle, Move::Claim(item)) => {
            let due = state.tables.item(item).as_mut()?;
            state.outbox.taken_over |= due.claimant.is_some() && model.slow;
            (due.claimant, due.asked_again) = (Some(number), false);
            let of_mailing = match item {
                Item::Link => due.mailing,
                Item::Mail(mailing) => Some(mailing),
            };
            Step::Claimed(Job { item, counted: of_mailing, again: due.again })
        }
        (Step::Idle, Move::Look) => Step::Looking(state.tables.everybody?),
        (Step::Idle, Move::Find(mailing)) => Step::Finding(mailing),
        (_, Move::Crash) => {
            if let Step::Settling(_, Ended::Sent(mail))
            | Step::SettlingAgain(_, Ended::Sent(mail))
            | Step::Noting(Ended::Sent(mail)) = at
            {
                state.outbox.forget(mail);
            }
            release(&mut state.tables, number);
            Step::Idle
        }
        (Step::Looking(_) | Step::Comparing(..) | Step::Asking(_) | Step::Looked(_), Move::Call) => {
            look(&mut state.tables, at)?
        }
        (Step::Finding(mailing), Move::Call) => {
            let tables = &state.tables;
            let is_recipient = match kind(model, mailing)? {
                // Named voters are recipients, unless their link is on its way for another mailing.
                Kind::Again => tables.link.is_none_or(|due| due.mailing.is_none()),
                Kind::Reminder | Kind::Results => tables.voter.is_registered(),
            };
            Step::Queueing(mailing, is_recipient)
        }
        (Step::Queueing(mailing, is_recipient), Move::Call) => {
            queue(model, &mut state.tables, mailing, is_recipient)?;
            Step::Idle
        }
        (Step::Sending { .. }, Move::Call | Move::Lost) => send(state, at, step)?,
        (_, Move::Call) => work(model, state, number, at)?,
        _ => return None,
    };
    state.mailers[usize::from(number)] = next;
    Some(())
}

/// What a mailer has claimed can be claimed by others.
fn release(tables: &mut Tables, number: u8) {
    let items = std::iter::once(&mut tables.link).chain(&mut tables.mails).flatten();
    for due in items.filter(|due| due.claimant == Some(number)) {
        (due.claimant, due.asked_again) = (None, false);
    }
}

/// `Mailer::ask_for_some`, and `Control::looked_at`.
fn look(tables: &mut Tables, at: Step) -> Option<Step> {
    Some(match at {
        Step::Looking(asked) if tables.voter.is_registered() => Step::Comparing(asked, tables.voter.link),
        Step::Comparing(asked, link) if tables.mailed.is_none_or(|mailed| mailed < link) => Step::Asking(asked),
        Step::Looking(asked) | Step::Comparing(asked, _) => Step::Looked(asked),
        Step::Asking(asked) => {
            Due::asked(&mut tables.link);
            Step::Looked(asked)
        }
        Step::Looked(asked) => {
            tables.everybody = tables.everybody.filter(|now| *now != asked);
            Step::Idle
        }
        _ => return None,
    })
}

/// One transaction of `Control::found`.
fn queue(model: &Mails, tables: &mut Tables, mailing: Mailing, is_recipient: bool) -> Option<()> {
    let number = usize::from(mailing);
    let kind = kind(model, mailing)?;
    let is_taken = kind == Kind::Again && tables.link.is_some_and(|due| due.mailing.is_some());
    if (!tables.finding[number] && model.has(Guard::FoundOnce)) || (is_recipient && is_taken) {
        return Some(());
    }
    tables.finding[number] = false;
    if !is_recipient {
        return Some(());
    }
    tables.queued[number] += 1;
    if kind == Kind::Again {
        let due = Due::asked(&mut tables.link);
        (due.mailing, due.again) = (Some(mailing), true);
    } else {
        Due::asked(&mut tables.mails[number]);
    }
    Some(())
}

/// One call of `Mailer::invite_claimed`, `Mailer::remind_claimed`, `Mailer::issue` or `Control::settle`.
fn work(model: &Mails, state: &mut State, number: u8, at: Step) -> Option<Step> {
    let tables = &mut state.tables;
    let voter = tables.voter;
    Some(match at {
        Step::Claimed(job) => {
            let seen = Seen { link: voter.link, address: voter.address };
            let kind = job.counted.and_then(|mailing| kind(model, mailing));
            match job.item {
                _ if !voter.is_registered() && model.has(Guard::RegisteredOnly) => Step::Settling(job, Ended::Dropped),
                Item::Link => Step::ReadingMailed(job, seen),
                Item::Mail(_) if kind == Some(Kind::Results) => {
                    Step::Sending { job, seen, token: None, is_registered: voter.is_registered() }
                }
                Item::Mail(_) => Step::ReadingBallot(job, seen),
            }
        }
        Step::ReadingMailed(job, seen) => {
            let is_due =
                job.again || tables.mailed.is_none_or(|mailed| mailed < seen.link) || !model.has(Guard::MailedIsKnown);
            if is_due { Step::ReadingBallot(job, seen) } else { Step::Settling(job, Ended::Dropped) }
        }
        Step::ReadingBallot(job, seen) => issue(model, tables, job, seen),
        Step::Issuing(job, seen, version, token) => {
            let ballot = &mut tables.ballot;
            if ballot.version != version && model.has(Guard::PlaceMustBeFree) {
                // Another commit was faster: the ballot is read and decided with again.
                return Some(Step::ReadingBallot(job, seen));
            }
            ballot.version = ballot.version.max(version + 1);
            (ballot.awaited, ballot.token) = (None, Some(token));
            ballot.recorded.insert(token);
            Step::Sending { job, seen, token: Some(token), is_registered: voter.is_registered() }
        }
        Step::Refused(job, link) if voter.link == link => Step::Settling(job, Ended::Failed(link)),
        Step::Refused(job, _) => Step::GivingUp(job),
        Step::GivingUp(_) => {
            release(tables, number);
            Step::Idle
        }
        Step::Settling(job, ended) => {
            let item = tables.item(job.item);
            let is_ours = |due: Due| due.claimant == Some(number) && !(due.asked_again && model.has(Guard::AskedAgain));
            if !item.is_some_and(is_ours) {
                return Some(Step::SettlingAgain(job, ended));
            }
            *item = None;
            count(tables, job);
            note(model, state, ended);
            Step::Idle
        }
        Step::SettlingAgain(job, ended) => match tables.item(job.item) {
            Some(due) if due.claimant == Some(number) => {
                let kept = job.counted.is_none() && model.has(Guard::OwnMailingOnly);
                let (mailing, again) = if kept { (due.mailing, due.again) } else { (None, false) };
                *due = Due { mailing, again, ..Due::default() };
                count(tables, job);
                note(model, state, ended);
                Step::Idle
            }
            _ if ended.link().is_some() => Step::Noting(ended),
            _ => Step::Idle,
        },
        Step::Noting(ended) => {
            note(model, state, ended);
            Step::Idle
        }
        _ => return None,
    })
}

/// The ballot is read, and decided with.
fn issue(model: &Mails, tables: &Tables, job: Job, seen: Seen) -> Step {
    let ballot = &tables.ballot;
    let is_registered = tables.voter.is_registered();
    // Drawn anew each time, it differs from the one before.
    let drawn = || ballot.token.map_or(0, |token| 1 - token.salt);
    let salt = if model.has(Guard::Derived) { 0 } else { drawn() };
    let token = Token { link: seen.link, salt };
    let ready = Step::Sending { job, seen, token: Some(token), is_registered };
    let is_awaited = ballot.awaited == Some(seen.link) || !model.has(Guard::AwaitedOnly);
    let is_drawn_anew = ballot.token.is_some_and(|issued| issued.link == seen.link) && !model.has(Guard::Derived);
    match ballot.token {
        _ if ballot.is_voided => Step::Settling(job, Ended::Dropped),
        _ if !model.has(Guard::IssuedFirst) => ready,
        Some(issued) if issued == token => ready,
        _ if is_awaited || is_drawn_anew => Step::Issuing(job, seen, ballot.version, token),
        _ => Step::Refused(job, seen.link),
    }
}

/// A mail goes out, whether or not there is an answer.
fn send(state: &mut State, at: Step, step: Move) -> Option<Step> {
    let Step::Sending { job, seen, token, is_registered } = at else { return None };
    let mail = match job.item {
        Item::Link => Mail { invitation: Some(seen.link), mailing: job.counted.filter(|_| job.again) },
        Item::Mail(mailing) => Mail { invitation: None, mailing: Some(mailing) },
    };
    let outbox = &mut state.outbox;
    outbox.send(mail);
    outbox.sent_to_removed |= !is_registered;
    if let Some(token) = token {
        outbox.sent_unrecorded |= !state.tables.ballot.recorded.contains(&token);
        outbox.went.insert((token, seen.address));
    }
    if step == Move::Lost {
        outbox.forget(mail);
        return Some(Step::GivingUp(job));
    }
    Some(Step::Settling(job, Ended::Sent(mail)))
}

/// A mail of a mailing is not queued any more.
fn count(tables: &mut Tables, job: Job) {
    if let Some(mailing) = job.counted {
        let queued = &mut tables.queued[usize::from(mailing)];
        *queued = queued.saturating_sub(1);
    }
}

/// The link of a mail is the last one that was mailed.
fn note(model: &Mails, state: &mut State, ended: Ended) {
    let mailed = state.tables.mailed;
    let Some(link) = ended.link().filter(|link| mailed < Some(*link) || !model.has(Guard::NeverBack)) else { return };
    state.outbox.went_back |= mailed > Some(link);
    state.tables.mailed = Some(link);
}
