//! Looking many documents up at once, to see whether they are there and how far they have come.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::KeysAndAttributes;
use photovote_documents::ElectionDocument;
use photovote_documents_read::{DocumentError, Generation, Stored, item};
use photovote_domain::ElectionId;
use photovote_dynamodb::{Item, Retry, StorageError, storage_error};
use photovote_keys::documents::{header_key, listed_key};

use crate::write::{DocumentStore, Saved};

/// The most items that DynamoDB looks up at once.
const AT_ONCE: usize = 100;
/// How often what the table throttles is asked for again.
const ATTEMPTS: u32 = 8;

impl DocumentStore {
    /// Those of these documents of streams that a generation has, removed or not. One that cannot be read is none.
    pub async fn those_in<D: Stored>(
        &self,
        generation: &Generation,
        election: ElectionId,
        ids: impl IntoIterator<Item = D::Id>,
    ) -> Result<BTreeMap<D::Id, D>, DocumentError> {
        let keys = ids.into_iter().map(|id| D::key(generation, election, id)).collect();
        let documents = self.look_up(keys).await?.into_iter().filter_map(|item| {
            let document =
                D::read(item).inspect_err(|error| tracing::warn!(%error, "a document cannot be read")).ok()?;
            Some((document.id(), document))
        });
        Ok(documents.collect())
    }

    /// The administrators of an election whose lists do not have the entry that they should have.
    pub async fn unlisted_in(
        &self,
        generation: &Generation,
        document: &ElectionDocument,
    ) -> Result<BTreeSet<String>, DocumentError> {
        let administrators = &document.election.administrators;
        let key = |subject: &str| listed_key(generation, subject, document.id);
        let keys: Vec<_> = administrators.iter().map(|(subject, _)| key(subject)).collect();
        let mut found = BTreeMap::new();
        for item in self.look_up(keys).await? {
            let partition = item.get("pk").and_then(|pk| pk.as_s().ok()).cloned();
            // One that cannot be read is written again.
            found.extend(item::listed(item).ok().map(|entry| (partition, entry)));
        }
        let as_it_should_be = |(subject, role): &(&str, _)| {
            let partition = key(subject).remove("pk").and_then(|pk| pk.as_s().ok().cloned());
            found.get(&partition) == document.summary(*role).as_ref()
        };
        let unlisted = administrators.iter().filter(|entry| !as_it_should_be(entry));
        Ok(unlisted.map(|(subject, _)| subject.to_owned()).collect())
    }

    /// Writes an election's entries in the lists of its administrators again, as long as the election has not moved.
    pub async fn list_again(
        &self,
        generation: &Generation,
        document: &ElectionDocument,
    ) -> Result<Saved, DocumentError> {
        self.save_entries(generation, document, document.version).await
    }

    /// Takes away the header of an election whose parts do not belong together, so that it is built from its beginning.
    pub async fn take_apart(&self, generation: &Generation, election: ElectionId) -> Result<(), DocumentError> {
        let key = header_key(generation, election);
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key)).send().await;
        delete.map(drop).map_err(|error| storage_error(&error).into())
    }

    /// The items that there are of these keys, which are all different.
    async fn look_up(&self, keys: Vec<Item>) -> Result<Vec<Item>, DocumentError> {
        let mut found = Vec::with_capacity(keys.len());
        for keys in keys.chunks(AT_ONCE) {
            let mut keys = keys.to_vec();
            let mut retry = Retry::attempts(ATTEMPTS);
            while !keys.is_empty() {
                let request = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build()?;
                let sent = self.client.batch_get_item().request_items(&self.table, request).send().await;
                let answer = sent.map_err(|error| storage_error(&error))?;
                found.extend(answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default());
                let rest = answer.unprocessed_keys.unwrap_or_default().remove(&self.table);
                keys = rest.map(|rest| rest.keys).unwrap_or_default();
                if !keys.is_empty() && !retry.again().await {
                    return Err(StorageError::Throttled.into());
                }
            }
        }
        Ok(found)
    }
}
