//! DynamoDB as PhotoVote uses it: how the client is set up, what each failure means, when to try again, and how many
//! calls an operation makes. This is the only crate that interprets the SDK's errors.

mod answered_by;
mod calls;
mod client;
mod failure;
mod meaning;
mod pages;
mod retry;
mod transact;

pub use answered_by::{Answer, Request, answered_by};
pub use calls::Calls;
pub use client::{Endpoint, MissingVariable, client, config, retries, setting, timeouts, variable};
pub use failure::{Item, PutFailure, StorageError, delete_failure, put_failure, storage_error, update_failure};
pub use meaning::{Failure, Meaning};
pub use pages::query_all;
pub use retry::Retry;
pub use transact::{Cancellation, TransactFailure, transact};
