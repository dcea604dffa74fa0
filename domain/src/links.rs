//! Who hands out the links that open ballots, and which of a ballot's links is meant.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Who hands out the links that open the ballots of an election.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Links {
    /// An administrator: registering a voter answers with the ballot token.
    #[default]
    HandOut,
    /// PhotoVote itself, by mail: no answer holds a ballot token.
    Invite,
}

/// A text that says nothing about who hands out links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("is neither hand_out nor invite")]
pub struct LinksError;

impl Links {
    /// Both, as requests and answers write them.
    pub const ALL: [Self; 2] = [Self::HandOut, Self::Invite];

    /// The word for it in requests and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HandOut => "hand_out",
            Self::Invite => "invite",
        }
    }
}

impl FromStr for Links {
    type Err = LinksError;

    fn from_str(word: &str) -> Result<Self, LinksError> {
        Self::ALL.into_iter().find(|links| links.as_str() == word).ok_or(LinksError)
    }
}

/// Which of a ballot's links it is, from 1. A link that is replaced is followed by the next number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LinkNumber(u32);

impl LinkNumber {
    /// The first link of a ballot.
    pub const FIRST: Self = Self(1);

    /// The link of this number. The first is 1; there is none before it.
    pub const fn new(number: u32) -> Self {
        Self(if number == 0 { 1 } else { number })
    }

    /// The link that follows if this one is replaced.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Default for LinkNumber {
    fn default() -> Self {
        Self::FIRST
    }
}

impl fmt::Display for LinkNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
