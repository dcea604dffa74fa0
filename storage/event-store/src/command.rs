//! Who asked for what, when, from where and why: what a commit keeps of its command.

use std::fmt;

use photovote_domain::{Digest, Subject, Timestamp};
use serde::{Deserialize, Serialize};

/// Names a command within its stream: derived from the client's idempotency key, or random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommandId(Digest);

impl CommandId {
    /// The id that this digest is. Whoever derives one takes the caller and the stream into it.
    pub const fn new(digest: Digest) -> Self {
        Self(digest)
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// An administrator.
    Administrator(Subject),
    /// Whoever holds the ballot's token.
    Voter,
    /// The closer, when an election's time had come.
    Closer,
}

impl Actor {
    /// The administrator who asked, if it was one.
    pub const fn administrator(&self) -> Option<&Subject> {
        match self {
            Self::Administrator(subject) => Some(subject),
            Self::Voter | Self::Closer => None,
        }
    }
}

/// From where an administrator asked. Voters' commands keep no address.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Source {
    /// The network address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What the client says it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// The part of a command that may have to be withheld from a reader. A field that a newer program adds is passed over.
///
/// Fields are written as they are declared, here and in what they hold: in canonical order (RFC 8785).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivatePart {
    /// Who asked.
    pub actor: Actor,
    /// SHA-256 of caller, route and body: is a repeated command really the same?
    pub fingerprint: Digest,
    /// The command's id.
    pub id: CommandId,
    /// Why, if a reason was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// From where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// When.
    pub time: Timestamp,
}

/// A command on its way into a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandRecord {
    /// Its public name.
    pub name: &'static str,
    /// Did the client choose the id of what this creates? Then the same request again is the same creation.
    pub own_id: bool,
    /// Everything else.
    pub private: PrivatePart,
}
