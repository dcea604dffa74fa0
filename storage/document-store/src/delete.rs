//! Deleting what generations hold that nobody reads or writes any more.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, WriteRequest};
use photovote_dynamodb::{Item, Retry, StorageError, storage_error};
use serde::{Deserialize, Serialize};

use crate::{failure::DocumentError, generation::Generation, write::DocumentStore};

/// The most items that DynamoDB deletes at once.
const AT_ONCE: usize = 25;
/// How often what the table throttles is deleted again.
const ATTEMPTS: u32 = 8;

/// A place in the table, between two pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pk: String,
    sk: String,
}

impl Place {
    fn after(item: &Item) -> Self {
        let text = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
        Self { pk: text("pk"), sk: text("sk") }
    }

    fn key(self) -> Item {
        let text = |(name, value): (&str, String)| (name.to_owned(), AttributeValue::S(value));
        [("pk", self.pk), ("sk", self.sk)].map(text).into()
    }
}

/// What became of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedPage {
    /// How many items were deleted.
    pub items: usize,
    /// Where the next page begins; nothing at the end of the table.
    pub next: Option<Place>,
}

impl DocumentStore {
    /// Deletes what one page of the table holds of these generations. It does not know where their items are: a page is a
    /// megabyte of the table, whatever is in it.
    pub async fn delete_page(
        &self,
        generations: &[Generation],
        from: Option<Place>,
    ) -> Result<DeletedPage, DocumentError> {
        let scan = self.client.scan().table_name(&self.table).projection_expression("pk, sk").consistent_read(true);
        let page = scan.set_exclusive_start_key(from.map(Place::key)).send().await;
        let page = page.map_err(|error| storage_error(&error))?;
        let theirs = |item: &Item| {
            let name = item.get("pk").and_then(|pk| pk.as_s().ok()?.split_once('#'));
            name.is_some_and(|(name, _)| generations.iter().any(|generation| generation.to_string() == name))
        };
        let keys: Vec<_> = page.items.unwrap_or_default().into_iter().filter(theirs).collect();
        for keys in keys.chunks(AT_ONCE) {
            self.delete_all(keys).await?;
        }
        Ok(DeletedPage { items: keys.len(), next: page.last_evaluated_key.as_ref().map(Place::after) })
    }

    async fn delete_all(&self, keys: &[HashMap<String, AttributeValue>]) -> Result<(), DocumentError> {
        let delete = |key: &Item| {
            let delete = DeleteRequest::builder().set_key(Some(key.clone())).build()?;
            Ok::<_, DocumentError>(WriteRequest::builder().delete_request(delete).build())
        };
        let mut requests = keys.iter().map(delete).collect::<Result<Vec<_>, _>>()?;
        let mut retry = Retry::attempts(ATTEMPTS);
        while !requests.is_empty() {
            let sent = self.client.batch_write_item().request_items(&self.table, requests).send().await;
            let answer = sent.map_err(|error| storage_error(&error))?;
            requests = answer.unprocessed_items.unwrap_or_default().remove(&self.table).unwrap_or_default();
            if !requests.is_empty() && !retry.again().await {
                return Err(StorageError::Throttled.into());
            }
        }
        Ok(())
    }
}
