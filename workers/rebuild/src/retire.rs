//! What comes after a rebuild: back to the generation before, or its end.

use photovote_documents_read::Generation;
use photovote_documents_read::{ChangeError, Scope};
use photovote_documents_write::Place;
use tokio::time::Instant;

use crate::{RebuildError, Rebuilder};

/// What became of what retired generations held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deleted {
    /// All of it is gone.
    All,
    /// Time was up. It goes on here.
    More(Place),
}

impl Rebuilder {
    /// Serves the other generation that is written: the one that was served before, or again the one that was returned from.
    /// Everybody does within five seconds. Answers which one it is.
    pub async fn roll_back(&self, scope: Scope) -> Result<Generation, RebuildError> {
        let other = self.documents().generations_now().await?.other(scope)?;
        self.documents().switch(scope, &other).await?;
        tracing::info!(event = "generation_switched", generation = %other, "another generation is served");
        Ok(other)
    }

    /// Writes none of the generations any more that are not served. What they hold can be deleted once nobody is at work
    /// who does not know; if they were retired before, and not deleted, then now.
    pub async fn retire(&self, scope: Scope) -> Result<Vec<Generation>, RebuildError> {
        let generations = self.documents().generations_now().await?;
        match self.documents().retire(scope).await {
            Ok(generations) => Ok(generations.retired),
            Err(ChangeError::Alone(_)) if !generations.retired.is_empty() => Ok(generations.retired),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes what these retired generations hold, from a place on, until time is up.
    pub async fn delete(
        &self,
        generations: &[Generation],
        from: Option<Place>,
        until: Instant,
    ) -> Result<Deleted, RebuildError> {
        let retired = self.documents().generations_now().await?.retired;
        // Whatever was asked for: nothing else may be deleted.
        let gone: Vec<_> = generations.iter().filter(|generation| retired.contains(generation)).cloned().collect();
        let mut from = from;
        while !gone.is_empty() {
            let page = self.documents().delete_page(&gone, from).await?;
            metrics::counter!("DocumentsDeleted").increment(page.items as u64);
            match page.next {
                None => break,
                Some(next) if Instant::now() >= until => return Ok(Deleted::More(next)),
                next => from = next,
            }
        }
        self.documents().forget(&gone).await?;
        Ok(Deleted::All)
    }
}
