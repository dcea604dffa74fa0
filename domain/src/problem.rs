//! Why a file of an administrator cannot be used.

use serde::{Deserialize, Serialize};

/// Why a file cannot be used, or not in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// A stable name, in snake case.
    pub code: String,
    /// A sentence that says what to do.
    pub detail: String,
}
