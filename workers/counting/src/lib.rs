//! The counter: counts an election's ballots once it is closed, shard by shard, and writes what they come to into history.
//!
//! ```text
//! closed → each shard: fold its ballots, compare with its gate, save receipts and tally
//!        → last shard: fold all ballots again, append the results' digest
//!        → compare the shards' tallies with the digest, save their sum
//!        → released: make the public results
//! ```
//!
//! A closed election stands still, so every step is a pure function of its events. It can be done twice, by several workers at
//! once, and in each generation of documents by itself. A deleted election is not counted: what there is of its voters and receipts goes.

mod fold;

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use photovote_coordination::{ControlError, ControlReader};
use photovote_documents::{PublicDocument, PublicError};
use photovote_documents_read::{DocumentError, Generation, PublicHeader, Released};
use photovote_documents_write::{CountedShard, DocumentStore, Saved};
use photovote_domain::{
    Aggregate, Digest, Election, ElectionId, Hasher, Shard, Tally,
    election::{Context, ElectionCommand, ElectionRejection, ResultsDigest, Status},
    results::{Results, ResultsError},
};
use photovote_events::{Actor, CommandRecord, History, LoadError, Stream};
use photovote_events_append::{EventStore, ExecuteError};
use photovote_queues::{CountMessage, Queue, SendError};
use thiserror::Error;

use crate::fold::Folding;

/// How many pages of a megabyte a message is worth, unless it is said otherwise.
const PAGES: u32 = 100;

/// How often a message is sent again that comes too early: the pauses double from a second, to four minutes together.
const TRIES: u32 = 8;

/// Why a message has to come again.
#[derive(Debug, Error)]
pub enum CountError {
    /// It is not understood.
    #[error("the message is not understood: {0}")]
    Message(#[from] serde_json::Error),
    /// Events cannot be read.
    #[error(transparent)]
    Events(#[from] LoadError),
    /// Documents cannot be read or written.
    #[error(transparent)]
    Documents(#[from] DocumentError),
    /// The gates cannot be read.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The digest cannot be appended.
    #[error(transparent)]
    Append(#[from] ExecuteError<ElectionRejection>),
    /// The queue does not take a message.
    #[error("the queue does not take a message: {0}")]
    Queue(#[from] SendError),
    /// What was kept between two steps cannot be read.
    #[error("{0} is damaged")]
    Kept(String),
    /// The results cannot be written.
    #[error("the results cannot be written: {0}")]
    Public(#[from] PublicError),
    /// The election's document is not there yet, or the election has moved on meanwhile.
    #[error("the election is at another stage in generation {0}")]
    Early(Generation),
    /// What was counted is not what must be.
    #[error(transparent)]
    Differs(#[from] Difference),
}

impl CountError {
    /// Does the message only come too early? Documents are behind the events, or gates are being imported or restored.
    pub const fn is_early(&self) -> bool {
        let Self::Control(control) = self else { return matches!(self, Self::Early(_)) };
        matches!(control, ControlError::Missing { .. } | ControlError::Unguarded { .. })
    }
}

/// What was counted is not what the gates let through, or what history says. An operator has to look.
#[derive(Debug, Error)]
pub enum Difference {
    /// A shard has other casts than its gate let through.
    #[error("shard {shard} has {counted} cast ballots, and its gate let {passed} through")]
    Gate {
        /// The shard.
        shard: Shard,
        /// The cast ballots among its events.
        counted: u64,
        /// What its gate says.
        passed: u64,
    },
    /// All shards together have other casts than the election was closed with.
    #[error("{counted} ballots are counted, and the election was closed with {casts}")]
    Sum {
        /// What the gates or the shards add up to.
        counted: u64,
        /// What the election was closed with.
        casts: u64,
    },
    /// The tallies lead to other results than history says.
    #[error("the results have the digest {found}, and history says {recorded}")]
    Digest {
        /// Of what was counted.
        found: Digest,
        /// Of the event.
        recorded: Digest,
    },
    /// The tally has no results.
    #[error(transparent)]
    Results(#[from] ResultsError),
}

/// Counts closed elections.
#[derive(Debug, Clone)]
pub struct Counter {
    store: EventStore,
    control: ControlReader,
    documents: DocumentStore,
    queue: Queue<CountMessage>,
    pages: u32,
}

impl Counter {
    /// Reads events and gates, writes documents and digests, and sends `queue` what comes next.
    pub const fn new(
        store: EventStore,
        control: ControlReader,
        documents: DocumentStore,
        queue: Queue<CountMessage>,
    ) -> Self {
        Self { store, control, documents, queue, pages: PAGES }
    }

    /// Reads at most so many pages of ballots for each message.
    #[must_use]
    pub const fn with_pages(mut self, pages: u32) -> Self {
        self.pages = pages;
        self
    }

    /// Works off a batch of messages. The answer names those that have to come again.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        for message in event.records {
            let id = message.message_id.unwrap_or_default();
            if let Err(error) = self.received(&message.body.unwrap_or_default()).await {
                tracing::error!(event = "count_failed", message = id, %error, "to be tried again");
                response.add_failure(id);
            }
        }
        response
    }

    async fn received(&self, body: &str) -> Result<(), CountError> {
        let message: CountMessage = serde_json::from_str(body)?;
        match self.work_off(&message).await {
            Err(early) if early.is_early() => self.put_off(message, &early).await,
            done => done,
        }
    }

    /// Sends a message again, a little later each time. It does not fail: what fails is hidden for as long as an invocation can
    /// take, and an election that is being imported lacks its gates for a moment only.
    async fn put_off(&self, message: CountMessage, early: &CountError) -> Result<(), CountError> {
        let CountMessage { election, generation, tries, .. } = &message;
        if *tries == TRIES {
            tracing::warn!(event = "count_put_off", %election, %generation, error = %early, "the reconciler asks again");
            return Ok(());
        }
        let delay = Duration::from_secs(1 << tries);
        Ok(self.queue.send_after(&CountMessage { tries: tries + 1, ..message }, delay).await?)
    }

    /// Works off one message. What an operator has to look at is logged and counted, for an alarm; the same message would find the
    /// same, so it does not come again. The reconciler asks again later.
    ///
    /// # Errors
    /// The message has to come again.
    pub async fn work_off(&self, message: &CountMessage) -> Result<(), CountError> {
        let (election, generation) = (message.election, &message.generation);
        match self.look_after(message).await {
            Err(CountError::Differs(difference)) => {
                metrics::counter!("CountDiffers").increment(1);
                tracing::error!(event = "count_differs", %election, %generation, %difference, "results stay unfinished");
                Ok(())
            }
            done => done,
        }
    }

    /// Does what an election needs now in a generation.
    async fn look_after(&self, message: &CountMessage) -> Result<(), CountError> {
        let history = self.store.reader().load::<Election>(Stream::Election(message.election)).await?;
        match history.state().status {
            Status::Closed | Status::Released => match message.shard {
                Some(shard) => self.count_shard(history.state(), message, shard).await,
                None => self.count_election(history, message).await,
            },
            Status::Deleted => self.clear(history.state(), message).await,
            Status::Absent | Status::Draft | Status::Open | Status::Closing => Ok(()),
        }
    }

    /// Counts a shard, or a part of it, and sends what comes next.
    async fn count_shard(&self, election: &Election, message: &CountMessage, shard: Shard) -> Result<(), CountError> {
        let CountMessage { election: id, generation, .. } = message;
        // Before anything is folded: an election that is being imported lacks them for a while.
        let gates = self.control.gates(*id, election.shards).await?;
        let folding = Folding {
            events: self.store.reader(),
            documents: &self.documents,
            election: *id,
            shards: vec![shard],
            name: format!("count#{generation}#{id}#{shard}"),
            receipts: true,
            pages: self.pages,
        };
        let Some(folded) = folding.step().await? else { return Ok(self.queue.send(message).await?) };

        let (counted, passed) = (folded.tally.ballots, gates.get(&shard).map_or(0, |gate| gate.casts));
        if counted != passed {
            return Err(Difference::Gate { shard, counted, passed }.into());
        }
        is_sum(election, gates.values().map(|gate| gate.casts).sum())?;
        self.documents.save_shard(generation, *id, shard, &folded.tally, folded.receipts).await?;
        metrics::counter!("CountedBallots").increment(counted);
        if self.documents.counted_shards(generation, *id).await?.len() == usize::from(election.shards.get()) {
            self.queue.send(&CountMessage::election(*id, generation.clone())).await?;
        }
        Ok(())
    }

    /// Has the shards counted that are not; if all are, adds up.
    async fn count_election(&self, history: History<Election>, message: &CountMessage) -> Result<(), CountError> {
        let CountMessage { election: id, generation, .. } = message;
        let counted = self.documents.counted_shards(generation, *id).await?;
        let missing: Vec<_> = history.state().shards.shards().filter(|shard| !counted.contains_key(shard)).collect();
        for shard in &missing {
            let one = CountMessage { shard: Some(*shard), ..CountMessage::election(*id, generation.clone()) };
            self.queue.send(&one).await?;
        }
        if !missing.is_empty() {
            return Ok(());
        }
        let history = match history.state().results {
            ResultsDigest::Awaited => match self.record(history, *id).await? {
                Some(history) => history,
                None => return Ok(self.queue.send(message).await?),
            },
            ResultsDigest::None | ResultsDigest::Known(_) => history,
        };
        self.add_up(history.state(), message, counted.into_values()).await
    }

    /// Folds all ballots again, from events and not from what is counted, and appends the digest of the results. Answers nothing if
    /// there is more to fold.
    async fn record(
        &self,
        history: History<Election>,
        id: ElectionId,
    ) -> Result<Option<History<Election>>, CountError> {
        let folding = Folding {
            events: self.store.reader(),
            documents: &self.documents,
            election: id,
            shards: history.state().shards.shards().collect(),
            name: format!("digest#{id}"),
            receipts: false,
            pages: self.pages,
        };
        let Some(folded) = folding.step().await? else { return Ok(None) };
        is_sum(history.state(), folded.tally.ballots)?;
        let digest = results(id, history.state(), &folded.tally)?.digest.0;
        let now = self.store.environment().now();
        // Another disqualification may come first: then the digest is that of the election as it is.
        let mut difference = None;
        let decide = |election: &Election| match results(id, election, &folded.tally) {
            Ok(results) => {
                let record = ElectionCommand::RecordResults { digest: results.digest.0 };
                election.decide(record, &Context { now, by: None })
            }
            Err(no_results) => {
                difference = Some(no_results);
                Ok(Vec::new())
            }
        };
        let command =
            Hasher::new("photovote/results").part(digest.as_bytes()).part(&history.version().get().to_be_bytes());
        let mut record = CommandRecord::new("RecordResults", Actor::Counter, command.finish(), now);
        record.private.fingerprint = digest;
        let done = self.store.execute(history, &record, |_| true, decide).await?;
        difference.map_or(Ok(Some(done.history)), |difference| Err(difference.into()))
    }

    /// Saves what the shards add up to if it is what history says, and what is public of it.
    async fn add_up(
        &self,
        election: &Election,
        message: &CountMessage,
        shards: impl Iterator<Item = CountedShard>,
    ) -> Result<(), CountError> {
        let CountMessage { election: id, generation, .. } = message;
        let mut tally = Tally::default();
        shards.for_each(|shard| tally.merge(&shard.tally));
        is_sum(election, tally.ballots)?;
        let results = results(*id, election, &tally)?;
        let recorded = match election.results {
            ResultsDigest::None => None,
            ResultsDigest::Known(digest) if digest == results.digest.0 => Some(digest),
            ResultsDigest::Known(recorded) => {
                let found = results.digest.0;
                return Err(Difference::Digest { found, recorded }.into());
            }
            // A disqualification came in between. Its projection sends another message.
            ResultsDigest::Awaited => return Ok(self.queue.send(message).await?),
        };
        let mut public = PublicHeader::default();
        if election.status == Status::Released {
            let results = PublicDocument::of_results(&results)?;
            let shown = PublicDocument::of_election(election)?;
            for document in [&results, &shown] {
                self.documents.save_public_document(generation, *id, document).await?;
            }
            public.released = Some(Released { results: results.tag, election: shown.tag, digest: recorded });
        }
        match self.documents.save_count(generation, *id, &tally, &public).await? {
            Saved::Yes => {
                tracing::info!(event = "counted", election = %id, %generation, ballots = tally.ballots, "all ballots are counted");
                Ok(())
            }
            Saved::Moved => Err(CountError::Early(generation.clone())),
        }
    }

    /// Deletes what a deleted election leaves behind in a generation.
    async fn clear(&self, election: &Election, message: &CountMessage) -> Result<(), CountError> {
        let CountMessage { election: id, generation, .. } = message;
        if self.documents.clear_page(generation, *id, election.shards).await? {
            self.queue.send(message).await?;
        }
        Ok(())
    }
}

/// Is this what the election was closed with?
fn is_sum(election: &Election, counted: u64) -> Result<(), Difference> {
    let casts = election.casts.unwrap_or_default();
    if counted == casts { Ok(()) } else { Err(Difference::Sum { counted, casts }) }
}

fn results(id: ElectionId, election: &Election, tally: &Tally) -> Result<Results, Difference> {
    let casts = election.casts.unwrap_or_default();
    Ok(Results::of(id, &election.competitions, election.scale, tally, casts, election.registered)?)
}
