//! Elections, kept for functions that need the same one again and again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use photovote_domain::{Election, ElectionId};
use tokio::time::Instant;

use crate::{
    history::History,
    reader::{EventReader, LoadError},
    stream::Stream,
};

/// How old an answer may be. The definition is frozen once an election opens; its status, this old, is good enough for
/// drafts, because only the cast counts and the cast is fenced by the gate.
const MAX_AGE: Duration = Duration::from_secs(5);

/// How many elections are kept. A function's memory bounds it: the largest election takes a few megabytes.
const CAPACITY: usize = 16;

/// Elections that were seen lately. Clones share what is kept.
#[derive(Debug, Clone)]
pub struct ElectionCache {
    reader: EventReader,
    kept: Arc<Mutex<HashMap<ElectionId, Kept>>>,
}

#[derive(Debug, Clone)]
struct Kept {
    history: Arc<History<Election>>,
    at: Instant,
}

impl ElectionCache {
    /// Nothing is kept yet.
    pub fn new(reader: EventReader) -> Self {
        Self { reader, kept: Arc::default() }
    }

    /// An election as it was at most 5 seconds ago.
    pub async fn recent(&self, election: ElectionId) -> Result<Arc<History<Election>>, LoadError> {
        match self.get(election) {
            Some(kept) if kept.at.elapsed() < MAX_AGE => Ok(kept.history),
            _ => self.fresh(election).await,
        }
    }

    /// An election as it is now. Only what has happened since the last look is read.
    pub async fn fresh(&self, election: ElectionId) -> Result<Arc<History<Election>>, LoadError> {
        let at = Instant::now();
        let history = match self.get(election) {
            Some(kept) => {
                let news = self.reader.commits_after(&kept.history.stream, kept.history.version).await?;
                let mut history = kept.history;
                if !news.is_empty() {
                    let changed = Arc::make_mut(&mut history);
                    news.into_iter().try_for_each(|commit| changed.push(commit))?;
                }
                history
            }
            None => Arc::new(self.reader.load(Stream::Election(election)).await?),
        };
        // What is not there is not kept: anybody can make up ids.
        if history.state.exists() {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= CAPACITY && !kept.contains_key(&election) {
                let oldest = kept.iter().min_by_key(|(_, kept)| kept.at).map(|(id, _)| *id);
                oldest.and_then(|id| kept.remove(&id));
            }
            kept.insert(election, Kept { history: history.clone(), at });
        }
        Ok(history)
    }

    fn get(&self, election: ElectionId) -> Option<Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&election).cloned()
    }
}
