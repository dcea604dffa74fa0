//! Commits that are read again, on their way into one generation.

use photovote_documents_read::Generation;
use photovote_events::Commit;

use crate::{
    CommitKeys, Projection,
    batch::{Batch, Record},
};

/// A commit that cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poisoned {
    /// Which one.
    pub keys: CommitKeys,
    /// Why.
    pub reason: String,
}

/// What became of commits that were replayed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replayed {
    /// Those that cannot be applied. All others are.
    pub poisoned: Vec<Poisoned>,
    /// Not all of them were tried: they have to come again, with the same effect.
    pub again: bool,
}

impl Projection {
    /// Applies commits, in whatever order, and what is missing before them, in one generation. What was applied before stays
    /// as it is.
    pub async fn replay(&self, generation: &Generation, commits: Vec<Commit>) -> Replayed {
        let batch = Batch::of(commits.into_iter().map(|commit| Record::Commit(Box::new(commit))));
        let units = batch.units.into_iter().map(|(unit, delivered)| (vec![generation.clone()], unit, delivered));
        let mut outcome = self.project_all(units.collect()).await;
        outcome.poisoned.sort_by_key(|(index, ..)| *index);
        let poisoned = outcome.poisoned.into_iter().map(|(_, keys, reason)| Poisoned { keys, reason });
        Replayed { poisoned: poisoned.collect(), again: outcome.failed.is_some() }
    }
}
