//! Where streams lie: the keys of the events table.

use std::{fmt, str::FromStr};

use photovote_domain::{
    Aggregate, Ballot, BallotId, Election, ElectionId, Import, ImportId, Mailing, MailingId, Photograph, PhotographId,
    Shard, ShardCount, Version, Voter, VoterId,
};
use thiserror::Error;

/// What the key of the partition of photographs ends with.
const PHOTOGRAPHS: &str = "photographs";
/// How many digits a version has in a key.
const VERSION_DIGITS: usize = 10;

/// A stream: one aggregate's events, and where they lie.
///
/// The partition `<election>` holds the election's own stream and those of its imports and mailings, which are few and short. `<election>#photographs` holds its photographs, so that
/// the function that reads strangers' files reaches no ballot. Voters and ballots lie under `<election>#<shard>`. So an election is
/// enumerated with one Query per partition, and its writes are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// The election's own.
    Election(ElectionId),
    /// A voter's.
    Voter(ElectionId, Shard, VoterId),
    /// A ballot's.
    Ballot(ElectionId, Shard, BallotId),
    /// A photograph's.
    Photograph(ElectionId, PhotographId),
    /// A mailing's.
    Mailing(ElectionId, MailingId),
    /// An import's.
    Import(ElectionId, ImportId),
}

/// A partition of an election.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Partition {
    /// Its own stream, its imports and its mailings.
    Election,
    /// Its photographs.
    Photographs,
    /// A shard of its voters and ballots.
    Shard(Shard),
}

impl Partition {
    /// All partitions of an election with so many shards, in their order.
    pub fn all(shards: ShardCount) -> impl Iterator<Item = Self> {
        [Self::Election, Self::Photographs].into_iter().chain(shards.shards().map(Self::Shard))
    }

    /// The partition key.
    pub fn key(self, election: ElectionId) -> String {
        format!("{election}{self}")
    }
}

impl fmt::Display for Partition {
    /// What stands after the election's id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Election => Ok(()),
            Self::Photographs => write!(f, "#{PHOTOGRAPHS}"),
            Self::Shard(shard) => write!(f, "#{shard}"),
        }
    }
}

impl Stream {
    /// The stream of a voter of an election with so many shards.
    pub fn voter(election: ElectionId, shards: ShardCount, voter: VoterId) -> Self {
        Self::Voter(election, shards.shard_of(&voter.to_string()), voter)
    }

    /// The stream of a ballot of an election with so many shards.
    pub fn ballot(election: ElectionId, shards: ShardCount, ballot: BallotId) -> Self {
        Self::Ballot(election, shards.shard_of(&ballot.to_string()), ballot)
    }

    /// The election it belongs to.
    pub const fn election(&self) -> ElectionId {
        match self {
            Self::Election(election)
            | Self::Voter(election, ..)
            | Self::Ballot(election, ..)
            | Self::Photograph(election, _)
            | Self::Import(election, _)
            | Self::Mailing(election, _) => *election,
        }
    }

    /// The partition that it lies in.
    pub const fn lies_in(&self) -> Partition {
        match self {
            Self::Election(_) | Self::Import(..) | Self::Mailing(..) => Partition::Election,
            Self::Photograph(..) => Partition::Photographs,
            Self::Voter(_, shard, _) | Self::Ballot(_, shard, _) => Partition::Shard(*shard),
        }
    }

    /// The partition key.
    pub fn partition(&self) -> String {
        self.lies_in().key(self.election())
    }

    /// The sort key of the commit whose first event has this version.
    pub fn sort_key(&self, first: Version) -> String {
        // Versions sort as text, and no stream gets that long.
        format!("{self}#{:0VERSION_DIGITS$}", first.get())
    }

    /// The stream and the version that the keys of a commit name. One commit has one pair of keys, so each part has one
    /// spelling.
    pub fn parse(partition: &str, sort_key: &str) -> Result<(Self, Version), KeyError> {
        let refused = || KeyError { partition: partition.to_owned(), sort_key: sort_key.to_owned() };
        let parsed = || {
            let (election, partition) = match partition.split_once('#') {
                None => (partition, Partition::Election),
                Some((election, PHOTOGRAPHS)) => (election, Partition::Photographs),
                Some((election, shard)) => (election, Partition::Shard(Shard::new(decimal(shard)?)?)),
            };
            let election = canonical(election)?;
            let mut parts = sort_key.split('#');
            let (kind, id, version, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
                return None;
            };
            let stream = match (kind, partition) {
                (Election::KIND, Partition::Election) if canonical(id) == Some(election) => Self::Election(election),
                (Mailing::KIND, Partition::Election) => Self::Mailing(election, canonical(id)?),
                (Import::KIND, Partition::Election) => Self::Import(election, canonical(id)?),
                (Voter::KIND, Partition::Shard(shard)) => Self::Voter(election, shard, canonical(id)?),
                (Ballot::KIND, Partition::Shard(shard)) => Self::Ballot(election, shard, canonical(id)?),
                (Photograph::KIND, Partition::Photographs) => Self::Photograph(election, canonical(id)?),
                _ => return None,
            };
            // No fewer digits, nor more: versions would not sort as text, nor could one be counted on from there.
            let digits = version.len() == VERSION_DIGITS && version.bytes().all(|digit| digit.is_ascii_digit());
            Some((stream, Version::new(version.parse().ok().filter(|_| digits)?)))
        };
        parsed().ok_or_else(refused)
    }
}

/// The id that a text spells as this program does.
fn canonical<T: FromStr>(id: &str) -> Option<T> {
    if id.bytes().any(|letter| letter.is_ascii_lowercase()) { None } else { id.parse().ok() }
}

/// The number that a text spells as this program does.
fn decimal(number: &str) -> Option<u8> {
    let canonical = number == "0" || number.starts_with(|first| matches!(first, '1'..='9'));
    number.parse().ok().filter(|_| canonical)
}

impl fmt::Display for Stream {
    /// The kind and the id: `ballot#01ARZ3NDEKTSV4RRFFQ69G5FAV`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Election(id) => write!(f, "{}#{id}", Election::KIND),
            Self::Voter(_, _, id) => write!(f, "{}#{id}", Voter::KIND),
            Self::Ballot(_, _, id) => write!(f, "{}#{id}", Ballot::KIND),
            Self::Photograph(_, id) => write!(f, "{}#{id}", Photograph::KIND),
            Self::Mailing(_, id) => write!(f, "{}#{id}", Mailing::KIND),
            Self::Import(_, id) => write!(f, "{}#{id}", Import::KIND),
        }
    }
}

/// Keys that no commit has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no commit has the keys {partition:?} and {sort_key:?}")]
pub struct KeyError {
    partition: String,
    sort_key: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_name_the_stream_and_the_version() {
        let election = ElectionId::from_bits(7);
        let shards = ShardCount::default();
        let streams = [
            Stream::Election(election),
            Stream::voter(election, shards, VoterId::from_bits(8)),
            Stream::ballot(election, shards, BallotId::from_bits(u128::MAX)),
            Stream::Photograph(election, PhotographId::from_bits(9)),
            Stream::Mailing(election, MailingId::from_bits(10)),
            Stream::Import(election, ImportId::from_bits(9)),
        ];
        for stream in streams {
            let keys = (stream.partition(), stream.sort_key(Version::new(12)));
            assert_eq!(Stream::parse(&keys.0, &keys.1), Ok((stream, Version::new(12))));
        }
    }

    #[test]
    fn an_election_comes_before_its_imports() {
        let election = ElectionId::from_bits(u128::MAX);
        let import = Stream::Import(election, ImportId::from_bits(0));
        let last = Version::new(9_999_999_999);
        assert!(Stream::Election(election).sort_key(last) < import.sort_key(Version::new(1)));
    }

    #[test]
    fn versions_sort_as_text() {
        let stream = Stream::Election(ElectionId::from_bits(7));
        assert!(stream.sort_key(Version::new(9)) < stream.sort_key(Version::new(10)));
    }

    #[test]
    fn other_keys_are_refused() {
        let e = ElectionId::from_bits(7);
        let cases = [
            (e.to_string(), format!("election#{}#0000000001", ElectionId::from_bits(8))),
            (e.to_string(), format!("ballot#{}#0000000001", BallotId::from_bits(8))),
            (format!("{e}#3"), format!("election#{e}#0000000001")),
            (format!("{e}#03"), format!("ballot#{}#0000000001", BallotId::from_bits(8))),
            (format!("{e}#64"), format!("ballot#{}#0000000001", BallotId::from_bits(8))),
            (format!("{e}#+3"), format!("ballot#{}#0000000001", BallotId::from_bits(8))),
            (format!("{e}#"), format!("ballot#{}#0000000001", BallotId::from_bits(8))),
            (format!("{e}#3#"), format!("ballot#{}#0000000001", BallotId::from_bits(8))),
            (format!("{e}#3"), format!("ballot#{}#0000000001", BallotId::from_bits(u128::MAX)).to_lowercase()),
            (
                ElectionId::from_bits(u128::MAX).to_string().to_lowercase(),
                format!("election#{}#0000000001", ElectionId::from_bits(u128::MAX)),
            ),
            (e.to_string(), format!("election#{e}#+000000001")),
            (e.to_string(), format!("election#{e}#1")),
            (e.to_string(), format!("election#{e}#0000000001#x")),
            (e.to_string(), format!("election#{e}#18446744073709551615")),
            (e.to_string(), format!("election#{e}#10000000000")),
            (String::new(), String::new()),
        ];
        for (partition, sort_key) in cases {
            assert!(Stream::parse(&partition, &sort_key).is_err(), "{partition} {sort_key}");
        }
    }
}
