//! Deleting what generations hold that nobody reads or writes any more.

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, Select, WriteRequest};
use photovote_documents_read::{DocumentError, Generation};
use photovote_domain::{ElectionId, ShardCount};
use photovote_dynamodb::{Item, Retry, StorageError, storage_error};
use photovote_keys::documents::{
    counted_partition, photographs_partition, public_partition, receipts_partition, tally_key, voters_partition,
};
use serde::{Deserialize, Serialize};

use crate::write::DocumentStore;

/// The most items that DynamoDB writes or deletes at once.
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
        self.delete_all(&keys).await?;
        Ok(DeletedPage { items: keys.len(), next: page.last_evaluated_key.as_ref().map(Place::after) })
    }

    /// Deletes the items of these keys.
    pub(crate) async fn delete_all(&self, keys: &[Item]) -> Result<(), DocumentError> {
        let delete = |key: &Item| {
            let delete = DeleteRequest::builder().set_key(Some(key.clone())).build()?;
            Ok::<_, DocumentError>(WriteRequest::builder().delete_request(delete).build())
        };
        self.write_all(keys.iter().map(delete).collect::<Result<_, _>>()?).await
    }

    /// Writes and deletes items, in no order and each by itself.
    pub(crate) async fn write_all(&self, requests: Vec<WriteRequest>) -> Result<(), DocumentError> {
        for requests in requests.chunks(AT_ONCE) {
            let mut requests = requests.to_vec();
            let mut retry = Retry::attempts(ATTEMPTS);
            while !requests.is_empty() {
                let sent = self.client.batch_write_item().request_items(&self.table, requests).send().await;
                let answer = sent.map_err(|error| storage_error(&error))?;
                requests = answer.unprocessed_items.unwrap_or_default().remove(&self.table).unwrap_or_default();
                if !requests.is_empty() && !retry.again().await {
                    return Err(StorageError::Throttled.into());
                }
            }
        }
        Ok(())
    }

    /// Has a generation anything left of an election that was deleted, besides the header that says so?
    pub async fn has_left(
        &self,
        generation: &Generation,
        election: ElectionId,
        shards: ShardCount,
    ) -> Result<bool, DocumentError> {
        for partition in left_by(generation, election, shards) {
            let query = self.reader().query(&partition, None).select(Select::Count).limit(1).consistent_read(true);
            if query.send().await.map_err(|error| storage_error(&error))?.count > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Deletes voters, photographs, receipts, and what was counted and published of an election that was deleted: one page of each, at
    /// most. Is there more?
    pub async fn clear_page(
        &self,
        generation: &Generation,
        election: ElectionId,
        shards: ShardCount,
    ) -> Result<bool, DocumentError> {
        let mut more = false;
        for partition in left_by(generation, election, shards) {
            let query = self
                .reader()
                .query(&partition, None)
                .select(Select::SpecificAttributes)
                .projection_expression("pk, sk");
            let page = query.consistent_read(true).send().await.map_err(|error| storage_error(&error))?;
            self.delete_all(&page.items.unwrap_or_default()).await?;
            more |= page.last_evaluated_key.is_some();
        }
        self.delete_all(&[tally_key(generation, election)]).await?;
        Ok(more)
    }
}

/// The partitions of which a deleted election leaves nothing.
fn left_by(generation: &Generation, election: ElectionId, shards: ShardCount) -> impl Iterator<Item = String> {
    let receipts = shards.shards().map(move |shard| receipts_partition(generation, election, shard));
    let others = [voters_partition, photographs_partition, counted_partition, public_partition];
    others.map(|partition| partition(generation, election)).into_iter().chain(receipts)
}
