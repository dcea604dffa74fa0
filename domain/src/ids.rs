//! The names of things: ULIDs for what PhotoVote makes, a subject for who asks.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use ulid::{ULID_LEN, Ulid};

use crate::written;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("an id is a ULID: 26 characters of Crockford's base 32, the first one 0 to 7")]
pub struct IdError;

macro_rules! ulid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Ulid);

        impl $name {
            /// An id of these 128 bits. A time-ordered id has the milliseconds since the epoch in its first 48.
            pub const fn from_bits(bits: u128) -> Self {
                Self(Ulid(bits))
            }

            /// The id's 128 bits.
            pub const fn bits(self) -> u128 {
                self.0.0
            }
        }

        impl From<u128> for $name {
            fn from(bits: u128) -> Self {
                Self::from_bits(bits)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            /// Parses the canonical form, ignoring case.
            fn from_str(text: &str) -> Result<Self, IdError> {
                // 26 characters are 130 bits, and the decoder drops what is beyond the 128th: an id has one spelling.
                if !matches!(text.as_bytes().first(), Some(b'0'..=b'7')) {
                    return Err(IdError);
                }
                Ulid::from_string(text).map(Self).map_err(|_not_a_ulid| IdError)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.0.array_to_str(&mut [0; ULID_LEN]))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                written::read(deserializer)
            }
        }
    };
}

ulid_id!(
    /// Names an election.
    ElectionId
);
ulid_id!(
    /// Names a competition of an election.
    CompetitionId
);
ulid_id!(
    /// Names a candidate: one photograph in one competition.
    CandidateId
);
ulid_id!(
    /// Names a voter.
    VoterId
);
ulid_id!(
    /// Names a photograph that was uploaded.
    PhotographId
);
ulid_id!(
    /// Names a mailing.
    MailingId
);
ulid_id!(
    /// Names an import of a list of voters.
    ImportId
);
ulid_id!(
    /// Names a ballot. Random in all its bits: a time-ordered id would tell who voted when.
    BallotId
);

/// Why a text is not a subject.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a subject is 1 to 255 characters, none of them a control character")]
pub struct SubjectError;

/// An administrator, as the identity provider names them (the `sub` claim of RFC 7519).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subject(String);

impl Subject {
    /// The most characters that it can have.
    pub const LONGEST: usize = 255;

    /// The subject as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Subject {
    type Error = SubjectError;

    fn try_from(text: String) -> Result<Self, SubjectError> {
        let length = text.chars().count();
        if length == 0 || length > Self::LONGEST || text.chars().any(char::is_control) {
            return Err(SubjectError);
        }
        Ok(Self(text))
    }
}

impl FromStr for Subject {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, SubjectError> {
        text.to_owned().try_into()
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> String {
        subject.0
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id: ElectionId = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        assert_eq!(id.to_string(), "01ARZ3NDEKTSV4RRFFQ69G5FAV");
        assert_eq!("01arz3ndektsv4rrffq69g5fav".parse(), Ok(id));
        let refused = [
            "",
            "01ARZ3NDEKTSV4RRFFQ69G5FA",
            "01ARZ3NDEKTSV4RRFFQ69G5FAVX",
            "81ARZ3NDEKTSV4RRFFQ69G5FAV",
            "0IARZ3NDEKTSV4RRFFQ69G5FAV",
            "0LARZ3NDEKTSV4RRFFQ69G5FAV",
            "0OARZ3NDEKTSV4RRFFQ69G5FAV",
            "OAARZ3NDEKTSV4RRFFQ69G5FAV",
            "01ARZ3NDEKTSV4RRFFQ69G5FAU",
            "01ARZ3NDEKTSV4RRFFQ69G5FÄ",
        ];
        for text in refused {
            assert_eq!(text.parse::<ElectionId>(), Err(IdError), "{text}");
        }
    }

    #[test]
    fn the_largest_id_is_an_id() {
        let id = BallotId::from_bits(u128::MAX);
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn an_id_is_read_only_from_borrowed_or_owned_text() {
        let id: ElectionId = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        let (plain, escaped) = (r#""01ARZ3NDEKTSV4RRFFQ69G5FAV""#, r#""\u0030\u0031ARZ3NDEKTSV4RRFFQ69G5FAV""#);
        assert_eq!(serde_json::to_string(&id).unwrap(), plain);
        assert_eq!(serde_json::from_str::<ElectionId>(plain).unwrap(), id);
        assert_eq!(serde_json::from_str::<ElectionId>(escaped).unwrap(), id);
        assert_eq!(serde_json::from_value::<ElectionId>("01ARZ3NDEKTSV4RRFFQ69G5FAV".into()).unwrap(), id);
        assert!(serde_json::from_str::<ElectionId>(r#""01ARZ3NDEKTSV4RRFFQ69G5FA""#).is_err());
        assert!(serde_json::from_str::<ElectionId>("1").is_err());
    }

    #[test]
    fn a_subject_is_visible_text() {
        assert!("auth0|7".parse::<Subject>().is_ok());
        assert!("".parse::<Subject>().is_err());
        assert!("a\nb".parse::<Subject>().is_err());
        assert!("x".repeat(256).parse::<Subject>().is_err());
    }
}
