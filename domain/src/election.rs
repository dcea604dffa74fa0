//! The election: its definition (competitions and their candidates) and its life.
//!
//! ```text
//! Draft → Open → Closing → Closed → Released;   Draft, Closed, Released → Deleted
//! ```

mod administrators;
mod command;
mod decide;
mod evolve;
mod life;
mod readiness;
mod rejection;

use serde::{Deserialize, Serialize};

use crate::{
    hash::Digest,
    ids::{CandidateId, CompetitionId, PhotographId},
    language::Language,
    links::Links,
    photograph::Pixels,
    rating::Scale,
    schedule::Schedule,
    shard::ShardCount,
    time::Timestamp,
};

pub use administrators::{Administrators, Role, RoleError};
pub use command::{Context, ElectionChange, ElectionCommand, NewElection, NewInvitation};
pub use evolve::{ElectionEvent, Person};
pub use readiness::{Obstacle, Readiness};
pub(crate) use rejection::status_word;
pub use rejection::{ElectionRejection, Limit};

/// Where an election is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not created yet.
    #[default]
    Absent,
    /// Being set up: only now can competitions, candidates and the scale change.
    Draft,
    /// Voters vote.
    Open,
    /// The gates are being closed; no vote is accepted any more, or about to be.
    Closing,
    /// Every gate is closed and the number of ballots is known.
    Closed,
    /// The results are public.
    Released,
    /// Gone; nothing follows.
    Deleted,
}

/// What history says about the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResultsDigest {
    /// Nothing: the election is not closed, or a release closed it that did not write digests.
    #[default]
    None,
    /// The ballots are to be counted, or the results have changed since they were.
    Awaited,
    /// The results have this digest ([`Results::digest`](crate::results::Results)).
    Known(Digest),
}

/// One photograph in a competition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its id.
    pub id: CandidateId,
    /// Its name.
    pub name: String,
    /// What there is to say about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Picture>,
    /// Why it takes no part in the ranking, if it was disqualified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disqualified: Option<String>,
}

/// A candidate's picture, as history has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Picture {
    /// It lies somewhere else, and may change there.
    Linked {
        /// What stands under it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caption: Option<String>,
        /// Where it lies.
        url: String,
    },
    /// It was uploaded. History has its hashes, and so says which picture was voted on.
    Uploaded {
        /// What it shows, for readers who do not see it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alt: Option<String>,
        /// What stands under it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caption: Option<String>,
        /// Which photograph it is.
        photograph: PhotographId,
        /// What the photograph has come to.
        pixels: Pixels,
    },
}

impl Picture {
    /// The photograph that it is, if it was uploaded.
    pub const fn photograph(&self) -> Option<PhotographId> {
        match self {
            Self::Linked { .. } => None,
            Self::Uploaded { photograph, .. } => Some(*photograph),
        }
    }
}

/// A competition: candidates that are ranked against each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Competition {
    /// Its id.
    pub id: CompetitionId,
    /// Its name.
    pub name: String,
    /// What there is to say about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The candidates, in the order in which they were added.
    pub candidates: Vec<Candidate>,
}

impl Competition {
    /// The candidate of this id.
    pub fn candidate(&self, id: CandidateId) -> Option<&Candidate> {
        self.candidates.iter().find(|candidate| candidate.id == id)
    }
}

/// The organiser's own words in the mails that invite voters. What is missing is as usual.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// The subject.
    pub subject: Option<String>,
    /// The introduction.
    pub text: Option<String>,
}

impl Invitation {
    /// Are all words the usual ones?
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// An election's state. A new or changed field raises [`Election::FORM`], for snapshots. A new one has a `#[serde(default)]` as
/// well: documents that were written before lack it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Election {
    /// Where it is in its life.
    pub status: Status,
    /// Who administers it.
    #[serde(default)]
    pub administrators: Administrators,
    /// Its name.
    pub name: String,
    /// What there is to say about it.
    pub description: Option<String>,
    /// The grades that voters may give.
    pub scale: Scale,
    /// Who hands out the voters' links.
    #[serde(default)]
    pub links: Links,
    /// In which language PhotoVote writes to voters.
    #[serde(default)]
    pub language: Language,
    /// The organiser's email address, to which voters reply.
    pub contact: Option<String>,
    /// The organiser's own words in invitations.
    #[serde(default)]
    pub invitation: Invitation,
    /// What is planned: when it opens, reminds its voters and closes.
    pub schedule: Option<Schedule>,
    /// When voting ends of itself, since it opened.
    pub closes_at: Option<Timestamp>,
    /// Over how many shards its voters and ballots are spread.
    pub shards: ShardCount,
    /// The competitions, in the order in which they were added.
    pub competitions: Vec<Competition>,
    /// How many ballots were cast, once it is closed.
    pub casts: Option<u64>,
    /// How many voters were registered when it closed. Elections that were closed before this was written down do not say.
    pub registered: Option<u64>,
    /// The digest of its results.
    #[serde(default)]
    pub results: ResultsDigest,
}

impl Election {
    /// The number of the layout in which the state is serialised. A new or changed field raises it, and so does an event that leads
    /// to another state than before. Snapshots of another number are ignored.
    pub const FORM: u64 = 5;

    /// The competition of this id.
    pub fn competition(&self, id: CompetitionId) -> Option<&Competition> {
        self.competitions.iter().find(|competition| competition.id == id)
    }

    /// The candidates of all competitions.
    pub fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.competitions.iter().flat_map(|competition| &competition.candidates)
    }

    /// Is this one of the election's candidates?
    pub fn has_candidate(&self, id: CandidateId) -> bool {
        self.candidates().any(|candidate| candidate.id == id)
    }

    /// Does a candidate show this photograph?
    pub fn uses_photograph(&self, id: PhotographId) -> bool {
        self.candidates().any(|candidate| candidate.image.as_ref().and_then(Picture::photograph) == Some(id))
    }

    /// Does it exist, now or once?
    pub fn exists(&self) -> bool {
        self.status != Status::Absent
    }

    /// Can votes be prepared and cast at this moment?
    pub fn accepts_votes(&self, now: Timestamp) -> bool {
        self.status == Status::Open && !self.is_due(now)
    }

    /// Is its closing time past?
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.closes_at.is_some_and(|closes_at| closes_at <= now)
    }

    fn competition_mut(&mut self, id: CompetitionId) -> Option<&mut Competition> {
        self.competitions.iter_mut().find(|competition| competition.id == id)
    }

    fn candidate_mut(&mut self, competition: CompetitionId, id: CandidateId) -> Option<&mut Candidate> {
        self.competition_mut(competition)?.candidates.iter_mut().find(|candidate| candidate.id == id)
    }
}
