//! The hash chain of a stream.
//!
//! ```text
//! saltᵢ  = H(salt ‖ i)                          i = 0, 1, … in the order of the parts
//! partᵢ  = H(saltᵢ ‖ bytesᵢ)
//! hash   = H(prev ‖ public header ‖ part₀ ‖ part₁ ‖ …)
//! ```
//!
//! The parts are who asked, when, from where and why; which request it was; then the events. In the first form of a commit
//! the first two are one part ([`Form`]).
//!
//! `H` is SHA-256 over parts with their lengths, under a name for each purpose ([`Hasher`]). Whatever may have to be withheld
//! stands under its own salted hash: a reader who is given `part₂` instead of the event can check the chain, and cannot
//! guess the event from it.

use photovote_domain::{Digest, Hasher, Version};
use serde_json::Value;
use thiserror::Error;

use crate::{
    Stream,
    codec::StoredEvent,
    commit::{Commit, Form},
};

/// Where a chain breaks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ChainError {
    /// A commit does not follow the one before it.
    #[error("the commit at version {0} does not follow the commit before it")]
    Link(Version),
    /// A commit's hash is not that of its content.
    #[error("the commit at version {0} is not what was hashed")]
    Content(Version),
}

/// What the first commit of a stream follows: the hash of the stream's name.
pub fn first_link(stream: &Stream) -> Digest {
    Hasher::new("photovote/stream")
        .part(stream.election().to_string().as_bytes())
        .part(stream.to_string().as_bytes())
        .finish()
}

/// The salt of a commit's part, by its place among the parts.
fn salt_of_part(salt: &[u8; 32], part: u32) -> Digest {
    Hasher::new("photovote/salt").part(salt).part(&part.to_be_bytes()).finish()
}

/// A part of a commit as it is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// What makes the digest unguessable.
    pub salt: Digest,
    /// The salted hash.
    pub digest: Digest,
}

/// The parts of a commit, in the order in which they are hashed: first those of the command, one for each number in its form,
/// then the events.
pub fn parts(commit: &Commit) -> impl Iterator<Item = Part<'_>> {
    commit.parts().zip(0..).map(|(bytes, place)| {
        let salt = salt_of_part(&commit.salt, place);
        let digest = Hasher::new("photovote/part").part(salt.as_bytes()).part(bytes).finish();
        Part { bytes, salt, digest }
    })
}

/// What every reader of a chain may see of a commit: canonical JSON of its stream, version, event types and command, and from the
/// second form on of its form.
pub fn public_header(stream: &Stream, first: Version, events: &[StoredEvent], command: &str, form: Form) -> Vec<u8> {
    let types: Vec<_> = events.iter().map(|event| format!("{}/{}", event.event_type, event.schema_version)).collect();
    let (command, types, stream) = (Value::from(command), Value::from(types), Value::from(stream.to_string()));
    let form = match form {
        Form::First => String::new(),
        Form::Second => r#""form":2,"#.to_owned(),
    };
    // The keys stand in canonical order.
    format!(r#"{{"command":{command},"events":{types},{form}"stream":{stream},"version":{}}}"#, first.get())
        .into_bytes()
}

/// The hash of a commit with this content.
pub(crate) fn hash(commit: &Commit) -> Digest {
    let header = public_header(&commit.stream, commit.first, &commit.events, &commit.command, commit.form());
    let hasher = Hasher::new("photovote/commit").part(commit.prev.as_bytes()).part(&header);
    parts(commit).fold(hasher, |hasher, part| hasher.part(part.digest.as_bytes())).finish()
}

/// Checks a whole stream, from its first commit on: that each follows the one before, and is what was hashed.
pub fn verify(commits: &[Commit]) -> Result<(), ChainError> {
    let mut link = None;
    for commit in commits {
        let (prev, first) = link.unwrap_or_else(|| (first_link(&commit.stream), Version::NONE.plus(1)));
        if commit.prev != prev || commit.first != first {
            return Err(ChainError::Link(commit.first));
        }
        if commit.hash != hash(commit) {
            return Err(ChainError::Content(commit.first));
        }
        link = Some((commit.hash, commit.last().plus(1)));
    }
    Ok(())
}
