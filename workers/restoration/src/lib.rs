//! Restoring the control table from the events: gates, guards, lists and the counters of creations.

mod creations;
mod restore;

pub use creations::restore_creations;
pub use restore::{RestoreError, Restoring, Which, elections, restore, restore_fenced};
