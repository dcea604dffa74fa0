//! What keeps an election from opening.

use serde::{Deserialize, Serialize};

use super::Election;

/// What its own stream does not tell about an election that is to open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Readiness {
    /// Voters who are registered.
    pub registered: u64,
    /// Of those, voters whose links are handed out by an administrator, and were never shown to one.
    pub unlinked: u64,
    /// Photographs whose uploads have arrived, and which are not processed.
    pub processing: u64,
}

/// What keeps an election from opening at its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Obstacle {
    /// There is nothing to vote on.
    NoCompetition,
    /// A competition has fewer than two candidates.
    TooFewCandidates,
    /// Photographs are still being processed.
    PhotographsProcessing {
        /// How many.
        count: u64,
    },
    /// Nobody could vote.
    NoVoters,
    /// The links of voters are to be handed out, and were never shown to anybody who could do that.
    LinksNotShown {
        /// How many.
        count: u64,
    },
}

impl Election {
    /// What keeps a draft from opening by itself. Nothing keeps an administrator from opening it but its competitions.
    pub fn obstacles(&self, readiness: Readiness) -> Vec<Obstacle> {
        let Readiness { registered, unlinked, processing } = readiness;
        let few = self.competitions.iter().any(|competition| competition.candidates.len() < 2);
        [
            self.competitions.is_empty().then_some(Obstacle::NoCompetition),
            few.then_some(Obstacle::TooFewCandidates),
            (processing > 0).then_some(Obstacle::PhotographsProcessing { count: processing }),
            (registered == 0).then_some(Obstacle::NoVoters),
            (unlinked > 0).then_some(Obstacle::LinksNotShown { count: unlinked }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
