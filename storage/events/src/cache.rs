//! Elections, kept for functions that need the same one again and again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use photovote_domain::{Election, ElectionId};
use tokio::time::Instant;

use crate::{
    commit::Commit,
    history::History,
    reader::{EventReader, LoadError},
    snapshot::Snapshot,
    snapshots::Snapshots,
    stream::Stream,
};

/// How old an answer may be. The definition is frozen once an election opens; its status, this old, is good enough for
/// drafts, because only the cast counts and the cast is fenced by the gate.
const MAX_AGE: Duration = Duration::from_secs(5);

/// How many elections are kept. A function's memory bounds it: the largest election takes a few megabytes.
const CAPACITY: usize = 16;

/// An election as it is cached: a [`Snapshot`] for whoever looks at it, a whole [`History`] for whoever appends to it.
pub trait Cached: Clone + Send + Sync {
    /// Where it is loaded from.
    type Source: Send + Sync;

    /// Who reads its stream there.
    fn reader(source: &Self::Source) -> &EventReader;

    /// Loads it as it is now.
    fn load(source: &Self::Source, election: ElectionId) -> impl Future<Output = Result<Self, LoadError>> + Send;

    /// Where it has come to.
    fn seen(&self) -> &Snapshot<Election>;

    /// Takes the next commit in.
    fn push(&mut self, commit: Commit) -> Result<(), LoadError>;
}

impl Cached for History<Election> {
    type Source = EventReader;

    fn reader(source: &EventReader) -> &EventReader {
        source
    }

    async fn load(reader: &EventReader, election: ElectionId) -> Result<Self, LoadError> {
        reader.load(Stream::Election(election)).await
    }

    fn seen(&self) -> &Snapshot<Election> {
        self
    }

    fn push(&mut self, commit: Commit) -> Result<(), LoadError> {
        self.push(commit)
    }
}

impl Cached for Snapshot<Election> {
    type Source = Snapshots;

    fn reader(source: &Snapshots) -> &EventReader {
        &source.reader
    }

    async fn load(snapshots: &Snapshots, election: ElectionId) -> Result<Self, LoadError> {
        snapshots.load(election).await
    }

    fn seen(&self) -> &Snapshot<Election> {
        self
    }

    fn push(&mut self, commit: Commit) -> Result<(), LoadError> {
        self.push(&commit)
    }
}

/// Elections that were seen lately. Clones share what is kept.
#[derive(Debug, Clone)]
pub struct ElectionCache<T: Cached> {
    source: T::Source,
    kept: Arc<Mutex<HashMap<ElectionId, Kept<T>>>>,
}

#[derive(Debug, Clone)]
struct Kept<T> {
    election: Arc<T>,
    at: Instant,
}

impl<T: Cached> ElectionCache<T> {
    /// Nothing is kept yet.
    pub fn new(source: T::Source) -> Self {
        Self { source, kept: Arc::default() }
    }

    /// An election as it was at most 5 seconds ago.
    pub async fn recent(&self, election: ElectionId) -> Result<Arc<T>, LoadError> {
        match self.get(election) {
            Some(kept) if kept.at.elapsed() < MAX_AGE => Ok(kept.election),
            _ => self.fresh(election).await,
        }
    }

    /// An election as it is now. Only what has happened since the last look is read.
    pub async fn fresh(&self, id: ElectionId) -> Result<Arc<T>, LoadError> {
        let at = Instant::now();
        let election = match self.get(id) {
            Some(kept) => {
                let Snapshot { stream, version, .. } = kept.election.seen();
                let news = T::reader(&self.source).commits_after(stream, *version).await?;
                let mut election = kept.election;
                if !news.is_empty() {
                    let changed = Arc::make_mut(&mut election);
                    news.into_iter().try_for_each(|commit| changed.push(commit))?;
                }
                election
            }
            None => Arc::new(T::load(&self.source, id).await?),
        };
        // What is not there is not kept: anybody can make up ids.
        if election.seen().state.exists() {
            self.keep(id, Kept { election: election.clone(), at });
        }
        Ok(election)
    }

    fn keep(&self, id: ElectionId, election: Kept<T>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= CAPACITY && !kept.contains_key(&id) {
            let oldest = kept.iter().min_by_key(|(_, kept)| kept.at).map(|(id, _)| *id);
            oldest.and_then(|id| kept.remove(&id));
        }
        kept.insert(id, election);
    }

    fn get(&self, election: ElectionId) -> Option<Kept<T>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&election).cloned()
    }
}
