//! PhotoVote on AWS Lambda: what each function is made of, and how it runs there.
//!
//! [`Wiring`] gives each function the tables and queues that it works on. The binaries in `src/bin` do this from
//! environment variables; the local server, the simulation and the tests do it with engines of their own.

mod process;
mod wiring;

pub use photovote_invitations::SORT_KEYS as INVITATIONS_SORT_KEYS;
pub use process::{Error, NAMESPACE, Process, start};
pub use wiring::{Build, FUNCTIONS, HttpFunction, Wiring, WiringError, descriptions};
