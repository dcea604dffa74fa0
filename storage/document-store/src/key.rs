//! The keys of the documents table.

use aws_sdk_dynamodb::types::AttributeValue;
#[cfg(feature = "write")]
use photovote_domain::{CompetitionId, VoterId};
use photovote_domain::{ElectionId, Receipt};
use photovote_dynamodb::Item;

use crate::generation::Generation;

/// The sort key of an election's header.
pub(crate) const ELECTION: &str = "election";
/// What the sort keys of its competitions begin with.
pub(crate) const COMPETITION: &str = "competition#";
/// What the sort keys of its tally begin with; everything else in the partition comes before.
pub(crate) const TALLY: &str = "tally#";

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

pub(crate) fn receipt_key(generation: &Generation, election: ElectionId, receipt: &Receipt) -> Item {
    key(format!("{generation}#receipts#{election}#{}", receipt.shard()), receipt.to_string())
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
pub(crate) fn tally_key(generation: &Generation, election: ElectionId, part: u8) -> Item {
    key(election_partition(generation, election), format!("{TALLY}{part}"))
}

fn key(partition: String, sort: String) -> Item {
    Item::from([("pk".to_owned(), AttributeValue::S(partition)), ("sk".to_owned(), AttributeValue::S(sort))])
}
