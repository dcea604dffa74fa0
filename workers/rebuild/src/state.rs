//! How far a rebuild has come: what is kept in the documents table, so that whoever goes on knows where.

use std::{collections::BTreeSet, time::Duration};

use photovote_documents_read::Generation;
use photovote_documents_read::Scope;
use photovote_domain::{ElectionId, Shard, ShardCount, Timestamp};
use photovote_events::{Part, Partition, Position};
use serde::{Deserialize, Serialize};

/// The most segments that the events table is read in.
const MOST_SEGMENTS: u32 = 1_000;

/// What is to be rebuilt, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// What is to be built again.
    pub scope: Scope,
    /// In how many segments the events table is read, each by itself; an election is read partition by partition.
    pub segments: u32,
    /// How many commits a second each of them may work off.
    pub commits_per_second: u32,
    /// How many commits are worked off together, at most.
    pub page: u16,
    /// How many seconds nobody may go on who does not know of the new generation: as long as a projector remembers the
    /// generations, and then works.
    pub settle_seconds: u32,
    /// How many seconds the counter may take with the elections of a part. Those that are not counted then are compared as they are.
    pub count_seconds: u32,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            scope: Scope::All,
            segments: 8,
            commits_per_second: 500,
            page: 500,
            settle_seconds: 70,
            count_seconds: 3_600,
        }
    }
}

impl Plan {
    /// How many parts there are: segments, or the election's partitions.
    pub(crate) fn parts(&self, shards: ShardCount) -> u32 {
        match self.scope {
            Scope::All => self.segments.clamp(1, MOST_SEGMENTS),
            Scope::Election(_) => 2 + u32::from(shards.get()),
        }
    }

    pub(crate) fn settle(&self) -> Duration {
        Duration::from_secs(self.settle_seconds.into())
    }
}

/// Where a rebuild is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The generation has a name, and projectors may not know of it.
    Registering,
    /// Projectors may be at work that do not know of it.
    Waiting {
        /// Until then.
        until: Timestamp,
    },
    /// Commits are applied to it.
    Replaying,
    /// The counter counts closed elections in it, and clears deleted ones.
    Counting,
    /// It is compared with the commits, and with what is served.
    Comparing,
    /// It is served.
    Switched,
    /// It is not, because it lacks what the served one has. It is still written.
    Refused,
}

impl Phase {
    /// Is there nothing left to do?
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Switched | Self::Refused)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Registering => "registering",
            Self::Waiting { .. } => "waiting",
            Self::Replaying => "replaying",
            Self::Counting => "counting",
            Self::Comparing => "comparing",
            Self::Switched => "switched",
            Self::Refused => "refused",
        }
    }
}

/// A rebuild.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rebuild {
    /// What is built.
    pub generation: Generation,
    /// How.
    pub plan: Plan,
    /// How many parts are read, each by itself.
    pub parts: u32,
    /// Where it is.
    pub phase: Phase,
}

impl Rebuild {
    /// The part of the events table that has this number.
    pub(crate) fn part(&self, number: u32) -> Part {
        match self.plan.scope {
            Scope::All => Part::Segment { number, of: self.parts },
            Scope::Election(election) => {
                let shard = number.checked_sub(2).and_then(|shard| Shard::new(u8::try_from(shard).ok()?));
                let partition = match (number, shard) {
                    (1, _) => Partition::Photographs,
                    (_, Some(shard)) => Partition::Shard(shard),
                    (_, None) => Partition::Election,
                };
                Part::Partition(election, partition)
            }
        }
    }
}

/// How far a part has come in a phase.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Where it goes on.
    pub after: Option<Position>,
    /// Is it at its end?
    pub done: bool,
    /// Commits that were worked off.
    pub commits: u64,
    /// The elections that the counter has to look after, found while commits are replayed, and left of them while it counts.
    #[serde(default)]
    pub elections: BTreeSet<ElectionId>,
    /// Until when the counter has time for them.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Commits that cannot be applied, or read.
    pub poisoned: u64,
    /// What was lacking in the comparison, and is there now.
    pub healed: u64,
    /// What is lacking still.
    pub lacking: u64,
    /// How much of this is not lacking in the generation that is served.
    pub worse: u64,
    /// Documents that are not what they are in the generation that is served, though they have come as far.
    pub differing: u64,
}

impl Progress {
    pub(crate) fn add(&mut self, other: &Self) {
        self.commits += other.commits;
        self.poisoned += other.poisoned;
        self.healed += other.healed;
        self.lacking += other.lacking;
        self.worse += other.worse;
        self.differing += other.differing;
    }
}

/// A rebuild and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The rebuild.
    pub rebuild: Rebuild,
    /// Parts that were replayed.
    pub replayed_parts: u32,
    /// The sum of what was replayed.
    pub replayed: Progress,
    /// Parts whose elections were counted.
    pub counted_parts: u32,
    /// Parts that were compared.
    pub compared_parts: u32,
    /// The sum of what was compared.
    pub compared: Progress,
}
