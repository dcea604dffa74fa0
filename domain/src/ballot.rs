//! The ballot: a draft that its voter fills in, and the one moment in which it is cast.

mod rejection;

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

pub use rejection::BallotRejection;

use crate::{
    aggregate::Aggregate,
    draft::Draft,
    election::{Election, Status as ElectionStatus},
    hash::Digest,
    ids::{CandidateId, ElectionId},
    links::LinkNumber,
    rating::{self, Rating, Ratings},
    receipt::{Nonce, Receipt},
    shard::Shard,
    time::Timestamp,
};

/// The most candidates that one request may rate.
pub const MAX_RATINGS_IN_REQUEST: usize = 500;

/// The most ratings that a cast may have without a seal: its commit then takes at most one read unit (4 KB).
pub const MAX_RATINGS_WITHOUT_SEAL: usize = 100;

/// How often a draft can be saved in an election with so many candidates. Afterwards it can only be cast.
pub const fn max_saves(candidates: usize) -> usize {
    let saves = 20 + 10 * candidates;
    if saves < 4_000 { saves } else { 4_000 }
}

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
    /// The link that is to be issued. Until then, nothing opens the ballot.
    pub awaited: Option<LinkNumber>,
    /// What the draft says, in the order of the election's candidates.
    pub draft: Option<Draft>,
    /// How often this draft was saved.
    pub saves: usize,
    /// What was cast; before that, what a draft says that was last changed by a program that wrote one event for each rating.
    pub ratings: Ratings,
    /// What its receipt is made with, once it is cast.
    pub nonce: Option<Nonce>,
    /// Its receipt, if it is sealed: then that is all that is known of it.
    pub receipt: Option<Receipt>,
}

/// What has happened to a ballot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the values that the events are named for")]
pub enum BallotEvent {
    /// It was made, to be opened with a token of this hash.
    BallotCreated { token: Digest },
    /// It was made, or its link was revoked: nothing opens it until the link of this number is issued. What was rated so far is
    /// gone.
    BallotLinkAwaited { link: LinkNumber },
    /// The link of this number is on its way to the voter: a token of this hash opens the ballot.
    BallotLinkIssued { link: LinkNumber, token: Digest },
    /// A candidate got a grade. Not written any more.
    BallotCandidateRated { candidate: CandidateId, rating: u8 },
    /// A candidate's grade was taken back. Not written any more.
    BallotRatingCleared { candidate: CandidateId },
    /// The draft was saved, for this time in a row. It says this now, and a token of this hash opens the ballot.
    BallotSaved { draft: Draft, saves: usize, token: Digest },
    /// From now on, only a token of this hash opens it. What was rated so far is gone: whoever hands out the new token could
    /// look at it.
    BallotTokenReplaced { token: Digest },
    /// It was cast, saying this.
    BallotCast {
        nonce: Nonce,
        #[serde(deserialize_with = "rating::read")]
        ratings: Ratings,
    },
    /// It was cast, which the event before says in full. This says all that is ever asked for afterwards, in few bytes.
    BallotSealed { receipt: Receipt, token: Digest },
    /// It was withdrawn with its voter.
    BallotVoided {},
}

impl BallotEvent {
    /// The type of the event by which a ballot is cast: commits without it need not be read to be counted.
    pub const CAST: &'static str = "BallotCast";
}

/// What can be asked of a ballot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BallotCommand {
    /// Make it.
    Create {
        /// The hash of the token that opens it. Without one, its first link is awaited.
        token: Option<Digest>,
    },
    /// Let a link open it, before that link is sent to the voter.
    IssueLink {
        /// Which of the ballot's links it is.
        link: LinkNumber,
        /// The hash of the token in it.
        token: Digest,
    },
    /// Let nothing open it until another link is issued.
    RevokeLink {
        /// The number of that other link.
        next: LinkNumber,
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
        /// The election that the receipt names.
        election: ElectionId,
        /// The shard that the receipt names.
        shard: Shard,
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
            Self::IssueLink { .. } => "IssueLink",
            Self::ReplaceToken { .. } | Self::RevokeLink { .. } => "ReplaceBallotToken",
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
                Status::Absent => {
                    Ok(vec![token.map_or(BallotEvent::BallotLinkAwaited { link: LinkNumber::FIRST }, |token| {
                        BallotEvent::BallotCreated { token }
                    })])
                }
                _ => Err(BallotRejection::IdTaken),
            };
        }
        // Comes first: what a cast ballot answers must not depend on what is asked for.
        self.unsettled()?;
        // Only a token opens a ballot: without one, nobody asks for anything that needs it.
        let token = || self.token.ok_or(BallotRejection::NotFound);
        match command {
            C::Create { .. } => Err(BallotRejection::IdTaken),
            C::Rate { ratings } => {
                check(&ratings, context.election)?;
                votable(context)?;
                self.saved(&self.with(&ratings, context.election), token()?, context.election)
            }
            C::Clear { candidate } => {
                if !context.election.has_candidate(candidate) {
                    return Err(BallotRejection::UnknownCandidate(candidate));
                }
                votable(context)?;
                let mut ratings = self.ratings(context.election);
                ratings.remove(&candidate);
                self.saved(&ratings, token()?, context.election)
            }
            C::Cast { ratings, nonce, election, shard } => {
                check(&ratings, context.election)?;
                let ratings = self.with(&ratings, context.election);
                if ratings.is_empty() {
                    return Err(BallotRejection::Empty);
                }
                votable(context)?;
                let token = token()?;
                let large = ratings.len() > MAX_RATINGS_WITHOUT_SEAL;
                let receipt = large.then(|| Receipt::of(election, shard, &ratings, &nonce));
                let seal = receipt.map(|receipt| BallotEvent::BallotSealed { receipt, token });
                Ok(std::iter::once(BallotEvent::BallotCast { nonce, ratings }).chain(seal).collect())
            }
            C::ReplaceToken { token } => {
                reachable(context.election)?;
                Ok(vec![BallotEvent::BallotTokenReplaced { token }])
            }
            C::RevokeLink { next } => {
                reachable(context.election)?;
                Ok(vec![BallotEvent::BallotLinkAwaited { link: next }])
            }
            C::IssueLink { link, token } => {
                reachable(context.election)?;
                match (self.awaited, self.token) {
                    (Some(awaited), _) if awaited == link => Ok(vec![BallotEvent::BallotLinkIssued { link, token }]),
                    (None, Some(issued)) if issued == token => Ok(Vec::new()),
                    _ => Err(BallotRejection::LinkReplaced),
                }
            }
            C::Void => Ok(vec![BallotEvent::BallotVoided {}]),
        }
    }

    fn evolve(mut self, event: &BallotEvent) -> Self {
        match event.clone() {
            BallotEvent::BallotCreated { token }
            | BallotEvent::BallotTokenReplaced { token }
            | BallotEvent::BallotLinkIssued { link: _, token } => {
                Self { status: Status::Draft, token: Some(token), ..Self::default() }
            }
            BallotEvent::BallotLinkAwaited { link } => {
                Self { status: Status::Draft, awaited: Some(link), ..Self::default() }
            }
            BallotEvent::BallotCandidateRated { candidate, rating } => {
                self.ratings.insert(candidate, rating);
                self
            }
            BallotEvent::BallotRatingCleared { candidate } => {
                self.ratings.remove(&candidate);
                self
            }
            BallotEvent::BallotSaved { draft, saves, token } => {
                Self { status: Status::Draft, token: Some(token), draft: Some(draft), saves, ..Self::default() }
            }
            BallotEvent::BallotCast { nonce, ratings } => {
                Self { status: Status::Cast, token: self.token, ratings, nonce: Some(nonce), ..Self::default() }
            }
            BallotEvent::BallotSealed { receipt, token } => {
                Self { status: Status::Cast, token: Some(token), receipt: Some(receipt), ..Self::default() }
            }
            BallotEvent::BallotVoided {} => Self { status: Status::Voided, ..Self::default() },
        }
    }

    fn stands_alone(event: &BallotEvent) -> bool {
        match event {
            BallotEvent::BallotCreated { .. }
            | BallotEvent::BallotLinkAwaited { .. }
            | BallotEvent::BallotLinkIssued { .. }
            | BallotEvent::BallotTokenReplaced { .. }
            | BallotEvent::BallotSaved { .. }
            | BallotEvent::BallotSealed { .. }
            | BallotEvent::BallotVoided {} => true,
            BallotEvent::BallotCandidateRated { .. }
            | BallotEvent::BallotRatingCleared { .. }
            | BallotEvent::BallotCast { .. } => false,
        }
    }
}

impl Ballot {
    /// What it says. Of a sealed ballot nothing is known any more.
    ///
    /// The election has been opened, if there is a draft: its candidates stand in their final order.
    pub fn ratings(&self, election: &Election) -> Ratings {
        self.draft.as_ref().map_or_else(|| self.ratings.clone(), |draft| draft.ratings(election))
    }

    /// The receipt of a ballot that was cast in a shard of an election.
    pub fn receipt(&self, election: ElectionId, shard: Shard) -> Option<Receipt> {
        self.receipt.or_else(|| Some(Receipt::of(election, shard, &self.ratings, &self.nonce?)))
    }

    /// Is it still a draft?
    fn unsettled(&self) -> Result<(), BallotRejection> {
        match self.status {
            Status::Draft => Ok(()),
            Status::Absent => Err(BallotRejection::NotFound),
            Status::Cast => Err(BallotRejection::CastAlready),
            Status::Voided => Err(BallotRejection::Voided),
        }
    }

    fn with(&self, ratings: &BTreeMap<CandidateId, Rating>, election: &Election) -> Ratings {
        let mut all = self.ratings(election);
        all.extend(ratings.iter().map(|(candidate, rating)| (*candidate, rating.get())));
        all
    }

    /// Each save says the whole draft, so that the last one is all that has to be read.
    fn saved(
        &self,
        ratings: &Ratings,
        token: Digest,
        election: &Election,
    ) -> Result<Vec<BallotEvent>, BallotRejection> {
        if *ratings == self.ratings(election) {
            return Ok(Vec::new());
        }
        if self.saves >= max_saves(election.candidates().count()) {
            return Err(BallotRejection::TooManyChanges);
        }
        let draft = Draft::of(ratings, election);
        Ok(vec![BallotEvent::BallotSaved { draft, saves: self.saves + 1, token }])
    }
}

/// Does it make sense to give a voter of this election another link?
fn reachable(election: &Election) -> Result<(), BallotRejection> {
    match election.status {
        ElectionStatus::Draft | ElectionStatus::Open => Ok(()),
        ElectionStatus::Deleted => Err(BallotRejection::ElectionDeleted),
        _ => Err(BallotRejection::Closed),
    }
}

/// Can ballots be filled in and cast now?
///
/// For a cast this is the early answer; the fence is the gate that the cast is written with.
fn votable(context: &Context<'_>) -> Result<(), BallotRejection> {
    let election = context.election;
    match election.status {
        ElectionStatus::Absent | ElectionStatus::Draft => Err(BallotRejection::NotOpenYet),
        ElectionStatus::Deleted => Err(BallotRejection::ElectionDeleted),
        ElectionStatus::Open if election.accepts_votes(context.now) => Ok(()),
        _ => Err(BallotRejection::Closed),
    }
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
