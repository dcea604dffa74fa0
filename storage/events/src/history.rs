//! A stream, or its end: what it has led to, and by which commands.

use std::fmt;

use photovote_domain::{Aggregate, Digest, Hasher, Version};

use crate::{
    Stream,
    command::{CommandId, CommandRecord, RequestPart},
    commit::Commit,
    reader::LoadError,
    snapshot::Snapshot,
};

/// A stream: where it has come to, and what is needed to append to it. It is folded from its first commit on, or from one
/// that [stands alone](Aggregate::stands_alone); then it knows the last commands only.
#[derive(Debug, Clone)]
pub struct History<A> {
    snapshot: Snapshot<A>,
    /// What comes before the first of the commands.
    before: (Version, Digest),
    commands: Vec<Command>,
    secret: Option<Digest>,
}

/// A command that made a commit. Which request it was is parsed only if somebody asks.
#[derive(Debug, Clone)]
struct Command {
    request: Vec<u8>,
    version: Version,
    hash: Digest,
}

impl Command {
    fn of(commit: Commit) -> Self {
        Self { version: commit.last(), hash: commit.hash, request: commit.request.unwrap_or(commit.private) }
    }

    /// A part that cannot be read names no command that anybody could repeat.
    fn request_part(&self) -> Option<RequestPart> {
        serde_json::from_slice(&self.request).ok()
    }
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
    /// The stream's state and version.
    pub const fn snapshot(&self) -> &Snapshot<A> {
        &self.snapshot
    }

    /// The stream.
    pub const fn stream(&self) -> Stream {
        self.snapshot.stream
    }

    /// What the events have led to.
    pub const fn state(&self) -> &A {
        &self.snapshot.state
    }

    /// The version of the last event.
    pub const fn version(&self) -> Version {
        self.snapshot.version
    }

    /// The hash of the last commit, or the stream's first link.
    pub const fn head(&self) -> Digest {
        self.snapshot.head
    }

    /// The history of a stream that holds nothing.
    pub fn empty(stream: Stream) -> Self {
        let snapshot = Snapshot::empty(stream);
        Self { before: (snapshot.version, snapshot.head), snapshot, commands: Vec::new(), secret: None }
    }

    /// The history that the last commits of a stream tell, which stand in their order.
    pub(crate) fn ending_with(stream: Stream, commits: Vec<Commit>) -> Result<Self, LoadError> {
        let mut history = Self::empty(stream);
        if let Some(first) = commits.first() {
            history.snapshot = Snapshot::after(stream, first.before(), first.prev);
            history.before = (history.version(), history.head());
        }
        commits.into_iter().try_for_each(|commit| history.push(commit))?;
        Ok(history)
    }

    /// The version before the first commit that is known.
    pub(crate) const fn begins_after(&self) -> Version {
        self.before.0
    }

    /// Takes in what came before the commits that are known: only who commanded it, since the state is known.
    pub(crate) fn put_before(&mut self, commits: Vec<Commit>) -> Result<(), LoadError> {
        let mut earlier = Vec::new();
        for commit in commits.into_iter().rev() {
            if (commit.last(), commit.hash) != self.before {
                return Err(LoadError::Broken { stream: self.stream(), version: commit.last().plus(1) });
            }
            self.before = (commit.before(), commit.prev);
            earlier.push(Command::of(commit));
        }
        earlier.reverse();
        self.commands.splice(..0, earlier);
        Ok(())
    }

    /// Are so many of the last commands known, or all there are?
    pub fn knows(&self, most: u16) -> bool {
        self.before.0 == Version::NONE || self.commands.len() >= most.into()
    }

    /// How many commands are known.
    pub fn commands(&self) -> usize {
        self.commands.len()
    }

    /// Was the last commit made by the command with this id?
    pub fn ends_with(&self, id: CommandId) -> bool {
        self.commands.last().and_then(Command::request_part).is_some_and(|request| request.id == id)
    }

    /// Takes the next commit in. It must follow what is there, in version and in hash.
    pub fn push(&mut self, commit: Commit) -> Result<(), LoadError> {
        if self.commands.is_empty() && self.before.0 == Version::NONE {
            self.secret = Some(Hasher::new("photovote/stream-secret").part(&commit.salt).finish());
        }
        self.snapshot.push(&commit)?;
        self.commands.push(Command::of(commit));
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
    pub fn hash_at(&self, version: Version) -> Option<Digest> {
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
        self.commands.iter().filter(with).filter_map(|command| Some((command.request_part()?, command.version)))
    }
}
