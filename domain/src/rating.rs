//! Scales and ratings.

use std::{collections::BTreeMap, fmt, ops::RangeInclusive};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor},
};
use thiserror::Error;

use crate::ids::CandidateId;

/// The largest grade that any scale may have.
pub const MAX_GRADE: u8 = 10;

/// Why two numbers are not a scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ScaleError {
    /// A grade outside 0 to 10.
    #[error("a scale lies within 0 to 10")]
    OutOfRange,
    /// The smallest grade is not below the largest.
    #[error("a scale's min is below its max")]
    Empty,
}

/// The grades a voter may give: the whole numbers from `min` to `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Bounds")]
pub struct Scale {
    max: u8,
    min: u8,
}

/// Two numbers that may be a scale.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bounds {
    max: i64,
    min: i64,
}

impl TryFrom<Bounds> for Scale {
    type Error = ScaleError;

    fn try_from(Bounds { max, min }: Bounds) -> Result<Self, ScaleError> {
        Self::new(min, max)
    }
}

impl Scale {
    /// A scale from `min` to `max`, both included.
    pub fn new(min: i64, max: i64) -> Result<Self, ScaleError> {
        let grade = |n: i64| u8::try_from(n).ok().filter(|&n| n <= MAX_GRADE).ok_or(ScaleError::OutOfRange);
        let (min, max) = (grade(min)?, grade(max)?);
        if min < max { Ok(Self { max, min }) } else { Err(ScaleError::Empty) }
    }

    /// The lowest grade.
    pub const fn min(self) -> u8 {
        self.min
    }

    /// The highest grade.
    pub const fn max(self) -> u8 {
        self.max
    }

    /// Is this one of the grades?
    pub fn contains(self, rating: Rating) -> bool {
        self.grades().contains(&rating.0)
    }

    /// The grades, lowest first.
    pub const fn grades(self) -> RangeInclusive<u8> {
        self.min..=self.max
    }
}

impl Default for Scale {
    /// One to five.
    fn default() -> Self {
        Self { max: 5, min: 1 }
    }
}

/// Why a number is not a rating on any scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a rating is a whole number from 0 to 10")]
pub struct RatingError;

/// A grade given to a candidate: 0 to 10 on any scale; an election's own [`Scale`] is usually narrower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rating(u8);

impl Rating {
    /// The grade.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<i64> for Rating {
    type Error = RatingError;

    fn try_from(n: i64) -> Result<Self, RatingError> {
        u8::try_from(n).ok().filter(|&n| n <= MAX_GRADE).map(Self).ok_or(RatingError)
    }
}

/// What a ballot says: a grade for each candidate it rates. Absent means "not rated", never 0.
pub type Ratings = BTreeMap<CandidateId, u8>;

/// Reads ratings into a list first: they are stored in their order, and a map is made of such a list at once, which is
/// quicker than to look for a place for each. This is what counting consists of.
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Ratings, D::Error> {
    struct List;

    impl<'de> Visitor<'de> for List {
        type Value = Ratings;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ratings, A::Error> {
            let mut ratings = Vec::with_capacity(64);
            while let Some(rating) = map.next_entry()? {
                ratings.push(rating);
            }
            Ok(ratings.into_iter().collect())
        }
    }

    deserializer.deserialize_map(List)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_lies_within_0_to_10_the_right_way_round() {
        assert!(Scale::new(0, 10).is_ok());
        assert_eq!(Scale::new(1, 5), Ok(Scale::default()));
        assert_eq!(Scale::new(5, 1), Err(ScaleError::Empty));
        assert_eq!(Scale::new(3, 3), Err(ScaleError::Empty));
        assert_eq!(Scale::new(-1, 5), Err(ScaleError::OutOfRange));
        assert_eq!(Scale::new(0, 11), Err(ScaleError::OutOfRange));
        assert_eq!(Scale::new(0, i64::MAX), Err(ScaleError::OutOfRange));
    }

    #[test]
    fn a_scale_is_read_back_and_bad_scales_are_refused() {
        let read = |json: &str| serde_json::from_str::<Scale>(json);
        assert_eq!(serde_json::to_string(&Scale::default()).unwrap(), r#"{"max":5,"min":1}"#);
        assert_eq!(read(r#"{"max":5,"min":1}"#).unwrap(), Scale::default());
        assert!(read(r#"{"max":1,"min":5}"#).is_err());
        assert!(read(r#"{"max":11,"min":0}"#).is_err());
    }

    #[test]
    fn a_rating_is_on_a_scale_or_not() {
        let scale = Scale::new(2, 4).unwrap();
        let on = |n: i64| scale.contains(Rating::try_from(n).unwrap());
        assert_eq!([1, 2, 3, 4, 5].map(on), [false, true, true, true, false]);
        assert_eq!(Rating::try_from(-1), Err(RatingError));
        assert_eq!(Rating::try_from(11), Err(RatingError));
        assert_eq!(Rating::try_from(i64::from(u8::MAX) + 2), Err(RatingError), "does not wrap round");
    }
}
