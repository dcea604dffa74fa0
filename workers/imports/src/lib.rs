//! The importer: the worker that reads lists of voters and registers those whom an administrator has confirmed. docs/imports.md tells
//! the whole life of an import.
//!
//! ```text
//! upload → read it → write down what it holds → … confirmed → some rows → note how far → ask for the next ones → … → done
//! ```
//!
//! A message is worth 500 rows. The voter of a row has an id that follows from the import and the row, so a row that is looked at again
//! finds its voter, and nobody is registered twice. How far an import is stands in the control table under a condition: of two importers
//! at the same rows, one goes on. A crash leaves the message in the queue. The reconciler asks the importer to look after imports that
//! have stopped nevertheless.

mod look;
mod message;
mod reading;
mod registering;
mod stream;
mod undoing;

use std::sync::Arc;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use photovote_coordination::ControlError;
use photovote_coordination_write::Control;
use photovote_domain::{
    Election, ElectionId, ImportId, Problem,
    election::Status as ElectionStatus,
    import::{ImportCommand, ImportRejection, Status},
};
use photovote_events::{DecodeError, ElectionCache, EventReader, LoadError};
use photovote_events_append::{EventStore, ExecuteError};
use photovote_keys::objects::{list_at, list_key};
use photovote_objects::{ObjectError, Objects};
use photovote_queues::{ImportMessage, Queue, SendError};
use photovote_registration::{Registrar, RegistrationError};
use thiserror::Error;
use tokio::sync::Mutex;

use crate::{message::Message, reading::Kept, stream::Known};

/// How many rows a message is worth.
const ROWS: u32 = 500;
/// How many voters are registered at once.
const AT_ONCE: usize = 8;

/// Reads lists and registers their voters.
#[derive(Debug, Clone)]
pub struct Importer {
    events: EventStore,
    control: Control,
    registrar: Registrar,
    elections: ElectionCache<EventReader>,
    lists: Objects,
    queue: Queue<ImportMessage>,
    /// The list that was read last: messages of one import follow each other.
    kept: Arc<Mutex<Option<Kept>>>,
    rows: u32,
}

/// Why a message has to come again.
#[derive(Debug, Error)]
enum Trouble {
    /// It is neither a message of S3 nor one of ours.
    #[error("the message is not understood: {0}")]
    Message(#[from] serde_json::Error),
    /// The list cannot be read or deleted.
    #[error(transparent)]
    Objects(#[from] ObjectError),
    /// Events cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A commit is not what it should be.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// What an import came to cannot be written down.
    #[error(transparent)]
    Execute(#[from] ExecuteError<ImportRejection>),
    /// The control table has no answer.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// A voter cannot be registered or removed.
    #[error(transparent)]
    Registration(#[from] RegistrationError),
    /// The queue does not take a message.
    #[error("the queue does not take a message: {0}")]
    Queue(#[from] SendError),
    /// An import's stream names no administrator.
    #[error("the import was asked for by nobody")]
    Nobody,
}

impl Importer {
    /// Reads lists among `lists`, appends to `events` and passes the gates of `control`, keeps there how far imports are, and sends
    /// `queue` what comes next.
    pub fn new(events: EventStore, control: Control, lists: Objects, queue: Queue<ImportMessage>) -> Self {
        let elections = ElectionCache::new(events.reader().clone());
        let registrar = Registrar::new(events.clone(), control.clone());
        Self { events, control, registrar, elections, lists, queue, kept: Arc::default(), rows: ROWS }
    }

    /// Works off so many rows for each message.
    #[must_use]
    pub fn with_rows(self, rows: u32) -> Self {
        Self { rows: rows.max(1), ..self }
    }

    /// Works off a batch of messages. The answer names those that have to come again. Blocks its thread for up to some seconds while it
    /// reads a list: a function has a thread of its own.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        for message in event.records {
            let id = message.message_id.unwrap_or_default();
            if let Err(trouble) = self.work_off(&message.body.unwrap_or_default()).await {
                tracing::error!(event = "import_failed", message = id, error = %trouble, "to be tried again");
                // An unknown id would make all of them come again, and so it should.
                response.add_failure(id);
            }
        }
        response
    }

    async fn work_off(&self, body: &str) -> Result<(), Trouble> {
        match serde_json::from_str(body)? {
            Message::Asked(ImportMessage { election, import: None }) => self.look_after(election).await,
            Message::Asked(ImportMessage { election, import: Some(import) }) => self.go_on(election, import).await,
            Message::Uploaded(notification) => {
                for key in notification.keys() {
                    let Some((election, import)) = list_at(&key) else {
                        tracing::warn!(event = "import_unexpected", "an object is no list");
                        continue;
                    };
                    self.arrived(election, import).await?;
                }
                Ok(())
            }
            Message::Test(_) => Ok(()),
        }
    }

    /// A list has arrived, perhaps another one than before, or the same once more.
    async fn arrived(&self, id: ElectionId, import: ImportId) -> Result<(), Trouble> {
        let election = self.elections.fresh(id).await?;
        let known = self.load(id, import).await?;
        if !is_living(election.state()) {
            return self.end_with_election(known).await;
        }
        match known.state().status {
            Status::Ready if self.is_other_file(&known).await? => {
                let known = self.write_down(known, ImportCommand::Receive).await?;
                self.read(&election, known).await
            }
            Status::Ready => Ok(()),
            _ => self.go_on(id, import).await,
        }
    }

    /// Does what is next for an import.
    async fn go_on(&self, id: ElectionId, import: ImportId) -> Result<(), Trouble> {
        let election = self.elections.fresh(id).await?;
        let known = self.load(id, import).await?;
        if !is_living(election.state()) {
            return self.end_with_election(known).await;
        }
        match known.state().status {
            Status::Requested => {
                if !self.lists.exists(&list_key(id, import)).await? {
                    return Ok(());
                }
                let known = self.write_down(known, ImportCommand::Receive).await?;
                self.read(&election, known).await
            }
            Status::Reading => self.read(&election, known).await,
            Status::Ready => self.show_again(&election, known).await,
            Status::Importing => self.register_some(&election, known).await,
            Status::Undoing => self.remove_some(&election, known).await,
            // No function needs the list any more.
            Status::Absent | Status::Refused | Status::Done | Status::Undone => self.clear(id, import).await,
        }
    }

    /// Ends an import whose election was deleted.
    async fn end_with_election(&self, known: Known) -> Result<(), Trouble> {
        let (id, import) = (known.election, known.import);
        let problem = problem("election_deleted", "The election was deleted.");
        let progress = self.control.reader().import(id, import).await?.progress;
        let command = match known.state().status {
            Status::Requested | Status::Reading | Status::Ready => ImportCommand::Refuse(problem),
            Status::Importing => {
                let (imported, already) = (progress.imported, progress.already);
                ImportCommand::Finish { imported, already, problem: Some(problem) }
            }
            Status::Undoing => ImportCommand::FinishUndo { removed: progress.removed },
            Status::Absent | Status::Refused | Status::Done | Status::Undone => return self.clear(id, import).await,
        };
        self.write_down(known, command).await?;
        self.clear(id, import).await
    }

    /// Refuses the file of an import, and deletes it.
    async fn refuse(&self, known: Known, problem: Problem) -> Result<(), Trouble> {
        let (id, import) = (known.election, known.import);
        self.write_down(known, ImportCommand::Refuse(problem)).await?;
        self.clear(id, import).await
    }

    /// Deletes the list of an import that has ended, and what is known of it.
    async fn clear(&self, election: ElectionId, import: ImportId) -> Result<(), Trouble> {
        self.lists.delete(&list_key(election, import)).await?;
        self.control.forget_import(election, import).await?;
        let mut kept = self.kept.lock().await;
        if kept.as_ref().is_some_and(|kept| kept.import == import) {
            *kept = None;
        }
        Ok(())
    }

    async fn ask(&self, election: ElectionId, import: ImportId) -> Result<(), Trouble> {
        Ok(self.queue.send(&ImportMessage::import(election, import)).await?)
    }
}

fn is_living(election: &Election) -> bool {
    !matches!(election.status, ElectionStatus::Absent | ElectionStatus::Deleted)
}

fn problem(code: &str, detail: &str) -> Problem {
    Problem { code: code.to_owned(), detail: detail.to_owned() }
}
