//! What the counter is asked to do.

use photovote_documents_read::Generation;
use photovote_domain::{ElectionId, Shard};
use serde::{Deserialize, Serialize};

/// A message of the counter's queue. Any of them can be sent at any time: the counter looks at the election and does what is to
/// be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountMessage {
    /// The election that was closed or deleted, or whose results changed.
    pub election: ElectionId,
    /// The generation of its documents.
    pub generation: Generation,
    /// The shard to be counted. Without one, the counter has each shard counted that is not, and otherwise adds up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// How often it came before something that it needs.
    #[serde(default, skip_serializing_if = "is_first")]
    pub tries: u32,
}

impl CountMessage {
    /// Look after an election in a generation.
    pub const fn election(election: ElectionId, generation: Generation) -> Self {
        Self { election, generation, shard: None, tries: 0 }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_first(tries: &u32) -> bool {
    *tries == 0
}
