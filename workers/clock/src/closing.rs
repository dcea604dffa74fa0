//! The protocol that closes an election without a race and without a transaction over all its gates.

use photovote_coordination::{ControlError, Turnout};
use photovote_coordination_write::Control;
use photovote_domain::{
    Aggregate, Election, Hasher, Version,
    election::{Context, ElectionCommand, ElectionRejection, Status},
};
use photovote_events::{CommandId, CommandRecord, Commit, History, Known, LoadError, Snapshot};
use photovote_events_append::{EventStore, ExecuteError};
use thiserror::Error;

/// Why an election was not closed, or not completely.
#[derive(Debug, Error)]
pub enum CloseError {
    /// The command was refused, or could not be written.
    #[error(transparent)]
    Execute(#[from] ExecuteError<ElectionRejection>),
    /// The gates cannot be reached. The election is closing, and whoever finds it finishes.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The election cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// Closes an election: [`ElectionCommand::Close`] or [`ElectionCommand::CloseIfDue`]. Answers the version of its
/// `ElectionClosed`, also when the same command closed it before, or another one finished what it began.
pub async fn close(
    store: &EventStore,
    control: &Control,
    history: History<Election>,
    record: &CommandRecord,
    expected: impl Fn(&Snapshot<Election>) -> bool,
    command: ElectionCommand,
) -> Result<Version, CloseError> {
    if history.state().status == Status::Open {
        // Without its gates nobody could finish what is begun here.
        control.reader().gates(history.stream().election(), history.state().shards).await?;
    }
    let context = Context { now: store.environment().now(), by: record.private.actor.administrator() };
    let decide = |election: &Election| election.decide(command.clone(), &context);
    let done = store.execute(history, record, expected, decide).await?;
    let closing = done.version;
    let history = finish(store, control, done.history, record).await?;
    let finishing = finishing(record);
    if let Known::Done(closed) = history.known(&finishing) {
        return Ok(closed);
    }
    // Somebody else wrote it, and administrators may have come and gone before it.
    let commits = store.reader().commits_after(&history.stream(), closing).await?;
    let closed = commits.iter().find(|commit| commit.command == finishing.name);
    Ok(closed.map_or(history.version(), Commit::last))
}

/// Finishes an election that is closing; any other stays as it is. Answers its history.
pub async fn finish(
    store: &EventStore,
    control: &Control,
    history: History<Election>,
    record: &CommandRecord,
) -> Result<History<Election>, CloseError> {
    let (election, shards) = (history.stream().election(), history.state().shards);
    let mut history = history;
    if history.state().status == Status::Closing {
        control.add_to_counting(election).await?;
        let Turnout { registered, cast } = control.close_gates(election, shards).await?;
        let command = ElectionCommand::FinishClosing { casts: cast, registered };
        let finish = |election: &Election| match election.status {
            // Whoever began it may have lost their role since: it is not their wish any more, but has to be done.
            Status::Closing => {
                let context = Context { now: record.private.time, by: None };
                election.decide(command.clone(), &context)
            }
            // Somebody else has finished, with the same count: the gates stand still.
            _ => Ok(Vec::new()),
        };
        history = store.execute(history, &finishing(record), |_| true, finish).await?.history;
    }
    // It is closed, whether or not the schedule knows: the clock tidies up what is left there.
    if let Err(error) = control.unschedule(election).await {
        tracing::warn!(%election, %error, "a closed election stays on the schedule for now");
    }
    Ok(history)
}

/// The command that finishes what another began: the same for every attempt of it.
fn finishing(began: &CommandRecord) -> CommandRecord {
    let id = Hasher::new("photovote/finish").part(began.private.id.to_string().as_bytes()).finish();
    let mut record = began.clone();
    record.name = ElectionCommand::FinishClosing { casts: 0, registered: 0 }.name();
    record.private.id = CommandId::new(id);
    record
}
