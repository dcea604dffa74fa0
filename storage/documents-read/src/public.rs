//! What is public of an election: a small header, and documents: the released results, and the election that they are of.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use photovote_documents::PublicDocument;
use photovote_domain::{Digest, ElectionId};
use photovote_dynamodb::Item;
use photovote_keys::documents::{Generation, public_header_key, public_part_key};

use crate::{failure::DocumentError, item::damaged};

/// The most bytes of a document that one item has. DynamoDB takes 400 KB.
const PART: usize = 380_000;

/// The attribute of a part of a document.
const BYTES: &str = "bytes";

/// What is public of an election whose ballots are counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PublicHeader {
    /// The released results; nothing before the release.
    pub released: Option<Released>,
}

/// Results that are public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// The tag of their document.
    pub results: String,
    /// The tag of the election's document.
    pub election: String,
    /// The digest that was released. Elections that were closed without one have none.
    pub digest: Option<Digest>,
}

impl PublicHeader {
    /// The header that an item holds.
    pub fn of(item: &Item) -> Result<Self, DocumentError> {
        let text = |name| item.get(name).map(|value| value.as_s().map_err(|_other| damaged(item, "it is not public")));
        let digest = text("digest").transpose()?.map(|digest| digest.parse());
        let digest = digest.transpose().map_err(|_none| damaged(item, "its digest is none"))?;
        let Some(results) = text("tag").transpose()?.cloned() else { return Ok(Self::default()) };
        let election = text("election").transpose()?.ok_or_else(|| damaged(item, "it names no election"))?.clone();
        Ok(Self { released: Some(Released { results, election, digest }) })
    }

    /// The item that holds this header.
    pub fn item(&self, generation: &Generation, election: ElectionId) -> Item {
        let mut item = public_header_key(generation, election);
        if let Some(Released { results, election, digest }) = &self.released {
            item.insert("tag".to_owned(), AttributeValue::S(results.clone()));
            item.insert("election".to_owned(), AttributeValue::S(election.clone()));
            item.extend(digest.map(|digest| ("digest".to_owned(), AttributeValue::S(digest.to_string()))));
        }
        item
    }
}

/// The bytes that these items hold, in their order.
pub(crate) fn joined(items: &[Item]) -> Result<Vec<u8>, DocumentError> {
    let mut bytes = Vec::new();
    for item in items {
        let part = item.get(BYTES).and_then(|part| part.as_b().ok());
        bytes.extend_from_slice(part.ok_or_else(|| damaged(item, "it has no bytes"))?.as_ref());
    }
    Ok(bytes)
}

/// The items that hold a document.
pub fn parts<'a>(
    generation: &'a Generation,
    election: ElectionId,
    document: &'a PublicDocument,
) -> impl Iterator<Item = Item> + 'a {
    document.compressed.chunks(PART).enumerate().map(move |(number, bytes)| {
        let mut item = public_part_key(generation, election, &document.tag, number);
        item.insert(BYTES.to_owned(), AttributeValue::B(Blob::new(bytes)));
        item
    })
}
