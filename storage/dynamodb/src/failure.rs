//! What a failed call means.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    error::{BuildError, ProvideErrorMetadata, SdkError},
    operation::{delete_item::DeleteItemError, put_item::PutItemError, update_item::UpdateItemError},
    types::AttributeValue,
};
use thiserror::Error;

/// An item: attributes by name.
pub type Item = HashMap<String, AttributeValue>;

/// Why a call failed, apart from its condition.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StorageError {
    /// Too much at once, for the table or the account.
    #[error("the storage is throttling requests")]
    Throttled,
    /// No answer, or one that says nothing about the request. A write may have taken effect.
    #[error("the storage cannot be reached: {0}")]
    Unavailable(String),
    /// Other transactions wanted the same item at the same moment, for as long as we tried.
    #[error("other transactions hold the item")]
    Contended,
    /// An item over 400 KB.
    #[error("the item is too large to be stored")]
    TooLarge,
    /// The storage understood the request and refuses it: a table that does not exist, a right that is not given.
    #[error("the storage refuses the request: {code}: {message}")]
    Refused {
        /// The storage's name for the reason.
        code: String,
        /// What it says.
        message: String,
    },
}

impl From<BuildError> for StorageError {
    /// A request that lacks a part is a mistake of ours, as is one that the storage refuses.
    fn from(error: BuildError) -> Self {
        Self::Refused { code: "IncompleteRequest".to_owned(), message: error.to_string() }
    }
}

impl StorageError {
    /// Is the request itself to blame, so that it would be refused whoever sends it, and whenever?
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::TooLarge => true,
            Self::Refused { code, .. } => code.starts_with("Validation"),
            _ => false,
        }
    }

    /// Is the table of the request not there?
    pub fn is_of_missing_table(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == "ResourceNotFoundException")
    }

    /// Can the same request succeed later, with nothing else changed?
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Throttled | Self::Unavailable(_) | Self::Contended)
    }
}

const THROTTLES: [&str; 6] = [
    "ProvisionedThroughputExceededException",
    "ProvisionedThroughputExceeded",
    "RequestLimitExceeded",
    "ThrottlingException",
    "ThrottlingError",
    // S3's.
    "SlowDown",
];

/// What a failed call means, whatever the operation.
pub fn storage_error<E, R>(error: &SdkError<E, R>) -> StorageError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    let SdkError::ServiceError(service) = error else {
        return StorageError::Unavailable(chain(error));
    };
    let metadata = service.err().meta();
    named(metadata.code().unwrap_or_default(), metadata.message().unwrap_or_default())
}

/// What an error says, and what its causes say. Never its debug form: that can hold what was answered, and so a voter's
/// email or rating.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |said, cause| format!("{said}: {cause}"))
}

pub(crate) fn named(code: &str, message: &str) -> StorageError {
    match code {
        code if THROTTLES.contains(&code) => StorageError::Throttled,
        "TransactionConflictException" | "TransactionInProgressException" | "TransactionConflict" => {
            StorageError::Contended
        }
        // The last two are S3's.
        "InternalServerError" | "InternalFailure" | "ServiceUnavailable" | "" | "InternalError" | "RequestTimeout" => {
            StorageError::Unavailable(format!("{code} {message}").trim().to_owned())
        }
        "ItemCollectionSizeLimitExceededException" | "EntityTooLarge" => StorageError::TooLarge,
        // The only name DynamoDB has for it is that of any other mistake.
        "ValidationException" | "ValidationError" if message.contains("size has exceeded") => StorageError::TooLarge,
        _ => StorageError::Refused { code: code.to_owned(), message: message.to_owned() },
    }
}

/// Why a conditional write of one item failed.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PutFailure {
    /// The condition does not hold. What stands there instead, if it was asked for.
    #[error("the condition does not hold")]
    Condition(Option<Item>),
    /// Anything else.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What a failed `PutItem` means.
pub fn put_failure<R: std::fmt::Debug>(error: &SdkError<PutItemError, R>) -> PutFailure {
    if let SdkError::ServiceError(service) = error
        && let PutItemError::ConditionalCheckFailedException(failed) = service.err()
    {
        return PutFailure::Condition(failed.item.clone());
    }
    PutFailure::Storage(storage_error(error))
}

/// What a failed `DeleteItem` means.
pub fn delete_failure<R: std::fmt::Debug>(error: &SdkError<DeleteItemError, R>) -> PutFailure {
    if let SdkError::ServiceError(service) = error
        && let DeleteItemError::ConditionalCheckFailedException(failed) = service.err()
    {
        return PutFailure::Condition(failed.item.clone());
    }
    PutFailure::Storage(storage_error(error))
}

/// What a failed `UpdateItem` means.
pub fn update_failure<R: std::fmt::Debug>(error: &SdkError<UpdateItemError, R>) -> PutFailure {
    if let SdkError::ServiceError(service) = error
        && let UpdateItemError::ConditionalCheckFailedException(failed) = service.err()
    {
        return PutFailure::Condition(failed.item.clone());
    }
    PutFailure::Storage(storage_error(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_have_a_meaning() {
        assert_eq!(named("ProvisionedThroughputExceededException", ""), StorageError::Throttled);
        assert_eq!(named("TransactionConflictException", ""), StorageError::Contended);
        assert_eq!(named("SlowDown", "Please reduce your request rate."), StorageError::Throttled);
        for code in ["InternalServerError", "InternalError", "RequestTimeout", ""] {
            assert!(matches!(named(code, "x"), StorageError::Unavailable(_)), "{code}");
        }
        let too_large = "Item size has exceeded the maximum allowed size";
        assert_eq!(named("ValidationException", too_large), StorageError::TooLarge);
        let refused = named("ResourceNotFoundException", "no table");
        assert!(matches!(&refused, StorageError::Refused { code, .. } if code == "ResourceNotFoundException"));
        assert!(!refused.is_transient());
        assert!(refused.is_of_missing_table());
        assert!(!StorageError::TooLarge.is_of_missing_table());
        assert!(StorageError::Throttled.is_transient());
    }
}
