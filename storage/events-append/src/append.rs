//! Appending: the only code that writes to the events table.

use aws_sdk_dynamodb::{
    Client,
    error::BuildError,
    types::{AttributeValue, ConditionCheck, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};
use photovote_domain::Aggregate;
use photovote_dynamodb::{
    Cancellation, Failure, Item, Meaning, PutFailure, Retry, StorageError, TransactFailure, put_failure, transact,
};
use photovote_events::{CommandId, CommandRecord, Commit, CommitError, EncodeError, Environment, EventReader, History};
use serde::Serialize;
use thiserror::Error;

/// The largest item that DynamoDB stores.
pub const MAX_ITEM_BYTES: usize = 400 * 1024;

/// The condition of every write: the place after the version that was loaded is free.
const PLACE_IS_FREE: &str = "attribute_not_exists(sk)";

/// Reads and appends to the events table.
#[derive(Debug, Clone)]
pub struct EventStore {
    client: Client,
    table: String,
    reader: EventReader,
    environment: Environment,
}

/// Why a commit could not be written, nor can be by trying again.
#[derive(Debug, Error)]
pub enum AppendError {
    /// An event has no JSON.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The commit is larger than an item can be.
    #[error("the commit has {0} bytes, more than the {MAX_ITEM_BYTES} that an item can have")]
    TooLarge(usize),
    /// The storage fails.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// What stands at the commit's place is no commit.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl From<BuildError> for AppendError {
    fn from(error: BuildError) -> Self {
        Self::Storage(error.into())
    }
}

impl Failure for AppendError {
    fn meaning(&self) -> Meaning<'_> {
        match self {
            Self::Storage(error) => error.meaning(),
            Self::TooLarge(_) => Meaning::TooLarge,
            Self::Encode(_) | Self::Commit(_) => Meaning::Damaged,
        }
    }
}

/// What became of an attempt to append.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// The commit is written.
    Written,
    /// It, or an earlier attempt of the same command whose answer was lost, is written: this is what stands there.
    Ours(Box<Commit>),
    /// Another command was faster.
    Conflict,
    /// An action alongside has a condition that does not hold. One entry for each of them, in order.
    Blocked(Vec<Cancellation>),
}

/// What became of a put.
enum Place {
    /// The commit stands there now.
    Filled,
    /// Something else did, as far as the storage says what.
    Taken(Option<Item>),
}

impl EventStore {
    /// Works on this table, with this clock and these dice.
    pub fn new(client: Client, table: impl Into<String>, environment: Environment) -> Self {
        let table = table.into();
        Self { reader: EventReader::new(client.clone(), table.clone()), client, table, environment }
    }

    /// The clock and the dice.
    pub const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The reading half.
    pub const fn reader(&self) -> &EventReader {
        &self.reader
    }

    /// The commit that these events are, at the end of a history.
    pub fn commit<A: Aggregate>(
        &self,
        history: &History<A>,
        events: &[A::Event],
        record: &CommandRecord,
    ) -> Result<Commit, AppendError> {
        let salt = self.environment.random();
        let commit = Commit::new(history.stream(), history.version(), history.head(), events, record, salt)?;
        match commit.stored_bytes() {
            bytes if bytes > MAX_ITEM_BYTES => Err(AppendError::TooLarge(bytes)),
            _ => Ok(commit),
        }
    }

    /// The commit with one more event of the same command, right after another that is not written yet.
    pub(crate) fn following<E: Serialize>(
        &self,
        commit: &Commit,
        event: &E,
        record: &CommandRecord,
    ) -> Result<Commit, AppendError> {
        let salt = self.environment.random();
        Ok(Commit::new(commit.stream, commit.last(), commit.hash, std::slice::from_ref(event), record, salt)?)
    }

    /// Writes a commit as it stands in a backup, if its place is free. Does it stand there now?
    pub async fn restore(&self, commit: &Commit) -> Result<bool, AppendError> {
        match self.put(commit).await? {
            Place::Filled => Ok(true),
            Place::Taken(Some(standing)) => Ok(Commit::from_item(standing)? == *commit),
            Place::Taken(None) => Ok(false),
        }
    }

    /// The action that writes a commit as part of a transaction.
    pub fn action(&self, commit: &Commit) -> Result<TransactWriteItem, BuildError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(commit.to_item()))
            .condition_expression(PLACE_IS_FREE)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// The action that insists that nothing has happened to a stream since it was loaded.
    ///
    /// A decision that depends on two streams appends to one and insists on the other. Of two such decisions at once, one fails.
    pub fn unmoved<A: Aggregate>(&self, history: &History<A>) -> Result<TransactWriteItem, BuildError> {
        let stream = history.stream();
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(stream.partition()))
            .key("sk", AttributeValue::S(stream.sort_key(history.version().plus(1))))
            .condition_expression(PLACE_IS_FREE)
            .build()?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// Writes a commit once, together with actions on other items if there are any. These are built afresh for each
    /// time that a transaction has to be sent.
    pub(crate) async fn try_append(
        &self,
        commit: &Commit,
        id: CommandId,
        alongside: &mut impl FnMut() -> Result<Vec<TransactWriteItem>, BuildError>,
    ) -> Result<Attempt, AppendError> {
        let first = alongside()?;
        if first.is_empty() {
            return match self.put(commit).await? {
                Place::Filled => Ok(Attempt::Written),
                Place::Taken(standing) => found(standing, id),
            };
        }
        let action = self.action(commit)?;
        let mut first = Some(first);
        let sent = transact(&self.client, || {
            let others = first.take().map_or_else(&mut *alongside, Ok)?;
            Ok(std::iter::once(action.clone()).chain(others).collect())
        })
        .await;
        match sent {
            Ok(()) => Ok(Attempt::Written),
            Err(TransactFailure::Storage(error)) => Err(error.into()),
            Err(TransactFailure::Cancelled(mut reasons)) => match reasons.remove(0) {
                Cancellation::Condition(standing) => found(standing, id),
                _ => Ok(Attempt::Blocked(reasons)),
            },
        }
    }

    /// Puts a commit where nothing stands.
    async fn put(&self, commit: &Commit) -> Result<Place, StorageError> {
        let mut retry = Retry::contention();
        loop {
            let put = self
                .client
                .put_item()
                .table_name(&self.table)
                .set_item(Some(commit.to_item()))
                .condition_expression(PLACE_IS_FREE)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
            match put.send().await {
                Ok(_) => return Ok(Place::Filled),
                Err(error) => match put_failure(&error) {
                    PutFailure::Condition(standing) => return Ok(Place::Taken(standing)),
                    // A transaction wants the same place at this very moment: no answer yet, not even a conflict.
                    PutFailure::Storage(StorageError::Contended) if retry.again().await => {}
                    PutFailure::Storage(error) => return Err(error),
                },
            }
        }
    }
}

/// The place is taken. By us? A write that was sent again after its answer was lost looks exactly like a conflict.
fn found(standing: Option<Item>, id: CommandId) -> Result<Attempt, AppendError> {
    let Some(item) = standing else { return Ok(Attempt::Conflict) };
    let commit = Commit::from_item(item)?;
    let ours = commit.private_part().is_ok_and(|private| private.id == id);
    Ok(if ours { Attempt::Ours(Box::new(commit)) } else { Attempt::Conflict })
}
