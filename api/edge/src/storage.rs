//! The answer to a request that fails below the API: the one place that maps every such failure.

use photovote_dynamodb::{Failure, Meaning, StorageError};

use crate::{code::Code, problem::Problem};

impl<F: Failure> From<F> for Problem {
    fn from(failure: F) -> Self {
        match failure.meaning() {
            Meaning::Storage(error) => of_storage(error),
            Meaning::Refused(refusal) => Self::refused(refusal),
            Meaning::Precondition(current) => Self::precondition_failed(current),
            Meaning::KeyReused => Self::key_reused(),
            Meaning::Conflict => {
                Self::new(Code::Conflict, "other commands were faster, several times: look again and retry")
            }
            Meaning::TooLarge => Self::new(Code::TooLargeToStore, failure.to_string()),
            Meaning::Newer => {
                tracing::warn!(event = "newer_schema", error = %failure, "a newer program wrote this");
                Self::being_updated()
            }
            Meaning::Unsettled => {
                tracing::warn!(error = %failure, "a document does not settle");
                Self::unavailable(Code::StorageUnavailable, "this is changing right now: try again", 1)
            }
            // An operator restores them, and it goes on.
            Meaning::GatesMissing => Self::unavailable(Code::GatesMissing, Code::GatesMissing.meaning(), 30),
            Meaning::Damaged => {
                tracing::error!(error = %failure, "stored data cannot be read or written");
                Self::internal()
            }
        }
    }
}

fn of_storage(error: &StorageError) -> Problem {
    if error.is_transient() {
        tracing::warn!(%error, "the storage is not available");
        return Problem::unavailable(Code::StorageUnavailable, "the storage is busy: try again", 1);
    }
    if error.is_of_missing_table() {
        tracing::error!(%error, "a table is missing");
        return Problem::unavailable(Code::StorageUnavailable, "the storage is not available: try again later", 30);
    }
    match error {
        StorageError::TooLarge => Problem::new(Code::TooLargeToStore, "the result is too large to be stored"),
        error => {
            tracing::error!(%error, "the storage refuses");
            Problem::internal()
        }
    }
}
