//! The control table: gates, guards and the schedule. All of it is mutable and can be rebuilt from the events.
//!
//! - A **gate** per shard of an election counts the casts that it let through. A cast is written in one transaction with
//!   its gate's condition, so `DynamoDB` serialises it with the closing of that gate: what is acknowledged is counted,
//!   what comes later is refused. Its status only ever moves on: draft, open, closed.
//! - A **guard** keeps an email address unique in its election.
//! - The **schedule** names the elections that are open or closing, so that the clock finds them.
//! - **Snapshots** of long elections, which the event store keeps here: they only spare reading.
//! - A list of elections that are being **counted** names those whose results may not be final yet, so that the reconciler
//!   finds them.
//! - A **counter of creations** for each administrator limits how many elections they create.
//! - **Imports** of lists of voters: what reading a file has found, and how far the registration is.
//! - A list of elections that are being **imported**: they have no gates, and nothing may use them.
//!
//! This crate reads. Writing is a crate of its own, `coordination-write`.

mod gate;
pub mod imports;
mod mailings;
mod seen;

pub use gate::{ControlError, ControlReader, GateState, GateStatus, Turnout};
pub use mailings::{Bounced, BouncedPage, Count, Counts};
