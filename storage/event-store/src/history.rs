//! What a stream has led to.

use std::fmt;

use photovote_domain::{Aggregate, Digest, Version};

use crate::{
    chain::first_link,
    command::{CommandRecord, PrivatePart},
    commit::Commit,
    reader::LoadError,
    stream::Stream,
};

/// A stream, folded: the aggregate's state, and what is needed to append to it.
#[derive(Debug, Clone)]
pub struct History<A> {
    /// The stream.
    pub stream: Stream,
    /// What the events lead to.
    pub state: A,
    /// How many there are.
    pub version: Version,
    /// The hash of the last commit, or of the stream's name.
    pub head: Digest,
    commands: Vec<Command>,
}

/// A command that made a commit. Its private part is parsed only if somebody asks.
#[derive(Debug, Clone)]
struct Command {
    private: Vec<u8>,
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
        let head = first_link(&stream);
        Self { stream, state: A::default(), version: Version::NONE, head, commands: Vec::new() }
    }

    /// Takes the next commit in. It must follow what is there, in version and in hash.
    pub fn push(&mut self, commit: Commit) -> Result<(), LoadError> {
        if commit.first != self.version.plus(1) || commit.prev != self.head {
            return Err(LoadError::Broken { stream: self.stream, version: commit.first });
        }
        let events = commit.decode::<A>()?;
        self.state = events.iter().fold(std::mem::take(&mut self.state), A::evolve);
        self.version = commit.last();
        self.head = commit.hash;
        self.commands.push(Command {
            private: commit.private,
            version: self.version,
            #[cfg(feature = "append")]
            hash: self.head,
        });
        Ok(())
    }

    /// Was this command, by its id, carried out before?
    pub fn known(&self, record: &CommandRecord) -> Known {
        let same_id = self.commands_with(record.private.id).find(|(private, _)| private.id == record.private.id);
        match same_id {
            None => Known::No,
            Some((private, version)) if private.fingerprint == record.private.fingerprint => Known::Done(version),
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
        let same = self.commands_with(fingerprint).filter(|(private, _)| private.fingerprint == fingerprint);
        same.map(|(_, version)| version).last()
    }

    /// The commands in whose private parts this digest stands, in whatever place. To look for a text that is its digits is
    /// quicker than to parse them all.
    fn commands_with(&self, digest: impl fmt::Display) -> impl Iterator<Item = (PrivatePart, Version)> {
        let digits = digest.to_string().into_bytes();
        let with = move |command: &&Command| command.private.split(|byte| *byte == b'"').any(|text| text == digits);
        self.commands.iter().filter(with).filter_map(|command| {
            // A private part that cannot be read names no command that anybody could repeat.
            Some((serde_json::from_slice(&command.private).ok()?, command.version))
        })
    }
}
