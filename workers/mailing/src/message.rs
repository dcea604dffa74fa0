//! What a voter is written.

use photovote_domain::{BallotToken, Election, ElectionId, Email, LinkNumber, Name, Timestamp, Voter, VoterId};
use photovote_letters::{Closing, Envelope, Kind, Letter, LetterError, Link, LinkError, Mail, MessageId, write};
use thiserror::Error;

use crate::Sender;

/// Why a voter cannot be written to, however often it is tried. It does not show the address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Unwritable {
    /// The letter cannot be written.
    #[error(transparent)]
    Letter(#[from] LetterError),
    /// The page's address makes no link.
    #[error("the link {0}")]
    Link(#[from] LinkError),
    /// A name or address of history is none by today's rules.
    #[error("a name or an address is not one by today's rules")]
    Value,
}

/// Names a mail among all others: the same voter and link have the same name.
pub(crate) fn name(voter: VoterId, link: LinkNumber) -> String {
    format!("invitation-{voter}-{link}")
}

/// The invitation of a voter.
pub(crate) fn invitation(
    sender: &Sender,
    (id, election): (ElectionId, &Election),
    (voter_id, voter): (VoterId, &Voter),
    link: LinkNumber,
    token: &BallotToken,
    now: Timestamp,
) -> Result<Mail, Unwritable> {
    let value = |_no_value| Unwritable::Value;
    let election_name: Name = election.name.parse().map_err(|_rule| Unwritable::Value)?;
    let voter_name: Name = voter.name.parse().map_err(|_rule| Unwritable::Value)?;
    let to: Email = voter.email.parse().map_err(value)?;
    let contact: Option<Email> = election.contact.as_deref().map(str::parse).transpose().map_err(value)?;
    let letter = Letter {
        kind: Kind::Invitation,
        language: election.language,
        election: &election_name,
        voter: &voter_name,
        closes: election.closes_at.map(|at| Closing { at, zone: None }),
        contact: contact.as_ref(),
        subject: None,
        text: None,
    };
    let link_text: Link = format!("{}/vote#{}", sender.page, token.reveal()).parse()?;
    let envelope = Envelope {
        sender: &sender.name,
        from: &sender.address,
        to: &to,
        link: &link_text,
        unsubscribe: None,
        id: MessageId::derive([&*id.to_string(), &*name(voter_id, link)]),
        date: now,
    };
    Ok(write(&letter, &envelope)?)
}
