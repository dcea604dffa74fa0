//! The messages of the repair queue: the names of commits that could not be applied.

use photovote_dynamodb::Item;
use photovote_events::Commit;
use serde::{Deserialize, Serialize};

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
