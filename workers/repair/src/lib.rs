//! Repair: makes up for what the projector could not do, message by message.
//!
//! The projector names commits that it cannot apply in the repair queue; their streams are healed from the events table.
//! What the projector could not even be given, Lambda names in the failure queue as a range of the stream: it is read
//! and projected again, while the stream still has it.

mod message;
mod range;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use photovote_dynamodb::StorageError;
use photovote_projection::{HealError, Projector};
use thiserror::Error;

pub use range::StreamReader;

use crate::message::Message;

/// Works off messages of the repair queue and of the failure queue.
#[derive(Debug, Clone)]
pub struct Repair {
    projector: Projector,
    stream: StreamReader,
}

/// Why a message has to come again.
#[derive(Debug, Error)]
enum Trouble {
    /// It is neither the name of a commit nor that of a range.
    #[error("the message is not understood: {0}")]
    Message(#[from] serde_json::Error),
    /// The stream that it names is not healed.
    #[error(transparent)]
    Heal(#[from] HealError),
    /// The range that it names cannot be read.
    #[error("the range cannot be read: {0}")]
    Stream(#[from] StorageError),
    /// A record of the range has to come again.
    #[error("the record {0} has to come again")]
    Record(String),
}

impl Repair {
    /// Applies what is missing through this projector.
    pub const fn new(projector: Projector, stream: StreamReader) -> Self {
        Self { projector, stream }
    }

    /// Works off a batch of messages. The answer names those that have to come again.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        for message in event.records {
            let id = message.message_id.unwrap_or_default();
            if let Err(trouble) = self.work_off(&message.body.unwrap_or_default()).await {
                tracing::error!(event = "repair_failed", message = id, error = %trouble, "to be tried again");
                // An unknown id would make all of them come again, and so it should.
                response.add_failure(id);
            }
        }
        response
    }

    async fn work_off(&self, body: &str) -> Result<(), Trouble> {
        match serde_json::from_str(body)? {
            Message::Commit(keys) => {
                self.projector.heal(&keys).await?;
                tracing::info!(event = "repaired", pk = keys.pk, sk = keys.sk, "a stream is healed");
            }
            Message::Failure { range } => {
                let found = self.stream.read(&range).await?;
                let again = self.projector.handle(found.event).await.batch_item_failures.pop();
                if let Some(record) = again {
                    return Err(Trouble::Record(record.item_identifier.unwrap_or_default()));
                }
                if found.whole {
                    tracing::info!(event = "repaired", ?range, "a range of the stream is projected");
                } else {
                    // It would be gone the next time, too: only who compares all streams finds what it held.
                    tracing::error!(event = "failure_range_lost", ?range, "the stream has lost a range");
                }
            }
        }
        Ok(())
    }
}
