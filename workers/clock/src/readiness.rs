//! Finding out whether an election can open.

use std::collections::BTreeMap;

use photovote_coordination::ControlError;
use photovote_coordination_write::Control;
use photovote_domain::{
    Aggregate, Election, ElectionId, Photograph, PhotographId,
    election::{Obstacle, Readiness},
    photograph::Status,
};
use photovote_events::{EventReader, LoadError, Part, Partition, Stream};
use thiserror::Error;

/// How many commits are read at once.
const PAGE: u16 = 1_000;

/// Why it cannot be found out whether an election is ready.
#[derive(Debug, Error)]
pub enum ReadinessError {
    /// The gates cannot be read.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The photographs cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// What keeps an election from opening now.
pub(crate) async fn obstacles(
    events: &EventReader,
    control: &Control,
    id: ElectionId,
    election: &Election,
) -> Result<Vec<Obstacle>, ReadinessError> {
    let gates = control.reader().gates(id, election.shards).await?;
    let mut readiness = Readiness::default();
    let mut photographs = 0;
    for gate in gates.values() {
        readiness.registered += gate.registered;
        readiness.unlinked += gate.unlinked;
        photographs += gate.photographs;
    }
    if photographs > 0 {
        readiness.processing = processing(events, id).await?;
    }
    Ok(election.obstacles(readiness))
}

/// How many photographs have arrived and are not processed.
async fn processing(events: &EventReader, election: ElectionId) -> Result<u64, LoadError> {
    let mut photographs: BTreeMap<PhotographId, Photograph> = BTreeMap::new();
    let (part, mut after) = (Part::Partition(election, Partition::Photographs), None);
    loop {
        let page = events.sweep(part, after.as_ref(), PAGE).await?.intact()?;
        // A partition is read in the order of its streams and their versions.
        for commit in &page.commits {
            let Stream::Photograph(_, id) = commit.stream else { continue };
            let photograph = photographs.entry(id).or_default();
            *photograph = commit.decode::<Photograph>()?.iter().fold(std::mem::take(photograph), Photograph::evolve);
        }
        after = page.next;
        if after.is_none() {
            let processing = photographs.values().filter(|photograph| photograph.status == Status::Processing);
            return Ok(processing.count() as u64);
        }
    }
}
