//! Bringing what is made of one stream up to date, from the events table alone.

use photovote_documents_read::Generation;
use photovote_domain::Version;
use photovote_events::{KeyError, LoadError, Stream};
use thiserror::Error;

use crate::{
    CommitKeys, Projection,
    batch::{Delivered, Unit},
};

/// Why a stream is not healed.
#[derive(Debug, Error)]
pub enum HealError {
    /// These keys are not those of a commit.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The stream cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The stream has no such commit.
    #[error("no commit stands at {} {}", _0.pk, _0.sk)]
    Missing(CommitKeys),
    /// A commit still cannot be applied.
    #[error("the commit at {} {} cannot be applied: {reason}", keys.pk, keys.sk)]
    Stuck {
        /// The first of those that cannot.
        keys: CommitKeys,
        /// Why.
        reason: String,
    },
    /// The documents cannot be written now. Why, is in the log.
    #[error("the documents cannot be written now")]
    Later,
}

impl Projection {
    /// Applies all that the events table has of a commit's stream. Answers the stream, and the generations that it is written in.
    pub(crate) async fn heal(&self, keys: &CommitKeys) -> Result<(Stream, Vec<Generation>), HealError> {
        let (stream, first) = Stream::parse(&keys.pk, &keys.sk)?;
        let commits = self.events.commits_after(&stream, Version::NONE).await?;
        if !commits.iter().any(|commit| commit.first == first) {
            return Err(HealError::Missing(keys.clone()));
        }
        let Some(unit) = Unit::of(stream) else { return Ok((stream, Vec::new())) };
        let delivered = commits.into_iter().enumerate().map(|(index, commit)| Delivered { index, commit });
        let generations = self.documents.reader().generations().await.map_err(|error| {
            tracing::error!(event = "projection_failed", %error, "the generations cannot be read");
            HealError::Later
        })?;
        let generations = generations.active_of(stream.election());
        let outcome = self.project(&generations, unit, delivered.collect()).await;
        match (outcome.poisoned.into_iter().next(), outcome.failed) {
            (Some((_, keys, reason)), _) => Err(HealError::Stuck { keys, reason }),
            (None, Some(_)) => Err(HealError::Later),
            (None, None) => Ok((stream, generations)),
        }
    }
}
