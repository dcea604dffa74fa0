//! Messages by which S3 tells a queue of uploads:
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>.

use percent_encoding::percent_decode_str;
use serde::Deserialize;

/// Objects were uploaded.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Notification {
    /// What happened.
    records: Vec<Record>,
}

/// The message with which S3 tries a new queue.
#[derive(Debug, Deserialize)]
pub struct TestNotification {
    /// `s3:TestEvent`.
    #[serde(rename = "Event")]
    _event: TestEvent,
}

#[derive(Debug, Deserialize)]
enum TestEvent {
    #[serde(rename = "s3:TestEvent")]
    Test,
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
    pub fn keys(&self) -> impl Iterator<Item = String> {
        // As in a form: a space is a plus sign.
        let decoded = |key: &str| percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned();
        self.records.iter().map(move |record| decoded(&record.s3.object.key))
    }
}

#[cfg(test)]
mod notification_tests {
    use super::*;

    #[test]
    fn keys_are_decoded() {
        let notification =
            r#"{"Records":[{"eventName":"ObjectCreated:Post","s3":{"object":{"key":"incoming%2Fa+b%C3%A9"}}}]}"#;
        let notification: Notification = serde_json::from_str(notification).unwrap();
        assert_eq!(notification.keys().collect::<Vec<_>>(), ["incoming/a bé"]);
    }
}
