//! How an election's voters and ballots are spread over partitions.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::hash::Hasher;

/// Why a number is not a shard count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an election has 1 to 64 shards")]
pub struct ShardCountError;

/// How many shards an election has: 1 to 64, fixed when it is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct ShardCount(u8);

impl ShardCount {
    /// The most shards an election can have.
    pub const MAX: u8 = 64;

    /// The count for so many voters: one shard per hundred. Two casts conflict only at one shard's gate, so this bounds
    /// how often they do when everybody comes at once.
    pub fn for_voters(expected: u64) -> Self {
        let shards = expected.div_ceil(100).clamp(1, u64::from(Self::MAX));
        Self(u8::try_from(shards).unwrap_or(Self::MAX))
    }

    /// The count.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// All the shards there are.
    pub fn shards(self) -> impl Iterator<Item = Shard> {
        (0..self.0).map(Shard)
    }

    /// The shard of whatever has this id: a ballot, a voter, an email's key.
    pub fn shard_of(self, id: &str) -> Shard {
        let digest = Hasher::new("photovote/shard").part(id.as_bytes()).finish();
        let shard = digest.leading_bits() % u128::from(self.0);
        Shard(u8::try_from(shard).unwrap_or(0))
    }
}

impl Default for ShardCount {
    fn default() -> Self {
        Self(16)
    }
}

impl TryFrom<u8> for ShardCount {
    type Error = ShardCountError;

    fn try_from(count: u8) -> Result<Self, ShardCountError> {
        if (1..=Self::MAX).contains(&count) { Ok(Self(count)) } else { Err(ShardCountError) }
    }
}

impl From<ShardCount> for u8 {
    fn from(count: ShardCount) -> u8 {
        count.0
    }
}

/// Why a number is not a shard's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("shards have the numbers 0 to 63")]
pub struct ShardError;

/// One of an election's shards, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Shard(u8);

impl Shard {
    /// The shard of this number, if an election can have so many.
    pub fn new(number: u8) -> Option<Self> {
        (number < ShardCount::MAX).then_some(Self(number))
    }

    /// The shard's number.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Shard {
    type Error = ShardError;

    fn try_from(number: u8) -> Result<Self, ShardError> {
        Self::new(number).ok_or(ShardError)
    }
}

impl From<Shard> for u8 {
    fn from(shard: Shard) -> Self {
        shard.0
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn shards_follow_the_expected_voters() {
        let count = |voters| ShardCount::for_voters(voters).get();
        assert_eq!([0, 1, 100, 101, 1_600, 100_000, u64::MAX].map(count), [1, 1, 1, 2, 16, 64, 64]);
    }

    #[test]
    fn ids_are_spread_evenly_and_stay_where_they_are() {
        let count = ShardCount::default();
        let mut seen = BTreeMap::new();
        for id in 0..16_000 {
            *seen.entry(count.shard_of(&id.to_string())).or_insert(0) += 1;
        }
        assert_eq!(seen.len(), 16);
        assert!(seen.values().all(|n| (800..1_200).contains(n)), "{seen:?}");
        // Stored keys depend on it: this value must never change.
        assert_eq!(count.shard_of("01ARZ3NDEKTSV4RRFFQ69G5FAV").get(), 8);
    }
}
