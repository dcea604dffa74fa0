//! Messages of the importer's queue: S3 reports uploads, and other functions ask for work.

use photovote_objects::{Notification, TestNotification};
use photovote_queues::ImportMessage;
use serde::Deserialize;

/// A message.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Message {
    /// Another function asks for something.
    Asked(ImportMessage),
    /// Objects were uploaded.
    Uploaded(Notification),
    /// S3 tries whether the queue takes messages.
    Test(TestNotification),
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]
mod tests {
    use photovote_domain::{ElectionId, ImportId};

    use super::*;

    fn parse(message: &str) -> Result<Message, serde_json::Error> {
        serde_json::from_str(message)
    }

    #[test]
    fn messages_of_functions_and_of_s3_are_told_apart() {
        let test = r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"originals"}"#;
        assert!(matches!(parse(test).unwrap(), Message::Test(_)));
        let uploaded = r#"{"Records":[{"eventName":"ObjectCreated:Post","s3":{"object":{"key":"lists%2Fa"}}}]}"#;
        assert!(matches!(parse(uploaded).unwrap(), Message::Uploaded(_)));
        for asked in [
            ImportMessage::election(ElectionId::from_bits(1)),
            ImportMessage::import(ElectionId::from_bits(1), ImportId::from_bits(2)),
        ] {
            let Message::Asked(message) = parse(&serde_json::to_string(&asked).unwrap()).unwrap() else {
                panic!("it asks")
            };
            assert_eq!(message, asked);
        }
        for unknown in ["{}", r#"{"Event":"s3:ObjectRemoved"}"#, r#"{"election":"none"}"#, "[]"] {
            assert!(parse(unknown).is_err(), "{unknown}");
        }
    }
}
