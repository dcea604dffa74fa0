//! Changing the coordination table: gates, guards, lists and counters. Command functions, the clock and the reconciler
//! depend on this crate; a function that only reads depends on `photovote-coordination`.

mod creations;
mod followers;
mod guard;
mod imports;
mod mailings;
mod mails;
mod notices;
mod restore;
mod schedule;
mod unsubscribing;
mod write;

pub use creations::Creations;
pub use mailings::{Noted, Reported};
pub use mails::{Claim, Due, DueMail, Ended, Everybody, Finding};
pub use restore::{Fenced, Restoration, Restored};
pub use write::Control;
