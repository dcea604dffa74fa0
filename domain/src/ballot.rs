//! The ballot: a draft that its voter fills in, and the one moment in which it is cast.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    aggregate::{Aggregate, Kind, Refusal},
    election::{Election, Status as ElectionStatus},
    hash::Digest,
    ids::CandidateId,
    rating::{self, Rating, Ratings},
    receipt::Nonce,
    time::Timestamp,
};

/// The most candidates that one request may rate.
pub const MAX_RATINGS_IN_REQUEST: usize = 500;

/// The most events that a draft may come to. It bounds what everybody who loads the ballot has to read; casting it stays
/// possible.
pub const MAX_CHANGES: usize = 10_000;

/// Where a ballot is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Status {
    /// Not created yet.
    #[default]
    Absent,
    /// The voter's to fill in.
    Draft,
    /// Cast: nothing changes it any more.
    Cast,
    /// Its voter was removed.
    Voided,
}

/// A ballot's state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ballot {
    /// Where it is in its life.
    pub status: Status,
    /// The hash of the token that opens it.
    pub token: Option<Digest>,
    /// What it says; once it is cast, what was cast.
    pub ratings: Ratings,
    /// What its receipt is made with, once it is cast.
    pub nonce: Option<Nonce>,
    /// How often it was changed.
    pub changes: usize,
}

/// What has happened to a ballot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the values that the events are named for")]
pub enum BallotEvent {
    /// It was made, to be opened with a token of this hash.
    BallotCreated { token: Digest },
    /// A candidate got a grade.
    BallotCandidateRated { candidate: CandidateId, rating: u8 },
    /// A candidate's grade was taken back.
    BallotRatingCleared { candidate: CandidateId },
    /// From now on, only a token of this hash opens it. What was rated so far is gone: whoever hands out the new token could
    /// look at it.
    BallotTokenReplaced { token: Digest },
    /// It was cast, saying this.
    BallotCast {
        nonce: Nonce,
        #[serde(deserialize_with = "rating::read")]
        ratings: Ratings,
    },
    /// It was withdrawn with its voter.
    BallotVoided {},
}

/// What can be asked of a ballot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BallotCommand {
    /// Make it, for a token of this hash.
    Create {
        /// The hash of the token that will open it.
        token: Digest,
    },
    /// Grade these candidates; others stay as they are.
    Rate {
        /// A grade for each of them.
        ratings: BTreeMap<CandidateId, Rating>,
    },
    /// Take a grade back.
    Clear {
        /// Whose.
        candidate: CandidateId,
    },
    /// Grade these candidates and cast the ballot.
    Cast {
        /// A grade for each of them; others stay as they are.
        ratings: BTreeMap<CandidateId, Rating>,
        /// What the receipt is to be made with.
        nonce: Nonce,
    },
    /// Let another token open it.
    ReplaceToken {
        /// The hash of the new token.
        token: Digest,
    },
    /// Withdraw it with its voter.
    Void,
}

impl BallotCommand {
    /// The command's name, as it stands in the commit.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Create { .. } => "RegisterVoter",
            Self::Rate { .. } => "RateCandidates",
            Self::Clear { .. } => "ClearRating",
            Self::Cast { .. } => "CastBallot",
            Self::ReplaceToken { .. } => "ReplaceBallotToken",
            Self::Void => "RemoveVoter",
        }
    }
}

/// What a decision about a ballot needs beside its state.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The ballot's election.
    pub election: &'a Election,
    /// The present moment.
    pub now: Timestamp,
}

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
    /// It was changed more often than anybody needs.
    #[error("the ballot was changed too often: all that is left is to cast it")]
    TooManyChanges,
    /// The token that opened it was replaced meanwhile.
    #[error("the ballot token was replaced")]
    TokenReplaced,
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

impl Aggregate for Ballot {
    type Event = BallotEvent;
    type Command = BallotCommand;
    type Context<'a> = Context<'a>;
    type Rejection = BallotRejection;

    const KIND: &'static str = "ballot";

    fn decide(&self, command: BallotCommand, context: &Context<'_>) -> Result<Vec<BallotEvent>, BallotRejection> {
        use BallotCommand as C;
        if let C::Create { token } = command {
            return match self.status {
                Status::Absent => Ok(vec![BallotEvent::BallotCreated { token }]),
                _ => Err(BallotRejection::IdTaken),
            };
        }
        if self.status == Status::Absent {
            return Err(BallotRejection::NotFound);
        }
        match command {
            C::Create { .. } => Err(BallotRejection::IdTaken),
            C::Rate { ratings } => {
                check(&ratings, context.election)?;
                self.votable(context)?;
                self.bounded(self.changed(&ratings).map(rated).collect())
            }
            C::Clear { candidate } => {
                if !context.election.has_candidate(candidate) {
                    return Err(BallotRejection::UnknownCandidate(candidate));
                }
                self.votable(context)?;
                let rated = self.ratings.contains_key(&candidate);
                self.bounded(rated.then_some(BallotEvent::BallotRatingCleared { candidate }).into_iter().collect())
            }
            C::Cast { ratings, nonce } => {
                check(&ratings, context.election)?;
                let mut all = self.ratings.clone();
                all.extend(ratings.iter().map(|(candidate, rating)| (*candidate, rating.get())));
                if all.is_empty() {
                    return Err(BallotRejection::Empty);
                }
                self.votable(context)?;
                Ok(vec![BallotEvent::BallotCast { nonce, ratings: all }])
            }
            C::ReplaceToken { token } => {
                self.unsettled()?;
                match context.election.status {
                    ElectionStatus::Draft | ElectionStatus::Open => {}
                    ElectionStatus::Deleted => return Err(BallotRejection::ElectionDeleted),
                    _ => return Err(BallotRejection::Closed),
                }
                Ok(vec![BallotEvent::BallotTokenReplaced { token }])
            }
            C::Void => {
                self.unsettled()?;
                Ok(vec![BallotEvent::BallotVoided {}])
            }
        }
    }

    fn evolve(mut self, event: &BallotEvent) -> Self {
        self.changes += 1;
        match event {
            BallotEvent::BallotCreated { token } => {
                self.status = Status::Draft;
                self.token = Some(*token);
            }
            BallotEvent::BallotCandidateRated { candidate, rating } => {
                self.ratings.insert(*candidate, *rating);
            }
            BallotEvent::BallotRatingCleared { candidate } => {
                self.ratings.remove(candidate);
            }
            BallotEvent::BallotTokenReplaced { token } => {
                self.token = Some(*token);
                self.ratings.clear();
            }
            BallotEvent::BallotCast { nonce, ratings } => {
                self.status = Status::Cast;
                self.ratings.clone_from(ratings);
                self.nonce = Some(*nonce);
            }
            BallotEvent::BallotVoided {} => {
                self.status = Status::Voided;
                self.token = None;
            }
        }
        self
    }
}

impl Ballot {
    /// Can the ballot be filled in and cast now?
    ///
    /// For a cast this is the early answer; the fence is the gate that the cast is written with.
    fn votable(&self, context: &Context<'_>) -> Result<(), BallotRejection> {
        self.unsettled()?;
        let election = context.election;
        match election.status {
            ElectionStatus::Absent | ElectionStatus::Draft => Err(BallotRejection::NotOpenYet),
            ElectionStatus::Deleted => Err(BallotRejection::ElectionDeleted),
            ElectionStatus::Open if election.accepts_votes(context.now) => Ok(()),
            _ => Err(BallotRejection::Closed),
        }
    }

    fn unsettled(&self) -> Result<(), BallotRejection> {
        match self.status {
            Status::Absent => Err(BallotRejection::NotFound),
            Status::Draft => Ok(()),
            Status::Cast => Err(BallotRejection::CastAlready),
            Status::Voided => Err(BallotRejection::Voided),
        }
    }

    fn bounded(&self, events: Vec<BallotEvent>) -> Result<Vec<BallotEvent>, BallotRejection> {
        if self.changes + events.len() > MAX_CHANGES { Err(BallotRejection::TooManyChanges) } else { Ok(events) }
    }

    fn changed(&self, ratings: &BTreeMap<CandidateId, Rating>) -> impl Iterator<Item = (CandidateId, u8)> {
        let grades = ratings.iter().map(|(candidate, rating)| (*candidate, rating.get()));
        grades.filter(|(candidate, grade)| self.ratings.get(candidate) != Some(grade))
    }
}

fn rated((candidate, rating): (CandidateId, u8)) -> BallotEvent {
    BallotEvent::BallotCandidateRated { candidate, rating }
}

fn check(ratings: &BTreeMap<CandidateId, Rating>, election: &Election) -> Result<(), BallotRejection> {
    if ratings.len() > MAX_RATINGS_IN_REQUEST {
        return Err(BallotRejection::TooManyRatings);
    }
    let scale = election.scale;
    let candidates: HashSet<CandidateId> = election.candidates().map(|candidate| candidate.id).collect();
    for (&candidate, &rating) in ratings {
        if !candidates.contains(&candidate) {
            return Err(BallotRejection::UnknownCandidate(candidate));
        }
        if !scale.contains(rating) {
            return Err(BallotRejection::OutOfScale { candidate, min: scale.min(), max: scale.max() });
        }
    }
    Ok(())
}
