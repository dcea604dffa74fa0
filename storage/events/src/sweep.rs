//! Reading everything: the table, or an election of it, part by part and page by page.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use photovote_domain::{
    Aggregate, Ballot, Election, ElectionId, Import, Mailing, Shard, ShardCount, Voter, election::ElectionEvent,
};
use photovote_dynamodb::{Item, StorageError, storage_error};
use serde::{Deserialize, Serialize};

use crate::{
    Partition, Stream,
    commit::{Commit, CommitError},
    reader::{EventReader, LoadError},
};

/// A part of the events table that is read by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// One of so many segments of the whole table: the first is number 0.
    Segment {
        /// Its number.
        number: u32,
        /// How many there are.
        of: u32,
    },
    /// A partition of an election.
    Partition(ElectionId, Partition),
    /// The ballots of a shard.
    Ballots(ElectionId, Shard),
    /// The voters of a shard.
    Voters(ElectionId, Shard),
    /// The imports of an election.
    Imports(ElectionId),
    /// The mailings of an election.
    Mailings(ElectionId),
}

/// A place in a part: after the commit with these keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pk: String,
    sk: String,
}

/// An item of the table that is no commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Its partition key.
    pub pk: String,
    /// Its sort key.
    pub sk: String,
    /// What is wrong with it.
    pub error: CommitError,
}

/// A page of a part.
#[derive(Debug, Clone, Default)]
pub struct Swept {
    /// Commits, in no order that could be relied upon.
    pub commits: Vec<Commit>,
    /// What is no commit.
    pub unreadable: Vec<Unreadable>,
    /// Where the next page begins; nothing at the end of the part.
    pub next: Option<Position>,
}

impl Swept {
    /// The page, if all of it are commits.
    pub fn intact(mut self) -> Result<Self, LoadError> {
        self.unreadable.pop().map_or(Ok(self), |unreadable| Err(unreadable.error.into()))
    }
}

/// How an election was created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creation {
    /// Who created it.
    pub owner: String,
    /// Over how many shards it is spread.
    pub shards: ShardCount,
}

impl EventReader {
    /// The page of a part that follows a position, with at most `limit` items and a megabyte. One consistent call.
    pub async fn sweep(&self, part: Part, after: Option<&Position>, limit: u16) -> Result<Swept, StorageError> {
        let start = after.map(|position| {
            let text = |text: &String| AttributeValue::S(text.clone());
            HashMap::from([("pk".to_owned(), text(&position.pk)), ("sk".to_owned(), text(&position.sk))])
        });
        let (items, next) = match part {
            Part::Segment { number, of } => {
                let segment = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
                let scan = self.client.scan().table_name(&self.table).consistent_read(true).limit(limit.into());
                let scan = scan.segment(segment(number)).total_segments(segment(of)).set_exclusive_start_key(start);
                let page = scan.send().await.map_err(|error| storage_error(&error))?;
                (page.items, page.last_evaluated_key)
            }
            Part::Partition(election, partition) => self.query_part(election, partition, None, start, limit).await?,
            Part::Ballots(election, shard) => {
                self.query_part(election, Partition::Shard(shard), Some(Ballot::KIND), start, limit).await?
            }
            Part::Voters(election, shard) => {
                self.query_part(election, Partition::Shard(shard), Some(Voter::KIND), start, limit).await?
            }
            Part::Imports(election) => {
                self.query_part(election, Partition::Election, Some(Import::KIND), start, limit).await?
            }
            Part::Mailings(election) => {
                self.query_part(election, Partition::Election, Some(Mailing::KIND), start, limit).await?
            }
        };
        let mut swept = Swept { next: next.as_ref().map(position), ..Swept::default() };
        for item in items.unwrap_or_default() {
            let Position { pk, sk } = position(&item);
            match Commit::from_item(item) {
                Ok(commit) => swept.commits.push(commit),
                Err(error) => swept.unreadable.push(Unreadable { pk, sk, error }),
            }
        }
        Ok(swept)
    }

    /// A page of a partition: all commits, or those of the streams of one kind.
    async fn query_part(
        &self,
        election: ElectionId,
        partition: Partition,
        kind: Option<&str>,
        start: Option<Item>,
        limit: u16,
    ) -> Result<(Option<Vec<Item>>, Option<Item>), StorageError> {
        let query = self.client.query().table_name(&self.table).consistent_read(true).limit(limit.into());
        let query = query
            .expression_attribute_values(":pk", AttributeValue::S(partition.key(election)))
            .set_exclusive_start_key(start);
        let query = match kind {
            Some(kind) => query
                .key_condition_expression("pk = :pk AND begins_with(sk, :kind)")
                .expression_attribute_values(":kind", AttributeValue::S(format!("{kind}#"))),
            None => query.key_condition_expression("pk = :pk"),
        };
        let page = query.send().await.map_err(|error| storage_error(&error))?;
        Ok((page.items, page.last_evaluated_key))
    }

    /// How an election was created, if it was: what its first commit says.
    pub async fn creation_of(&self, election: ElectionId) -> Result<Option<Creation>, LoadError> {
        let first = self.partition(election, Partition::Election, None, 1).await?.commits.pop();
        let events = first.map(|commit| commit.decode::<Election>()).transpose()?;
        Ok(events.into_iter().flatten().find_map(|event| match event {
            ElectionEvent::ElectionCreated { owner, shards, .. } => Some(Creation { owner, shards }),
            _ => None,
        }))
    }

    /// Over how many shards an election is spread, by its first commit; nothing if there is no such election.
    pub async fn shards_of(&self, election: ElectionId) -> Result<Option<ShardCount>, LoadError> {
        Ok(self.creation_of(election).await?.map(|creation| creation.shards))
    }

    /// Is there an election, and was it not deleted?
    pub async fn is_living(&self, election: ElectionId) -> Result<bool, LoadError> {
        match self.last_commit(&Stream::Election(election)).await? {
            // Nothing comes after a deletion.
            Some(last) => Ok(!last.decode::<Election>()?.contains(&ElectionEvent::ElectionDeleted {})),
            None => Ok(false),
        }
    }
}

/// The place after an item.
fn position(item: &Item) -> Position {
    let text = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
    Position { pk: text("pk"), sk: text("sk") }
}
