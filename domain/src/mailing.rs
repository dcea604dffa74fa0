//! The mailing: mails of one kind to several voters, which an administrator asks for.
//!
//! A mailing never changes once it is requested. To whom its mails went, and what became of them, is not part of history: of a
//! reminder, that would tell who has not voted.

use std::{collections::BTreeSet, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    aggregate::{Aggregate, Kind as RefusalKind, Refusal},
    election::{Election, Status as ElectionStatus, status_word},
    ids::VoterId,
    links::Links,
    text::{Description, Name},
};

/// The most mailings of one election.
pub const MOST_MAILINGS: usize = 100;
/// The most voters that a mailing can name.
pub const MOST_NAMED: usize = 100;

/// Why voters are written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The election is open, and this is the voter's link.
    Invitation,
    /// The election is still open. The link is that of the invitation.
    Reminder,
    /// The results are released. The link leads to them.
    Results,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Invitation, Self::Reminder, Self::Results];

    /// The word for it in requests and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Reminder => "reminder",
            Self::Results => "results",
        }
    }
}

/// A text that is no kind of mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("is neither invitation nor reminder nor results")]
pub struct KindError;

impl FromStr for Kind {
    type Err = KindError;

    fn from_str(word: &str) -> Result<Self, KindError> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or(KindError)
    }
}

/// Which voters are written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipients {
    /// All voters. An invitation goes only to those who lack their present link.
    All,
    /// Those who were not mailed their present link.
    NotInvited,
    /// Those who have not cast their ballots.
    NotCast,
    /// Those whose invitation did not arrive.
    Bounced,
    /// These voters.
    Voters(BTreeSet<VoterId>),
}

/// A text that names no voters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("has to be all, not_invited, not_cast, bounced, or an object with the ids of voters")]
pub struct RecipientsError;

impl FromStr for Recipients {
    type Err = RecipientsError;

    fn from_str(word: &str) -> Result<Self, RecipientsError> {
        match word {
            "all" => Ok(Self::All),
            "not_invited" => Ok(Self::NotInvited),
            "not_cast" => Ok(Self::NotCast),
            "bounced" => Ok(Self::Bounced),
            _ => Err(RecipientsError),
        }
    }
}

impl Recipients {
    /// The words for voters who are not named.
    pub const WORDS: [&str; 4] = ["all", "not_invited", "not_cast", "bounced"];

    /// Whether mails of this kind can go to them.
    ///
    /// A reminder never goes to those whose mails bounced: their number would tell who has not voted.
    const fn suit(&self, kind: Kind) -> bool {
        match kind {
            Kind::Invitation => !matches!(self, Self::NotCast),
            Kind::Reminder => matches!(self, Self::All | Self::NotCast | Self::Voters(_)),
            Kind::Results => matches!(self, Self::All | Self::Voters(_)),
        }
    }
}

/// A mailing's state: what was requested.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mailing {
    /// What was requested. Nothing, if it does not exist.
    pub requested: Option<Requested>,
}

/// What a mailing is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requested {
    /// Why the voters are written to.
    pub kind: Kind,
    /// The subject, instead of the usual one of the election.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The introduction, instead of the usual one of the election.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Which voters are written to.
    pub to: Recipients,
}

/// What has happened to a mailing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum MailingEvent {
    /// It was requested.
    MailingRequested(Requested),
}

/// What can be asked of a mailing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailingCommand {
    /// Request it.
    Request {
        /// Why the voters are written to.
        kind: Kind,
        /// Which voters are written to.
        to: Recipients,
        /// The subject, instead of the usual one.
        subject: Option<Name>,
        /// The introduction, instead of the usual one.
        text: Option<Description>,
    },
}

impl MailingCommand {
    /// The command's name, as it stands in the commit.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Request { .. } => "RequestMailing",
        }
    }
}

/// What a decision about a mailing needs beside its state.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The mailing's election.
    pub election: &'a Election,
}

/// Why a mailing cannot be requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MailingRejection {
    /// There is no such mailing.
    #[error("there is no such mailing")]
    NotFound,
    /// The id names a mailing already.
    #[error("the id is taken")]
    IdTaken,
    /// The election has as many as it can have.
    #[error("an election has at most {MOST_MAILINGS} mailings")]
    TooMany,
    /// Links go only to voters of an election that invites them.
    #[error("the election's links are handed out: PhotoVote cannot mail them")]
    LinksHandedOut,
    /// Invitations and reminders are for open elections.
    #[error("the election is {}: invitations and reminders are mailed while it is open", status_word(*.0))]
    NotOpen(ElectionStatus),
    /// Results are mailed once everybody may see them.
    #[error("the election is {}: results are mailed once they are released", status_word(*.0))]
    NotReleased(ElectionStatus),
    /// Mails of this kind do not go to these voters.
    #[error("{} cannot go to these voters", match .0 {
        Kind::Invitation => "an invitation",
        Kind::Reminder => "a reminder",
        Kind::Results => "a mail with results",
    })]
    Recipients(Kind),
    /// Nobody is named, or more voters than a mailing can name.
    #[error("a mailing names 1 to {MOST_NAMED} voters")]
    Named,
    /// The election was deleted.
    #[error("the election was deleted")]
    ElectionDeleted,
}

impl Refusal for MailingRejection {
    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "mailing_not_found",
            Self::IdTaken => "id_taken",
            Self::TooMany => "too_many_mailings",
            Self::LinksHandedOut => "links_handed_out",
            Self::NotOpen(_) => "election_not_open",
            Self::NotReleased(_) => "results_not_released",
            Self::Recipients(_) | Self::Named => "invalid_value",
            Self::ElectionDeleted => "election_deleted",
        }
    }

    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound => RefusalKind::Missing,
            Self::IdTaken => RefusalKind::Taken,
            Self::Recipients(_) | Self::Named => RefusalKind::Invalid,
            _ => RefusalKind::State,
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::Recipients(_) => Some("to".to_owned()),
            Self::Named => Some("to.voters".to_owned()),
            _ => None,
        }
    }
}

/// The subject and the introduction of an election's mails of this kind, where a mailing has none of its own. What is missing is as
/// PhotoVote writes it.
pub fn usual_words(election: &Election, kind: Kind) -> (Option<&str>, Option<&str>) {
    match kind {
        Kind::Invitation => (election.invitation.subject.as_deref(), election.invitation.text.as_deref()),
        Kind::Reminder | Kind::Results => (None, None),
    }
}

/// Whether an election's voters are sent mails of this kind now. The mailer asks again before each mail.
pub fn mails(election: &Election, kind: Kind) -> Result<(), MailingRejection> {
    match (kind, election.status) {
        (_, ElectionStatus::Deleted) => Err(MailingRejection::ElectionDeleted),
        (Kind::Results, ElectionStatus::Released) => Ok(()),
        (Kind::Results, status) => Err(MailingRejection::NotReleased(status)),
        _ if election.links == Links::HandOut => Err(MailingRejection::LinksHandedOut),
        (Kind::Invitation | Kind::Reminder, ElectionStatus::Open) => Ok(()),
        (Kind::Invitation | Kind::Reminder, status) => Err(MailingRejection::NotOpen(status)),
    }
}

/// Whether mails of this kind can go to these voters.
pub fn recipients(kind: Kind, to: &Recipients) -> Result<(), MailingRejection> {
    match to {
        _ if !to.suit(kind) => Err(MailingRejection::Recipients(kind)),
        Recipients::Voters(named) if named.is_empty() || named.len() > MOST_NAMED => Err(MailingRejection::Named),
        _ => Ok(()),
    }
}

impl Aggregate for Mailing {
    type Event = MailingEvent;
    type Command = MailingCommand;
    type Context<'a> = Context<'a>;
    type Rejection = MailingRejection;

    const KIND: &'static str = "mailing";

    fn decide(&self, command: MailingCommand, context: &Context<'_>) -> Result<Vec<MailingEvent>, MailingRejection> {
        let MailingCommand::Request { kind, to, subject, text } = command;
        recipients(kind, &to)?;
        if self.requested.is_some() {
            return Err(MailingRejection::IdTaken);
        }
        mails(context.election, kind)?;
        let (subject, text) = (subject.map(String::from), text.map(String::from));
        Ok(vec![MailingEvent::MailingRequested(Requested { kind, subject, text, to })])
    }

    fn evolve(self, event: &MailingEvent) -> Self {
        let MailingEvent::MailingRequested(requested) = event.clone();
        Self { requested: Some(requested) }
    }
}
