//! What a failing storage means to a client.

use photovote_dynamodb::StorageError;

use crate::{code::Code, problem::Problem};

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        if error.is_transient() {
            tracing::warn!(%error, "the storage is not available");
            return Self::unavailable(Code::StorageUnavailable, "the storage is busy: try again", 1);
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
