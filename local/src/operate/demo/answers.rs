//! What the API answers, as far as the demonstration reads it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A thing that was made.
#[derive(Debug, Deserialize)]
pub(super) struct Created {
    pub(super) id: String,
}

/// A voter who was registered. The token is shown once: a registration that is repeated does not show it again.
#[derive(Debug, Deserialize)]
pub(super) struct Registered {
    pub(super) id: String,
    pub(super) ballot_token: Option<String>,
}

/// A ballot's secret.
#[derive(Debug, Deserialize)]
pub(super) struct BallotToken {
    pub(super) ballot_token: String,
}

/// A change that was made.
#[derive(Debug, Deserialize)]
pub(super) struct Changed {
    pub(super) version: u64,
}

/// A draft that was saved.
#[derive(Debug, Deserialize)]
pub(super) struct Saved {}

/// A ballot that was cast.
#[derive(Debug, Deserialize)]
pub(super) struct Cast {
    pub(super) receipt: String,
}

/// What the public learns of a receipt.
#[derive(Debug, Deserialize)]
pub(super) struct Receipt {
    pub(super) counted: bool,
}

/// How many have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) struct Turnout {
    pub(super) registered: u64,
    pub(super) cast: u64,
}

/// The results, as far as they have come.
#[derive(Debug, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub(super) enum Results {
    Counting { counted: u64, cast: u64 },
    Final(FinalResults),
}

/// The results of an election.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct FinalResults {
    pub(super) counted: u64,
    pub(super) digest: String,
    pub(super) competitions: Vec<CompetitionResults>,
}

/// The results of a competition.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct CompetitionResults {
    pub(super) name: String,
    pub(super) candidates: Vec<Ranked>,
    pub(super) unranked: Vec<Unranked>,
    pub(super) disqualified: Vec<Disqualified>,
}

/// A photograph with a rank.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Ranked {
    pub(super) candidate_id: String,
    pub(super) name: String,
    pub(super) rank: usize,
    pub(super) tied: bool,
    pub(super) ratings: u64,
    pub(super) sum: u64,
    pub(super) mean: String,
    pub(super) mean_exact: Fraction,
    pub(super) median: String,
    pub(super) standard_deviation: String,
    /// How many ballots gave each grade; the grades are the keys.
    pub(super) histogram: BTreeMap<String, u64>,
}

/// A fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) struct Fraction {
    pub(super) numerator: u64,
    pub(super) denominator: u64,
}

/// A photograph that nobody rated.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Unranked {
    pub(super) candidate_id: String,
    pub(super) name: String,
}

/// A photograph that was disqualified.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Disqualified {
    pub(super) candidate_id: String,
    pub(super) name: String,
    pub(super) reason: String,
}
