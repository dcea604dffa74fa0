//! What an administrator can ask of an election.

use super::{Invitation, Role};
use crate::{
    email::Email,
    hash::Digest,
    ids::{CandidateId, CompetitionId, Subject},
    image::Image,
    language::Language,
    links::Links,
    rating::Scale,
    schedule::Schedule,
    shard::ShardCount,
    text::{Description, Name, Reason},
    time::Timestamp,
};

/// A new election.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewElection {
    /// Who will own it.
    pub owner: Subject,
    /// Its name.
    pub name: Name,
    /// What there is to say about it.
    pub description: Option<Description>,
    /// The grades that voters may give.
    pub scale: Scale,
    /// Who hands out the voters' links.
    pub links: Links,
    /// In which language PhotoVote writes to voters.
    pub language: Language,
    /// The organiser's email address, to which voters reply.
    pub contact: Option<Email>,
    /// The organiser's own words in invitations.
    pub invitation: NewInvitation,
    /// Over how many shards its voters and ballots are spread.
    pub shards: ShardCount,
}

impl NewElection {
    /// One that has its owner and name, and is as usual otherwise.
    pub fn new(owner: Subject, name: Name) -> Self {
        let (scale, shards) = (Scale::default(), ShardCount::default());
        let (links, language) = (Links::default(), Language::default());
        let (contact, invitation) = (None, NewInvitation::default());
        Self { owner, name, description: None, scale, links, language, contact, invitation, shards }
    }
}

/// The organiser's own words in invitations. What is missing is as usual.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewInvitation {
    /// The subject.
    pub subject: Option<Name>,
    /// The introduction.
    pub text: Option<Description>,
}

impl From<NewInvitation> for Invitation {
    fn from(NewInvitation { subject, text }: NewInvitation) -> Self {
        Self { subject: subject.map(Into::into), text: text.map(Into::into) }
    }
}

/// What is to change in an election. An outer `None` leaves a value as it is, and an inner one clears it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ElectionChange {
    /// A new name.
    pub name: Option<Name>,
    /// A new description.
    pub description: Option<Option<Description>>,
    /// A new scale.
    pub scale: Option<Scale>,
    /// Who hands out the links from now on.
    pub links: Option<Links>,
    /// A new language.
    pub language: Option<Language>,
    /// A new address of the organiser.
    pub contact: Option<Option<Email>>,
    /// Other words in invitations.
    pub invitation: Option<NewInvitation>,
}

/// A command to an election. In a change, an outer `None` leaves a value as it is, and an inner one clears it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ElectionCommand {
    /// Create it.
    Create(NewElection),
    /// Change what it says about itself. Who hands out the links can change only while it has no voter; the gates see to that.
    Change(ElectionChange),
    /// Plan when it opens, reminds its voters and closes. Nothing takes a plan back. Once it is open, a plan can only move the close to a
    /// later moment, and change reminders that are still to come.
    Schedule(Option<Schedule>),
    /// Let the voting begin.
    Open {
        /// When voting ends of itself. Without it, voting ends when that is planned.
        closes_at: Option<Timestamp>,
    },
    /// Let the voting begin if its time has come.
    OpenIfDue,
    /// Move the closing time.
    Extend {
        /// The later moment.
        closes_at: Timestamp,
    },
    /// Begin to close. An election that is closing already stays so: whoever finds it may finish.
    Close,
    /// Begin to close if its time has come.
    CloseIfDue,
    /// Finish closing: every gate is closed.
    FinishClosing {
        /// How many ballots were cast: the sum over the gates.
        casts: u64,
        /// How many voters were registered: the sum over the gates.
        registered: u64,
    },
    /// Write down that all ballots are counted, and what the results are. PhotoVote itself does it.
    RecordResults {
        /// The digest of the results of the election as it is.
        digest: Digest,
    },
    /// Make the results public.
    Release,
    /// Delete it.
    Delete,
    /// Make somebody an administrator, or give an administrator another role.
    AppointAdministrator {
        /// Whom.
        subject: Subject,
        /// The role.
        role: Role,
    },
    /// Remove an administrator. Whoever removes themself leaves.
    RemoveAdministrator {
        /// Whom.
        subject: Subject,
    },
    /// Add a competition.
    AddCompetition {
        /// Its id.
        competition: CompetitionId,
        /// Its name.
        name: Name,
        /// What there is to say about it.
        description: Option<Description>,
    },
    /// Change a competition.
    ChangeCompetition {
        /// Which one.
        competition: CompetitionId,
        /// A new name.
        name: Option<Name>,
        /// A new description.
        description: Option<Option<Description>>,
    },
    /// Remove a competition and its candidates.
    RemoveCompetition {
        /// Which one.
        competition: CompetitionId,
    },
    /// Add a candidate to a competition.
    AddCandidate {
        /// The competition.
        competition: CompetitionId,
        /// The candidate's id.
        candidate: CandidateId,
        /// Its name.
        name: Name,
        /// What there is to say about it.
        description: Option<Description>,
        /// Its picture.
        image: Option<Image>,
    },
    /// Change a candidate.
    ChangeCandidate {
        /// The competition.
        competition: CompetitionId,
        /// Which candidate.
        candidate: CandidateId,
        /// A new name.
        name: Option<Name>,
        /// A new description.
        description: Option<Option<Description>>,
        /// A new picture.
        image: Option<Option<Image>>,
    },
    /// Remove a candidate.
    RemoveCandidate {
        /// The competition.
        competition: CompetitionId,
        /// Which candidate.
        candidate: CandidateId,
    },
    /// Take a candidate out of the ranking.
    DisqualifyCandidate {
        /// The competition.
        competition: CompetitionId,
        /// Which candidate.
        candidate: CandidateId,
        /// Why.
        reason: Reason,
    },
}

impl ElectionCommand {
    /// The command's name, as it stands in the commit.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Create(_) => "CreateElection",
            Self::Change(_) => "ChangeElection",
            Self::Schedule(_) => "ScheduleElection",
            Self::Open { .. } | Self::OpenIfDue => "OpenElection",
            Self::Extend { .. } => "ExtendElection",
            Self::Close | Self::CloseIfDue => "CloseElection",
            Self::FinishClosing { .. } => "FinishClosingElection",
            Self::RecordResults { .. } => "RecordResults",
            Self::Release => "ReleaseResults",
            Self::Delete => "DeleteElection",
            Self::AppointAdministrator { .. } => "AppointAdministrator",
            Self::RemoveAdministrator { .. } => "RemoveAdministrator",
            Self::AddCompetition { .. } => "AddCompetition",
            Self::ChangeCompetition { .. } => "ChangeCompetition",
            Self::RemoveCompetition { .. } => "RemoveCompetition",
            Self::AddCandidate { .. } => "AddCandidate",
            Self::ChangeCandidate { .. } => "ChangeCandidate",
            Self::RemoveCandidate { .. } => "RemoveCandidate",
            Self::DisqualifyCandidate { .. } => "DisqualifyCandidate",
        }
    }
}

/// What a decision about an election needs beside its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context<'a> {
    /// The present moment.
    pub now: Timestamp,
    /// The administrator who asks. Without one it is PhotoVote itself, which closes elections.
    pub by: Option<&'a Subject>,
}
