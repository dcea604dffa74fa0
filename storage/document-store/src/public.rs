//! What is public of an election: a small header, and the released results as they are served.

#[cfg(feature = "write")]
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
#[cfg(feature = "write")]
use photovote_documents::PublicResults;
use photovote_domain::{Digest, ElectionId};
use photovote_dynamodb::Item;
#[cfg(feature = "write")]
use photovote_dynamodb::storage_error;

use crate::{failure::DocumentError, item::damaged};
#[cfg(feature = "write")]
use crate::{
    generation::Generation,
    key::{public_header_key, public_part_key},
    write::DocumentStore,
};

/// The most bytes of results that one item has. DynamoDB takes 400 KB.
#[cfg(feature = "write")]
const PART: usize = 380_000;

/// The attribute of a part of the results.
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
    /// What tells their bytes from others: the beginning of the SHA-256 of their JSON.
    pub tag: String,
    /// The digest that was released. Elections that were closed without one have none.
    pub digest: Option<Digest>,
}

impl PublicHeader {
    pub(crate) fn of(item: &Item) -> Result<Self, DocumentError> {
        let text = |name| item.get(name).map(|value| value.as_s().map_err(|_other| damaged(item, "it is not public")));
        let digest = text("digest").transpose()?.map(|digest| digest.parse());
        let digest = digest.transpose().map_err(|_none| damaged(item, "its digest is none"))?;
        let tag = text("tag").transpose()?;
        Ok(Self { released: tag.map(|tag| Released { tag: tag.clone(), digest }) })
    }

    #[cfg(feature = "write")]
    pub(crate) fn item(&self, generation: &Generation, election: ElectionId) -> Item {
        let mut item = public_header_key(generation, election);
        if let Some(Released { tag, digest }) = &self.released {
            item.insert("tag".to_owned(), AttributeValue::S(tag.clone()));
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

#[cfg(feature = "write")]
impl DocumentStore {
    /// Saves results under their tag. They are served once a header names it.
    pub async fn save_public_results(
        &self,
        generation: &Generation,
        election: ElectionId,
        results: &PublicResults,
    ) -> Result<(), DocumentError> {
        for (number, bytes) in results.compressed.chunks(PART).enumerate() {
            let mut item = public_part_key(generation, election, &results.tag, number);
            item.insert(BYTES.to_owned(), AttributeValue::B(Blob::new(bytes)));
            let put = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
            put.map_err(|error| storage_error(&error))?;
        }
        Ok(())
    }

    /// The released results that a generation has under this tag.
    pub async fn public_results_in(
        &self,
        generation: &Generation,
        election: ElectionId,
        tag: &str,
    ) -> Result<PublicResults, DocumentError> {
        self.reader().results_of(generation, election, tag, true).await
    }

    /// What is public of an election in a generation.
    pub async fn public_in(
        &self,
        generation: &Generation,
        election: ElectionId,
    ) -> Result<Option<PublicHeader>, DocumentError> {
        let key = public_header_key(generation, election);
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        get.send().await.map_err(|error| storage_error(&error))?.item.as_ref().map(PublicHeader::of).transpose()
    }
}
