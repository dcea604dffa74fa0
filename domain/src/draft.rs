//! Drafts: what a ballot says before it is cast, in few bytes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    election::Election,
    rating::{MAX_GRADE, Ratings},
};

/// Stands for a candidate that is not rated.
const UNRATED: char = '.';
/// The base in which a grade is one digit.
const RADIX: u32 = 16;

/// Why a text is not a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a draft has one digit from 0 to a, or a full stop, for each candidate")]
pub struct DraftError;

/// A grade, or none, for each candidate of an election, in the order of the election's definition. That order is fixed before
/// anybody can rate. As text: one character for each candidate, such as `5..3a`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Draft(Vec<Option<u8>>);

impl Draft {
    /// The draft that has these ratings. The election has been opened.
    pub fn of(ratings: &Ratings, election: &Election) -> Self {
        Self(election.candidates().map(|candidate| ratings.get(&candidate.id).copied()).collect())
    }

    /// What it says. The election has been opened.
    pub fn ratings(&self, election: &Election) -> Ratings {
        let graded = election.candidates().zip(&self.0);
        graded.filter_map(|(candidate, grade)| Some((candidate.id, (*grade)?))).collect()
    }
}

impl fmt::Display for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digit = |grade: &Option<u8>| grade.and_then(|grade| char::from_digit(grade.into(), RADIX));
        self.0.iter().try_for_each(|grade| write!(f, "{}", digit(grade).unwrap_or(UNRATED)))
    }
}

impl FromStr for Draft {
    type Err = DraftError;

    fn from_str(text: &str) -> Result<Self, DraftError> {
        let grade = |digit: char| match digit {
            UNRATED => Ok(None),
            '0'..='9' | 'a'..='f' => {
                let grade = digit.to_digit(RADIX).and_then(|grade| u8::try_from(grade).ok());
                grade.filter(|grade| *grade <= MAX_GRADE).map(Some).ok_or(DraftError)
            }
            _ => Err(DraftError),
        };
        text.chars().map(grade).collect::<Result<_, _>>().map(Self)
    }
}

impl From<Draft> for String {
    fn from(draft: Draft) -> Self {
        draft.to_string()
    }
}

impl TryFrom<String> for Draft {
    type Error = DraftError;

    fn try_from(text: String) -> Result<Self, DraftError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        election::{Candidate, Competition},
        ids::{CandidateId, CompetitionId},
    };

    fn election(candidates: &[u128]) -> Election {
        let candidate = |bits: &u128| Candidate {
            id: CandidateId::from_bits(*bits),
            name: String::new(),
            description: None,
            image: None,
            disqualified: None,
        };
        let competition = |(number, candidates): (u128, &[u128])| Competition {
            id: CompetitionId::from_bits(number),
            name: String::new(),
            description: None,
            candidates: candidates.iter().map(candidate).collect(),
        };
        Election { competitions: (0..).zip(candidates.chunks(2)).map(competition).collect(), ..Election::default() }
    }

    #[test]
    fn a_draft_has_one_character_for_each_candidate() {
        let election = election(&[7, 3, 9, 1, 5]);
        let ratings: Ratings = [(7, 5), (1, 3), (5, 10), (3, 0)].map(|(id, g)| (CandidateId::from_bits(id), g)).into();
        let draft = Draft::of(&ratings, &election);
        assert_eq!(draft.to_string(), "50.3a");
        assert_eq!(draft.to_string().parse(), Ok(draft.clone()));
        assert_eq!(draft.ratings(&election), ratings);
        assert_eq!(Draft::of(&Ratings::new(), &election).to_string(), ".....");
    }

    #[test]
    fn a_draft_has_one_spelling() {
        for wrong in ["b", "A", " ", "5-", "5,3", "٣"] {
            assert_eq!(wrong.parse::<Draft>(), Err(DraftError), "{wrong}");
        }
    }
}
