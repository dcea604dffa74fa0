//! Results: candidates ranked by their mean rating, exactly.
//!
//! Nothing here is a floating-point number. Means are compared as fractions, and decimals are rounded from exact
//! values, so the same votes give the same document, byte for byte, wherever it is made.

mod statistics;

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    election::{Candidate, Competition, ResultsDigest},
    hash::{Digest, ShownDigest},
    ids::{CandidateId, CompetitionId, ElectionId},
    rating::Scale,
    tally::{Histogram, Tally},
};

pub use statistics::{Fraction, MAX_BALLOTS};
use statistics::{mean, median, standard_deviation};

/// Why there are no final results.
#[derive(Debug, Error)]
pub enum ResultsError {
    /// Not every ballot that was cast is in the tally yet.
    #[error("{counted} of {cast} ballots are counted")]
    Counting {
        /// How many ballots the tally holds.
        counted: u64,
        /// How many were cast.
        cast: u64,
    },
    /// The tally holds ballots that were never cast: whoever sees this must look into it.
    #[error("{counted} ballots are counted, but only {cast} were cast")]
    Overcounted {
        /// How many ballots the tally holds.
        counted: u64,
        /// How many were cast.
        cast: u64,
    },
    /// The tally holds ratings that the election's ballots cannot hold: of another candidate, off the scale, or more than
    /// there are ballots.
    #[error("the tally holds ratings of candidate {0} that the ballots of this election cannot hold")]
    Impossible(CandidateId),
    /// More ballots than the arithmetic is exact for.
    #[error("results are exact for at most {MAX_BALLOTS} ballots")]
    TooManyBallots,
    /// The document could not be written as canonical JSON, so it has no digest.
    #[error("the results cannot be written as canonical JSON")]
    Canonical(#[from] serde_json::Error),
}

/// The final results of an election: every ballot that was cast is counted, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Results {
    /// The election.
    pub election_id: ElectionId,
    /// Always final: there are no other results.
    pub status: Status,
    /// How many ballots were cast.
    pub cast: u64,
    /// How many ballots were counted: as many.
    pub counted: u64,
    /// How many voters were registered when the election closed, if that was written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered: Option<u64>,
    /// The SHA-256 of this document's canonical JSON (RFC 8785) without the digest.
    pub digest: ShownDigest,
    /// The competitions, in the order of the election.
    pub competitions: Vec<CompetitionResults>,
}

/// How far the results are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// They will not change by counting.
    Final,
}

/// The results of one competition. Each of its candidates stands in exactly one of the three lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompetitionResults {
    /// The competition.
    pub competition_id: CompetitionId,
    /// Its name.
    pub name: String,
    /// The ranked candidates, best first; those of one rank in the order of the competition.
    pub candidates: Vec<CandidateResults>,
    /// The candidates that nobody rated, in the order of the competition.
    pub unranked: Vec<Unranked>,
    /// The candidates that were disqualified, in the order of the competition. They take no rank from others.
    pub disqualified: Vec<Disqualified>,
}

/// How a ranked candidate did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateResults {
    /// The candidate.
    pub candidate_id: CandidateId,
    /// Its name.
    pub name: String,
    /// One more than the number of candidates that did better (standard competition ranking: 1, 2, 2, 4).
    pub rank: u32,
    /// Do others have the same rank?
    pub tied: bool,
    /// How many ballots rate it.
    pub ratings: u64,
    /// The sum of the ratings.
    pub sum: u64,
    /// The mean rating, rounded half to even to four places.
    pub mean: String,
    /// The mean rating as it is.
    pub mean_exact: Fraction,
    /// The median rating: of an even number, the mean of the two in the middle. Exact with its one place.
    pub median: String,
    /// The population's standard deviation, rounded half to even to four places.
    pub standard_deviation: String,
    /// How many ballots gave each grade of the scale.
    pub histogram: BTreeMap<u8, u64>,
}

/// A candidate that nobody rated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unranked {
    /// The candidate.
    pub candidate_id: CandidateId,
    /// Its name.
    pub name: String,
}

/// A candidate that was disqualified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disqualified {
    /// The candidate.
    pub candidate_id: CandidateId,
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: String,
}

impl ResultsDigest {
    /// Can these be the results of the election? While a digest is awaited, none can.
    pub fn admits(&self, results: &Results) -> bool {
        match self {
            Self::None => true,
            Self::Awaited => false,
            Self::Known(digest) => *digest == results.digest.0,
        }
    }
}

impl Results {
    /// The final results of an election in which `cast` ballots were cast and `registered` voters could have cast one, from
    /// their tally.
    ///
    /// # Errors
    ///
    /// There are none while ballots remain to be counted, nor when the tally cannot be this election's.
    pub fn of(
        election_id: ElectionId,
        competitions: &[Competition],
        scale: Scale,
        tally: &Tally,
        cast: u64,
        registered: Option<u64>,
    ) -> Result<Self, ResultsError> {
        let counted = tally.ballots;
        match counted.cmp(&cast) {
            Ordering::Less => return Err(ResultsError::Counting { counted, cast }),
            Ordering::Greater => return Err(ResultsError::Overcounted { counted, cast }),
            Ordering::Equal => {}
        }
        check(competitions, scale, tally)?;
        let competitions = competitions.iter().map(|c| CompetitionResults::of(c, scale, tally)).collect();
        let mut results = Self {
            election_id,
            status: Status::Final,
            cast,
            counted,
            registered,
            digest: ShownDigest::NONE,
            competitions,
        };
        results.digest = results.digest_of_the_rest()?;
        Ok(results)
    }

    /// Is the digest that of what they say?
    pub fn is_whole(&self) -> bool {
        self.digest_of_the_rest().is_ok_and(|digest| digest == self.digest)
    }

    fn digest_of_the_rest(&self) -> Result<ShownDigest, serde_json::Error> {
        #[derive(Serialize)]
        struct Rest<'a> {
            election_id: ElectionId,
            status: Status,
            cast: u64,
            counted: u64,
            #[serde(skip_serializing_if = "Option::is_none")]
            registered: Option<u64>,
            competitions: &'a [CompetitionResults],
        }
        let Self { election_id, status, cast, counted, registered, digest: _, competitions } = self;
        let (election_id, status, cast, counted, registered) = (*election_id, *status, *cast, *counted, *registered);
        let rest = Rest { election_id, status, cast, counted, registered, competitions };
        Ok(ShownDigest(Digest::of(&serde_json_canonicalizer::to_vec(&rest)?)))
    }
}

/// Can this tally be of ballots of this election?
fn check(competitions: &[Competition], scale: Scale, tally: &Tally) -> Result<(), ResultsError> {
    if tally.ballots > MAX_BALLOTS {
        return Err(ResultsError::TooManyBallots);
    }
    let candidates = competitions.iter().flat_map(|competition| &competition.candidates);
    let own: BTreeSet<CandidateId> = candidates.map(|candidate| candidate.id).collect();
    for (&candidate, histogram) in &tally.candidates {
        let off_scale = histogram.grades().any(|(grade, ballots)| ballots > 0 && !scale.grades().contains(&grade));
        if off_scale || histogram.count() > tally.ballots || !own.contains(&candidate) {
            return Err(ResultsError::Impossible(candidate));
        }
    }
    Ok(())
}

impl CompetitionResults {
    fn of(competition: &Competition, scale: Scale, tally: &Tally) -> Self {
        let mut rated = Vec::new();
        let mut unranked = Vec::new();
        let mut disqualified = Vec::new();
        for candidate in &competition.candidates {
            let (candidate_id, name) = (candidate.id, candidate.name.clone());
            let histogram = tally.candidates.get(&candidate.id).filter(|histogram| histogram.count() > 0);
            match (&candidate.disqualified, histogram) {
                (Some(reason), _) => disqualified.push(Disqualified { candidate_id, name, reason: reason.clone() }),
                (None, Some(histogram)) => rated.push((candidate, *histogram)),
                (None, None) => unranked.push(Unranked { candidate_id, name }),
            }
        }
        let (competition_id, name) = (competition.id, competition.name.clone());
        Self { competition_id, name, candidates: ranked(rated, scale), unranked, disqualified }
    }
}

/// Gives each candidate its rank: the number of those that did better, and one.
fn ranked(mut rated: Vec<(&Candidate, Histogram)>, scale: Scale) -> Vec<CandidateResults> {
    // The sort is stable: candidates of one rank stay in the order of the competition.
    rated.sort_by(|(_, a), (_, b)| best_first(a, b));
    let mut better = 0;
    let mut results = Vec::with_capacity(rated.len());
    for equals in rated.chunk_by(|(_, a), (_, b)| best_first(a, b).is_eq()) {
        let tied = equals.len() > 1;
        let rank = better + 1;
        for (candidate, histogram) in equals {
            results.push(CandidateResults::of(candidate, rank, tied, histogram, scale));
            better += 1;
        }
    }
    results
}

/// The higher mean first. Of equal means, the one with more ratings at the top grade, then at the next one down, and so
/// on: who is still equal has the same ratings.
fn best_first(a: &Histogram, b: &Histogram) -> Ordering {
    let product = |sum: u64, count: u64| u128::from(sum) * u128::from(count);
    let by_mean = product(b.sum(), a.count()).cmp(&product(a.sum(), b.count()));
    by_mean.then_with(|| b.0.iter().rev().cmp(a.0.iter().rev()))
}

impl CandidateResults {
    fn of(candidate: &Candidate, rank: u32, tied: bool, histogram: &Histogram, scale: Scale) -> Self {
        Self {
            candidate_id: candidate.id,
            name: candidate.name.clone(),
            rank,
            tied,
            ratings: histogram.count(),
            sum: histogram.sum(),
            mean: mean(histogram),
            mean_exact: Fraction::mean_of(histogram),
            median: median(histogram),
            standard_deviation: standard_deviation(histogram),
            histogram: histogram.grades().filter(|(grade, _)| scale.grades().contains(grade)).collect(),
        }
    }
}
