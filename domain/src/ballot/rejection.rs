//! Why a ballot says no.

use thiserror::Error;

use super::MAX_RATINGS_IN_REQUEST;
#[cfg(doc)]
use super::max_saves;
use crate::{
    aggregate::{Kind, Refusal},
    ids::CandidateId,
};

/// Why a ballot says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BallotRejection {
    /// There is no such ballot.
    #[error("there is no such ballot")]
    NotFound,
    /// The id names a ballot already.
    #[error("the id is taken")]
    IdTaken,
    /// A candidate that the election does not have.
    #[error("the election has no candidate {0}")]
    UnknownCandidate(CandidateId),
    /// A grade that is not on the election's scale.
    #[error("the rating of candidate {candidate} is outside the scale {min} to {max}")]
    OutOfScale {
        /// The candidate.
        candidate: CandidateId,
        /// The lowest grade.
        min: u8,
        /// The highest grade.
        max: u8,
    },
    /// Too many candidates in one request.
    #[error("one request can rate at most {MAX_RATINGS_IN_REQUEST} candidates")]
    TooManyRatings,
    /// A ballot that says nothing cannot be cast.
    #[error("a ballot needs at least one rating before it can be cast")]
    Empty,
    /// The election has not opened.
    #[error("the election is not open yet")]
    NotOpenYet,
    /// The election has closed.
    #[error("the election is closed")]
    Closed,
    /// The election was deleted.
    #[error("the election was deleted")]
    ElectionDeleted,
    /// It was cast.
    #[error("the ballot was cast already")]
    CastAlready,
    /// Its draft was saved as often as it can be ([`max_saves`]).
    #[error("the draft was saved too often: it can only be cast")]
    TooManyChanges,
    /// The token that opened it was replaced meanwhile.
    #[error("the ballot token was replaced")]
    TokenReplaced,
    /// Another link is to open it by now.
    #[error("the link was replaced")]
    LinkReplaced,
    /// It was withdrawn with its voter.
    #[error("the ballot was withdrawn")]
    Voided,
}

impl Refusal for BallotRejection {
    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "ballot_not_found",
            Self::IdTaken => "id_taken",
            Self::UnknownCandidate(_) => "unknown_candidate",
            Self::OutOfScale { .. } => "rating_out_of_scale",
            Self::TooManyRatings => "too_many_ratings",
            Self::Empty => "empty_ballot",
            Self::NotOpenYet => "election_not_open",
            Self::Closed => "election_closed",
            Self::ElectionDeleted => "election_deleted",
            Self::CastAlready => "ballot_cast_already",
            Self::TooManyChanges => "too_many_changes",
            Self::TokenReplaced => "token_replaced",
            Self::LinkReplaced => "link_replaced",
            Self::Voided => "ballot_voided",
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::Missing,
            Self::UnknownCandidate(_) | Self::OutOfScale { .. } | Self::TooManyRatings | Self::Empty => Kind::Invalid,
            _ => Kind::State,
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::UnknownCandidate(candidate) | Self::OutOfScale { candidate, .. } => {
                Some(format!("ratings.{candidate}"))
            }
            Self::TooManyRatings | Self::Empty => Some("ratings".to_owned()),
            _ => None,
        }
    }
}
