//! Transactions: what each reason of a cancellation means, and which of them are tried again.

use aws_sdk_dynamodb::{
    Client,
    error::{BuildError, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, TransactWriteItem},
};
use thiserror::Error;

use crate::{
    failure::{Item, StorageError, named, storage_error},
    retry::Retry,
};

/// Why one action of a transaction did not happen.
#[derive(Debug, Clone, PartialEq)]
pub enum Cancellation {
    /// Nothing was wrong with it.
    None,
    /// Its condition does not hold. What stands there instead, if it was asked for.
    Condition(Option<Item>),
    /// Anything else.
    Storage(StorageError),
}

impl Cancellation {
    fn of(reason: &CancellationReason) -> Self {
        match reason.code.as_deref() {
            None | Some("None") => Self::None,
            Some("ConditionalCheckFailed") => Self::Condition(reason.item.clone()),
            Some(code) => Self::Storage(named(code, reason.message.as_deref().unwrap_or_default())),
        }
    }

    /// Does the condition not hold?
    pub const fn is_condition(&self) -> bool {
        matches!(self, Self::Condition(_))
    }
}

/// Why a transaction did not happen.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TransactFailure {
    /// At least one condition does not hold. One entry for each action, in order.
    #[error("a condition of the transaction does not hold")]
    Cancelled(Vec<Cancellation>),
    /// Anything else.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Writes all of these actions or none.
///
/// Conflicts between transactions and throttling are no answer to what was asked: the actions are built afresh and
/// sent again, under a new client token, until the deadline. (The SDK retries neither.) A condition that does not
/// hold is an answer, and the caller's to interpret.
pub async fn transact(
    client: &Client,
    mut actions: impl FnMut() -> Result<Vec<TransactWriteItem>, BuildError>,
) -> Result<(), TransactFailure> {
    let mut retry = Retry::contention();
    loop {
        // Each send makes a client token of its own, which covers the SDK's retries of this attempt.
        let actions = actions().map_err(StorageError::from)?;
        let sent = client.transact_write_items().set_transact_items(Some(actions)).send().await;
        let failure = match sent {
            Ok(_) => return Ok(()),
            Err(error) => failure(&error),
        };
        match failure {
            TransactFailure::Storage(StorageError::Contended | StorageError::Throttled) if retry.again().await => {
                metrics::counter!("TransactionRetries").increment(1);
            }
            failure => return Err(failure),
        }
    }
}

fn failure<R: std::fmt::Debug>(error: &SdkError<TransactWriteItemsError, R>) -> TransactFailure {
    if let SdkError::ServiceError(service) = error
        && let TransactWriteItemsError::TransactionCanceledException(cancelled) = service.err()
    {
        let reasons: Vec<_> = cancelled.cancellation_reasons().iter().map(Cancellation::of).collect();
        if reasons.iter().any(Cancellation::is_condition) {
            return TransactFailure::Cancelled(reasons);
        }
        let first = reasons.into_iter().find_map(|reason| match reason {
            Cancellation::Storage(error) => Some(error),
            _ => None,
        });
        return TransactFailure::Storage(
            first.unwrap_or_else(|| StorageError::Unavailable("cancelled without a reason".to_owned())),
        );
    }
    TransactFailure::Storage(storage_error(error))
}
