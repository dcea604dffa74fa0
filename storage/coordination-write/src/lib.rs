//! Changing the coordination table: gates, guards, lists and counters. Command functions, the closer and the reconciler
//! depend on this crate; a function that only reads depends on `photovote-coordination`.

mod creations;
mod followers;
mod guard;
mod imports;
mod mails;
mod restore;
mod schedule;
mod write;

pub use creations::Creations;
pub use mails::{Claim, Due, Everybody};
pub use restore::{Fenced, Restoration, Restored};
pub use write::Control;
