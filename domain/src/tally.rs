//! Counting ballots.

use std::collections::BTreeMap;

use crate::{
    ids::CandidateId,
    rating::{MAX_GRADE, Ratings},
};

/// How often each grade from 0 to [`MAX_GRADE`] was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Histogram(pub [u64; MAX_GRADE as usize + 1]);

impl Histogram {
    /// Each grade and how often it was given, from grade 0.
    pub fn grades(&self) -> impl DoubleEndedIterator<Item = (u8, u64)> {
        (0..=MAX_GRADE).zip(self.0)
    }

    /// How many ratings there are; at most [`u64::MAX`].
    pub fn count(&self) -> u64 {
        self.0.iter().fold(0, |count, &ratings| count.saturating_add(ratings))
    }

    /// The sum of the ratings; at most [`u64::MAX`].
    pub fn sum(&self) -> u64 {
        self.grades().fold(0, |sum, (grade, ratings)| sum.saturating_add(ratings.saturating_mul(grade.into())))
    }
}

/// The sum of ballots: for each candidate that was rated, how often it got each grade. Adding is commutative, so the
/// order in which ballots are counted leaves no trace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// How many ballots were counted.
    pub ballots: u64,
    /// What the candidates got.
    pub candidates: BTreeMap<CandidateId, Histogram>,
}

impl Tally {
    /// Counts one ballot.
    pub fn count(&mut self, ratings: &Ratings) {
        self.ballots += 1;
        for (&candidate, &grade) in ratings {
            let histogram = self.candidates.entry(candidate).or_default();
            // Grades were checked before they were written; one that is off every scale would count for nobody.
            if let Some(cell) = histogram.0.get_mut(usize::from(grade)) {
                *cell += 1;
            }
        }
    }

    /// Adds what was counted elsewhere.
    pub fn merge(&mut self, other: &Self) {
        self.ballots += other.ballots;
        for (&candidate, theirs) in &other.candidates {
            let ours = self.candidates.entry(candidate).or_default();
            for (cell, more) in ours.0.iter_mut().zip(theirs.0) {
                *cell += more;
            }
        }
    }
}
