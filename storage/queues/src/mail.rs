//! Messages by which functions ask the mailer for work.

use photovote_domain::{ElectionId, Shard, Timestamp, election::Obstacle, mailing::Kind};
use serde::{Deserialize, Serialize};

/// A message of the mailer's queue. Any function may send it at any time: the mailer sends only what is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailMessage {
    /// The election whose mails are looked after.
    pub election: ElectionId,
    /// The shard whose mails are due. Without one, it is found out anew what is due in all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// A mail that an administrator wants to see before a mailing. Nothing else is done then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<TestMail>,
    /// What the election's organiser is told. Nothing else is done then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Notice>,
}

/// What an organiser is told about an opening that was planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// When it is told.
    pub kind: NoticeKind,
    /// When the election was to open.
    pub opens_at: Timestamp,
    /// What prevents it.
    pub obstacles: Vec<Obstacle>,
}

/// When an organiser is told about an opening that is prevented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// A day before.
    Day,
    /// An hour before.
    Hour,
    /// The election did not open.
    Missed,
}

impl NoticeKind {
    /// The word for it in keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Hour => "hour",
            Self::Missed => "missed",
        }
    }
}

/// A mail without a voter's link, to an address that an administrator gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestMail {
    /// Which kind of mail it is.
    pub kind: Kind,
    /// The address.
    pub to: String,
    /// The organiser's subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The organiser's introduction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl MailMessage {
    /// Find out what is due to the voters of an election.
    pub const fn election(election: ElectionId) -> Self {
        Self { election, shard: None, test: None, notice: None }
    }

    /// Send what is due to the voters of a shard.
    pub const fn shard(election: ElectionId, shard: Shard) -> Self {
        Self { election, shard: Some(shard), test: None, notice: None }
    }

    /// Send a test mail.
    pub const fn test(election: ElectionId, test: TestMail) -> Self {
        Self { election, shard: None, test: Some(test), notice: None }
    }

    /// Tell the election's organiser about its opening.
    pub const fn notice(election: ElectionId, notice: Notice) -> Self {
        Self { election, shard: None, test: None, notice: Some(notice) }
    }
}
