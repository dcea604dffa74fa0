//! What each kind of commit does to the documents of one generation.

use photovote_documents::{Changes, ElectionDocument, Turn};
use photovote_documents_read::{DocumentError, Generation, Stored};
use photovote_documents_write::{COMPETITIONS_AT_ONCE, Saved};
use photovote_domain::{Aggregate, Election, ElectionId, Version};
use photovote_dynamodb::Retry;
use photovote_events::{Commit, LoadError, Stream};

use crate::{Projection, batch::Delivered, repair::CommitKeys};

/// How often a document that somebody else is writing, too, is begun again.
const ATTEMPTS: u32 = 8;

/// Why commits are not applied.
#[derive(Debug)]
pub(crate) enum Stuck {
    /// They may be later.
    Later(String),
    /// These never will be, as they are.
    Never(Vec<(usize, CommitKeys, String)>),
}

/// Why an attempt to bring a document forward ended early.
#[derive(Debug)]
enum Trouble {
    /// It may go on later.
    Later(String),
    /// It cannot go on.
    Never(String),
    /// Somebody else brought the document forward.
    Moved,
}

impl From<DocumentError> for Trouble {
    fn from(error: DocumentError) -> Self {
        // A right that is not given, or a table that is not there, is nobody's commit's fault.
        if error.is_permanent() { Self::Never(error.to_string()) } else { Self::Later(error.to_string()) }
    }
}

impl From<LoadError> for Trouble {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Storage(error) if !error.is_permanent() => Self::Later(error.to_string()),
            error => Self::Never(error.to_string()),
        }
    }
}

/// The commits that come next for a document, decoded, and why there are no more if there should be.
struct Next<A: Aggregate> {
    commits: Vec<(Version, Vec<A::Event>)>,
    end: Result<(), Trouble>,
}

impl Projection {
    /// Brings an election's document forward.
    pub(crate) async fn election(
        &self,
        generation: &Generation,
        id: ElectionId,
        delivered: &[Delivered],
    ) -> Result<(), Stuck> {
        let mut reached = Version::NONE;
        let mut read = !is_beginning(delivered);
        let mut retry = Retry::attempts(ATTEMPTS);
        loop {
            match self.advance_election(generation, id, delivered, read, &mut reached).await {
                Ok(()) => return Ok(()),
                Err(Trouble::Moved) if retry.again().await => read = true,
                Err(trouble) => return Err(stuck(trouble, delivered, reached)),
            }
        }
    }

    async fn advance_election(
        &self,
        generation: &Generation,
        id: ElectionId,
        delivered: &[Delivered],
        read: bool,
        reached: &mut Version,
    ) -> Result<(), Trouble> {
        let stored = if read { self.documents.reader().election_in(generation, id, true).await? } else { None };
        let mut document = stored.unwrap_or_else(|| ElectionDocument::empty(id));
        *reached = document.version;
        let next = self.next::<Election>(Stream::Election(id), document.version, delivered).await;
        let mut changes = Changes::default();
        for (first, events) in &next.commits {
            document.apply(*first, events, &mut changes);
            if changes.competitions.len() >= COMPETITIONS_AT_ONCE {
                self.save_election(generation, &document, reached, &mut changes).await?;
            }
        }
        self.save_election(generation, &document, reached, &mut changes).await?;
        next.end
    }

    async fn save_election(
        &self,
        generation: &Generation,
        document: &ElectionDocument,
        reached: &mut Version,
        changes: &mut Changes,
    ) -> Result<(), Trouble> {
        if document.version == *reached {
            return Ok(());
        }
        match self.documents.save_election(generation, document, *reached, changes).await? {
            Saved::Moved => Err(Trouble::Moved),
            Saved::Yes => {
                *reached = document.version;
                *changes = Changes::default();
                Ok(())
            }
        }
    }

    /// Brings the document of a stream in a shard forward.
    pub(crate) async fn one<D: Stored>(
        &self,
        generation: &Generation,
        stream: Stream,
        id: D::Id,
        delivered: &[Delivered],
    ) -> Result<(), Stuck> {
        let mut reached = Version::NONE;
        let mut read = !is_beginning(delivered);
        let mut retry = Retry::attempts(ATTEMPTS);
        loop {
            match self.advance_one::<D>(generation, stream, id, delivered, read, &mut reached).await {
                Ok(()) => return Ok(()),
                Err(Trouble::Moved) if retry.again().await => read = true,
                Err(trouble) => return Err(stuck(trouble, delivered, reached)),
            }
        }
    }

    async fn advance_one<D: Stored>(
        &self,
        generation: &Generation,
        stream: Stream,
        id: D::Id,
        delivered: &[Delivered],
        read: bool,
        reached: &mut Version,
    ) -> Result<(), Trouble> {
        let election = stream.election();
        let stored = if read { self.documents.one_in::<D>(generation, election, id).await? } else { None };
        let mut document = stored.unwrap_or_else(|| D::empty(id));
        *reached = document.version();
        let next = self.next::<D::Of>(stream, document.version(), delivered).await;
        for (first, events) in &next.commits {
            document.apply(*first, events);
        }
        if document.version() != *reached {
            match self.documents.save_one(generation, election, &document, *reached).await? {
                Saved::Moved => return Err(Trouble::Moved),
                Saved::Yes => *reached = document.version(),
            }
        }
        next.end
    }

    /// The commits after `version`: those that were delivered, or, if some before them are missing, those of the events
    /// table.
    async fn next<A: Aggregate>(&self, stream: Stream, version: Version, delivered: &[Delivered]) -> Next<A> {
        let (run, gap) = run_after(version, delivered.iter().map(|delivered| &delivered.commit));
        if !gap {
            return decoded(run, false);
        }
        match self.events.commits_after(&stream, version).await {
            Err(error) => Next { commits: Vec::new(), end: Err(error.into()) },
            Ok(commits) => {
                let (run, _gap) = run_after(version, &commits);
                let end = run.last().map_or(version, |commit| commit.last());
                // What was delivered must be among them, or history has a hole.
                decoded(run, delivered.iter().any(|delivered| delivered.commit.last() > end))
            }
        }
    }
}

/// The commits that follow a version and each other, and whether others come after a gap.
fn run_after<'a>(version: Version, commits: impl IntoIterator<Item = &'a Commit>) -> (Vec<&'a Commit>, bool) {
    let mut run = Vec::new();
    let mut version = version;
    for commit in commits {
        match Turn::of(commit.first, version) {
            Turn::Duplicate => {}
            Turn::Next => {
                version = commit.last();
                run.push(commit);
            }
            Turn::Gap => return (run, true),
        }
    }
    (run, false)
}

/// The commits up to the first that cannot be understood.
fn decoded<A: Aggregate>(run: Vec<&Commit>, hole: bool) -> Next<A> {
    let mut commits = Vec::with_capacity(run.len());
    for commit in run {
        match commit.decode::<A>() {
            Ok(events) => commits.push((commit.first, events)),
            Err(error) => return Next { commits, end: Err(Trouble::Never(error.to_string())) },
        }
    }
    let end = if hole { Err(Trouble::Never("commits before it are missing".to_owned())) } else { Ok(()) };
    Next { commits, end }
}

/// Does a stream begin with what was delivered? Then its document is probably not there yet, and need not be read.
fn is_beginning(delivered: &[Delivered]) -> bool {
    delivered.first().is_some_and(|delivered| delivered.commit.first == Version::new(1))
}

/// What trouble with a document at a version means for the commits that were to bring it forward.
fn stuck(trouble: Trouble, delivered: &[Delivered], reached: Version) -> Stuck {
    match trouble {
        Trouble::Later(reason) => Stuck::Later(reason),
        Trouble::Moved => Stuck::Later("others write the document all the time".to_owned()),
        Trouble::Never(reason) => {
            let behind = delivered.iter().filter(|delivered| delivered.commit.last() > reached);
            Stuck::Never(behind.map(|delivered| delivered.poison(&reason)).collect())
        }
    }
}
