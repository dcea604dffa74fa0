//! Reading a range of a stream.

use std::time::SystemTime;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_sdk_dynamodbstreams::{
    Client,
    types::{Record, ShardIteratorType},
};
use aws_types::SdkConfig;
use photovote_dynamodb::{StorageError, storage_error};
use serde_dynamo::Item;

use crate::message::{Range, SequenceNumber};

/// How many pages a range may take. It was one event of Lambda, so it has at most 6 MB, and a page has up to 1 MB; but
/// pages can be empty.
const MOST_PAGES: usize = 100;

/// Reads streams.
#[derive(Debug, Clone)]
pub struct StreamReader {
    client: Client,
}

/// What a stream still has of a range.
#[derive(Debug)]
pub(crate) struct Found {
    /// The records, as Lambda would send them.
    pub(crate) event: Event,
    /// Are these all that there were?
    pub(crate) whole: bool,
}

impl StreamReader {
    /// Reads the streams that this configuration leads to.
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    /// Reads a range, as far as it is still there.
    pub(crate) async fn read(&self, range: &Range) -> Result<Found, StorageError> {
        let mut records = Vec::new();
        let mut iterator = there(self.iterator(range).await)?.flatten();
        let mut reached_end = false;
        for _ in 0..MOST_PAGES {
            let Some(at) = iterator.take().filter(|_| !reached_end) else { break };
            let page = self.client.get_records().shard_iterator(at).send().await;
            let Some(page) = there(page.map_err(|error| storage_error(&error)))? else { break };
            for record in page.records.unwrap_or_default().into_iter().map(as_sent) {
                let number = number(&record);
                reached_end |= number >= range.end_sequence_number;
                if number <= range.end_sequence_number {
                    records.push(record);
                }
            }
            iterator = page.next_shard_iterator;
        }
        let from_start = records.first().is_some_and(|first| number(first) == range.start_sequence_number);
        let mut event = Event::default();
        event.records = records;
        Ok(Found { event, whole: from_start && reached_end })
    }

    async fn iterator(&self, range: &Range) -> Result<Option<String>, StorageError> {
        let iterator = self
            .client
            .get_shard_iterator()
            .stream_arn(&range.stream_arn)
            .shard_id(&range.shard_id)
            .shard_iterator_type(ShardIteratorType::AtSequenceNumber)
            .sequence_number(range.start_sequence_number.as_str());
        Ok(iterator.send().await.map_err(|error| storage_error(&error))?.shard_iterator)
    }
}

/// `None` if what was asked for is gone for good: older than the stream reaches back, or of a stream that is no more.
fn there<T>(answer: Result<T, StorageError>) -> Result<Option<T>, StorageError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(StorageError::Refused { code, .. })
            if matches!(code.as_str(), "TrimmedDataAccessException" | "ResourceNotFoundException") =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn number(record: &EventRecord) -> SequenceNumber {
    SequenceNumber::new(record.change.sequence_number.as_deref().unwrap_or_default())
}

/// A record as a function is sent it, as far as the projector looks at it.
fn as_sent(record: Record) -> EventRecord {
    let mut sent = EventRecord::default();
    sent.event_name = record.event_name.map(|name| name.as_str().to_owned()).unwrap_or_default();
    if let Some(change) = record.dynamodb {
        sent.change.keys = change.keys.map(Item::from).unwrap_or_default();
        sent.change.new_image = change.new_image.map(Item::from).unwrap_or_default();
        sent.change.sequence_number = change.sequence_number;
        let written = change.approximate_creation_date_time.and_then(|time| SystemTime::try_from(time).ok());
        sent.change.approximate_creation_date_time = written.unwrap_or(SystemTime::UNIX_EPOCH).into();
    }
    sent
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodbstreams::{primitives::DateTime, types::StreamRecord};

    use super::*;

    #[test]
    fn a_record_says_when_it_was_written() {
        let written = |time| {
            let change = StreamRecord::builder().set_approximate_creation_date_time(time).build();
            let sent = as_sent(Record::builder().dynamodb(change).build());
            sent.change.approximate_creation_date_time.timestamp_millis()
        };
        assert_eq!(written(Some(DateTime::from_millis(1_700_000_000_250))), 1_700_000_000_250);
        assert_eq!(written(None), 0, "unknown, which the projector leaves out");
    }
}
