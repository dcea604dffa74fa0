//! Why documents cannot be read or written.

use aws_sdk_dynamodb::error::BuildError;
use photovote_dynamodb::{Failure, Meaning, StorageError};
use thiserror::Error;

/// Why documents cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DocumentError {
    /// The storage fails.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The parts of a document did not belong together however often they were read: it changes all the time.
    #[error("{0} changes faster than it can be read")]
    Unsettled(String),
    /// A newer program wrote an item: who does not understand all of it would lose the rest by writing it again.
    #[error("the item {key} has the attribute {attribute:?}, which this program does not know")]
    Newer {
        /// Its keys.
        key: String,
        /// What is not known.
        attribute: String,
    },
    /// An item is not what it should be.
    #[error("the item {key} is damaged: {reason}")]
    Damaged {
        /// Its keys.
        key: String,
        /// What is wrong.
        reason: String,
    },
}

impl DocumentError {
    /// Would the same request fail for ever, whatever happens around it?
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Storage(error) => error.is_permanent(),
            Self::Unsettled(_) => false,
            Self::Newer { .. } | Self::Damaged { .. } => true,
        }
    }
}

impl From<BuildError> for DocumentError {
    fn from(error: BuildError) -> Self {
        Self::Storage(error.into())
    }
}

impl Failure for DocumentError {
    fn meaning(&self) -> Meaning<'_> {
        match self {
            Self::Storage(error) => error.meaning(),
            Self::Unsettled(_) => Meaning::Unsettled,
            Self::Newer { .. } => Meaning::Newer,
            Self::Damaged { .. } => Meaning::Damaged,
        }
    }
}
