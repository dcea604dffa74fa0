//! The keys of the documents table.

use std::{fmt, str::FromStr, sync::Arc};

use photovote_domain::{CompetitionId, Digest, ElectionId, PhotographId, Shard, VoterId};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Key, key};

/// Why a text does not name a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a generation is named by 1 to 32 letters, digits and hyphens")]
pub struct GenerationError;

/// One set of documents; its name begins the keys of all of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Generation(Arc<str>);

impl Generation {
    /// The one of these 128 bits: later ones come later in the alphabet if the bits do.
    pub fn from_bits(bits: u128) -> Self {
        Self(Arc::from(format!("{bits:032x}")))
    }

    /// The one of release 0.1.0, whose documents have another form.
    pub fn of_release_0_1_0() -> Self {
        Self(Arc::from("1"))
    }

    /// The one that the tables are born with. Release 0.1.0 called it `1`, and had documents of another form in it.
    pub fn first() -> Self {
        Self(Arc::from("2"))
    }
}

impl FromStr for Generation {
    type Err = GenerationError;

    fn from_str(text: &str) -> Result<Self, GenerationError> {
        let named = (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if named { Ok(Self(Arc::from(text))) } else { Err(GenerationError) }
    }
}

impl TryFrom<String> for Generation {
    type Error = GenerationError;

    fn try_from(text: String) -> Result<Self, GenerationError> {
        text.parse()
    }
}

impl From<Generation> for String {
    fn from(generation: Generation) -> Self {
        generation.to_string()
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The sort key of an election's header.
pub const ELECTION: &str = "election";
/// What the sort keys of its competitions begin with.
pub const COMPETITION: &str = "competition#";
/// The sort key of its tally; everything else in the partition comes before.
pub const TALLY: &str = "tally";
/// The attribute of a block of receipts.
pub const RECEIPTS: &str = "receipts";

/// The partition of an election.
pub fn election_partition(generation: &Generation, election: ElectionId) -> String {
    format!("{generation}#{election}")
}

/// The partition of an administrator's list. Its name is older than roles: once every administrator was an owner.
pub fn list_partition(generation: &Generation, administrator: &str) -> String {
    // The subject stands last: whatever is in it, it ends nothing.
    format!("{generation}#owner#{administrator}")
}

/// The partition of an election's voters.
pub fn voters_partition(generation: &Generation, election: ElectionId) -> String {
    format!("{generation}#voters#{election}")
}

/// The pointer to the generations.
pub fn generations_key() -> Key {
    key("generations".to_owned(), "form-2".to_owned())
}

/// The pointer of release 0.1.0, which names documents of another form.
pub fn old_generations_key() -> Key {
    key("generations".to_owned(), "generations".to_owned())
}

/// The partition of what is known of work under way.
pub const WORK: &str = "work";

/// The state of work of this name.
pub fn work_key(name: &str) -> Key {
    key(WORK.to_owned(), name.to_owned())
}

/// A voter.
pub fn voter_key(generation: &Generation, election: ElectionId, voter: VoterId) -> Key {
    key(voters_partition(generation, election), voter.to_string())
}

/// The partition of an election's photographs.
pub fn photographs_partition(generation: &Generation, election: ElectionId) -> String {
    format!("{generation}#photographs#{election}")
}

/// A photograph.
pub fn photograph_key(generation: &Generation, election: ElectionId, photograph: PhotographId) -> Key {
    key(photographs_partition(generation, election), photograph.to_string())
}

/// The partition of what was counted in the shards of an election.
pub fn counted_partition(generation: &Generation, election: ElectionId) -> String {
    format!("{generation}#counted#{election}")
}

/// What was counted in a shard.
pub fn counted_key(generation: &Generation, election: ElectionId, shard: Shard) -> Key {
    key(counted_partition(generation, election), format!("{:02}", shard.get()))
}

/// The partition of a shard's receipts.
pub fn receipts_partition(generation: &Generation, election: ElectionId, shard: Shard) -> String {
    format!("{generation}#receipts#{election}#{shard}")
}

/// The block of receipts that begins with this one.
pub fn receipts_key(generation: &Generation, election: ElectionId, shard: Shard, first: &Digest) -> Key {
    key(receipts_partition(generation, election, shard), first.to_string())
}

/// The partition of what is public of an election.
pub fn public_partition(generation: &Generation, election: ElectionId) -> String {
    format!("{generation}#public#{election}")
}

/// The header of what is public of an election.
pub fn public_header_key(generation: &Generation, election: ElectionId) -> Key {
    key(public_partition(generation, election), "header".to_owned())
}

/// What the sort keys of a public document begin with.
pub fn public_parts(tag: &str) -> String {
    format!("document#{tag}#")
}

/// A part of a public document.
pub fn public_part_key(generation: &Generation, election: ElectionId, tag: &str, number: usize) -> Key {
    key(public_partition(generation, election), format!("{}{number:04}", public_parts(tag)))
}

/// An election's header.
pub fn header_key(generation: &Generation, election: ElectionId) -> Key {
    key(election_partition(generation, election), ELECTION.to_owned())
}

/// A competition.
pub fn competition_key(generation: &Generation, election: ElectionId, competition: CompetitionId) -> Key {
    key(election_partition(generation, election), format!("{COMPETITION}{competition}"))
}

/// The entry of an election in an administrator's list.
pub fn listed_key(generation: &Generation, administrator: &str, election: ElectionId) -> Key {
    key(list_partition(generation, administrator), election.to_string())
}

/// The tally of an election.
pub fn tally_key(generation: &Generation, election: ElectionId) -> Key {
    key(election_partition(generation, election), TALLY.to_owned())
}
