//! A stream from its beginning: what it has led to, and by which commands.

use std::{fmt, ops::Deref};

use photovote_domain::{Aggregate, Digest, Hasher, Version};

use crate::{
    command::{CommandRecord, RequestPart},
    commit::Commit,
    reader::LoadError,
    snapshot::Snapshot,
    stream::Stream,
};

/// A stream, folded from its first commit on: where it has come to, and what is needed to append to it.
#[derive(Debug, Clone)]
pub struct History<A> {
    snapshot: Snapshot<A>,
    commands: Vec<Command>,
    secret: Option<Digest>,
}

impl<A> Deref for History<A> {
    type Target = Snapshot<A>;

    fn deref(&self) -> &Snapshot<A> {
        &self.snapshot
    }
}

/// A command that made a commit. Which request it was is parsed only if somebody asks.
#[derive(Debug, Clone)]
struct Command {
    request: Vec<u8>,
    version: Version,
    #[cfg(feature = "append")]
    hash: Digest,
}

/// What a history knows of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Nothing: it is new.
    No,
    /// It was carried out and led to this version.
    Done(Version),
    /// Another command was carried out under its id.
    Reused,
}

impl<A: Aggregate> History<A> {
    /// The history of a stream that holds nothing.
    pub fn empty(stream: Stream) -> Self {
        Self { snapshot: Snapshot::empty(stream), commands: Vec::new(), secret: None }
    }

    /// Takes the next commit in. It must follow what is there, in version and in hash.
    pub fn push(&mut self, commit: Commit) -> Result<(), LoadError> {
        self.snapshot.push(&commit)?;
        self.secret.get_or_insert_with(|| Hasher::new("photovote/stream-secret").part(&commit.salt).finish());
        self.commands.push(Command {
            request: commit.request.unwrap_or(commit.private),
            version: self.version,
            #[cfg(feature = "append")]
            hash: self.head,
        });
        Ok(())
    }

    /// A secret of the stream, for what is derived from it and must not be guessed. It follows from the salt of the first commit,
    /// so it stays the same and never leaves the events table. A stream that holds nothing has none.
    pub const fn secret(&self) -> Option<Digest> {
        self.secret
    }

    /// Was this command, by its id, carried out before?
    pub fn known(&self, record: &CommandRecord) -> Known {
        let same_id = self.commands_with(record.private.id).find(|(request, _)| request.id == record.private.id);
        match same_id {
            None => Known::No,
            Some((request, version)) if request.fingerprint == record.private.fingerprint => Known::Done(version),
            Some(_) => Known::Reused,
        }
    }

    /// The hash of the commit that led to a version.
    #[cfg(feature = "append")]
    pub(crate) fn hash_at(&self, version: Version) -> Option<Digest> {
        self.commands.iter().find(|command| command.version == version).map(|command| command.hash)
    }

    /// The version that the last command with the same fingerprint led to.
    pub fn same_request(&self, record: &CommandRecord) -> Option<Version> {
        let fingerprint = record.private.fingerprint;
        let same = self.commands_with(fingerprint).filter(|(request, _)| request.fingerprint == fingerprint);
        same.map(|(_, version)| version).last()
    }

    /// The commands in whose parts this digest stands, in whatever place. To look for a text that is its digits is quicker than
    /// to parse them all.
    fn commands_with(&self, digest: impl fmt::Display) -> impl Iterator<Item = (RequestPart, Version)> {
        let digits = digest.to_string().into_bytes();
        let with = move |command: &&Command| command.request.split(|byte| *byte == b'"').any(|text| text == digits);
        self.commands.iter().filter(with).filter_map(|command| {
            // A part that cannot be read names no command that anybody could repeat.
            Some((serde_json::from_slice(&command.request).ok()?, command.version))
        })
    }
}
