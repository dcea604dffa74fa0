//! Appending to the events table: the only code that writes history.
//!
//! Command functions, the clock, the counter and an import depend on this crate. A function that only reads depends on
//! `photovote-events`.

mod append;
mod execute;
mod snapshot_store;

pub use append::{AppendError, EventStore, MAX_ITEM_BYTES};
pub use execute::{Done, ExecuteError, log_outcome};
pub use snapshot_store::SnapshotStore;
