//! The voter: who may vote, and which ballot is theirs.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    aggregate::{Aggregate, Kind, Refusal},
    ballot::{self, Ballot},
    election::{Election, Status as ElectionStatus},
    email::{Email, email_key},
    ids::BallotId,
    links::{LinkNumber, Links},
    text::Name,
};

/// Where a voter is in their life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Status {
    /// Not registered yet.
    #[default]
    Absent,
    /// May vote.
    Registered,
    /// Was removed; their ballot went with them.
    Removed,
}

/// A voter's state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Voter {
    /// Where they are in their life.
    pub status: Status,
    /// Their name.
    pub name: String,
    /// Their email address, as it was written.
    pub email: String,
    /// Their one ballot.
    pub ballot: Option<BallotId>,
    /// Which of the ballot's links is theirs at present.
    pub link: LinkNumber,
}

/// What has happened to a voter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the values that the events are named for")]
pub enum VoterEvent {
    /// They were registered and given a ballot.
    VoterRegistered { ballot: BallotId, email: String, name: String },
    /// Their name was corrected.
    VoterNameChanged { name: String },
    /// Their email address was corrected.
    VoterEmailChanged { email: String },
    /// They were given another token for their ballot. Which, and which ballot, stands in the ballot's stream; that it was done
    /// stands here, where auditors see it.
    VoterTokenReplaced {},
    /// They were removed, and their ballot with them.
    VoterRemoved {},
}

impl VoterEvent {
    /// The fields that name the voter. Each field stands here, so that a new one is decided about.
    pub const fn personal(&self) -> &'static [&'static str] {
        match self {
            Self::VoterRegistered { ballot: _, email: _, name: _ } => &["name", "email"],
            Self::VoterNameChanged { name: _ } => &["name"],
            Self::VoterEmailChanged { email: _ } => &["email"],
            Self::VoterTokenReplaced {} | Self::VoterRemoved {} => &[],
        }
    }
}

/// What can be asked about a voter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VoterCommand {
    /// Register them.
    Register {
        /// Their name.
        name: Name,
        /// Their email address.
        email: Email,
        /// The ballot they get.
        ballot: BallotId,
    },
    /// Correct their name or address. Where PhotoVote mails the links, another mailbox gets another link.
    Change {
        /// Another name.
        name: Option<Name>,
        /// Another email address.
        email: Option<Email>,
    },
    /// Give them another token for their ballot.
    ReplaceToken,
    /// Remove them.
    Remove,
}

impl VoterCommand {
    /// The name of the command that registers a voter.
    pub const REGISTER: &'static str = "RegisterVoter";

    /// The command's name, as it stands in the commit.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Register { .. } => Self::REGISTER,
            Self::Change { .. } => "ChangeVoter",
            Self::ReplaceToken => "ReplaceBallotToken",
            Self::Remove => "RemoveVoter",
        }
    }
}

/// What a decision about a voter needs beside their state.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The voter's election.
    pub election: &'a Election,
    /// The voter's ballot; before they are registered, one that does not exist.
    pub ballot: &'a Ballot,
}

/// Why a voter cannot be registered or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum VoterRejection {
    /// There is no such voter.
    #[error("there is no such voter")]
    NotFound,
    /// The id names a voter already.
    #[error("the id is taken")]
    IdTaken,
    /// Another voter of the election has the email address.
    #[error("a voter of this election has the email address already")]
    EmailTaken,
    /// Who has cast stays.
    #[error("the voter has cast the ballot, and stays")]
    HasCast,
    /// Voters come and go only while the election is a draft or open.
    #[error("the election is {}: voters come and go only while it is a draft or open", crate::election::status_word(*.0))]
    RegistrationClosed(ElectionStatus),
    /// The election was deleted.
    #[error("the election was deleted")]
    ElectionDeleted,
}

impl Refusal for VoterRejection {
    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "voter_not_found",
            Self::IdTaken => "id_taken",
            Self::EmailTaken => "email_taken",
            Self::HasCast => "voter_has_cast",
            Self::RegistrationClosed(_) => "registration_closed",
            Self::ElectionDeleted => "election_deleted",
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::Missing,
            Self::IdTaken => Kind::Taken,
            _ => Kind::State,
        }
    }
}

/// Do voters come and go at this stage of an election?
pub fn registration(election: &Election) -> Result<(), VoterRejection> {
    match election.status {
        ElectionStatus::Draft | ElectionStatus::Open => Ok(()),
        ElectionStatus::Deleted => Err(VoterRejection::ElectionDeleted),
        status => Err(VoterRejection::RegistrationClosed(status)),
    }
}

impl Aggregate for Voter {
    type Event = VoterEvent;
    type Command = VoterCommand;
    type Context<'a> = Context<'a>;
    type Rejection = VoterRejection;

    const KIND: &'static str = "voter";

    fn decide(&self, command: VoterCommand, context: &Context<'_>) -> Result<Vec<VoterEvent>, VoterRejection> {
        match (command, self.status) {
            (VoterCommand::Register { name, email, ballot }, Status::Absent) => {
                registration(context.election)?;
                Ok(vec![VoterEvent::VoterRegistered { ballot, email: email.into(), name: name.into() }])
            }
            (VoterCommand::Register { .. }, _) => Err(VoterRejection::IdTaken),
            (VoterCommand::Change { name, email }, Status::Registered) => self.change(name, email, context),
            // Whether the ballot can still have another token, the ballot decides.
            (VoterCommand::ReplaceToken, Status::Registered) => Ok(vec![VoterEvent::VoterTokenReplaced {}]),
            (VoterCommand::Remove, Status::Registered) => {
                if context.ballot.status == ballot::Status::Cast {
                    return Err(VoterRejection::HasCast);
                }
                registration(context.election)?;
                Ok(vec![VoterEvent::VoterRemoved {}])
            }
            (VoterCommand::Change { .. } | VoterCommand::ReplaceToken | VoterCommand::Remove, _) => {
                Err(VoterRejection::NotFound)
            }
        }
    }

    fn evolve(mut self, event: &VoterEvent) -> Self {
        match event.clone() {
            VoterEvent::VoterRegistered { ballot, email, name } => {
                let ballot = Some(ballot);
                self = Self { status: Status::Registered, name, email, ballot, link: LinkNumber::FIRST };
            }
            VoterEvent::VoterNameChanged { name } => self.name = name,
            VoterEvent::VoterEmailChanged { email } => self.email = email,
            VoterEvent::VoterTokenReplaced {} => self.link = self.link.next(),
            VoterEvent::VoterRemoved {} => self.status = Status::Removed,
        }
        self
    }
}

impl Voter {
    fn change(
        &self,
        name: Option<Name>,
        email: Option<Email>,
        context: &Context<'_>,
    ) -> Result<Vec<VoterEvent>, VoterRejection> {
        let election = context.election;
        if election.status == ElectionStatus::Deleted {
            return Err(VoterRejection::ElectionDeleted);
        }
        let name = name.map(String::from).filter(|name| *name != self.name);
        let moved = email.as_ref().is_some_and(|email| email.key() != email_key(&self.email));
        let email = email.map(String::from).filter(|email| *email != self.email);
        // Whoever reads the mailbox that was wrong must not vote with the link that went there.
        let mailed = election.links == Links::Invite && registration(election).is_ok();
        let replaced = moved && mailed && context.ballot.status == ballot::Status::Draft;
        Ok([
            name.map(|name| VoterEvent::VoterNameChanged { name }),
            email.map(|email| VoterEvent::VoterEmailChanged { email }),
            replaced.then_some(VoterEvent::VoterTokenReplaced {}),
        ]
        .into_iter()
        .flatten()
        .collect())
    }
}
