//! Documents as items, and back.

mod writing;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use aws_sdk_dynamodb::types::AttributeValue;
use photovote_documents::{ElectionDocument, ElectionSummary, unpack};
use photovote_domain::{
    CompetitionId, Election, ElectionId, Tally, Version,
    election::{Administrators, Competition, Role, Status},
};
use photovote_dynamodb::Item;
use photovote_keys::documents::{COMPETITION, ELECTION, TALLY};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    failure::DocumentError,
    read::{Recency, Standing},
};

pub(crate) use writing::item;
pub use writing::{competition_item, header_item, listed_item, tally_item};

/// The attribute that has the number of a tally's ballots.
pub const BALLOTS: &str = "ballots";

/// An election without its competitions. Each of its fields is an attribute.
struct Header {
    version: Version,
    /// In their order.
    competitions: Vec<Place>,
    election: Election,
}

/// The attributes of a header that are no fields of an election.
#[derive(Debug, Serialize, Deserialize)]
struct Frame {
    version: Version,
    competitions: Vec<Place>,
    /// Headers that were written before an election could have further administrators name its owner alone.
    #[serde(default, skip_serializing)]
    owner: Option<String>,
}

/// The names of those attributes, and of the key's.
const FRAME: [&str; 5] = ["pk", "sk", "version", "competitions", "owner"];

/// The names of an election's fields.
static FIELDS: LazyLock<Result<BTreeSet<String>, serde_dynamo::Error>> =
    LazyLock::new(|| serde_dynamo::to_item(Election::default()).map(|item: Item| item.into_keys().collect()));

impl Header {
    fn of(mut item: Item) -> Result<Self, DocumentError> {
        let key = key_of(&item);
        let frame = FRAME.iter().filter_map(|name| item.remove_entry(*name)).collect();
        let Frame { version, competitions, owner } = parsed(frame)?;
        let fields =
            FIELDS.as_ref().map_err(|error| DocumentError::Damaged { key: key.clone(), reason: error.to_string() })?;
        if let Some(unknown) = item.keys().find(|name| !fields.contains(*name)) {
            return Err(DocumentError::Newer { key, attribute: unknown.clone() });
        }
        item.insert("competitions".to_owned(), AttributeValue::L(Vec::new()));
        let mut election: Election =
            serde_dynamo::from_item(item).map_err(|error| DocumentError::Damaged { key, reason: error.to_string() })?;
        if let Some(owner) = owner {
            election.administrators = Administrators::owned_by(owner);
        }
        Ok(Self { version, competitions, election })
    }

    /// The attributes of a document's header. What an election does not have is none.
    fn attributes(document: &ElectionDocument) -> Result<Item, serde_dynamo::Error> {
        let place = |competition: &Competition| {
            let version = document.competition_versions.get(&competition.id).copied().unwrap_or_default();
            Place { id: competition.id, version }
        };
        let competitions = document.election.competitions.iter().map(place).collect();
        let frame: Item = serde_dynamo::to_item(Frame { version: document.version, competitions, owner: None })?;
        let mut item: Item = serde_dynamo::to_item(Election { competitions: Vec::new(), ..document.election.clone() })?;
        item.retain(|_, value| !value.is_null());
        item.extend(frame);
        Ok(item)
    }
}

/// Where a competition stands in its election, and the version of its item that belongs to this header.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    id: CompetitionId,
    version: Version,
}

/// A competition with its candidates.
#[derive(Debug, Serialize, Deserialize)]
struct Part {
    version: Version,
    competition: Competition,
}

/// An entry of an administrator's list.
#[derive(Debug, Serialize, Deserialize)]
struct Listed {
    id: ElectionId,
    version: Version,
    status: Status,
    name: String,
    /// Entries that were written before there were roles are owners'.
    #[serde(default = "owner")]
    role: Role,
}

const fn owner() -> Role {
    Role::Owner
}

/// The items of an election's partition.
#[derive(Debug, Default)]
pub(crate) struct Partition {
    pub(crate) header: Option<Item>,
    competitions: Vec<Item>,
    tally: Option<Item>,
}

impl Partition {
    pub(crate) fn of(items: Vec<Item>) -> Self {
        let mut partition = Self::default();
        for item in items {
            let kind = item.get("sk").and_then(|sk| sk.as_s().ok());
            match kind.map(String::as_str) {
                Some(ELECTION) => partition.header = Some(item),
                Some(sk) if sk.starts_with(COMPETITION) => partition.competitions.push(item),
                Some(TALLY) => partition.tally = Some(item),
                // Something that a newer program put there.
                _ => {}
            }
        }
        partition
    }

    /// The tally, once all shards are counted.
    pub(crate) fn tally(&self) -> Result<Option<Tally>, DocumentError> {
        self.tally.as_ref().map(tally_of).transpose()
    }

    /// The election that a header and the competitions are, or nothing if they do not belong together. A Query reads
    /// item after item: a transaction may have changed some of them when it had passed the others.
    pub(crate) fn election(self, id: ElectionId, header: Item) -> Result<Option<ElectionDocument>, DocumentError> {
        let header = Header::of(header)?;
        let parts = self.competitions.into_iter().map(parsed::<Part>).collect::<Result<Vec<_>, _>>()?;
        let mut parts: BTreeMap<_, _> = parts.into_iter().map(|part| (part.competition.id, part)).collect();
        let competitions: Option<Vec<_>> = header
            .competitions
            .iter()
            .map(|place| parts.remove(&place.id).filter(|part| part.version == place.version))
            .map(|part| part.map(|part| part.competition))
            .collect();
        Ok(competitions.map(|competitions| ElectionDocument {
            id,
            version: header.version,
            competition_versions: header.competitions.iter().map(|place| (place.id, place.version)).collect(),
            election: Election { competitions, ..header.election },
        }))
    }
}

/// A tally.
pub fn tally_of(item: &Item) -> Result<Tally, DocumentError> {
    let cells =
        item.get("cells").and_then(|cells| cells.as_b().ok()).ok_or_else(|| damaged(item, "it has no cells"))?;
    unpack(cells.as_ref()).map_err(|error| damaged(item, &error.to_string()))
}

/// An entry of an administrator's list.
pub fn listed(item: Item) -> Result<ElectionSummary, DocumentError> {
    let Listed { id, version, status, name, role } = parsed(item)?;
    Ok(ElectionSummary { id, name, status, version, role })
}

/// How things stand with the election of a header.
pub(crate) fn standing(item: Item) -> Result<Standing, DocumentError> {
    let Election { administrators, status, shards, .. } = Header::of(item)?.election;
    Ok(Standing { administrators, status, shards })
}

/// The attributes of a header that [`recency`] is made of.
pub(crate) const RECENCY: [&str; 3] = ["version", "administrators", "owner"];

/// The part of a header that says how recent it is, and to whom.
#[derive(Debug, Deserialize)]
struct Recent {
    version: Version,
    #[serde(default)]
    administrators: Administrators,
    #[serde(default)]
    owner: Option<String>,
}

/// The version of a header, and who may know it.
pub(crate) fn recency(item: Item) -> Result<Recency, DocumentError> {
    let Recent { version, administrators, owner } = parsed(item)?;
    Ok(Recency { administrators: owner.map_or(administrators, Administrators::owned_by), version })
}

/// What is wrong with an item, and which one it is.
pub fn damaged(item: &Item, reason: &str) -> DocumentError {
    DocumentError::Damaged { key: key_of(item), reason: reason.to_owned() }
}

fn key_of(item: &Item) -> String {
    let text = |name| item.get(name).and_then(|value: &AttributeValue| value.as_s().ok()).map_or("?", String::as_str);
    format!("{} / {}", text("pk"), text("sk"))
}

pub(crate) fn parsed<T: DeserializeOwned>(item: Item) -> Result<T, DocumentError> {
    let key = key_of(&item);
    serde_dynamo::from_item(item).map_err(|error| DocumentError::Damaged { key, reason: error.to_string() })
}
