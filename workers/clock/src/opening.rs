//! The protocol that opens an election: first the event, then the gates.

use photovote_coordination::ControlError;
use photovote_coordination_write::Control;
use photovote_domain::{
    Aggregate, Election,
    election::{Context, ElectionCommand, ElectionRejection},
};
use photovote_events::{CommandRecord, History, LoadError, Snapshot};
use photovote_events_append::{Done, EventStore, ExecuteError, SnapshotStore};
use thiserror::Error;

/// Why an election was not opened, or not completely.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The command was refused, or could not be written.
    #[error(transparent)]
    Execute(#[from] ExecuteError<ElectionRejection>),
    /// The gates cannot be reached. If the event is written, the clock opens them.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The election cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// Opens an election: [`ElectionCommand::Open`] or [`ElectionCommand::OpenIfDue`].
///
/// No ballot is cast before the event is written, because the gates open after it. Whoever is stopped between the two leaves an
/// election on the schedule whose gates the clock opens.
pub async fn open(
    store: &EventStore,
    control: &Control,
    snapshots: &SnapshotStore,
    history: History<Election>,
    record: &CommandRecord,
    expected: impl Fn(&Snapshot<Election>) -> bool + Copy,
    command: ElectionCommand,
) -> Result<Done<Election>, OpenError> {
    let id = history.stream().election();
    control.reader().gates(id, history.state().shards).await?;
    let environment = store.environment();
    let by = record.private.actor.administrator();
    let decide = |election: &Election| election.decide(command.clone(), &Context { now: environment.now(), by });
    let schedule = |_: &_| Ok(vec![control.schedule(id)?]);
    let done = store.execute_with(history, record, expected, decide, schedule).await?;
    // Also when it was opened before: that attempt may have been stopped right here.
    let election = done.history.state();
    control.open_gates(id, election.shards, election.closes_at).await?;
    // What is voted on does not change any more, and soon everybody needs it.
    snapshots.save(done.history.snapshot()).await;
    Ok(done)
}
