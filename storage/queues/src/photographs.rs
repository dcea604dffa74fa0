//! Messages by which functions ask the photo-processor for work. The object store reports uploads with messages of its own.

use photovote_domain::{ElectionId, PhotographId};
use serde::{Deserialize, Serialize};

/// A message of the photo-processor's queue. Any function may send it at any time: the processor compares events with objects, and
/// does only what is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhotographMessage {
    /// The election whose photographs and objects are looked at. If it was deleted, its objects go.
    pub election: ElectionId,
    /// The one photograph that is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photograph: Option<PhotographId>,
}

impl PhotographMessage {
    /// Look after all photographs of an election.
    pub const fn election(election: ElectionId) -> Self {
        Self { election, photograph: None }
    }
}
