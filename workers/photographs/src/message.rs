//! Messages of the photo-processor's queue: S3 reports uploads, and other functions ask for work.

use percent_encoding::percent_decode_str;
use photovote_queues::PhotographMessage;
use serde::Deserialize;

/// A message.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Message {
    /// Another function asks for something.
    Asked(PhotographMessage),
    /// Objects were uploaded.
    Uploaded(Notification),
    /// S3 tries whether the queue takes messages.
    Test(Test),
}

/// A message of S3: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Notification {
    /// What happened.
    records: Vec<Record>,
}

/// The message with which S3 tries a new queue.
#[derive(Debug, Deserialize)]
pub(crate) struct Test {
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
    pub(crate) fn keys(&self) -> impl Iterator<Item = String> {
        // As in a form: a space is a plus sign.
        let decoded = |key: &str| percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned();
        self.records.iter().map(move |record| decoded(&record.s3.object.key))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    fn parse(message: &str) -> Result<Message, serde_json::Error> {
        serde_json::from_str(message)
    }

    #[test]
    fn keys_are_decoded() {
        let notification =
            r#"{"Records":[{"eventName":"ObjectCreated:Post","s3":{"object":{"key":"incoming%2Fa+b%C3%A9"}}}]}"#;
        let Message::Uploaded(notification) = parse(notification).unwrap() else { panic!("it tells of an upload") };
        assert_eq!(notification.keys().collect::<Vec<_>>(), ["incoming/a bé"]);
    }

    #[test]
    fn messages_of_functions_and_of_s3_are_told_apart() {
        let test =
            r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-01-01T00:00:00.000Z","Bucket":"originals"}"#;
        assert!(matches!(parse(test).unwrap(), Message::Test(_)));
        let asked = PhotographMessage::election(photovote_domain::ElectionId::from_bits(1));
        let Message::Asked(message) = parse(&serde_json::to_string(&asked).unwrap()).unwrap() else {
            panic!("it asks")
        };
        assert_eq!(message, asked);
        for unknown in ["{}", r#"{"Event":"s3:ObjectRemoved"}"#, r#"{"election":"none"}"#, "[]"] {
            assert!(parse(unknown).is_err(), "{unknown}");
        }
    }
}
