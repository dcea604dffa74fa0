//! Messages by which functions ask the importer for work. The object store reports uploads with messages of its own.

use photovote_domain::{ElectionId, ImportId};
use serde::{Deserialize, Serialize};

/// A message of the importer's queue. Any function may send it at any time: the importer does what is to be done next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportMessage {
    /// The election whose imports are looked after. If it was deleted, its lists go.
    pub election: ElectionId,
    /// The one import that goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<ImportId>,
}

impl ImportMessage {
    /// Look after all imports of an election.
    pub const fn election(election: ElectionId) -> Self {
        Self { election, import: None }
    }

    /// Go on with an import.
    pub const fn import(election: ElectionId, import: ImportId) -> Self {
        Self { election, import: Some(import) }
    }
}
