//! Documents of single streams as items, and back.

use photovote_documents::{PhotographDocument, StreamDocument, VoterDocument};
use photovote_domain::{
    ElectionId, Photograph, PhotographId, Version, VoterId,
    photograph::{Pixels, Problem, Status},
};
use photovote_dynamodb::Item;
use photovote_keys::documents::{Generation, photograph_key, voter_key};
use serde::{Deserialize, Serialize};

use crate::{
    failure::DocumentError,
    item::{item, parsed},
};

/// A document of one stream, as the table has it.
pub trait Stored: StreamDocument {
    /// Where it lies.
    fn key(generation: &Generation, election: ElectionId, id: Self::Id) -> Item;
    /// The document that an item holds.
    fn read(item: Item) -> Result<Self, DocumentError>;
    /// The item that holds it.
    fn item(&self, key: Item) -> Result<Item, DocumentError>;
}

/// A voter.
#[derive(Debug, Serialize, Deserialize)]
struct Registered {
    id: VoterId,
    version: Version,
    name: String,
    email: String,
    removed: bool,
}

impl Stored for VoterDocument {
    fn key(generation: &Generation, election: ElectionId, id: VoterId) -> Item {
        voter_key(generation, election, id)
    }

    fn read(item: Item) -> Result<Self, DocumentError> {
        let Registered { id, version, name, email, removed } = parsed(item)?;
        Ok(Self { id, version, name, email, removed })
    }

    fn item(&self, key: Item) -> Result<Item, DocumentError> {
        let Self { id, version, name, email, removed } = self.clone();
        item(key, &Registered { id, version, name, email, removed })
    }
}

/// A photograph.
#[derive(Debug, Serialize, Deserialize)]
struct Requested {
    id: PhotographId,
    version: Version,
    status: Status,
    removed: bool,
    name: String,
    bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pixels: Option<Pixels>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    likeness: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

impl Stored for PhotographDocument {
    fn key(generation: &Generation, election: ElectionId, id: PhotographId) -> Item {
        photograph_key(generation, election, id)
    }

    fn read(item: Item) -> Result<Self, DocumentError> {
        let Requested { id, version, status, removed: _, name, bytes, pixels, likeness, problem } = parsed(item)?;
        Ok(Self { id, version, photograph: Photograph { status, name, bytes, pixels, likeness, problem } })
    }

    fn item(&self, key: Item) -> Result<Item, DocumentError> {
        let Self { id, version, photograph } = self.clone();
        let Photograph { status, name, bytes, pixels, likeness, problem } = photograph;
        let removed = status == Status::Removed;
        item(key, &Requested { id, version, status, removed, name, bytes, pixels, likeness, problem })
    }
}
