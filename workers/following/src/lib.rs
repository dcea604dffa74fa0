//! Followers: applications that react to what happens in another one.
//!
//! ```text
//! commit → policy: commit + own state → commands → one transaction: "this commit is followed" + what the commands change
//! ```
//!
//! A commit is followed when what was decided about it is written, and it is written together with a mark that the commit is
//! followed. The mark must not be there before. So each commit has its effect exactly once, however often, late and in whatever
//! order it arrives. The position of a follower is thus a set of commits and not a number: the stream of a table promises no order
//! between items.
//!
//! Three runners drive a follower, and all of them do the same with a commit:
//!
//! | Runner | Where commits come from |
//! |---|---|
//! | [`Follower::handle`] on AWS Lambda | the stream of the events table |
//! | [`Follower::handle`] on the local host | the same stream, which the host's pump reads |
//! | [`Follower::catch_up`] | the events table: in a test, after an outage, or for a follower that is new |
//!
//! docs/followers.md tells how to write one.

mod catch_up;
mod follow;
mod stream;

pub use catch_up::CaughtUp;
pub use follow::{FollowError, Followed, Follower, Policy, Recorder};
