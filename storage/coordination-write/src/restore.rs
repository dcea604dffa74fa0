//! Writing the control table as the events say that it should be.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{
    error::BuildError,
    types::{AttributeValue, Delete, Put, TransactWriteItem},
};
use futures::{StreamExt, TryStreamExt, stream};
use photovote_coordination::{ControlError, GateState};
use photovote_domain::{Digest, ElectionId, Shard, ShardCount, VoterId};
use photovote_dynamodb::{Item, StorageError, TransactFailure, query_all, storage_error, transact};
use photovote_keys::coordination::{List, gate_key, guard_key, listed_key, shard_partition, snapshot_partition};

use crate::write::{Control, number, text, word};

/// How many items are written at once.
const AT_ONCE: usize = 16;

/// What the control table should hold of an election.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restoration {
    /// Over how many shards it is spread.
    pub shards: ShardCount,
    /// Its gates.
    pub gates: BTreeMap<Shard, GateState>,
    /// The voters of its addresses, by their keys.
    pub guards: BTreeMap<Digest, VoterId>,
    /// Does the clock have to look after it?
    pub scheduled: bool,
    /// Is it being counted?
    pub counting: bool,
}

/// The gates of an election that is fenced: nothing passes, since it has none. They are what stood before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fenced {
    election: ElectionId,
    gates: BTreeMap<Shard, GateState>,
}

impl Fenced {
    /// Had it any gate?
    pub fn had_gates(&self) -> bool {
        !self.gates.is_empty()
    }
}

/// What had to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Restored {
    /// Items that were missing or different.
    pub written: u64,
    /// Items that should not have been there.
    pub deleted: u64,
}

impl Control {
    /// Takes all gates of an election away, at once. Nothing is cast, and no voter comes or goes, until it is restored.
    pub async fn fence(&self, election: ElectionId, shards: ShardCount) -> Result<Fenced, ControlError> {
        self.fenced(election, shards, false).await
    }

    /// Fences an election that is going to be imported, and lists it as such until it is restored.
    pub async fn begin_import(&self, election: ElectionId, shards: ShardCount) -> Result<Fenced, ControlError> {
        self.fenced(election, shards, true).await
    }

    async fn fenced(&self, election: ElectionId, shards: ShardCount, import: bool) -> Result<Fenced, ControlError> {
        let gates = self.reader().standing(election, shards).await?;
        let actions = || {
            let gates = shards.shards().map(|shard| self.delete(gate_key(election, shard)));
            gates.chain(import.then(|| self.put(importing(election), None))).collect()
        };
        transact(&self.client, actions).await.map_err(|error| match error {
            TransactFailure::Storage(error) => error,
            // There is no condition that could fail.
            TransactFailure::Cancelled(_) => StorageError::Contended,
        })?;
        Ok(Fenced { election, gates })
    }

    /// Makes the table hold of a fenced election exactly this. Its gates come last and at once, and with them its import
    /// ends.
    pub async fn restore(&self, fenced: Fenced, should: &Restoration) -> Result<Restored, ControlError> {
        let Fenced { election, gates: before } = fenced;
        let guards = should.guards.iter().map(|(email, voter)| {
            let mut item = guard_key(election, should.shards, email);
            item.insert("voter".to_owned(), AttributeValue::S(voter.to_string()));
            item
        });
        let lists = [(List::Schedule, should.scheduled), (List::Counting, should.counting)];
        let listed = lists.into_iter().filter(|(_, listed)| *listed);
        let listed = listed.map(|(list, _)| listed_key(list, election));
        let mut should_be: BTreeMap<_, _> = guards.chain(listed).map(|item| (keys(&item), item)).collect();

        let mut vain = Vec::new();
        let partitions = should.shards.shards().map(|shard| (shard_partition(election, shard), None));
        let entries = lists.map(|(list, _)| (list.partition().to_owned(), Some(election.to_string())));
        for (partition, entry) in partitions.chain(entries) {
            for item in self.held(&partition, entry.as_deref()).await? {
                match should_be.get(&keys(&item)) {
                    Some(wanted) if *wanted == item => {
                        should_be.remove(&keys(&item));
                    }
                    Some(_different) => {}
                    // It is another process's, which restores the election as well.
                    None if keys(&item).1 == "gate" => {}
                    None => vain.push(item),
                }
            }
        }
        let moved = should.gates.iter().filter(|(shard, gate)| before.get(shard) != Some(gate)).count();
        let restored = Restored { written: (should_be.len() + moved) as u64, deleted: vain.len() as u64 };
        let puts = should_be.into_values().map(|item| async move {
            let put = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
            put.map(drop).map_err(|error| ControlError::from(storage_error(&error)))
        });
        stream::iter(puts.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        // Snapshots belong to a history that may be another one now. They are made again when they are needed.
        vain.extend(self.held(&snapshot_partition(election), None).await?);
        for item in vain {
            let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key_of(item))).send().await;
            delete.map_err(|error| storage_error(&error))?;
        }
        self.open_the_fence(election, should).await?;
        Ok(restored)
    }

    /// Puts the gates where none stand.
    async fn open_the_fence(&self, election: ElectionId, should: &Restoration) -> Result<(), ControlError> {
        let absent = Some("attribute_not_exists(pk)");
        let actions = || {
            let gates = should.gates.iter().map(|(shard, gate)| self.put(gate_item(election, *shard, gate), absent));
            gates.chain([self.delete(importing(election))]).collect()
        };
        match transact(&self.client, actions).await {
            Ok(()) => Ok(()),
            // Another process restored them. Since then votes may have passed, and these counts be old.
            Err(TransactFailure::Cancelled(_)) => self.reader().gates(election, should.shards).await.map(drop),
            Err(TransactFailure::Storage(error)) => Err(error.into()),
        }
    }

    fn put(&self, item: Item, condition: Option<&str>) -> Result<TransactWriteItem, BuildError> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = put.set_condition_expression(condition.map(ToOwned::to_owned)).build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn delete(&self, key: Item) -> Result<TransactWriteItem, BuildError> {
        let delete = Delete::builder().table_name(&self.table).set_key(Some(key)).build()?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// What the table holds of a partition, or one item of it.
    pub(crate) async fn held(&self, partition: &str, entry: Option<&str>) -> Result<Vec<Item>, ControlError> {
        let mut query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression(if entry.is_some() { "pk = :pk AND sk = :sk" } else { "pk = :pk" })
            .expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()))
            .consistent_read(true);
        if let Some(entry) = entry {
            query = query.expression_attribute_values(":sk", AttributeValue::S(entry.to_owned()));
        }
        Ok(query_all(query).await?)
    }
}

fn importing(election: ElectionId) -> Item {
    listed_key(List::Importing, election)
}

/// The key of an item that was read.
fn key_of(mut item: Item) -> Item {
    item.retain(|name, _| name == "pk" || name == "sk");
    item
}

fn gate_item(election: ElectionId, shard: Shard, gate: &GateState) -> Item {
    let count = |count: u64| number(i64::try_from(count).unwrap_or(i64::MAX));
    let mut item = gate_key(election, shard);
    item.insert("status".to_owned(), text(gate.status));
    item.insert("links".to_owned(), word(gate.links));
    item.insert("casts".to_owned(), count(gate.casts));
    item.insert("registered".to_owned(), count(gate.registered));
    for (name, of) in [("photographs", gate.photographs), ("unlinked", gate.unlinked)] {
        if of > 0 {
            item.insert(name.to_owned(), count(of));
        }
    }
    item.extend(gate.closes_at.map(|closes_at| ("closes_at".to_owned(), number(closes_at.millis()))));
    item
}

fn keys(item: &Item) -> (String, String) {
    let text = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
    (text("pk"), text("sk"))
}
