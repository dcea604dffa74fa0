//! Events → documents: what is served, and how a commit changes it.
//!
//! Everything here is pure. A document is a fold of one stream's events and knows the version it has come to, so that a
//! commit can be told to be the next, one seen before, or one that comes too early.

mod ballot;
mod election;
mod packed;
mod public;
mod receipts;
mod voter;

pub use ballot::{CastBallot, cast_ballot};
pub use election::{Changes, ElectionDocument, ElectionSummary};
pub use packed::{TallyError, pack, unpack};
pub use public::{PublicDocument, PublicElection, PublicError};
pub use receipts::{ReceiptBlock, block_has};
pub use voter::VoterDocument;

use photovote_domain::Version;

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
