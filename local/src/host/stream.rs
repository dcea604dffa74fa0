//! The stream of a table, as the engine keeps it.

use std::{
    fmt,
    str::FromStr,
    sync::{Mutex, PoisonError},
};

use aws_lambda_events::dynamodb::EventRecord;
use dynoxide::{
    AttributeValue,
    actions::{
        get_records::{GetRecordsRequest, Record},
        get_shard_iterator::GetShardIteratorRequest,
    },
};
use photovote_embedded::{Database, DynoxideError, StreamName};

/// What the engine adds to the number that it stores, so that all have 21 digits.
const OFFSET: u128 = 100_000_000_000_000_000_000;

/// The place of a record in its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SequenceNumber(u128);

/// Not a sequence number.
#[derive(Debug, thiserror::Error)]
#[error("a record's sequence number is missing, or is none")]
pub struct NotANumber;

impl SequenceNumber {
    /// The number as it stands in the engine's file.
    pub(crate) fn stored(self) -> i64 {
        i64::try_from(self.0.saturating_sub(OFFSET)).unwrap_or(i64::MAX)
    }
}

impl FromStr for SequenceNumber {
    type Err = NotANumber;

    fn from_str(text: &str) -> Result<Self, NotANumber> {
        text.parse().map(Self).map_err(|_no_digits| NotANumber)
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:021}", self.0)
    }
}

/// A record's place in its stream.
pub fn number(record: &EventRecord) -> Result<SequenceNumber, NotANumber> {
    record.change.sequence_number.as_deref().ok_or(NotANumber)?.parse()
}

/// Why a stream cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The engine cannot.
    #[error("the stream cannot be read: {0}")]
    Engine(#[from] DynoxideError),
    /// It is not what a function is sent.
    #[error("a record of the stream is not understood: {0}")]
    Record(#[from] serde_json::Error),
    /// It has no place.
    #[error(transparent)]
    Number(#[from] NotANumber),
}

/// What a look at a stream has found.
#[derive(Debug)]
pub struct Found {
    /// The records that are delivered, oldest first, as a function is sent them.
    pub records: Vec<EventRecord>,
    /// The place of the last record that was looked at, whether it is delivered or not; where there was none, where the look began.
    pub end: Option<SequenceNumber>,
}

/// The one shard of a table's stream.
pub struct EventStream {
    database: Database,
    arn: String,
    shard: String,
    /// How the sort keys begin of the items whose records are delivered; all are if nothing is said.
    sort_keys: &'static [&'static str],
    /// The place where the last look ended, and its name. Whoever goes on from there need not ask for the name.
    ended: Mutex<Option<(SequenceNumber, String)>>,
}

impl EventStream {
    /// The stream of a table that has one.
    pub(crate) fn of(database: Database, table: &str) -> Result<Self, DynoxideError> {
        let StreamName { arn, shard } = photovote_embedded::stream(&database, table)?;
        Ok(Self { database, arn, shard, sort_keys: &[], ended: Mutex::default() })
    }

    /// Delivers only records of items whose sort keys begin like this, as the filter of an event source mapping does; all if nothing is
    /// said.
    #[must_use]
    pub fn with_sort_keys(self, sort_keys: &'static [&'static str]) -> Self {
        Self { sort_keys, ..self }
    }

    /// Its name, which no stream of another table or of an earlier life of this one has.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The name of its shard.
    pub fn shard(&self) -> &str {
        &self.shard
    }

    /// Looks at the first records after this one. Blocks the thread.
    pub fn after(&self, last: Option<SequenceNumber>, limit: usize) -> Result<Found, StreamError> {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        let iterator = match ended {
            Some((number, iterator)) if Some(number) == last => Some(iterator),
            _ => self.iterator(last)?,
        };
        let Some(shard_iterator) = iterator else { return Ok(Found { records: Vec::new(), end: last }) };
        let found = self.database.get_records(GetRecordsRequest { shard_iterator, limit: Some(limit) })?;
        let end = found.records.last().map(|record| record.dynamodb.sequence_number.parse()).transpose()?.or(last);
        let delivered = found.records.iter().filter(|record| self.delivers(record));
        let records = delivered.map(|record| self.as_sent(record)).collect::<Result<_, _>>()?;
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = end.zip(found.next_shard_iterator);
        Ok(Found { records, end })
    }

    fn delivers(&self, record: &Record) -> bool {
        let begins = |key: &str| self.sort_keys.iter().any(|beginning| key.starts_with(beginning));
        self.sort_keys.is_empty()
            || matches!(record.dynamodb.keys.get("sk"), Some(AttributeValue::S(key)) if begins(key))
    }

    /// The engine's name for the place after a record.
    fn iterator(&self, last: Option<SequenceNumber>) -> Result<Option<String>, StreamError> {
        let found = self.database.get_shard_iterator(GetShardIteratorRequest {
            stream_arn: self.arn.clone(),
            shard_id: self.shard.clone(),
            shard_iterator_type: if last.is_some() { "AFTER_SEQUENCE_NUMBER" } else { "TRIM_HORIZON" }.into(),
            sequence_number: last.map(|number| number.to_string()),
        })?;
        Ok(found.shard_iterator)
    }

    /// A record as it reaches a function: through JSON, and with the name of its stream.
    fn as_sent(&self, record: &Record) -> Result<EventRecord, StreamError> {
        let mut record: EventRecord = serde_json::from_value(serde_json::to_value(record)?)?;
        record.event_source_arn = Some(self.arn.clone());
        Ok(record)
    }
}
