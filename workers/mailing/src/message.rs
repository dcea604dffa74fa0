//! What a voter is written.

use photovote_domain::{
    Description, Election, Email, Name, Timestamp,
    mailing::{self, Kind, Requested},
};
use photovote_letters::{
    AddressError, Closing, Envelope, Letter, LetterError, Link, LinkError, Mail, MessageId, Place, write,
};
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

impl Unwritable {
    /// What an administrator is told: a stable name, or a sentence.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Letter(LetterError::Recipient(AddressError::LocalPart)) => "local_part".to_owned(),
            other => other.to_string(),
        }
    }
}

/// A letter to one person, before it is a message.
pub(crate) struct Draft<'a> {
    pub(crate) kind: Kind,
    pub(crate) election: &'a Election,
    /// The recipient's name and address, as history has them.
    pub(crate) to: (&'a str, &'a str),
    /// The words of a mailing, if it is one. Otherwise, or where it has none, the mail has the usual words of the election.
    pub(crate) own: Option<&'a Requested>,
    /// Where the link leads: a path of the page.
    pub(crate) path: String,
    /// The token that ends the mails.
    pub(crate) unsubscribe: Option<String>,
    /// Names the mail among all others: the same mail has the same ids.
    pub(crate) id: [&'a str; 2],
}

/// Writes a letter.
pub(crate) fn message(sender: &Sender, draft: Draft<'_>, now: Timestamp) -> Result<Mail, Unwritable> {
    let name = |text: &str| text.parse::<Name>().map_err(|_rule| Unwritable::Value);
    let address = |text: &str| text.parse::<Email>().map_err(|_rule| Unwritable::Value);
    let (election_name, voter_name) = (name(&draft.election.name)?, name(draft.to.0)?);
    let to = address(draft.to.1)?;
    let contact = draft.election.contact.as_deref().map(address).transpose()?;
    let usual = mailing::usual_words(draft.election, draft.kind);
    let subject = draft.own.and_then(|own| own.subject.as_deref()).or(usual.0).map(name).transpose()?;
    let text = draft.own.and_then(|own| own.text.as_deref()).or(usual.1).map(str::parse::<Description>).transpose();
    let text = text.map_err(|_rule| Unwritable::Value)?;
    let place = Place::of(draft.election);
    let letter = Letter {
        kind: draft.kind,
        language: draft.election.language,
        election: &election_name,
        voter: &voter_name,
        closes: Closing::of(draft.election, place.as_ref()),
        contact: contact.as_ref(),
        subject: subject.as_ref(),
        text: text.as_ref(),
    };
    let link: Link = format!("{}{}", sender.page, draft.path).parse()?;
    let unsubscribe = draft.unsubscribe.map(|token| format!("{}/v1/unsubscribe/{token}", sender.page).parse());
    let unsubscribe: Option<Link> = unsubscribe.transpose()?;
    let envelope = Envelope {
        sender: &sender.name,
        from: &sender.address,
        to: &to,
        link: &link,
        unsubscribe: unsubscribe.as_ref(),
        id: MessageId::derive(draft.id),
        date: now,
    };
    Ok(write(&letter, &envelope)?)
}
