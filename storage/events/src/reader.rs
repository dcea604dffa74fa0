//! Reading streams. Every load is a consistent read, and follows its pages to the end.

use aws_sdk_dynamodb::{
    Client,
    operation::query::{QueryOutput, builders::QueryFluentBuilder},
    types::AttributeValue,
};
use photovote_domain::{Aggregate, Ballot, BallotId, ElectionId, Shard, Version};
use photovote_dynamodb::{Failure, Item, Meaning, StorageError, query_all, storage_error};
use thiserror::Error;

use crate::{
    Partition, Stream,
    codec::DecodeError,
    commit::{Commit, CommitError},
    history::History,
};

/// The last version that a key can name.
const LAST_VERSION: Version = Version::new(9_999_999_999);

/// Why a stream cannot be loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The storage fails.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// An item of the table is not a commit.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// An event cannot be understood.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A commit does not follow the one before it.
    #[error("the commit at version {version} of {stream} does not follow the one before it")]
    Broken {
        /// The stream.
        stream: Stream,
        /// The commit's first version.
        version: Version,
    },
}

impl Failure for LoadError {
    fn meaning(&self) -> Meaning<'_> {
        match self {
            Self::Storage(error) => error.meaning(),
            // While a release is being deployed, an old function meets what a new one wrote.
            Self::Decode(DecodeError::Newer { .. }) | Self::Commit(CommitError::Newer(_)) => Meaning::Newer,
            Self::Commit(_) | Self::Decode(_) | Self::Broken { .. } => Meaning::Damaged,
        }
    }
}

/// One page of commits.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The commits, in the order of their keys.
    pub commits: Vec<Commit>,
    /// Is there more?
    pub more: bool,
}

impl Page {
    fn of(page: QueryOutput) -> Result<Self, LoadError> {
        Ok(Self { commits: parsed(page.items.unwrap_or_default())?, more: page.last_evaluated_key.is_some() })
    }
}

/// Reads the events table.
#[derive(Debug, Clone)]
pub struct EventReader {
    pub(crate) client: Client,
    pub(crate) table: String,
}

impl EventReader {
    /// Reads this table.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// A stream from its beginning: one Query for each megabyte.
    pub async fn load<A: Aggregate>(&self, stream: Stream) -> Result<History<A>, LoadError> {
        let mut history = History::empty(stream);
        self.refresh(&mut history).await?;
        Ok(history)
    }

    /// A stream from its end: as many of the last commits as it takes to know its state. If the last one
    /// [stands alone](Aggregate::stands_alone), that is one Query of one item.
    pub async fn load_end<A: Aggregate>(&self, stream: Stream) -> Result<History<A>, LoadError> {
        let mut commits = Vec::new();
        let mut before = LAST_VERSION;
        // One by one at first: whoever has not shown a credential yet must not make anybody read more.
        for limit in [Some(1), Some(1), None] {
            for commit in self.commits_before(&stream, before, limit).await? {
                before = commit.before();
                let alone = commit.decode::<A>()?.iter().any(A::stands_alone);
                commits.push(commit);
                if alone {
                    commits.reverse();
                    return History::ending_with(stream, commits);
                }
            }
            if before == Version::NONE || commits.is_empty() {
                break;
            }
        }
        commits.reverse();
        History::ending_with(stream, commits)
    }

    /// Makes a history know at least the last `most` commands of its stream, if there are as many.
    pub async fn know_commands<A: Aggregate>(&self, history: &mut History<A>, most: u16) -> Result<(), LoadError> {
        if history.knows(most) {
            return Ok(());
        }
        let lacking = usize::from(most).saturating_sub(history.commands());
        let lacking = u16::try_from(lacking).unwrap_or(most);
        let mut commits = self.commits_before(&history.stream(), history.begins_after(), Some(lacking)).await?;
        commits.reverse();
        history.put_before(commits)
    }

    /// The commits of a stream whose first event comes at `version` or before, from the last one backwards: the nearest
    /// ones, at most so many, or all.
    async fn commits_before(
        &self,
        stream: &Stream,
        version: Version,
        limit: Option<u16>,
    ) -> Result<Vec<Commit>, LoadError> {
        let query = self.between(stream, Version::NONE, version).scan_index_forward(false);
        let mut commits = Vec::new();
        let mut start = None;
        loop {
            let lacking = limit.map(|limit| usize::from(limit).saturating_sub(commits.len()));
            let lacking = lacking.and_then(|lacking| i32::try_from(lacking).ok());
            let page = query.clone().set_limit(lacking).set_exclusive_start_key(start).send().await;
            let page = page.map_err(|error| storage_error(&error))?;
            commits.extend(parsed(page.items.unwrap_or_default())?);
            start = page.last_evaluated_key;
            if start.is_none() || limit.is_some_and(|limit| commits.len() >= limit.into()) {
                return Ok(commits);
            }
        }
    }

    /// Takes in what has happened to a stream since it was loaded.
    pub async fn refresh<A: Aggregate>(&self, history: &mut History<A>) -> Result<(), LoadError> {
        for commit in self.commits_after(&history.stream(), history.version()).await? {
            history.push(commit)?;
        }
        Ok(())
    }

    /// Applies what has happened to a stream since it was loaded, if that is at most `most` commits: one Query. Otherwise
    /// answers `false` and leaves the history behind.
    pub async fn refresh_within<A: Aggregate>(&self, history: &mut History<A>, most: u16) -> Result<bool, LoadError> {
        let page = self.query(&history.stream(), history.version()).limit(most.into()).send().await;
        let page = Page::of(page.map_err(|error| storage_error(&error))?)?;
        for commit in page.commits {
            history.push(commit)?;
        }
        Ok(!page.more)
    }

    /// The commits of a stream whose first event comes after `version`.
    pub async fn commits_after(&self, stream: &Stream, version: Version) -> Result<Vec<Commit>, LoadError> {
        Ok(parsed(query_all(self.query(stream, version)).await?)?)
    }

    /// The last commit of a stream, by one Query of one item.
    pub async fn last_commit(&self, stream: &Stream) -> Result<Option<Commit>, LoadError> {
        Ok(self.commits_before(stream, LAST_VERSION, Some(1)).await?.pop())
    }

    /// The first commits of a stream, at most so many, by one Query.
    pub(crate) async fn first_commits(&self, stream: &Stream, limit: u16) -> Result<Page, LoadError> {
        let page = self.query(stream, Version::NONE).limit(limit.into()).send().await;
        Page::of(page.map_err(|error| storage_error(&error))?)
    }

    fn query(&self, stream: &Stream, after: Version) -> QueryFluentBuilder {
        self.between(stream, after, LAST_VERSION)
    }

    /// The commits of a stream whose first event has a version after the one and up to the other.
    fn between(&self, stream: &Stream, after: Version, to: Version) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", AttributeValue::S(stream.partition()))
            .expression_attribute_values(":from", AttributeValue::S(stream.sort_key(after.plus(1))))
            .expression_attribute_values(":to", AttributeValue::S(stream.sort_key(to)))
            .consistent_read(true)
    }

    /// At most `limit` commits of an election's partition, after a sort key.
    pub async fn partition(
        &self,
        election: ElectionId,
        partition: Partition,
        after: Option<&str>,
        limit: u16,
    ) -> Result<Page, LoadError> {
        let partition = partition.key(election);
        // Every sort key is greater than a space: the start of a partition is after it.
        let after = AttributeValue::S(after.unwrap_or(" ").to_owned());
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk > :after")
            .expression_attribute_values(":pk", AttributeValue::S(partition))
            .expression_attribute_values(":after", after)
            .consistent_read(true)
            .limit(limit.into());
        Page::of(query.send().await.map_err(|error| storage_error(&error))?)
    }

    /// The last commit of the ballot that comes next in a shard, from the highest id down: of the ballot with the highest
    /// id below `before`. One Query of one item, however many commits the ballots have.
    pub async fn last_commit_of_next_ballot(
        &self,
        election: ElectionId,
        shard: Shard,
        before: Option<BallotId>,
    ) -> Result<Option<Commit>, LoadError> {
        let from = format!("{}#", Ballot::KIND);
        // Both are the keys of no commit, and after (or before) those of all commits of a ballot.
        let to = before.map_or_else(|| format!("{}$", Ballot::KIND), |ballot| format!("{}#{ballot}#", Ballot::KIND));
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", AttributeValue::S(Partition::Shard(shard).key(election)))
            .expression_attribute_values(":from", AttributeValue::S(from))
            .expression_attribute_values(":to", AttributeValue::S(to))
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(1);
        let page = query.send().await.map_err(|error| storage_error(&error))?;
        Ok(parsed(page.items.unwrap_or_default())?.pop())
    }
}

fn parsed(items: Vec<Item>) -> Result<Vec<Commit>, CommitError> {
    items.into_iter().map(Commit::from_item).collect()
}
