//! Where a stream has come to.

use photovote_domain::{Aggregate, Digest, Version};

use crate::{Stream, chain::first_link, commit::Commit, reader::LoadError};

/// How much was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Amount {
    pub(crate) commits: usize,
    /// What people wrote, without keys and hashes.
    pub(crate) bytes: usize,
}

/// A stream's state at a version, and what it takes to follow the stream from there. It does not know the commands that
/// led there: to append, a whole [`History`](crate::History) is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot<A> {
    /// The stream.
    pub stream: Stream,
    /// What the events lead to.
    pub state: A,
    /// How many there are.
    pub version: Version,
    /// The hash of the last commit, or of the stream's name.
    pub head: Digest,
    /// The version of the last commit's first event: where that commit lies.
    pub(crate) last: Version,
    /// What was taken in since it began: at the stream's beginning, or at a snapshot that was kept.
    pub(crate) taken_in: Amount,
}

impl<A: Aggregate> Snapshot<A> {
    /// A stream that holds nothing.
    pub fn empty(stream: Stream) -> Self {
        Self::after(stream, Version::NONE, first_link(&stream))
    }

    /// A stream at a version, of which nothing is known before that.
    pub(crate) fn after(stream: Stream, version: Version, head: Digest) -> Self {
        Self { stream, state: A::default(), version, head, last: Version::NONE, taken_in: Amount::default() }
    }

    /// Takes the next commit in. It must follow what is there, in version and in hash.
    pub fn push(&mut self, commit: &Commit) -> Result<(), LoadError> {
        if commit.first != self.version.plus(1) || commit.prev != self.head {
            return Err(LoadError::Broken { stream: self.stream, version: commit.first });
        }
        let events = commit.decode::<A>()?;
        self.state = events.iter().fold(std::mem::take(&mut self.state), A::evolve);
        self.version = commit.last();
        self.head = commit.hash;
        self.last = commit.first;
        self.taken_in.commits += 1;
        self.taken_in.bytes += commit.parts().map(<[u8]>::len).sum::<usize>();
        Ok(())
    }
}
