//! A draft, a bucket of lists, and an importer that a test invokes.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    task::Poll,
};

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use photovote_coordination_write::Control;
use photovote_domain::{
    Aggregate, Election, ElectionId, Import, ImportId, Links, ShardCount, Timestamp, Version, Voter,
    election::{Context, ElectionCommand, ElectionEvent, Status as ElectionStatus},
    import::ImportCommand,
    voter::Status as VoterStatus,
};
use photovote_events::{Actor, CommandRecord, Commit, Environment, EventReader, History, Stream};
use photovote_events_append::EventStore;
use photovote_imports::Importer;
use photovote_keys::objects::list_key;
use photovote_objects::Objects;
use photovote_queues::{ImportMessage, Queue};
use photovote_registration::{NewVoter, Registrar};
use photovote_test_support::{Buckets, Engine, election, following};
use tokio::sync::{Mutex, mpsc::UnboundedReceiver};

pub(crate) const ELECTION: ElectionId = ElectionId::from_bits(7);
pub(crate) const IMPORT: ImportId = ImportId::from_bits(3 << 80);
pub(crate) const LISTS: &str = "originals";
/// An hour, in milliseconds.
pub(crate) const HOUR: i64 = 3_600_000;
const SHARDS: u8 = 2;

/// A list of so many voters, and two rows that name none.
pub(crate) fn list(voters: usize) -> String {
    let row = |number: usize| format!("Voter {number},voter{number}@example.org\n");
    let rows: String = (0..voters).map(row).collect();
    format!("name,email\n{rows}Nobody,\nTwice,voter0@example.org\n")
}

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) buckets: Buckets,
    pub(crate) control: Control,
    pub(crate) store: EventStore,
    registrar: Registrar,
    queue: Queue<ImportMessage>,
    asked: Mutex<UnboundedReceiver<ImportMessage>>,
    clock: Arc<AtomicI64>,
    election: Vec<Commit>,
}

impl World {
    /// An import of a draft was requested at the beginning of time.
    pub(crate) async fn new() -> Self {
        let (engine, buckets) = (Engine::start().await, Buckets::default());
        let election = election(ELECTION, SHARDS, None);
        engine.write(&election[..3]).await;
        let clock = Arc::new(AtomicI64::new(0));
        let time = Arc::clone(&clock);
        // 0 are the ids of what stands there already.
        let drawn = AtomicU64::new(1);
        let random = move |bytes: &mut [u8; 32]| {
            bytes[..8].copy_from_slice(&drawn.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        };
        let environment = Environment::new(move || Timestamp::from_millis(time.load(Ordering::Relaxed)), random);
        let store = EventStore::new(engine.client(), engine.tables().events, environment);
        let control = Control::new(engine.client(), engine.tables().control);
        let shards = ShardCount::try_from(SHARDS).unwrap();
        control.transact(|| control.create_gates(ELECTION, shards, Links::HandOut)).await.unwrap();
        let (queue, asked) = Queue::in_process();
        let registrar = Registrar::new(store.clone(), control.clone());
        let asked = Mutex::new(asked);
        let election = election[..3].to_vec();
        let world = Self { engine, buckets, control, store, registrar, queue, asked, clock, election };
        let command = ImportCommand::Request { name: "members.csv".parse().unwrap(), bytes: 10_000 };
        world.command(command).await;
        world
    }

    /// An importer that has just started, and works off three rows for each message.
    pub(crate) fn importer(&self) -> Importer {
        let lists = Objects::new(&self.buckets.config(), LISTS);
        Importer::new(self.store.clone(), self.control.clone(), lists, self.queue.clone()).with_rows(3)
    }

    /// An import that is confirmed, and the message that asks for it.
    pub(crate) async fn confirmed(voters: usize) -> Self {
        let world = Self::new().await;
        world.upload(&list(voters));
        assert!(world.tell().await);
        world.command(ImportCommand::Confirm).await;
        world.queue.send(&ImportMessage::import(ELECTION, IMPORT)).await.unwrap();
        world
    }

    fn record(&self, name: &'static str) -> CommandRecord {
        CommandRecord::once(name, Actor::Administrator("ada".parse().unwrap()), self.store.environment())
    }

    /// An administrator's command on the import.
    pub(crate) async fn command(&self, command: ImportCommand) {
        let election = self.election().await;
        let history: History<Import> = self.store.reader().load(Stream::Import(ELECTION, IMPORT)).await.unwrap();
        let record = self.record(command.name());
        let decide = |known: &Import| known.decide(command.clone(), &election.state());
        self.store.execute(history, &record, |_| true, decide).await.unwrap();
    }

    pub(crate) async fn election(&self) -> History<Election> {
        self.store.reader().load(Stream::Election(ELECTION)).await.unwrap()
    }

    /// An administrator registers a voter.
    pub(crate) async fn register(&self, number: u128, email: &str) {
        let election = self.election().await;
        let (id, ballot) =
            (photovote_domain::VoterId::from_bits(number), photovote_domain::BallotId::from_bits(number));
        let (name, email) = ("Somebody".parse().unwrap(), email.parse().unwrap());
        let new = NewVoter { id, name, email, ballot, token: None, import: None };
        self.registrar.register(&election, new, &self.record("RegisterVoter")).await.unwrap();
    }

    /// An administrator removes the voter with this address.
    pub(crate) async fn remove(&self, email: &str) {
        let election = self.election().await;
        let voter = self.voters().await.into_values().find(|voter| voter.state().email == email).unwrap();
        self.registrar.remove(&election, &voter, &self.record("RemoveVoter"), |_| true).await.unwrap();
    }

    /// The election is closed, with its gates.
    pub(crate) async fn close(&self) {
        let mut history = self.election().await;
        for command in [ElectionCommand::Open { closes_at: None }, ElectionCommand::Close] {
            let record = self.record("Test");
            let context = Context { now: self.store.environment().now(), by: None };
            let decide = |election: &Election| election.decide(command.clone(), &context);
            history = self.store.execute(history, &record, |_| true, decide).await.unwrap().history;
        }
        self.control.close_gates(ELECTION, history.state().shards).await.unwrap();
    }

    /// The election is deleted.
    pub(crate) async fn delete(&self) {
        self.engine.write(&[following(&self.election, &[ElectionEvent::ElectionDeleted {}])]).await;
        assert_eq!(self.election().await.state().status, ElectionStatus::Deleted);
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, millis: i64) {
        let now = self.clock.fetch_add(millis, Ordering::Relaxed) + millis;
        self.buckets.set_time(Timestamp::from_millis(now));
    }

    /// Somebody uploads a list.
    pub(crate) fn upload(&self, list: &str) {
        self.buckets.put(LISTS, &list_key(ELECTION, IMPORT), list.as_bytes());
    }

    /// S3 tells that the list was uploaded. Does the importer accept it?
    pub(crate) async fn tell(&self) -> bool {
        tell(&self.importer()).await
    }

    /// Brings a message to an importer that has just started.
    pub(crate) async fn deliver(&self, body: &str) -> bool {
        deliver(&self.importer(), body).await
    }

    pub(crate) async fn ask(&self, message: &ImportMessage) -> bool {
        ask(&self.importer(), message).await
    }

    /// The next message that was sent.
    pub(crate) async fn message(&self) -> Option<ImportMessage> {
        self.asked.lock().await.try_recv().ok()
    }

    /// Works off all messages, and those that they lead to. How many were there?
    pub(crate) async fn work_off(&self) -> usize {
        let mut count = 0;
        while let Some(message) = self.message().await {
            count += 1;
            assert!(self.ask(&message).await);
        }
        count
    }

    /// The reconciler asks to look after the election. Then the importer does what it asks itself for.
    pub(crate) async fn look(&self) -> usize {
        assert!(self.ask(&ImportMessage::election(ELECTION)).await);
        self.work_off().await
    }

    pub(crate) async fn import(&self) -> Import {
        let history: History<Import> = self.store.reader().load(Stream::Import(ELECTION, IMPORT)).await.unwrap();
        history.state().clone()
    }

    /// All voters' streams that there are.
    pub(crate) async fn voters(&self) -> BTreeMap<Stream, History<Voter>> {
        let reader = EventReader::new(self.engine.client(), self.engine.tables().events);
        let mut voters = BTreeMap::new();
        for (pk, sk) in self.engine.items(self.engine.tables().events).await.into_keys() {
            let Ok((stream @ Stream::Voter(..), first)) = Stream::parse(&pk, &sk) else { continue };
            if first != Version::new(1) {
                continue;
            }
            voters.insert(stream, reader.load(stream).await.unwrap());
        }
        voters
    }

    /// The addresses of those who are registered, sorted.
    pub(crate) async fn registered(&self) -> Vec<String> {
        let voters = self.voters().await;
        let there = voters.values().filter(|voter| voter.state().status == VoterStatus::Registered);
        let mut addresses: Vec<_> = there.map(|voter| voter.state().email.clone()).collect();
        addresses.sort_unstable();
        addresses
    }

    /// How many voters the gates have let in.
    pub(crate) async fn turnout(&self) -> u64 {
        let shards = ShardCount::try_from(SHARDS).unwrap();
        self.control.reader().turnout(ELECTION, shards).await.unwrap().registered
    }

    /// Is nothing left of the list, and of what is known of the import?
    pub(crate) async fn is_cleared(&self) -> bool {
        let control = self.engine.items(self.engine.tables().control).await;
        self.buckets.keys(LISTS).is_empty() && !control.keys().any(|(pk, _)| pk.ends_with("#imports"))
    }
}

/// Brings a message to this importer. Does it accept it?
async fn deliver(importer: &Importer, body: &str) -> bool {
    let mut message = SqsMessage::default();
    (message.message_id, message.body) = (Some("1".into()), Some(body.to_owned()));
    let mut event = SqsEvent::default();
    event.records = vec![message];
    importer.handle(event).await.batch_item_failures.is_empty()
}

/// S3 tells this importer that the list was uploaded.
pub(crate) async fn tell(importer: &Importer) -> bool {
    let key = list_key(ELECTION, IMPORT).replace('/', "%2F");
    deliver(importer, &format!(r#"{{"Records":[{{"s3":{{"object":{{"key":"{key}"}}}}}}]}}"#)).await
}

/// Brings this importer a message of a function.
pub(crate) async fn ask(importer: &Importer, message: &ImportMessage) -> bool {
    deliver(importer, &serde_json::to_string(message).unwrap()).await
}

/// The addresses of a list of so many voters, sorted.
pub(crate) fn addresses(voters: usize) -> Vec<String> {
    let mut addresses: Vec<_> = (0..voters).map(|number| format!("voter{number}@example.org")).collect();
    addresses.sort_unstable();
    addresses
}

/// Drops the work after so many polls, as a process that is killed. Was it done?
pub(crate) async fn killed_after(polls: usize, work: impl Future<Output = bool>) -> Option<bool> {
    let mut work = pin!(work);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}
