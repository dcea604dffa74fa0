//! What was counted: the tally and the receipts of each shard, and what the tallies add up to.
//!
//! A closed shard stands still, so what is counted in it is a pure function of its events: written twice, it is the same.
//! The tally of a shard is written after its receipts. Where it stands, the shard is counted.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{
    primitives::Blob,
    types::{AttributeValue, ConditionCheck, Put, PutRequest, TransactWriteItem, WriteRequest},
};
use photovote_documents::ReceiptBlock;
use photovote_documents_read::{
    DocumentError, Generation, PublicHeader,
    item::{damaged, tally_item, tally_of},
};
use photovote_domain::{Digest, ElectionId, Hasher, Shard, Tally};
use photovote_dynamodb::{Item, TransactFailure, storage_error, transact};
use photovote_keys::documents::{
    RECEIPTS, counted_key, counted_partition, header_key, receipts_key, receipts_partition, tally_key,
};

use crate::write::{DocumentStore, Saved};

/// The attribute of a shard's tally that has the digest of its receipts.
const DIGEST: &str = "receipts";

/// A shard that is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedShard {
    /// What its ballots say.
    pub tally: Tally,
    /// The digest of all its receipts.
    pub receipts: Digest,
}

impl DocumentStore {
    /// Saves what was counted in a closed shard: its receipts, then its tally.
    pub async fn save_shard(
        &self,
        generation: &Generation,
        election: ElectionId,
        shard: Shard,
        tally: &Tally,
        receipts: Vec<Digest>,
    ) -> Result<(), DocumentError> {
        let blocks = ReceiptBlock::all(receipts);
        let put = |block: &ReceiptBlock| {
            let mut item = receipts_key(generation, election, shard, block.first());
            item.insert(RECEIPTS.to_owned(), AttributeValue::B(Blob::new(block.as_bytes())));
            let put = PutRequest::builder().set_item(Some(item)).build()?;
            Ok::<_, DocumentError>(WriteRequest::builder().put_request(put).build())
        };
        self.write_all(blocks.iter().map(put).collect::<Result<_, _>>()?).await?;

        let mut item = tally_item(counted_key(generation, election, shard), tally);
        let digest = digest_of(blocks.iter().map(ReceiptBlock::as_bytes));
        item.insert(DIGEST.to_owned(), AttributeValue::S(digest.to_string()));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
        put.map(drop).map_err(|error| storage_error(&error).into())
    }

    /// The shards of an election that are counted.
    pub async fn counted_shards(
        &self,
        generation: &Generation,
        election: ElectionId,
    ) -> Result<BTreeMap<Shard, CountedShard>, DocumentError> {
        let query = self.reader().query(&counted_partition(generation, election), None).consistent_read(true);
        let counted = |item: Item| {
            let text = |name| item.get(name).and_then(|value| value.as_s().ok());
            let shard = text("sk").and_then(|number| Shard::new(number.parse().ok()?));
            let shard = shard.ok_or_else(|| damaged(&item, "it names no shard"))?;
            let receipts = text(DIGEST).and_then(|digest| digest.parse().ok());
            let receipts = receipts.ok_or_else(|| damaged(&item, "it has no digest of its receipts"))?;
            Ok((shard, CountedShard { tally: tally_of(&item)?, receipts }))
        };
        self.reader().all(query).await?.into_iter().map(counted).collect()
    }

    /// The digest of the receipts that a shard has.
    pub async fn receipts_of(
        &self,
        generation: &Generation,
        election: ElectionId,
        shard: Shard,
    ) -> Result<Digest, DocumentError> {
        let query = self.reader().query(&receipts_partition(generation, election, shard), None).consistent_read(true);
        let items = self.reader().all(query).await?;
        let block = |item: &Item| {
            let block = item.get(RECEIPTS).and_then(|block| block.as_b().ok());
            block.map(|block| block.as_ref().to_vec()).ok_or_else(|| damaged(item, "it has no receipts"))
        };
        let blocks = items.iter().map(block).collect::<Result<Vec<_>, _>>()?;
        Ok(digest_of(blocks.iter().map(Vec::as_slice)))
    }

    /// Forgets that these shards are counted, and what all shards add up to: they can be counted again.
    pub async fn discard_shards(
        &self,
        generation: &Generation,
        election: ElectionId,
        shards: impl IntoIterator<Item = Shard>,
    ) -> Result<(), DocumentError> {
        let tally = tally_key(generation, election);
        let shards = shards.into_iter().map(|shard| counted_key(generation, election, shard));
        self.delete_all(&std::iter::once(tally).chain(shards).collect::<Vec<_>>()).await
    }

    /// Saves what all shards of an election add up to, and what is public of it, as long as the election is there, was not deleted, and
    /// no results are released that this does not know of.
    pub async fn save_count(
        &self,
        generation: &Generation,
        election: ElectionId,
        tally: &Tally,
        public: &PublicHeader,
    ) -> Result<Saved, DocumentError> {
        let there = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(header_key(generation, election)))
            .condition_expression("attribute_exists(pk) AND #status <> :deleted")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":deleted", AttributeValue::S("deleted".to_owned()))
            .build()?;
        let actions = [
            TransactWriteItem::builder().condition_check(there).build(),
            self.put(tally_item(tally_key(generation, election), tally))?,
            self.publish(public, public.item(generation, election))?,
        ];
        match transact(&self.client, || Ok(actions.to_vec())).await {
            Ok(()) => Ok(Saved::Yes),
            Err(TransactFailure::Cancelled(_)) => Ok(Saved::Moved),
            Err(TransactFailure::Storage(error)) => Err(error.into()),
        }
    }
}

impl DocumentStore {
    /// The action that saves what is public. Results that are released stay so, whoever comes late with less.
    fn publish(&self, public: &PublicHeader, item: Item) -> Result<TransactWriteItem, DocumentError> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = match public.released {
            Some(_) => put,
            None => put.condition_expression("attribute_not_exists(tag)"),
        };
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }
}

/// The digest of receipts that stand in these blocks, whatever the blocks' boundaries are.
fn digest_of<'a>(blocks: impl Iterator<Item = &'a [u8]>) -> Digest {
    let receipts = blocks.fold(Vec::new(), |mut all, block| {
        all.extend_from_slice(block);
        all
    });
    Hasher::new("photovote/receipts").part(&receipts).finish()
}
