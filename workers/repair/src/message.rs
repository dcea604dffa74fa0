//! What the messages say.

use std::cmp::Ordering;

use photovote_projection::CommitKeys;
use serde::Deserialize;

/// A message of either queue.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Message {
    /// The projector names a commit that it cannot apply.
    Commit(CommitKeys),
    /// Lambda names a range of the stream that the projector could not be given, or broke down on.
    Failure {
        /// The range.
        #[serde(rename = "DDBStreamBatchInfo")]
        range: Range,
    },
}

/// Records of one shard of a stream that follow each other.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Range {
    /// The stream.
    pub(crate) stream_arn: String,
    /// The shard.
    pub(crate) shard_id: String,
    /// The first record.
    pub(crate) start_sequence_number: SequenceNumber,
    /// The last record.
    pub(crate) end_sequence_number: SequenceNumber,
}

/// The place of a record in its shard: a number with up to forty digits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct SequenceNumber(String);

impl SequenceNumber {
    pub(crate) fn new(digits: &str) -> Self {
        Self(digits.to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn significant(&self) -> &str {
        self.0.trim_start_matches('0')
    }
}

impl PartialOrd for SequenceNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SequenceNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        let (one, other) = (self.significant(), other.significant());
        one.len().cmp(&other.len()).then_with(|| one.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_are_compared_as_numbers() {
        let ordered = ["0", "9", "010", "99999999999999999999", "100000000000000000000000000000000000000001"];
        assert!(ordered.map(SequenceNumber::new).is_sorted());
        assert!(SequenceNumber::new("10") > SequenceNumber::new("9"));
    }

    #[test]
    fn both_kinds_of_messages_are_understood() {
        let commit = serde_json::from_str(r#"{"pk":"a","sk":"b"}"#).unwrap();
        assert_eq!(Message::Commit(CommitKeys { pk: "a".into(), sk: "b".into() }), commit);
        let failure = r#"{"version":"1.0","DDBStreamBatchInfo":{"shardId":"s","startSequenceNumber":"1",
            "endSequenceNumber":"2","batchSize":2,"streamArn":"arn"}}"#;
        let Message::Failure { range } = serde_json::from_str(failure).unwrap() else { panic!("a range") };
        assert_eq!((&*range.stream_arn, &*range.shard_id, range.end_sequence_number.as_str()), ("arn", "s", "2"));
        assert!(serde_json::from_str::<Message>(r#"{"pk":"a"}"#).is_err());
    }
}
