//! The counters of creations, made from the events again.

use std::collections::BTreeSet;

use photovote_coordination::ControlError;
use photovote_coordination_write::{Control, Creations, Restored};
use photovote_domain::ElectionId;
use photovote_dynamodb::{Retry, StorageError};
use photovote_events::EventReader;

use crate::restore::RestoreError;

/// How often everything is counted, if elections are created meanwhile.
const ATTEMPTS: u32 = 5;

/// Makes the counters of creations what the events say: each administrator's is the number of elections that they have
/// created, also of those that were deleted.
///
/// Elections may be created meanwhile. The counters are read before the elections are listed: a counter that has not moved by
/// the time that it is set has missed nothing.
pub async fn restore_creations<E: From<RestoreError>>(
    events: &EventReader,
    control: &Control,
    list: impl AsyncFn() -> Result<BTreeSet<ElectionId>, E>,
) -> Result<Restored, E> {
    let mut retry = Retry::attempts(ATTEMPTS);
    loop {
        let before = control.creations().await.map_err(RestoreError::from)?;
        let counted = count(events, list().await?, &before).await?;
        match control.restore_creations(&before, &counted).await.map_err(RestoreError::from)? {
            Some(restored) => return Ok(restored),
            None if retry.again().await => {}
            None => return Err(RestoreError::from(ControlError::from(StorageError::Contended)).into()),
        }
    }
}

/// How many of these elections each administrator has created.
async fn count(
    events: &EventReader,
    elections: BTreeSet<ElectionId>,
    before: &Creations,
) -> Result<Creations, RestoreError> {
    let mut counted = Creations::new();
    let mut unreadable = false;
    for election in elections {
        match events.creation_of(election).await {
            Ok(Some(creation)) => {
                // A text that is no subject names no administrator who could create anything.
                let Ok(owner) = creation.owner.parse() else { continue };
                *counted.entry(owner).or_default() += 1;
            }
            Ok(None) => {}
            Err(photovote_events::LoadError::Storage(error)) => return Err(error.into()),
            Err(error) => {
                tracing::error!(%election, %error, "who created an election cannot be read");
                unreadable = true;
            }
        }
    }
    if unreadable {
        // It may be anybody's: no counter is lowered.
        for (subject, stood) in before {
            let count = counted.entry(subject.clone()).or_default();
            *count = (*count).max(*stood);
        }
    }
    Ok(counted)
}
