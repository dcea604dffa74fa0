//! A closed election with its ballots, its gates and its document, and a counter that works off what it is asked for.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex},
};

use photovote_coordination::ControlReader;
use photovote_counting::Counter;
use photovote_documents::{CastBallot, Changes, ElectionDocument, cast_ballot};
use photovote_documents_read::Generation;
use photovote_documents_write::{DocumentStore, Saved};
use photovote_domain::{
    Ballot, Election, ElectionId, Receipt, Tally, Version, ballot::BallotEvent, election::ElectionEvent,
    results::Results,
};
use photovote_events::{Commit, Environment, Stream};
use photovote_events_append::EventStore;
use photovote_queues::{CountMessage, Queue};
use photovote_test_support::{Engine, ballot, following};
use serde_json::json;
use tokio::sync::{Mutex as Turn, mpsc::UnboundedReceiver};
use tracing::instrument::WithSubscriber;

pub(crate) const ID: ElectionId = ElectionId::from_bits(7);
const SHARDS: u8 = 2;
/// So many, with three commits each, that a shard has more than one page.
const BALLOTS: u32 = 1_000;

pub(crate) fn generation() -> Generation {
    "2".parse().unwrap()
}

/// The commits of the election: four until it is open, and two that close it.
pub(crate) fn closed(digest_follows: bool) -> Vec<Commit> {
    let mut commits = photovote_test_support::election(ID, SHARDS, None);
    let casts = sum().ballots;
    commits.push(following(&commits, &[ElectionEvent::ElectionClosing {}]));
    let closed = ElectionEvent::ElectionClosed { casts, digest_follows, registered: Some(casts) };
    commits.push(following(&commits, &[closed]));
    commits
}

/// The commits of the ballots, most of which are cast.
fn ballots() -> Vec<Commit> {
    (0..BALLOTS).flat_map(|n| ballot(ID, SHARDS, n, n % 10 != 0)).collect()
}

fn is_cast(commit: &Commit) -> bool {
    commit.events.iter().any(|event| event.event_type == BallotEvent::CAST)
}

fn casts() -> impl Iterator<Item = CastBallot> {
    ballots().into_iter().filter_map(|commit| {
        let Stream::Ballot(_, shard, _) = commit.stream else { return None };
        cast_ballot(ID, shard, &commit.decode::<Ballot>().unwrap())
    })
}

pub(crate) fn receipts() -> Vec<Receipt> {
    casts().map(|cast| cast.receipt).collect()
}

/// What all cast ballots add up to.
pub(crate) fn sum() -> Tally {
    let mut tally = Tally::default();
    casts().for_each(|cast| tally.count(&cast.ratings));
    tally
}

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) documents: DocumentStore,
    pub(crate) counter: Counter,
    store: EventStore,
    asked: Turn<UnboundedReceiver<CountMessage>>,
}

impl World {
    /// With an election to which this has happened.
    pub(crate) async fn new(election: Vec<Commit>) -> Self {
        let engine = Engine::start().await;
        engine.write(&election).await;
        engine.write(&ballots()).await;
        let store = EventStore::new(engine.client(), engine.tables().events, Environment::system());
        let documents = DocumentStore::new(engine.client(), engine.tables().documents);
        let (queue, asked) = Queue::in_process();
        let gates = ControlReader::new(engine.client(), engine.tables().control);
        let counter = Counter::new(store.clone(), gates, documents.clone(), queue);
        let world = Self { engine, documents, counter, store, asked: Turn::new(asked) };
        for shard in 0..SHARDS {
            world.gate(shard, world.passed(shard)).await;
        }
        world.project().await;
        world
    }

    /// The same with a counter that reads so many pages at once.
    pub(crate) fn in_steps_of(mut self, pages: u32) -> Self {
        self.counter = self.counter.with_pages(pages);
        self
    }

    /// How many casts a gate has let through.
    #[allow(clippy::unused_self, reason = "it reads as a question to the world")]
    pub(crate) fn passed(&self, shard: u8) -> u64 {
        receipts().iter().filter(|receipt| receipt.shard().get() == shard).count() as u64
    }

    /// Lets a gate say so.
    pub(crate) async fn gate(&self, shard: u8, casts: u64) {
        self.engine.close_gate(ID, shard, casts).await;
    }

    /// Asks the counter to look after the election, and lets it work off what follows. How many messages there were.
    pub(crate) async fn count(&self) -> usize {
        self.counter.work_off(&CountMessage::election(ID, generation())).await.unwrap();
        let mut asked = self.asked.lock().await;
        let mut messages = 1;
        while let Ok(message) = asked.try_recv() {
            messages += 1;
            if let Err(error) = self.counter.work_off(&message).await {
                tracing::error!(event = "count_failed", %error);
            }
        }
        self.project().await;
        messages
    }

    /// Brings the election's document up to date, as the projector does.
    async fn project(&self) {
        let stored = self.documents.reader().election(ID, true).await.unwrap();
        let mut document = stored.unwrap_or_else(|| ElectionDocument::empty(ID));
        let before = document.version;
        let mut changes = Changes::default();
        for commit in self.history().await {
            document.apply(commit.first, &commit.decode::<Election>().unwrap(), &mut changes);
        }
        if document.version > before {
            let saved = self.documents.save_election(&generation(), &document, before, &changes).await;
            assert_eq!(saved, Ok(Saved::Yes));
        }
    }

    /// Appends an event to the election, and projects it.
    pub(crate) async fn append(&self, event: ElectionEvent) {
        let commits = self.history().await;
        self.engine.write(&[following(&commits, &[event])]).await;
        self.project().await;
    }

    /// The election as it is served, and its tally.
    pub(crate) async fn served(&self) -> (Election, Option<Tally>) {
        let (document, tally) = self.documents.reader().results_input(ID, true).await.unwrap().unwrap();
        (document.election, tally)
    }

    #[allow(clippy::unused_self, reason = "it reads as a question to the world")]
    pub(crate) fn results(&self, election: &Election, tally: &Tally) -> Results {
        let casts = election.casts.unwrap();
        Results::of(ID, &election.competitions, election.scale, tally, casts, election.registered).unwrap()
    }

    /// The election's commits.
    pub(crate) async fn history(&self) -> Vec<Commit> {
        self.store.reader().commits_after(&Stream::Election(ID), Version::NONE).await.unwrap()
    }

    pub(crate) async fn events(&self) -> Vec<ElectionEvent> {
        self.history().await.iter().flat_map(|commit| commit.decode::<Election>().unwrap()).collect()
    }

    /// All documents.
    pub(crate) async fn items(&self) -> BTreeMap<(String, String), photovote_dynamodb::Item> {
        self.engine.items(self.engine.tables().documents).await
    }

    /// Writes a payload that cannot be read in the place of a cast's.
    pub(crate) async fn spoil_a_cast(&self) {
        let mut cast = ballots().into_iter().find(is_cast).unwrap();
        cast.events[0].payload = b"{}".to_vec();
        self.engine.write(&[cast]).await;
    }

    /// What is logged while this goes on.
    pub(crate) async fn logged<T>(&self, work: impl Future<Output = T>) -> String {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
        work.with_subscriber(subscriber).await;
        String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
    }

    /// Lets the counter handle what it was asked for and what follows from it, as messages of its queue. How many there were.
    pub(crate) async fn handle_what_is_asked_for(&self) -> usize {
        let mut asked = self.asked.lock().await;
        let mut messages = 0;
        while let Ok(message) = asked.try_recv() {
            messages += 1;
            let again = self.handle(&[&serde_json::to_string(&message).unwrap()]).await;
            assert_eq!(again, Vec::<String>::new());
        }
        messages
    }

    /// Lets the counter handle these messages; the places of those that have to come again.
    pub(crate) async fn handle(&self, bodies: &[&str]) -> Vec<String> {
        let record = |(place, body): (usize, &&str)| json!({"messageId": place.to_string(), "body": body});
        let records: Vec<_> = bodies.iter().enumerate().map(record).collect();
        let event = serde_json::from_value(json!({"Records": records})).unwrap();
        let failures = self.counter.handle(event).await.batch_item_failures;
        failures.into_iter().map(|failure| failure.item_identifier).collect()
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
