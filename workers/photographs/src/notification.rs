//! What S3 says of an object that was uploaded.

use percent_encoding::percent_decode_str;
use serde::Deserialize;

/// A message of S3: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Notification {
    /// What happened. The message with which S3 tries a new queue has none.
    #[serde(default)]
    records: Vec<Record>,
}

#[derive(Debug, Deserialize)]
struct Record {
    s3: Entity,
}

#[derive(Debug, Deserialize)]
struct Entity {
    object: Object,
}

#[derive(Debug, Deserialize)]
struct Object {
    key: String,
}

impl Notification {
    /// The keys of the objects.
    pub(crate) fn keys(&self) -> impl Iterator<Item = String> {
        // As in a form: a space is a plus sign.
        let decoded = |key: &str| percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned();
        self.records.iter().map(move |record| decoded(&record.s3.object.key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded() {
        let notification = r#"{"Records":[{"eventName":"ObjectCreated:Post","s3":{"object":{"key":"incoming%2Fa+b%C3%A9"}}}]}"#;
        let notification: Notification = serde_json::from_str(notification).unwrap();
        assert_eq!(notification.keys().collect::<Vec<_>>(), ["incoming/a bé"]);
    }

    #[test]
    fn the_message_that_tries_a_queue_names_no_object() {
        let notification: Notification = serde_json::from_str(r#"{"Service":"Amazon S3","Event":"s3:TestEvent"}"#).unwrap();
        assert_eq!(notification.keys().count(), 0);
    }
}
