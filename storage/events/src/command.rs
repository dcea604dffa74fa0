//! Who asked for what, when, from where and why: what a commit keeps of its command.

use std::fmt;

use photovote_domain::{Digest, ImportId, Subject, Timestamp};
use serde::{Deserialize, Serialize};

use crate::environment::Environment;

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
    /// The clock, when something was due. History has it by its first name.
    #[serde(rename = "closer")]
    Clock,
    /// The counter, when all ballots were counted.
    Counter,
    /// The photo-processor, when an upload arrived.
    PhotoProcessor,
    /// The mailer, before it sent a link.
    Mailer,
    /// The importer.
    Importer {
        /// The administrator who asked for the import; for its undoing, the one who asked for that.
        administrator: Subject,
        /// The import.
        import: ImportId,
    },
}

impl Actor {
    /// The administrator who asked, if it was one.
    pub const fn administrator(&self) -> Option<&Subject> {
        match self {
            Self::Administrator(subject) => Some(subject),
            Self::Voter | Self::Clock | Self::Counter | Self::PhotoProcessor | Self::Mailer | Self::Importer { .. } => {
                None
            }
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

/// What a commit keeps of its command beside the name. It is stored as two parts: [`Provenance`], and which request it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivatePart {
    /// Who asked.
    pub actor: Actor,
    /// SHA-256 of caller, route and body: is a repeated command really the same?
    pub fingerprint: Digest,
    /// The command's id.
    pub id: CommandId,
    /// Why, if a reason was given.
    pub reason: Option<String>,
    /// From where.
    pub source: Option<Source>,
    /// When.
    pub time: Timestamp,
}

impl PrivatePart {
    /// The two parts as they are hashed and stored: canonical JSON.
    pub(crate) fn encode(&self) -> Result<(Vec<u8>, Vec<u8>), serde_json::Error> {
        let Self { actor, fingerprint, id, reason, source, time } = self.clone();
        let provenance = serde_json::to_vec(&Provenance { actor, reason, source, time })?;
        let request = serde_json::to_vec(&RequestPart { fingerprint, id })?;
        Ok((provenance, request))
    }

    pub(crate) fn of(provenance: Provenance, request: RequestPart) -> Self {
        let Provenance { actor, reason, source, time } = provenance;
        let RequestPart { fingerprint, id } = request;
        Self { actor, fingerprint, id, reason, source, time }
    }
}

/// Who asked for a command, when, from where and why: what an auditor sees. A field that a newer program adds is passed over.
///
/// Fields are written as they are declared, here and in what they hold: in canonical order (RFC 8785). Plain JSON is
/// canonical, since the only number is a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Who asked.
    pub actor: Actor,
    /// Why, if a reason was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// From where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// When.
    pub time: Timestamp,
}

/// Which request a command was: what only idempotency needs. Both digests are made of what people wrote, without a salt, so
/// they confirm guesses: they never leave the events table.
///
/// Fields are written as they are declared, in canonical order (RFC 8785).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RequestPart {
    pub(crate) fingerprint: Digest,
    pub(crate) id: CommandId,
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

impl CommandRecord {
    /// A command that was given without a reason, and from nowhere in particular. `request` is its id, and stands for what was asked.
    pub const fn new(name: &'static str, actor: Actor, request: Digest, time: Timestamp) -> Self {
        let id = CommandId::new(request);
        let private = PrivatePart { actor, fingerprint: request, id, reason: None, source: None, time };
        Self { name, own_id: false, private }
    }

    /// The same at this moment. Nothing repeats it: its id is random.
    pub fn once(name: &'static str, actor: Actor, environment: &Environment) -> Self {
        Self::new(name, actor, Digest::from_bytes(environment.random()), environment.now())
    }
}
