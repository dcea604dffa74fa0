//! An election, and a time that stands still until it is moved.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};

use photovote_clock::{Clock, CloseError, Run, close};
use photovote_coordination::GateStatus;
use photovote_coordination_write::Control;
use photovote_domain::{
    Aggregate, CandidateId, CompetitionId, Digest, Election, ElectionId, ShardCount, Timestamp, Version,
    election::{Context, ElectionCommand, NewElection},
};
use photovote_events::{Actor, CommandRecord, Environment, History, Snapshots, Stream};
use photovote_events_append::{EventStore, SnapshotStore};
use photovote_queues::{MailMessage, Queue};
use photovote_test_support::Engine;
use tokio::sync::mpsc::UnboundedReceiver;

/// A run that finds nothing to do.
pub(crate) const NOTHING: Run = Run { opened: 0, reminded: 0, closed: 0, failed: 0 };
/// A run that closes an election.
pub(crate) const CLOSED: Run = Run { closed: 1, ..NOTHING };

/// A queue whose messages nobody reads.
pub(crate) fn unheard() -> Queue<MailMessage> {
    Queue::in_process().0
}

pub(crate) const ELECTION: ElectionId = ElectionId::from_bits(7);

/// An election, and a clock that stands still until it is moved.
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) store: EventStore,
    pub(crate) control: Control,
    now: Arc<AtomicI64>,
    mailer: Queue<MailMessage>,
    asked: Mutex<UnboundedReceiver<MailMessage>>,
}

impl World {
    /// A draft that can be opened.
    pub(crate) async fn new() -> Self {
        let engine = Engine::start().await;
        let (mailer, asked) = Queue::in_process();
        let now = Arc::new(AtomicI64::new(1_000));
        let clock = now.clone();
        let seed = AtomicI64::new(0);
        let dice = move |bytes: &mut [u8; 32]| {
            *bytes = *Digest::of(&seed.fetch_add(1, Ordering::SeqCst).to_be_bytes()).as_bytes();
        };
        let environment = Environment::new(move || Timestamp::from_millis(clock.load(Ordering::SeqCst)), dice);
        let store = EventStore::new(engine.client(), engine.tables().events, environment);
        let control = Control::new(engine.client(), engine.tables().control);
        let world = Self { engine, store, control, now, mailer, asked: Mutex::new(asked) };
        let shards = ShardCount::for_voters(300);
        let name = |text: &str| text.parse().unwrap();
        let new = NewElection { shards, ..NewElection::new("ada".parse().unwrap(), name("Summer")) };
        world.append(ElectionCommand::Create(new)).await;
        let competition = CompetitionId::from_bits(1);
        world.append(ElectionCommand::AddCompetition { competition, name: name("Nature"), description: None }).await;
        for candidate in [1, 2].map(CandidateId::from_bits) {
            let name = name("Moon");
            let (description, image) = (None, None);
            world.append(ElectionCommand::AddCandidate { competition, candidate, name, description, image }).await;
        }
        world
    }

    pub(crate) fn record(&self) -> CommandRecord {
        CommandRecord::once("Test", Actor::Administrator("ada".parse().unwrap()), self.store.environment())
    }

    pub(crate) async fn history(&self) -> History<Election> {
        self.store.reader().load(Stream::Election(ELECTION)).await.unwrap()
    }

    pub(crate) fn snapshots(&self) -> SnapshotStore {
        let snapshots = Snapshots::new(self.store.reader(), self.engine.tables().control);
        SnapshotStore::new(self.engine.client(), snapshots)
    }

    /// Writes what a command leads to, with what goes in the same transaction, and stops there.
    pub(crate) async fn append(&self, command: ElectionCommand) {
        let context = Context { now: self.store.environment().now(), by: None };
        let decide = |election: &Election| election.decide(command.clone(), &context);
        let alongside = |_: &_| match &command {
            ElectionCommand::Create(new) => Ok(self.control.create_gates(ELECTION, new.shards, new.links)?),
            ElectionCommand::Open { .. }
            | ElectionCommand::OpenIfDue
            | ElectionCommand::Schedule(_)
            | ElectionCommand::Delete => Ok(vec![self.control.schedule(ELECTION)?]),
            _ => Ok(Vec::new()),
        };
        self.store.execute_with(self.history().await, &self.record(), |_| true, decide, alongside).await.unwrap();
    }

    /// Begins to close, and stops there.
    pub(crate) async fn begin_to_close(&self, record: &CommandRecord) {
        let context = Context { now: self.store.environment().now(), by: record.private.actor.administrator() };
        let decide = |election: &Election| election.decide(ElectionCommand::Close, &context);
        self.store.execute(self.history().await, record, |_| true, decide).await.unwrap();
    }

    pub(crate) async fn close(
        &self,
        history: History<Election>,
        record: &CommandRecord,
    ) -> Result<Version, CloseError> {
        close(&self.store, &self.control, history, record, |_| true, ElectionCommand::Close).await
    }

    /// A clock that starts now.
    pub(crate) fn clock(&self) -> Clock {
        Clock::new(self.store.clone(), self.control.clone(), self.snapshots(), self.mailer.clone())
    }

    /// Moves the time.
    pub(crate) fn set(&self, now: i64) {
        self.now.store(now, Ordering::SeqCst);
    }

    /// What the mailer was asked for since it was looked at.
    pub(crate) fn asked(&self) -> Vec<MailMessage> {
        let mut asked = self.asked.lock().unwrap();
        std::iter::from_fn(|| asked.try_recv().ok()).collect()
    }

    pub(crate) async fn run(&self) -> Run {
        self.clock().run().await.unwrap()
    }

    /// The statuses of the gates, each once.
    pub(crate) async fn gates(&self) -> Vec<GateStatus> {
        let gates = self.control.reader().gates(ELECTION, ShardCount::for_voters(300)).await.unwrap();
        let mut statuses: Vec<_> = gates.into_values().map(|gate| gate.status).collect();
        statuses.dedup();
        statuses
    }

    pub(crate) async fn cast_at_gate(&self) {
        let shard = ShardCount::for_voters(300).shards().next().unwrap();
        let pass = self.control.pass_cast(ELECTION, shard, self.store.environment().now()).unwrap();
        self.engine.client().transact_write_items().transact_items(pass).send().await.unwrap();
    }
}
