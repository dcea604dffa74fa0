//! Messages by which functions ask the mailer for work.

use photovote_domain::{ElectionId, Shard};
use serde::{Deserialize, Serialize};

/// A message of the mailer's queue. Any function may send it at any time: the mailer sends only what is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailMessage {
    /// The election whose mails are looked after.
    pub election: ElectionId,
    /// The shard whose mails are due. Without one, it is found out anew what is due in all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
}

impl MailMessage {
    /// Find out what is due to the voters of an election.
    pub const fn election(election: ElectionId) -> Self {
        Self { election, shard: None }
    }

    /// Send what is due to the voters of a shard.
    pub const fn shard(election: ElectionId, shard: Shard) -> Self {
        Self { election, shard: Some(shard) }
    }
}
