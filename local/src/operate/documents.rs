//! Documents of an older release, built anew before the server starts; and a counter for commands that build documents.

use aws_sdk_dynamodb::Client;
use photovote_coordination::ControlReader;
use photovote_counting::{CountError, Counter};
use photovote_documents_read::ChangeError;
use photovote_documents_read::DocumentError;
use photovote_documents_write::DocumentStore;
use photovote_dynamodb::StorageError;
use photovote_events::{Environment, EventReader, Part};
use photovote_events_append::EventStore;
use photovote_projection::Projection;
use photovote_queues::{CountMessage, Queue};
use photovote_reconciliation::{MendError, Mender};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::host::engine::{CONTROL, DOCUMENTS, EVENTS, Engine};

/// How many commits are read at once.
const PAGE: u16 = 500;

/// Why documents were not built anew.
#[derive(Debug, thiserror::Error)]
pub enum AnewError {
    /// Documents cannot be read or written.
    #[error(transparent)]
    Documents(#[from] DocumentError),
    /// The events cannot be read.
    #[error(transparent)]
    Events(#[from] StorageError),
    /// Which generations there are cannot be written down.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// Commits cannot be applied.
    #[error(transparent)]
    Mend(#[from] MendError),
    /// Ballots cannot be counted.
    #[error(transparent)]
    Count(#[from] CountError),
}

/// A counter that works off, in this process, what it is asked for.
#[derive(Debug)]
pub(crate) struct Count {
    counter: Counter,
    /// Whoever builds documents asks here.
    pub(crate) queue: Queue<CountMessage>,
    asked: UnboundedReceiver<CountMessage>,
}

impl Count {
    pub(crate) fn new(client: &Client) -> Self {
        let (queue, asked) = Queue::in_process();
        let store = EventStore::new(client.clone(), EVENTS, Environment::system());
        let (gates, documents) =
            (ControlReader::new(client.clone(), CONTROL), DocumentStore::new(client.clone(), DOCUMENTS));
        Self { counter: Counter::new(store, gates, documents, queue.clone()), queue, asked }
    }

    /// Counts what was asked for, and what follows from it. What cannot be counted yet is asked for again by the server's reconciler.
    pub(crate) async fn work_off(&mut self) -> Result<(), CountError> {
        while let Ok(message) = self.asked.try_recv() {
            match self.counter.work_off(&message).await {
                Err(early) if early.is_early() => tracing::info!(error = %early, "ballots are counted later"),
                done => done?,
            }
        }
        Ok(())
    }
}

/// Builds all documents if they were never built in the form that this release reads, and lets those of release 0.1.0 be deleted by
/// `rebuild --retire`. If it is interrupted, the next start does it again.
pub(crate) async fn complete(engine: &Engine) -> Result<(), AnewError> {
    let client = engine.client();
    let (events, documents) = (EventReader::new(client.clone(), EVENTS), DocumentStore::new(client.clone(), DOCUMENTS));
    if documents.has_pointer().await? {
        return Ok(());
    }
    let mut count = Count::new(&client);
    let mender = Mender::new(Projection::new(events.clone(), documents.clone()), count.queue.clone());
    let serving = documents.reader().generations().await?.serving;
    let (mut after, mut commits) = (None, 0);
    loop {
        let page = events.sweep(Part::Segment { number: 0, of: 1 }, after.as_ref(), PAGE).await?;
        commits += page.commits.len();
        mender.mend(&serving, &page.commits).await?;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    count.work_off().await?;
    documents.save_pointer(commits > 0).await?;
    if commits > 0 {
        tracing::warn!(commits, "the documents of an older release were built anew");
    }
    Ok(())
}
