//! Grades in a request.

use std::collections::BTreeMap;

use photovote_domain::{
    CandidateId, Rating, Scale,
    ballot::{BallotRejection, MAX_RATINGS_IN_REQUEST},
};
use photovote_edge::{Answer, Problem};

/// Parses numbers as grades. The rules of the ballot check whether they are on the election's scale.
pub(crate) fn graded(ratings: &BTreeMap<CandidateId, i64>, scale: Scale) -> Answer<BTreeMap<CandidateId, Rating>> {
    if ratings.len() > MAX_RATINGS_IN_REQUEST {
        return Err(Problem::refused(&BallotRejection::TooManyRatings));
    }
    let graded = ratings.iter().map(|(&candidate, &number)| match Rating::try_from(number) {
        Ok(rating) => Ok((candidate, rating)),
        Err(_off_every_scale) => {
            let (min, max) = (scale.min(), scale.max());
            Err(Problem::refused(&BallotRejection::OutOfScale { candidate, min, max }))
        }
    });
    graded.collect()
}
