//! What a server needs of the control table before it starts: all elections have their gates.

use std::collections::BTreeSet;

use photovote_coordination_write::Control;
use photovote_domain::ElectionId;
use photovote_events::EventReader;
use photovote_restoration::{RestoreError, Which};

use crate::host::engine::{CONTROL, EVENTS, Engine, EngineError};

/// Why the server cannot start on what is there.
#[derive(Debug, thiserror::Error)]
pub enum IncompleteError {
    /// The elections cannot be listed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// An import was interrupted, or what is missing cannot be restored.
    #[error(transparent)]
    Restore(#[from] RestoreError),
}

/// Restores the gates and guards of elections that lack a gate, and the counters of creations. It takes three reads for each
/// election that lacks nothing.
pub(crate) async fn complete(engine: &Engine) -> Result<(), IncompleteError> {
    let (events, control) = (EventReader::new(engine.client(), EVENTS), Control::new(engine.client(), CONTROL));
    let restored = photovote_restoration::restore(&events, &control, elections(engine).await?, Which::Lacking).await?;
    if restored.elections > 0 {
        tracing::warn!(elections = restored.elections, "gates were missing, and are restored from the events");
    }
    photovote_restoration::restore_creations(&events, &control, async || elections(engine).await).await?;
    Ok(())
}

async fn elections(engine: &Engine) -> Result<BTreeSet<ElectionId>, IncompleteError> {
    let names = engine.names_of_elections().await?;
    // An item under any other name is no commit.
    Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
}
