//! What an auditor sees: commits, and the heads of ballots.

use photovote_domain::{Ballot, Digest, Timestamp, Version, ballot::BallotEvent};
use photovote_edge::{Answer, Problem, schema};
use photovote_events::{Actor, Commit, Form, HashedPart, LoadError, StoredEvent, Stream, parts};
use serde::Serialize;
use utoipa::ToSchema;

/// An entry of the audit trail. `kind` says which of the two it is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum AuditEntry {
    /// A commit to the election, to a voter or to a photograph.
    Commit(Box<AuditCommit>),
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
/// bytes, the highest first. The header is the text
/// `{"command":…,"events":["<type>/<schema version>",…],"form":2,"stream":…,"version":…}` without spaces; in the first form it has no
/// `form`. The digests are those of `private`, of `request` (not in the first form) and of each event. The first `prev` of a stream
/// is `H("photovote/stream", <election's id>, stream)`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditCommit {
    /// What it was done to: `election#…`, `voter#…` or `photograph#…`.
    #[schema(example = "election#01ARZ3NDEKTSV4RRFFQ69G5FAV")]
    stream: String,
    /// The version of the first event.
    #[schema(value_type = schema::Version)]
    version: Version,
    /// The command's name.
    #[schema(example = "CreateElection")]
    command: String,
    /// What its hash is made of: 1 for commits of release 0.1.0, otherwise 2.
    #[schema(example = 2)]
    form: u32,
    /// The hash of the commit before, in hexadecimal digits.
    #[schema(value_type = schema::Sha256)]
    prev: Digest,
    /// The hash of this commit.
    #[schema(value_type = schema::Sha256)]
    hash: Digest,
    /// Who, when, from where, why. In the first form it holds digests of what the request said as well, so that of a voter it is
    /// withheld.
    private: AuditPart,
    /// Which request it was, from the second form on. It is always withheld: it holds digests of what the request said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    request: Option<AuditPart>,
    /// Who and when, where the private part is withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    unproved: Option<Unproved>,
    /// What happened.
    events: Vec<AuditEvent>,
}

/// Who did something, and when, according to the server. No shown hash proves it.
#[derive(Debug, Serialize, ToSchema)]
struct Unproved {
    /// Who.
    #[schema(value_type = schema::Actor)]
    actor: Actor,
    /// When, in milliseconds since 1970.
    #[schema(value_type = i64, example = 1_795_259_829_018_i64)]
    time: Timestamp,
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
    /// The entry of a commit to the election, or to a voter, a photograph, an import or a mailing. Nothing that is made of a voter's name or address is shown without a
    /// salt.
    pub(crate) fn of(commit: &Commit) -> Answer<Self> {
        let form = commit.form();
        // Who is a voter, no event shows. An election, its photographs, imports and mailings have no secrets from their administrators.
        let of_election = matches!(
            commit.stream,
            Stream::Election(_) | Stream::Photograph(..) | Stream::Import(..) | Stream::Mailing(..)
        );
        let mut parts = parts(commit);
        let mut next =
            |shown| parts.next().ok_or_else(Problem::internal).and_then(|part| AuditPart::of(commit, &part, shown));
        let shown = of_election || form != Form::First;
        let private = next(shown)?;
        let request = if form == Form::First { None } else { Some(next(false)?) };
        let event = |event: &StoredEvent| {
            let (r#type, schema_version) = (event.event_type.clone(), event.schema_version);
            Ok(AuditEvent { r#type, schema_version, part: next(of_election)? })
        };
        Ok(Self::Commit(Box::new(AuditCommit {
            stream: commit.stream.to_string(),
            version: commit.first,
            command: commit.command.clone(),
            form: form.number(),
            prev: commit.prev,
            hash: commit.hash,
            private,
            request,
            unproved: if shown { None } else { Some(Unproved::of(commit)?) },
            events: commit.events.iter().map(event).collect::<Answer<_>>()?,
        })))
    }

    /// The entry of a ballot, from its last commit. Nothing follows a cast but its seal.
    pub(crate) fn of_ballot(last: &Commit) -> Answer<Self> {
        let events = last.decode::<Ballot>().map_err(LoadError::from)?;
        let cast = matches!(events.last(), Some(BallotEvent::BallotCast { .. } | BallotEvent::BallotSealed { .. }));
        Ok(Self::Ballot(AuditBallot { stream: last.stream.to_string(), cast, hash: cast.then_some(last.hash) }))
    }

    /// How many bytes it takes in an answer.
    pub(crate) fn bytes(&self) -> usize {
        // Texts and numbers always serialise.
        serde_json::to_vec(self).map_or(0, |json| json.len())
    }
}

impl Unproved {
    fn of(commit: &Commit) -> Answer<Self> {
        let provenance = commit.provenance().map_err(|error| unreadable(commit, &error))?;
        Ok(Self { actor: provenance.actor, time: provenance.time })
    }
}

impl AuditPart {
    fn of(commit: &Commit, part: &HashedPart<'_>, shown: bool) -> Answer<Self> {
        let digest = part.digest;
        if !shown {
            return Ok(Self { digest, salt: None, data: None });
        }
        let text = str::from_utf8(part.bytes).map_err(|error| unreadable(commit, &error))?;
        Ok(Self { digest, salt: Some(part.salt), data: Some(text.to_owned()) })
    }
}

fn unreadable(commit: &Commit, error: &dyn std::error::Error) -> Problem {
    tracing::error!(stream = %commit.stream, version = %commit.first, %error, "a part of a commit cannot be read");
    Problem::internal()
}
