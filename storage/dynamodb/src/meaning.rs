//! What a failure means to the caller of a request.

use photovote_domain::{Refusal, Version};

use crate::failure::StorageError;

/// What a failure means to the caller of a request, whatever the layer that it comes from.
pub enum Meaning<'a> {
    /// The storage fails.
    Storage(&'a StorageError),
    /// The rules of the domain refuse the command.
    Refused(&'a dyn Refusal),
    /// The stream is at this version, and the client expects another.
    Precondition(Version),
    /// The idempotency key belongs to another request.
    KeyReused,
    /// Concurrent commands won every attempt.
    Conflict,
    /// The result is larger than the storage can hold.
    TooLarge,
    /// A newer program wrote the data. This program is about to be replaced.
    Newer,
    /// The data changes faster than it can be read.
    Unsettled,
    /// Gates or guards are missing. An operator has to restore them.
    GatesMissing,
    /// The data is damaged.
    Damaged,
}

/// A failure that a request can end with.
pub trait Failure: std::error::Error {
    /// What the failure means to the caller.
    fn meaning(&self) -> Meaning<'_>;
}

impl Failure for StorageError {
    fn meaning(&self) -> Meaning<'_> {
        Meaning::Storage(self)
    }
}
