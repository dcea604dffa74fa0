//! Reminders before the close.

use photovote_domain::{
    Aggregate, Election, ElectionId, Hasher, Mailing, MailingId, Timestamp, Version,
    mailing::{Context, Kind, MailingCommand, MailingRejection, Recipients},
};
use photovote_events::{Actor, CommandRecord, History, LoadError, Stream};
use photovote_events_append::{EventStore, ExecuteError};
use thiserror::Error;

/// Why voters are not reminded.
#[derive(Debug, Error)]
pub enum RemindError {
    /// The mailing was refused, or cannot be written.
    #[error(transparent)]
    Execute(#[from] ExecuteError<MailingRejection>),
    /// It cannot be read whether it was requested before.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// The mailing that is the reminder of this moment. Whoever requests it, and however often, there is one.
pub fn reminder_id(election: ElectionId, at: Timestamp) -> MailingId {
    let digest = Hasher::new("photovote/reminder").part(election.to_string().as_bytes());
    let digest = digest.part(&at.millis().to_be_bytes()).finish();
    // Ids are in the order of their times, and lists in the order of ids.
    let time = u128::from(at.millis().unsigned_abs()) << 80;
    MailingId::from_bits(time | (digest.leading_bits() >> 48))
}

/// Requests the reminder of this moment, unless it was requested before: those who have not cast are written to. Was it requested now?
pub(crate) async fn remind(
    store: &EventStore,
    id: ElectionId,
    election: &Election,
    at: Timestamp,
) -> Result<bool, RemindError> {
    let stream = Stream::Mailing(id, reminder_id(id, at));
    let history: History<Mailing> = store.reader().load(stream).await?;
    if history.version() != Version::NONE {
        return Ok(false);
    }
    let command = MailingCommand::Request { kind: Kind::Reminder, to: Recipients::NotCast, subject: None, text: None };
    let context = Context { election };
    let decide = |mailing: &Mailing| mailing.decide(command.clone(), &context);
    let record = CommandRecord::once(command.name(), Actor::Clock, store.environment());
    match store.execute(history, &record, |_| true, decide).await {
        Ok(_) => Ok(true),
        // Another clock was faster.
        Err(ExecuteError::Rejected(MailingRejection::IdTaken)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
