//! What an auditor sees: commits, and the heads of ballots.

use photovote_domain::{Ballot, Digest, Version, ballot::BallotEvent};
use photovote_event_store::{Commit, LoadError, StoredEvent, Stream, part_digest, salt_of_part};
use photovote_http::{Answer, Problem, schema};
use serde::Serialize;
use utoipa::ToSchema;

/// An entry of the audit trail. `kind` says which of the two it is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum AuditEntry {
    /// A commit to the election or to a voter.
    Commit(AuditCommit),
    /// A ballot, once the election is closed.
    Ballot(AuditBallot),
}

/// How a ballot ended, and nothing of how it came there: not even how often it was changed, because with few candidates that,
/// too, tells how somebody rated.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditBallot {
    /// The ballot: `ballot#…`.
    #[schema(example = "ballot#01ARZ3NDEKTSV4RRFFQ69G5FAV")]
    stream: String,
    /// Whether it was cast.
    #[schema(example = true)]
    cast: bool,
    /// The hash of its last commit, in hexadecimal digits, if it was cast. It fixes the whole stream. A draft's would move when
    /// the draft does, and counts for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Sha256>, nullable = false)]
    hash: Option<Digest>,
}

/// Everything that one command did to one stream.
///
/// Its `hash` is `H("photovote/commit", prev, header, digests…)`. `H` is SHA-256 over its parts, each after its length as 8
/// bytes, the highest first. The header is the text `{"command":…,"events":["<type>/<schema version>",…],"stream":…,"version":…}`
/// without spaces. The digests are those of the private part and of each event. The first `prev` of a stream is
/// `H("photovote/stream", <election's id>, stream)`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditCommit {
    /// What it was done to: `election#…` or `voter#…`.
    #[schema(example = "election#01ARZ3NDEKTSV4RRFFQ69G5FAV")]
    stream: String,
    /// The version of the first event.
    #[schema(value_type = schema::Version)]
    version: Version,
    /// The command's name.
    #[schema(example = "CreateElection")]
    command: String,
    /// The hash of the commit before, in hexadecimal digits.
    #[schema(value_type = schema::Sha256)]
    prev: Digest,
    /// The hash of this commit.
    #[schema(value_type = schema::Sha256)]
    hash: Digest,
    /// Who, when, from where, why.
    private: AuditPart,
    /// What happened.
    events: Vec<AuditEvent>,
}

/// A part of a commit that may be withheld: then only its digest is there.
#[derive(Debug, Serialize, ToSchema)]
struct AuditPart {
    /// `H("photovote/part", salt, data)`, in hexadecimal digits.
    #[schema(value_type = schema::Sha256)]
    digest: Digest,
    /// What makes the digest unguessable.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Sha256>, nullable = false)]
    salt: Option<Digest>,
    /// The part itself: JSON, character for character as it was hashed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "{}")]
    data: Option<String>,
}

/// One event of a commit.
#[derive(Debug, Serialize, ToSchema)]
struct AuditEvent {
    /// What happened.
    #[schema(example = "ElectionOpened")]
    r#type: String,
    /// The version of the data's schema.
    #[schema(example = 1)]
    schema_version: u32,
    /// The data. Withheld for voters, because it names the voter's ballot.
    #[serde(flatten)]
    part: AuditPart,
}

impl AuditEntry {
    /// The entry of a commit to the election or to a voter.
    pub(crate) fn of(commit: &Commit) -> Answer<Self> {
        let shown = matches!(commit.stream, Stream::Election(_));
        let event = |(event, number): (&StoredEvent, u32)| {
            Ok(AuditEvent {
                r#type: event.event_type.clone(),
                schema_version: event.schema_version,
                part: AuditPart::of(commit, number, &event.payload, shown)?,
            })
        };
        Ok(Self::Commit(AuditCommit {
            stream: commit.stream.to_string(),
            version: commit.first,
            command: commit.command.clone(),
            prev: commit.prev,
            hash: commit.hash,
            private: AuditPart::of(commit, 0, &commit.private, true)?,
            events: commit.events.iter().zip(1..).map(event).collect::<Answer<_>>()?,
        }))
    }

    /// The entry of a ballot, from its last commit. Nothing follows a cast.
    pub(crate) fn of_ballot(last: &Commit) -> Answer<Self> {
        let events = last.decode::<Ballot>().map_err(LoadError::from)?;
        let cast = matches!(events.last(), Some(BallotEvent::BallotCast { .. }));
        Ok(Self::Ballot(AuditBallot { stream: last.stream.to_string(), cast, hash: cast.then_some(last.hash) }))
    }

    /// How many bytes it takes in an answer.
    pub(crate) fn bytes(&self) -> usize {
        // Texts and numbers always serialise.
        serde_json::to_vec(self).map_or(0, |json| json.len())
    }
}

impl AuditPart {
    fn of(commit: &Commit, number: u32, bytes: &[u8], shown: bool) -> Answer<Self> {
        let salt = salt_of_part(&commit.salt, number);
        let digest = part_digest(&salt, bytes);
        if !shown {
            return Ok(Self { digest, salt: None, data: None });
        }
        let text = str::from_utf8(bytes).map_err(|error| {
            tracing::error!(stream = %commit.stream, version = %commit.first, %error, "a part of a commit is no text");
            Problem::internal()
        })?;
        Ok(Self { digest, salt: Some(salt), data: Some(text.to_owned()) })
    }
}
