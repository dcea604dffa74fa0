//! A world for rebuilds: events, what is served of them, and what can go wrong meanwhile.

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use aws_sdk_dynamodb::types::AttributeValue;
use photovote_coordination::ControlReader;
use photovote_counting::Counter;
use photovote_documents::unpack;
use photovote_documents_read::Generation;
use photovote_documents_read::Scope;
use photovote_documents_write::DocumentStore;
use photovote_domain::{BallotId, ElectionId, ShardCount, Tally, Version};
use photovote_dynamodb::Item;
use photovote_events::{Commit, Environment, EventReader, Part, Stream};
use photovote_events_append::EventStore;
use photovote_projection::Projection;
use photovote_queues::{CountMessage, Queue};
use photovote_rebuild::{Plan, Rebuilder, Status};
use photovote_test_support::{Engine, ballot, election, voter};
use tokio::sync::{Mutex, mpsc::UnboundedReceiver};

pub(crate) const CLOSED: ElectionId = ElectionId::from_bits(7);
pub(crate) const OPEN: ElectionId = ElectionId::from_bits(8);
pub(crate) const SHARDS: u8 = 3;
/// Ballots of each election that were cast.
pub(crate) const CASTS: u32 = 30;
/// Small pages, many places to be stopped at, and nobody to wait for.
pub(crate) const PLAN: Plan = Plan {
    scope: Scope::All,
    segments: 2,
    commits_per_second: 1_000_000,
    page: 20,
    settle_seconds: 0,
    count_seconds: 60,
};

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) documents: DocumentStore,
    pub(crate) rebuilder: Rebuilder,
    counter: Counter,
    queue: Queue<CountMessage>,
    asked: Mutex<Asked>,
}

/// What the counter is asked for. As in a queue, a message stays until it is worked off, whoever is killed meanwhile.
struct Asked {
    queue: UnboundedReceiver<CountMessage>,
    received: Option<CountMessage>,
}

impl Asked {
    fn receive(&mut self) -> Option<CountMessage> {
        self.received = self.received.take().or_else(|| self.queue.try_recv().ok());
        self.received.clone()
    }
}

impl World {
    /// Two elections, one of them closed, and what is served of them.
    pub(crate) async fn new() -> Self {
        let engine = Engine::start().await;
        for (id, casts) in [(CLOSED, Some(u64::from(CASTS))), (OPEN, None)] {
            engine.write(&election(id, SHARDS, casts)).await;
            for n in 1..=CASTS + 5 {
                engine.write(&voter(id, SHARDS, n.into(), n % 10 == 0)).await;
                engine.write(&ballot(id, SHARDS, n, n <= CASTS)).await;
            }
        }
        let shards = ShardCount::try_from(SHARDS).unwrap();
        for shard in shards.shards() {
            let of = |n: &u32| shards.shard_of(&BallotId::from_bits((*n).into()).to_string()) == shard;
            engine.close_gate(CLOSED, shard.get(), (1..=CASTS).filter(of).count() as u64).await;
        }
        let documents = DocumentStore::new(engine.client(), engine.tables().documents);
        documents.save_pointer(false).await.unwrap();
        let (queue, asked) = Queue::in_process();
        let store = EventStore::new(engine.client(), engine.tables().events, Environment::system());
        let gates = ControlReader::new(engine.client(), engine.tables().control);
        let counter = Counter::new(store, gates, documents.clone(), queue.clone());
        let rebuilder = Rebuilder::new(Self::projection(&engine), Environment::system(), queue.clone());
        let world = Self {
            engine,
            documents,
            rebuilder,
            counter,
            queue,
            asked: Mutex::new(Asked { queue: asked, received: None }),
        };
        world.project().await;
        world.queue.send(&CountMessage::election(CLOSED, generation("2"))).await.unwrap();
        world.count().await;
        world.project().await;
        world
    }

    /// Another rebuilder, which remembers nothing.
    pub(crate) fn another(&self) -> Rebuilder {
        Rebuilder::new(Self::projection(&self.engine), Environment::system(), self.queue.clone())
    }

    /// Lets the counter work off what it was asked for.
    pub(crate) async fn count(&self) {
        let mut asked = self.asked.lock().await;
        while let Some(message) = asked.receive() {
            if let Err(error) = self.counter.work_off(&message).await {
                tracing::warn!(%error, "asked too early");
            }
            asked.received = None;
        }
    }

    /// A projection that remembers nothing.
    pub(crate) fn projection(engine: &Engine) -> Projection {
        let events = EventReader::new(engine.client(), engine.tables().events);
        Projection::new(events, DocumentStore::new(engine.client(), engine.tables().documents))
    }

    /// What the projector makes of all commits, in the generation that the tables are born with.
    pub(crate) async fn project(&self) {
        let events = EventReader::new(self.engine.client(), self.engine.tables().events);
        let all = Part::Segment { number: 0, of: 1 };
        let projection = Self::projection(&self.engine);
        let mut next = None;
        loop {
            let page = events.sweep(all, next.as_ref(), 500).await.unwrap();
            projection.replay(&generation("2"), page.commits).await;
            next = page.next;
            if next.is_none() {
                return;
            }
        }
    }

    /// What a generation holds: items by their keys, less its name; and tallies.
    pub(crate) async fn holds(
        &self,
        generation: &Generation,
    ) -> (BTreeMap<(String, String), Item>, BTreeMap<String, Tally>) {
        let (mut items, mut tallies) = (BTreeMap::new(), BTreeMap::<String, Tally>::new());
        for ((pk, sk), mut item) in self.engine.items(self.engine.tables().documents).await {
            let Some((name, rest)) = pk.split_once('#') else { continue };
            if name != generation.to_string() {
                continue;
            }
            if sk == "tally" {
                let cells = item["cells"].as_b().unwrap().as_ref().to_vec();
                tallies.entry(rest.to_owned()).or_default().merge(&unpack(&cells).unwrap());
            } else {
                item.insert("pk".into(), AttributeValue::S(rest.to_owned()));
                items.insert((rest.to_owned(), sk), item);
            }
        }
        (items, tallies)
    }

    /// The commits of an election's own stream.
    pub(crate) async fn history(&self, election: ElectionId) -> Vec<Commit> {
        let events = EventReader::new(self.engine.client(), self.engine.tables().events);
        events.commits_after(&Stream::Election(election), Version::NONE).await.unwrap()
    }

    /// How many commits there are, of one election or all.
    pub(crate) async fn commits(&self, election: Option<ElectionId>) -> u64 {
        let events = self.engine.items(self.engine.tables().events).await;
        let theirs = |pk: &str| election.is_none_or(|election| pk.starts_with(&election.to_string()));
        events.keys().filter(|(pk, _)| theirs(pk)).count() as u64
    }

    /// How far the last rebuild has come.
    pub(crate) async fn status(&self) -> Status {
        self.rebuilder.status().await.unwrap().unwrap()
    }

    pub(crate) async fn serving(&self, election: ElectionId) -> Generation {
        self.documents.generations_now().await.unwrap().serving_of(election).clone()
    }
}

pub(crate) fn generation(name: &str) -> Generation {
    name.parse().unwrap()
}

/// Lets something run until it has been woken so many times, and then it is gone: as a process that is killed.
pub(crate) async fn killed_after<F: Future>(wakings: u32, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    let mut left = wakings;
    poll_fn(move |context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}
