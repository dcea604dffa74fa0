//! The projector: turns commits into documents, triggered by the stream of the events table.
//!
//! The stream is only a hint. It promises an order per item, not per aggregate, and it delivers at least once; so a
//! document knows its version, a commit that it holds is passed over, and what is missing is read from the events table.

mod batch;
mod heal;
mod project;
mod repair;
mod replay;

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lambda_events::{
    dynamodb::Event,
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use futures::{StreamExt, stream};
use photovote_documents::{PhotographDocument, VoterDocument};
use photovote_documents_read::Generation;
use photovote_documents_write::DocumentStore;
use photovote_events::{EventReader, Stream};
use photovote_queues::{CountMessage, PhotographMessage, Queue, SendError};

pub use heal::HealError;
pub use repair::CommitKeys;
pub use replay::{Poisoned, Replayed};

use crate::{
    batch::{Batch, Delivered, Record, Unit},
    project::Stuck,
};

/// The events after which the counter has something to do.
const OF_THE_COUNTER: [&str; 5] =
    ["ElectionClosed", "CandidateDisqualified", "ResultsCounted", "ResultsReleased", "ElectionDeleted"];
/// The events after which the photo-processor has objects to delete.
const OF_THE_PHOTO_PROCESSOR: [&str; 2] = ["ElectionDeleted", "PhotographRemoved"];
/// How many streams of a batch are worked on at once.
const AT_ONCE: usize = 16;

/// Brings documents forward: what commits do to them, wherever the commits come from.
#[derive(Debug, Clone)]
pub struct Projection {
    events: EventReader,
    documents: DocumentStore,
}

/// Turns batches of stream records into documents.
#[derive(Debug, Clone)]
pub struct Projector {
    projection: Projection,
    repair: Queue<CommitKeys>,
    counter: Queue<CountMessage>,
    photo_processor: Queue<PhotographMessage>,
}

/// What became of some records of a batch.
#[derive(Debug, Default)]
struct Outcome {
    /// The first of them that has to come again.
    failed: Option<usize>,
    /// Those that cannot be applied, and why.
    poisoned: Vec<(usize, CommitKeys, String)>,
}

impl Outcome {
    fn add(&mut self, other: Self) {
        self.failed = earlier(self.failed, other.failed);
        self.poisoned.extend(other.poisoned);
    }
}

impl Projector {
    /// Reads the missing from `events`, writes `documents`, sends what it cannot apply to `repair`, and tells `counter` and
    /// `photo_processor` of what they have to look after.
    pub const fn new(
        events: EventReader,
        documents: DocumentStore,
        repair: Queue<CommitKeys>,
        counter: Queue<CountMessage>,
        photo_processor: Queue<PhotographMessage>,
    ) -> Self {
        Self { projection: Projection::new(events, documents), repair, counter, photo_processor }
    }

    /// What it brings documents forward by.
    pub const fn projection(&self) -> &Projection {
        &self.projection
    }

    /// Projects a batch. The answer names the first record that has to come again, with all that follow it; records
    /// before it are done: applied, seen before, or handed to the repair queue.
    pub async fn handle(&self, event: Event) -> DynamoDbEventResponse {
        let written = event.records.iter().map(|r| r.change.approximate_creation_date_time.timestamp_millis());
        // A record that does not say when it was written has the beginning of time.
        let oldest = written.filter(|millis| *millis > 0).min();
        let sequence_numbers: Vec<_> = event.records.iter().map(|r| r.change.sequence_number.clone()).collect();
        let batch = Batch::of(event.records.into_iter().map(Record::of));
        let mut whole = Outcome { failed: batch.failed, poisoned: batch.poisoned };

        match self.projection.documents.reader().generations().await {
            Ok(generations) => {
                let units = batch.units.into_iter();
                let units: Vec<_> =
                    units.map(|(unit, delivered)| (generations.active_of(unit.election()), unit, delivered)).collect();
                let to_count: Vec<_> = units.iter().flat_map(of_the_counter).collect();
                let to_delete: Vec<_> = units.iter().filter_map(of_the_photo_processor).collect();
                whole.add(self.projection.project_all(units).await);
                whole.failed = earlier(whole.failed, self.tell(to_count, to_delete).await);
            }
            Err(error) => {
                // Whatever is the matter with the pointer, it is not the commits'.
                tracing::error!(event = "projection_failed", %error, "the generations cannot be read");
                let indexes = batch.units.values().flatten().map(|delivered| delivered.index);
                whole.failed = earlier(whole.failed, indexes.min());
            }
        }

        if let Some(oldest) = oldest {
            observe_lag(oldest);
        }
        let mut response = DynamoDbEventResponse::default();
        if let Some(index) = self.hand_over(whole).await {
            let mut failure = DynamoDbBatchItemFailure::default();
            // Without a number the whole batch comes again.
            failure.item_identifier = Some(sequence_numbers.get(index).cloned().flatten().unwrap_or_default());
            response.batch_item_failures.push(failure);
        }
        response
    }

    /// Heals the stream that a commit belongs to: applies all that the events table has of it, in every active generation. Tells the
    /// counter and the photo-processor if it is an election's, and the latter if it is a photograph's. It can be done at any time and
    /// any number of times.
    pub async fn heal(&self, keys: &CommitKeys) -> Result<(), HealError> {
        let (stream, generations) = self.projection.heal(keys).await?;
        let election = stream.election();
        let (to_count, photograph) = match stream {
            Stream::Election(_) => {
                let messages =
                    generations.into_iter().map(|generation| (0, CountMessage::election(election, generation)));
                (messages.collect(), None)
            }
            Stream::Photograph(_, id) => (Vec::new(), Some(id)),
            Stream::Voter(..) | Stream::Ballot(..) | Stream::Import(..) | Stream::Mailing(..) => return Ok(()),
        };
        let to_delete = vec![(0, PhotographMessage { election, photograph })];
        if self.tell(to_count, to_delete).await.is_some() { Err(HealError::Later) } else { Ok(()) }
    }

    /// Tells the counter and the photo-processor. Answers the first record of which one could not be told.
    async fn tell(
        &self,
        to_count: Vec<(usize, CountMessage)>,
        to_delete: Vec<(usize, PhotographMessage)>,
    ) -> Option<usize> {
        let mut failed = None;
        let mut note = |index, sent: Result<(), SendError>| {
            if let Err(error) = sent {
                tracing::error!(event = "projection_failed", %error, "a queue does not take a message");
                failed = earlier(failed, Some(index));
            }
        };
        for (index, message) in to_count {
            note(index, self.counter.send(&message).await);
        }
        for (index, message) in to_delete {
            note(index, self.photo_processor.send(&message).await);
        }
        failed
    }

    /// Sends what cannot be applied to the repair queue. Answers the first record that has to come again.
    async fn hand_over(&self, mut outcome: Outcome) -> Option<usize> {
        outcome.poisoned.sort_by_key(|(index, ..)| *index);
        // Once, though it may have failed in several generations.
        outcome.poisoned.dedup_by_key(|(index, ..)| *index);
        for (index, keys, reason) in outcome.poisoned {
            if outcome.failed.is_some_and(|failed| failed <= index) {
                // It comes again, and its turn then.
                break;
            }
            metrics::counter!("SentToRepair").increment(1);
            tracing::error!(event = "sent_to_repair", pk = keys.pk, sk = keys.sk, reason, "a commit cannot be applied");
            if let Err(error) = self.repair.send(&keys).await {
                tracing::error!(event = "projection_failed", %error, "the repair queue does not take a commit");
                return Some(index);
            }
        }
        outcome.failed
    }
}

impl Projection {
    /// Reads the missing from `events` and writes `documents`.
    pub const fn new(events: EventReader, documents: DocumentStore) -> Self {
        Self { events, documents }
    }

    /// Where it reads the missing.
    pub const fn events(&self) -> &EventReader {
        &self.events
    }

    /// What it writes.
    pub const fn documents(&self) -> &DocumentStore {
        &self.documents
    }

    /// Projects the records of these units, each in its generations.
    async fn project_all(&self, units: Vec<(Vec<Generation>, Unit, Vec<Delivered>)>) -> Outcome {
        let outcomes = units
            .into_iter()
            .map(|(generations, unit, delivered)| async move { self.project(&generations, unit, delivered).await });
        let mut outcomes = stream::iter(outcomes.collect::<Vec<_>>()).buffer_unordered(AT_ONCE);
        let mut whole = Outcome::default();
        while let Some(outcome) = outcomes.next().await {
            whole.add(outcome);
        }
        whole
    }

    /// Projects the records of one stream.
    pub(crate) async fn project(&self, generations: &[Generation], unit: Unit, delivered: Vec<Delivered>) -> Outcome {
        let mut outcome = Outcome::default();
        for generation in generations {
            let stuck = match unit {
                Unit::Election(id) => self.election(generation, id, &delivered).await,
                Unit::Voter(election, shard, id) => {
                    let stream = Stream::Voter(election, shard, id);
                    self.one::<VoterDocument>(generation, stream, id, &delivered).await
                }
                Unit::Photograph(election, id) => {
                    let stream = Stream::Photograph(election, id);
                    self.one::<PhotographDocument>(generation, stream, id, &delivered).await
                }
            };
            match stuck {
                Ok(()) => {}
                Err(Stuck::Later(reason)) => {
                    tracing::warn!(event = "projection_failed", ?unit, %generation, reason, "to be tried again");
                    outcome.failed = earlier(outcome.failed, delivered.iter().map(|delivered| delivered.index).min());
                }
                Err(Stuck::Never(poisoned)) => outcome.poisoned.extend(poisoned),
            }
        }
        outcome
    }
}

/// What the counter is told, in each generation, of an election that was closed or deleted or whose results changed.
fn of_the_counter(
    (generations, unit, delivered): &(Vec<Generation>, Unit, Vec<Delivered>),
) -> Vec<(usize, CountMessage)> {
    let Unit::Election(id) = unit else { return Vec::new() };
    let first = first_with(delivered, &OF_THE_COUNTER);
    let message =
        |index| generations.iter().map(move |generation| (index, CountMessage::election(*id, generation.clone())));
    first.into_iter().flat_map(message).collect()
}

/// What the photo-processor is told of an election that was deleted, or of a photograph that was removed.
fn of_the_photo_processor(
    (_, unit, delivered): &(Vec<Generation>, Unit, Vec<Delivered>),
) -> Option<(usize, PhotographMessage)> {
    let photograph = match unit {
        Unit::Election(_) => None,
        Unit::Photograph(_, id) => Some(*id),
        Unit::Voter(..) => return None,
    };
    Some((first_with(delivered, &OF_THE_PHOTO_PROCESSOR)?, PhotographMessage { election: unit.election(), photograph }))
}

/// The first record with one of these events.
fn first_with(delivered: &[Delivered], types: &[&str]) -> Option<usize> {
    let has =
        |delivered: &&Delivered| delivered.commit.events.iter().any(|event| types.contains(&event.event_type.as_str()));
    delivered.iter().filter(has).map(|delivered| delivered.index).min()
}

/// Reports how long after it was written the oldest commit of a batch is in the documents, in milliseconds.
fn observe_lag(written: i64) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let lag = now.saturating_sub(u128::try_from(written).unwrap_or_default());
    metrics::histogram!("ProjectionLag").record(u32::try_from(lag).unwrap_or(u32::MAX));
}

fn earlier(one: Option<usize>, other: Option<usize>) -> Option<usize> {
    one.into_iter().chain(other).min()
}
