//! Elections, kept for functions that need the same one again and again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use photovote_domain::{Election, ElectionId};
use tokio::time::Instant;

use crate::{
    Stream,
    commit::Commit,
    history::History,
    reader::{EventReader, LoadError},
    snapshot::Snapshot,
    snapshots::Snapshots,
};

/// How old an answer may be. The definition is frozen once an election opens; its status, this old, is good enough for
/// drafts, because only the cast counts and the cast is fenced by the gate.
const MAX_AGE: Duration = Duration::from_secs(5);

/// How many elections are kept. A function's memory bounds it: the largest election takes a few megabytes.
const CAPACITY: usize = 16;

/// Where a cache loads elections from: as a [`Snapshot`] to look at, or as a whole [`History`] to append to.
pub trait ElectionSource: Send + Sync {
    /// An election, as it is loaded and cached.
    type Election: Clone + Send + Sync;

    /// What reads the streams.
    fn reader(&self) -> &EventReader;

    /// Loads an election as it is now.
    fn load(&self, election: ElectionId) -> impl Future<Output = Result<Self::Election, LoadError>> + Send;

    /// The state and version of a loaded election.
    fn snapshot(election: &Self::Election) -> &Snapshot<Election>;

    /// Applies the next commit to a loaded election.
    fn push(election: &mut Self::Election, commit: Commit) -> Result<(), LoadError>;
}

impl ElectionSource for EventReader {
    type Election = History<Election>;

    fn reader(&self) -> &EventReader {
        self
    }

    async fn load(&self, election: ElectionId) -> Result<Self::Election, LoadError> {
        self.load(Stream::Election(election)).await
    }

    fn snapshot(election: &Self::Election) -> &Snapshot<Election> {
        election.snapshot()
    }

    fn push(election: &mut Self::Election, commit: Commit) -> Result<(), LoadError> {
        election.push(commit)
    }
}

impl ElectionSource for Snapshots {
    type Election = Snapshot<Election>;

    fn reader(&self) -> &EventReader {
        self.reader()
    }

    async fn load(&self, election: ElectionId) -> Result<Self::Election, LoadError> {
        self.load(election).await
    }

    fn snapshot(election: &Self::Election) -> &Snapshot<Election> {
        election
    }

    fn push(election: &mut Self::Election, commit: Commit) -> Result<(), LoadError> {
        election.push(&commit)
    }
}

/// Elections that were seen lately. Clones share what is kept.
#[derive(Debug, Clone)]
pub struct ElectionCache<S: ElectionSource> {
    source: S,
    entries: Arc<Mutex<HashMap<ElectionId, Entry<S::Election>>>>,
}

#[derive(Debug, Clone)]
struct Entry<E> {
    election: Arc<E>,
    at: Instant,
}

impl<S: ElectionSource> ElectionCache<S> {
    /// An empty cache of elections that this source loads.
    pub fn new(source: S) -> Self {
        Self { source, entries: Arc::default() }
    }

    /// An election as it was at most 5 seconds ago.
    pub async fn recent(&self, election: ElectionId) -> Result<Arc<S::Election>, LoadError> {
        match self.get(election) {
            Some(entry) if entry.at.elapsed() < MAX_AGE => Ok(entry.election),
            _ => self.fresh(election).await,
        }
    }

    /// An election as it is now. Only what has happened since the last look is read.
    pub async fn fresh(&self, id: ElectionId) -> Result<Arc<S::Election>, LoadError> {
        let at = Instant::now();
        let election = match self.get(id) {
            Some(entry) => {
                let Snapshot { stream, version, .. } = S::snapshot(&entry.election);
                let news = self.source.reader().commits_after(stream, *version).await?;
                let mut election = entry.election;
                if !news.is_empty() {
                    let changed = Arc::make_mut(&mut election);
                    news.into_iter().try_for_each(|commit| S::push(changed, commit))?;
                }
                election
            }
            None => Arc::new(self.source.load(id).await?),
        };
        // An election that does not exist is not cached: callers can make up ids.
        if S::snapshot(&election).state.exists() {
            self.put(id, Entry { election: election.clone(), at });
        }
        Ok(election)
    }

    fn put(&self, id: ElectionId, entry: Entry<S::Election>) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= CAPACITY && !entries.contains_key(&id) {
            let oldest = entries.iter().min_by_key(|(_, entry)| entry.at).map(|(id, _)| *id);
            oldest.and_then(|id| entries.remove(&id));
        }
        entries.insert(id, entry);
    }

    fn get(&self, election: ElectionId) -> Option<Entry<S::Election>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).get(&election).cloned()
    }
}
