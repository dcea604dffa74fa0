//! What a failing storage means to a client.

use photovote_dynamodb::StorageError;

use crate::problem::Problem;

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        if error.is_transient() {
            tracing::warn!(%error, "the storage is not available");
            return Self::unavailable("storage_unavailable", "the storage is busy: try again", 1);
        }
        match error {
            StorageError::TooLarge => Self::invalid("too_large_to_store", "the result is too large to be stored"),
            error => {
                tracing::error!(%error, "the storage refuses");
                Self::internal()
            }
        }
    }
}
