//! The keys of the documents table.

use aws_sdk_dynamodb::types::AttributeValue;
#[cfg(feature = "write")]
use photovote_domain::{CompetitionId, Digest, VoterId};
use photovote_domain::{ElectionId, Shard};
use photovote_dynamodb::Item;

use crate::generation::Generation;

/// The sort key of an election's header.
pub(crate) const ELECTION: &str = "election";
/// What the sort keys of its competitions begin with.
pub(crate) const COMPETITION: &str = "competition#";
/// The sort key of its tally; everything else in the partition comes before.
pub(crate) const TALLY: &str = "tally";
/// The attribute of a block of receipts.
pub(crate) const RECEIPTS: &str = "receipts";

pub(crate) fn election_partition(generation: &Generation, election: ElectionId) -> String {
    format!("{generation}#{election}")
}

/// The partition of an administrator's list. Its name is older than roles: once every administrator was an owner.
pub(crate) fn list_partition(generation: &Generation, administrator: &str) -> String {
    // The subject stands last: whatever is in it, it ends nothing.
    format!("{generation}#owner#{administrator}")
}

pub(crate) fn voters_partition(generation: &Generation, election: ElectionId) -> String {
    format!("{generation}#voters#{election}")
}

pub(crate) fn generations_key() -> Item {
    key("generations".to_owned(), "form-2".to_owned())
}

/// The pointer of release 0.1.0, which names documents of another form.
#[cfg(feature = "write")]
pub(crate) fn old_generations_key() -> Item {
    key("generations".to_owned(), "generations".to_owned())
}

/// The partition of what is known of work under way.
#[cfg(feature = "write")]
pub(crate) const WORK: &str = "work";

#[cfg(feature = "write")]
pub(crate) fn work_key(name: &str) -> Item {
    key(WORK.to_owned(), name.to_owned())
}

#[cfg(feature = "write")]
pub(crate) fn voter_key(generation: &Generation, election: ElectionId, voter: VoterId) -> Item {
    key(voters_partition(generation, election), voter.to_string())
}

/// The partition of what was counted in the shards of an election.
pub(crate) fn counted_partition(generation: &Generation, election: ElectionId) -> String {
    format!("{generation}#counted#{election}")
}

#[cfg(feature = "write")]
pub(crate) fn counted_key(generation: &Generation, election: ElectionId, shard: Shard) -> Item {
    key(counted_partition(generation, election), format!("{:02}", shard.get()))
}

pub(crate) fn receipts_partition(generation: &Generation, election: ElectionId, shard: Shard) -> String {
    format!("{generation}#receipts#{election}#{shard}")
}

#[cfg(feature = "write")]
pub(crate) fn receipts_key(generation: &Generation, election: ElectionId, shard: Shard, first: &Digest) -> Item {
    key(receipts_partition(generation, election, shard), first.to_string())
}

pub(crate) fn public_partition(generation: &Generation, election: ElectionId) -> String {
    format!("{generation}#public#{election}")
}

pub(crate) fn public_header_key(generation: &Generation, election: ElectionId) -> Item {
    key(public_partition(generation, election), "header".to_owned())
}

/// What the sort keys of released results begin with.
pub(crate) fn public_parts(tag: &str) -> String {
    format!("results#{tag}#")
}

#[cfg(feature = "write")]
pub(crate) fn public_part_key(generation: &Generation, election: ElectionId, tag: &str, number: usize) -> Item {
    key(public_partition(generation, election), format!("{}{number:04}", public_parts(tag)))
}

pub(crate) fn header_key(generation: &Generation, election: ElectionId) -> Item {
    key(election_partition(generation, election), ELECTION.to_owned())
}

#[cfg(feature = "write")]
pub(crate) fn competition_key(generation: &Generation, election: ElectionId, competition: CompetitionId) -> Item {
    key(election_partition(generation, election), format!("{COMPETITION}{competition}"))
}

#[cfg(feature = "write")]
pub(crate) fn listed_key(generation: &Generation, administrator: &str, election: ElectionId) -> Item {
    key(list_partition(generation, administrator), election.to_string())
}

#[cfg(feature = "write")]
pub(crate) fn tally_key(generation: &Generation, election: ElectionId) -> Item {
    key(election_partition(generation, election), TALLY.to_owned())
}

fn key(partition: String, sort: String) -> Item {
    Item::from([("pk".to_owned(), AttributeValue::S(partition)), ("sk".to_owned(), AttributeValue::S(sort))])
}
