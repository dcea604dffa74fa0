//! Following what stands in the events table.

use photovote_coordination::ControlError;
use photovote_domain::{ElectionId, ShardCount};
use photovote_events::{EventReader, Part, Partition};

use crate::{FollowError, Followed, Follower, Policy, Recorder};

/// How many commits are read at once.
const PAGE: u16 = 1_000;

/// What catching up came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CaughtUp {
    /// Commits that had not been followed.
    pub followed: u64,
    /// Items that are no commits. The projector reports them.
    pub unreadable: u64,
}

impl<P: Policy, R: Recorder<P>> Follower<P, R> {
    /// Follows every commit of an election that was not followed, from the beginning of its history. In one thread and in one
    /// order, so a test that uses it sees the same each time.
    pub async fn catch_up(
        &self,
        events: &EventReader,
        election: ElectionId,
        shards: ShardCount,
    ) -> Result<CaughtUp, FollowError> {
        let mut caught_up = CaughtUp::default();
        for partition in Partition::all(shards) {
            let mut after = None;
            loop {
                let page = events.sweep(Part::Partition(election, partition), after.as_ref(), PAGE).await?;
                caught_up.unreadable += page.unreadable.len() as u64;
                for commit in &page.commits {
                    let followed = self.follow(commit).await?;
                    caught_up.followed += u64::from(followed == Followed::Now);
                }
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(caught_up)
    }

    /// Forgets which commits of an election it has followed, before what they led to is made anew.
    pub async fn forget(&self, election: ElectionId, shards: ShardCount) -> Result<(), ControlError> {
        for partition in Partition::all(shards) {
            self.control.forget_tracking(P::NAME, election, partition).await?;
        }
        Ok(())
    }
}
