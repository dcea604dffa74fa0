//! Events → documents: what is served, and how a commit changes it.
//!
//! Everything here is pure. A document is a fold of one stream's events and knows the version it has come to, so that a
//! commit can be told to be the next, one seen before, or one that comes too early.

mod ballot;
mod election;
mod packed;
mod photograph;
mod public;
mod receipts;
mod voter;

pub use ballot::{CastBallot, cast_ballot};
pub use election::{Changes, ElectionDocument, ElectionSummary};
pub use packed::{TallyError, pack, unpack};
pub use photograph::PhotographDocument;
pub use public::{PublicDocument, PublicElection, PublicError};
pub use receipts::{ReceiptBlock, block_has};
pub use voter::VoterDocument;

use photovote_domain::{Aggregate, Version};

/// The document of one stream in a shard of an election: a voter's, or a photograph's.
pub trait StreamDocument: Clone + PartialEq {
    /// What it is the document of.
    type Of: Aggregate;
    /// Names it in its election.
    type Id: Copy + Ord;

    /// The document before the first event.
    fn empty(id: Self::Id) -> Self;
    /// Its id.
    fn id(&self) -> Self::Id;
    /// How many events are in it.
    fn version(&self) -> Version;
    /// Takes a commit in, if it is the next one; otherwise nothing changes.
    fn apply(&mut self, first: Version, events: &[<Self::Of as Aggregate>::Event]) -> Turn;
}

/// What a commit is to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The document holds it already.
    Duplicate,
    /// It is the next.
    Next,
    /// Others come before it, and the document lacks them.
    Gap,
}

impl Turn {
    /// What a commit whose first event has version `first` is to a document at `version`.
    pub fn of(first: Version, version: Version) -> Self {
        match first {
            first if first <= version => Self::Duplicate,
            first if first == version.plus(1) => Self::Next,
            _ => Self::Gap,
        }
    }
}
