//! What a gate is, and reading gates.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, KeysAndAttributes},
};
use photovote_domain::{ElectionId, Links, Shard, ShardCount, Timestamp};
use photovote_dynamodb::{Failure, Item, Meaning, Retry, StorageError, storage_error};
use photovote_keys::coordination::{gate_key, shard_partition};
use thiserror::Error;

use crate::seen::Seen;

/// Why the control table has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ControlError {
    /// The storage fails.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A gate is not there, or is not what it should be. That is not a gate that is closed: an operator has to restore it.
    #[error("the gate of shard {shard} of election {election} is missing or damaged")]
    Missing {
        /// The election.
        election: ElectionId,
        /// The shard.
        shard: Shard,
    },
    /// A voter is registered, and their address has no guard.
    #[error("the guard of an address in election {election} is missing")]
    Unguarded {
        /// The election.
        election: ElectionId,
    },
}

impl ControlError {
    /// Tells the operator, for an alarm.
    fn reported(self) -> Self {
        metrics::counter!("GatesMissing").increment(1);
        tracing::error!(event = "gate_missing", error = %self, "restore the control table: `photovote rebuild --control`");
        self
    }
}

impl Failure for ControlError {
    fn meaning(&self) -> Meaning<'_> {
        match self {
            Self::Storage(error) => error.meaning(),
            Self::Missing { .. } | Self::Unguarded { .. } => Meaning::GatesMissing,
        }
    }
}

/// Where a gate is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateStatus {
    /// Voters may be registered.
    Draft,
    /// Voters may be registered, and ballots cast.
    Open,
    /// Nothing passes.
    Closed,
}

impl GateStatus {
    /// The status as the gate's item has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// A gate's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateState {
    /// Where it is in its life.
    pub status: GateStatus,
    /// Who hands out the links of the voters whom it lets in.
    pub links: Links,
    /// From when on it refuses casts by itself.
    pub closes_at: Option<Timestamp>,
    /// How many casts it let through.
    pub casts: u64,
    /// How many voters it let in, less those who were removed.
    pub registered: u64,
    /// How many of these voters have a link that is to be handed out, and was never shown to anybody.
    pub unlinked: u64,
    /// How many photographs were requested, less those that were removed.
    pub photographs: u64,
}

impl GateState {
    /// The gate that an item holds, if it is one.
    pub fn from_item(item: &Item) -> Option<Self> {
        let number = |name: &str| item.get(name)?.as_n().ok()?.parse::<i64>().ok();
        let count = |name: &str| u64::try_from(number(name)?).ok();
        let status = match item.get("status")?.as_s().ok()?.as_str() {
            "draft" => GateStatus::Draft,
            "open" => GateStatus::Open,
            "closed" => GateStatus::Closed,
            _ => return None,
        };
        // Gates of release 0.1.0 do not say.
        let links = match item.get("links") {
            None => Links::HandOut,
            Some(links) => links.as_s().ok()?.parse().ok()?,
        };
        Some(Self {
            status,
            links,
            closes_at: number("closes_at").map(Timestamp::from_millis),
            casts: count("casts")?,
            registered: count("registered")?,
            // Gates of release 0.1.0 know none.
            unlinked: count("unlinked").unwrap_or_default(),
            photographs: count("photographs").unwrap_or_default(),
        })
    }
}

/// How many voters there are, and how many have cast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turnout {
    /// Voters that are registered.
    pub registered: u64,
    /// Ballots that were cast.
    pub cast: u64,
}

impl Turnout {
    /// Adds what came through one more gate.
    #[must_use]
    pub const fn with(self, gate: &GateState) -> Self {
        Self { registered: self.registered + gate.registered, cast: self.cast + gate.casts }
    }
}

/// Reads gates.
#[derive(Debug, Clone)]
pub struct ControlReader {
    pub(crate) client: Client,
    pub(crate) table: String,
    seen: Seen,
}

impl ControlReader {
    /// Reads this table.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into(), seen: Seen::default() }
    }

    /// Who has come so far: one BatchGetItem over the gates.
    pub async fn turnout(&self, election: ElectionId, shards: ShardCount) -> Result<Turnout, ControlError> {
        let gates = self.gates(election, shards).await?;
        Ok(gates.values().fold(Turnout::default(), Turnout::with))
    }

    /// Are all gates of an election there? The answer is remembered for 5 seconds, so that a command that passes no gate costs
    /// no call more.
    pub async fn has_gates(&self, election: ElectionId, shards: ShardCount) -> Result<(), ControlError> {
        if self.seen.lately(election) { Ok(()) } else { self.gates(election, shards).await.map(drop) }
    }

    /// All gates of an election, by shard.
    ///
    /// # Errors
    /// If one of them is missing, that is logged and counted, for an alarm.
    pub async fn gates(
        &self,
        election: ElectionId,
        shards: ShardCount,
    ) -> Result<BTreeMap<Shard, GateState>, ControlError> {
        let found = match self.standing(election, shards).await {
            Err(error) if error.is_of_missing_table() => BTreeMap::new(),
            found => found?,
        };
        if let Some(shard) = shards.shards().find(|shard| !found.contains_key(shard)) {
            return Err(self.missing(election, shard));
        }
        self.seen.now(election);
        Ok(found)
    }

    /// The gates of an election that are there.
    pub async fn standing(
        &self,
        election: ElectionId,
        shards: ShardCount,
    ) -> Result<BTreeMap<Shard, GateState>, StorageError> {
        let keys = shards.shards().map(|shard| gate_key(election, shard)).collect();
        let mut found = HashMap::new();
        for item in self.batch(keys).await? {
            if let (Some(Ok(pk)), Some(gate)) = (item.get("pk").map(AttributeValue::as_s), GateState::from_item(&item))
            {
                found.insert(pk.clone(), gate);
            }
        }
        Ok(shards
            .shards()
            .filter_map(|shard| Some((shard, found.remove(&shard_partition(election, shard))?)))
            .collect())
    }

    /// The items that are there of at most a hundred, in no order. It asks again for those that the table throttles.
    pub(crate) async fn batch(&self, mut keys: Vec<Item>) -> Result<Vec<Item>, StorageError> {
        let (mut items, mut retry) = (Vec::new(), Retry::contention());
        while !keys.is_empty() {
            let request = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
            let request = request.map_err(|error| StorageError::Unavailable(error.to_string()))?;
            let sent = self.client.batch_get_item().request_items(&self.table, request).send().await;
            let answer = sent.map_err(|error| storage_error(&error))?;
            items.extend(answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default());
            let rest = answer.unprocessed_keys.unwrap_or_default().remove(&self.table);
            keys = rest.map(|rest| rest.keys).unwrap_or_default();
            if !keys.is_empty() && !retry.again().await {
                return Err(StorageError::Throttled);
            }
        }
        Ok(items)
    }

    /// The error of a gate that was found missing. It is logged and counted, for an alarm.
    pub fn missing(&self, election: ElectionId, shard: Shard) -> ControlError {
        self.seen.forget(election);
        ControlError::Missing { election, shard }.reported()
    }

    /// The error of a guard that was found missing. It is logged and counted, for an alarm.
    pub fn unguarded(&self, election: ElectionId) -> ControlError {
        self.seen.forget(election);
        ControlError::Unguarded { election }.reported()
    }
}
