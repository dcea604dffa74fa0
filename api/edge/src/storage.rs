//! What a failing storage means to a client.

use photovote_dynamodb::StorageError;

use crate::{code::Code, problem::Problem};

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        if error.is_transient() {
            tracing::warn!(%error, "the storage is not available");
            return Self::unavailable(Code::StorageUnavailable, "the storage is busy: try again", 1);
        }
        if error.is_of_missing_table() {
            tracing::error!(%error, "a table is missing");
            return Self::unavailable(Code::StorageUnavailable, "the storage is not available: try again later", 30);
        }
        match error {
            StorageError::TooLarge => Self::new(Code::TooLargeToStore, "the result is too large to be stored"),
            error => {
                tracing::error!(%error, "the storage refuses");
                Self::internal()
            }
        }
    }
}
