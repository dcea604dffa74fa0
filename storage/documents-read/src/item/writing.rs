//! Documents on their way into items.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use photovote_documents::{ElectionDocument, ElectionSummary, pack};
use photovote_domain::{Tally, election::Competition};
use photovote_dynamodb::Item;
use serde::Serialize;

use super::{BALLOTS, Header, Listed, Part, damaged};
use crate::failure::DocumentError;

/// The attributes of an election's header.
pub fn header_item(key: Item, document: &ElectionDocument) -> Result<Item, DocumentError> {
    let attributes = Header::attributes(document).map_err(|error| damaged(&key, &error.to_string()))?;
    Ok(key.into_iter().chain(attributes).collect())
}

/// The attributes of one of its competitions.
pub fn competition_item(
    key: Item,
    document: &ElectionDocument,
    competition: &Competition,
) -> Result<Item, DocumentError> {
    let version = document.competition_versions.get(&competition.id).copied().unwrap_or_default();
    item(key, &Part { version, competition: competition.clone() })
}

/// The attributes of an entry of an administrator's list.
pub fn listed_item(key: Item, summary: ElectionSummary) -> Result<Item, DocumentError> {
    let ElectionSummary { id, name, status, version, role } = summary;
    item(key, &Listed { id, version, status, name, role })
}

/// A tally, and the number of its ballots where that can be read by itself.
pub fn tally_item(mut key: Item, tally: &Tally) -> Item {
    key.insert(BALLOTS.to_owned(), AttributeValue::N(tally.ballots.to_string()));
    key.insert("cells".to_owned(), AttributeValue::B(Blob::new(pack(tally))));
    key
}

pub(crate) fn item<T: Serialize>(key: Item, value: &T) -> Result<Item, DocumentError> {
    let attributes: Item = serde_dynamo::to_item(value).map_err(|error| damaged(&key, &error.to_string()))?;
    Ok(key.into_iter().chain(attributes).collect())
}
