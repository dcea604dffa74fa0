//! The repair queue: where the names of commits go that could not be applied.

use aws_sdk_sqs::{Client, error::DisplayErrorContext};
use photovote_dynamodb::Item;
use photovote_events::Commit;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The keys of a commit: a message of the repair queue, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitKeys {
    /// The partition key.
    pub pk: String,
    /// The sort key.
    pub sk: String,
}

impl CommitKeys {
    pub(crate) fn of(item: &Item) -> Option<Self> {
        let text = |name| item.get(name)?.as_s().ok().cloned();
        Some(Self { pk: text("pk")?, sk: text("sk")? })
    }

    /// Those of this commit.
    pub fn of_commit(commit: &Commit) -> Self {
        Self { pk: commit.stream.partition(), sk: commit.stream.sort_key(commit.first) }
    }
}

/// Why a message could not be sent.
#[derive(Debug, Error)]
pub enum RepairError {
    /// It has no JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The queue did not take it.
    #[error("{0}")]
    Queue(String),
}

/// The repair queue.
#[derive(Debug, Clone)]
pub struct RepairQueue {
    client: Client,
    url: String,
}

impl RepairQueue {
    /// The queue at this URL.
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }

    /// Asks for a commit to be repaired. It may be asked more than once.
    pub async fn send(&self, keys: &CommitKeys) -> Result<(), RepairError> {
        let body = serde_json::to_string(keys)?;
        let send = self.client.send_message().queue_url(&self.url).message_body(body);
        send.send().await.map_err(|error| RepairError::Queue(DisplayErrorContext(error).to_string()))?;
        Ok(())
    }
}
