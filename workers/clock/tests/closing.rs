//! The clock and the closing protocol over the engine: whatever was left half done, by whomever, is finished.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use photovote_clock::{Clock, CloseError, Run, close};
use photovote_coordination::{ControlError, GateStatus};
use photovote_coordination_write::Control;
use photovote_domain::{
    Aggregate, CandidateId, CompetitionId, Digest, Election, ElectionId, ShardCount, Timestamp, Version,
    election::{Context, ElectionCommand, ElectionRejection, NewElection, Role, Status},
};
use photovote_events::{Actor, CommandId, CommandRecord, Environment, History, PrivatePart, Snapshots, Stream};
use photovote_events_append::{EventStore, ExecuteError, SnapshotStore};
use photovote_restoration::Which;
use photovote_test_support::Engine;
use tempfile::NamedTempFile;

const ELECTION: ElectionId = ElectionId::from_bits(7);

/// An election, and a clock that stands still until it is moved.
struct World {
    engine: Engine,
    store: EventStore,
    control: Control,
    now: Arc<AtomicI64>,
}

impl World {
    /// A draft that can be opened.
    async fn new() -> Self {
        let engine = Engine::start().await;
        let now = Arc::new(AtomicI64::new(1_000));
        let clock = now.clone();
        let seed = AtomicI64::new(0);
        let dice = move |bytes: &mut [u8; 32]| {
            *bytes = *Digest::of(&seed.fetch_add(1, Ordering::SeqCst).to_be_bytes()).as_bytes();
        };
        let environment = Environment::new(move || Timestamp::from_millis(clock.load(Ordering::SeqCst)), dice);
        let store = EventStore::new(engine.client(), engine.tables().events, environment);
        let control = Control::new(engine.client(), engine.tables().control);
        let world = Self { engine, store, control, now };
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

    fn record(&self) -> CommandRecord {
        let random = || Digest::from_bytes(self.store.environment().random());
        let private = PrivatePart {
            actor: Actor::Administrator("ada".parse().unwrap()),
            fingerprint: random(),
            id: CommandId::new(random()),
            reason: None,
            source: None,
            time: self.store.environment().now(),
        };
        CommandRecord { name: "Test", own_id: false, private }
    }

    async fn history(&self) -> History<Election> {
        self.store.reader().load(Stream::Election(ELECTION)).await.unwrap()
    }

    fn snapshots(&self) -> SnapshotStore {
        let snapshots = Snapshots::new(self.store.reader(), self.engine.tables().control);
        SnapshotStore::new(self.engine.client(), snapshots)
    }

    /// Writes what a command leads to, with what goes in the same transaction, and stops there.
    async fn append(&self, command: ElectionCommand) {
        let context = Context { now: self.store.environment().now(), by: None };
        let decide = |election: &Election| election.decide(command.clone(), &context);
        let alongside = |_: &_| match &command {
            ElectionCommand::Create(new) => Ok(self.control.create_gates(ELECTION, new.shards, new.links)?),
            ElectionCommand::Open { .. } | ElectionCommand::Delete => Ok(vec![self.control.schedule(ELECTION)?]),
            _ => Ok(Vec::new()),
        };
        self.store.execute_with(self.history().await, &self.record(), |_| true, decide, alongside).await.unwrap();
    }

    /// Begins to close, and stops there.
    async fn begin_to_close(&self, record: &CommandRecord) {
        let context = Context { now: self.store.environment().now(), by: record.private.actor.administrator() };
        let decide = |election: &Election| election.decide(ElectionCommand::Close, &context);
        self.store.execute(self.history().await, record, |_| true, decide).await.unwrap();
    }

    async fn close(&self, history: History<Election>, record: &CommandRecord) -> Result<Version, CloseError> {
        close(&self.store, &self.control, history, record, ElectionCommand::Close).await
    }

    async fn run(&self) -> Run {
        Clock::new(self.store.clone(), self.control.clone(), self.snapshots()).run().await.unwrap()
    }

    /// The statuses of the gates, each once.
    async fn gates(&self) -> Vec<GateStatus> {
        let gates = self.control.reader().gates(ELECTION, ShardCount::for_voters(300)).await.unwrap();
        let mut statuses: Vec<_> = gates.into_values().map(|gate| gate.status).collect();
        statuses.dedup();
        statuses
    }

    async fn cast_at_gate(&self) {
        let shard = ShardCount::for_voters(300).shards().next().unwrap();
        let pass = self.control.pass_cast(ELECTION, shard, self.store.environment().now()).unwrap();
        self.engine.client().transact_write_items().transact_items(pass).send().await.unwrap();
    }
}

const NOTHING: Run = Run { closed: 0, failed: 0 };

#[tokio::test]
async fn an_election_whose_opening_broke_off_is_opened() {
    let world = World::new().await;
    world.append(ElectionCommand::Open { closes_at: None }).await;
    assert_eq!(world.gates().await, [GateStatus::Draft]);
    assert_eq!(world.run().await, NOTHING);
    assert_eq!(world.gates().await, [GateStatus::Open]);
    assert_eq!(world.control.scheduled().await.unwrap(), [ELECTION]);
}

#[tokio::test]
async fn an_extension_that_broke_off_reaches_the_gates() {
    let world = World::new().await;
    let at = Timestamp::from_millis;
    world.append(ElectionCommand::Open { closes_at: Some(at(2_000)) }).await;
    world.run().await;
    world.append(ElectionCommand::Extend { closes_at: at(3_000) }).await;
    assert_eq!(world.run().await, NOTHING);
    let gates = world.control.reader().gates(ELECTION, ShardCount::for_voters(300)).await.unwrap();
    assert!(gates.iter().all(|(_, gate)| gate.closes_at == Some(at(3_000))));
}

#[tokio::test]
async fn the_clock_closes_an_election_when_due_not_before() {
    let world = World::new().await;
    world.append(ElectionCommand::Open { closes_at: Some(Timestamp::from_millis(2_000)) }).await;
    assert_eq!(world.run().await, NOTHING);
    world.cast_at_gate().await;
    world.now.store(1_999, Ordering::SeqCst);
    assert_eq!(world.run().await, NOTHING);
    world.now.store(2_000, Ordering::SeqCst);
    assert_eq!(world.run().await, Run { closed: 1, failed: 0 });
    let history = world.history().await;
    let closed = history.state();
    assert_eq!((closed.status, closed.casts), (Status::Closed, Some(1)));
    assert_eq!(world.gates().await, [GateStatus::Closed]);
    assert!(world.control.scheduled().await.unwrap().is_empty());
    assert_eq!(world.run().await, NOTHING);
}

#[tokio::test]
async fn the_clock_keeps_a_missing_snapshot_once() {
    let world = World::new().await;
    world.append(ElectionCommand::Open { closes_at: None }).await;
    let (client, calls) = world.engine.counting_client();
    let store = EventStore::new(client.clone(), world.engine.tables().events, world.store.environment().clone());
    let control = Control::new(client.clone(), world.engine.tables().control);
    let clock = |look| {
        let snapshots = Snapshots::new(store.reader(), world.engine.tables().control).of_streams_longer_than(look);
        Clock::new(store.clone(), control.clone(), SnapshotStore::new(client.clone(), snapshots))
    };
    clock(5).run().await.unwrap();
    let puts = || calls.take().get("PutItem").copied();
    assert_eq!(puts(), None, "five commits are no more than a look");
    let warm = clock(4);
    warm.run().await.unwrap();
    assert_eq!(puts(), Some(1));
    warm.run().await.unwrap();
    clock(4).run().await.unwrap();
    assert_eq!(puts(), None, "it is there");
}

#[tokio::test]
async fn an_interrupted_close_is_finished_with_its_count() {
    for gates_closed in [false, true] {
        let world = World::new().await;
        world.append(ElectionCommand::Open { closes_at: None }).await;
        world.run().await;
        world.cast_at_gate().await;
        world.cast_at_gate().await;
        world.append(ElectionCommand::Close).await;
        if gates_closed {
            world.control.close_gates(ELECTION, ShardCount::for_voters(300)).await.unwrap();
        }
        assert_eq!(world.run().await, Run { closed: 1, failed: 0 });
        assert_eq!(world.history().await.state().casts, Some(2));
    }
}

#[tokio::test]
async fn many_who_close_at_once_close_once() {
    let world = World::new().await;
    world.append(ElectionCommand::Open { closes_at: None }).await;
    world.run().await;
    world.cast_at_gate().await;
    let history = world.history().await;
    let (one, other) = (world.record(), world.record());
    let close = |record| close(&world.store, &world.control, history.clone(), record, ElectionCommand::Close);
    let (a, b) = tokio::join!(close(&one), close(&other));
    // Whoever came second found it closing and finished it, or found it closed.
    let versions: Vec<_> = [a, b].into_iter().flatten().collect();
    let closed = world.history().await;
    assert!(!versions.is_empty() && versions.iter().all(|version| *version == closed.version()), "{versions:?}");
    assert_eq!((closed.state().status, closed.state().casts), (Status::Closed, Some(1)));
    // One of the two began it. The same command again has the same answer.
    let again: Vec<_> = [close(&one).await, close(&other).await].into_iter().flatten().collect();
    assert!(!again.is_empty() && again.iter().all(|version| *version == closed.version()), "{again:?}");
}

fn appoint(subject: &str) -> ElectionCommand {
    ElectionCommand::AppointAdministrator { subject: subject.parse().unwrap(), role: Role::Editor }
}

#[tokio::test]
async fn a_close_answers_its_own_end_whoever_finishes_it() {
    for by_clock in [false, true] {
        let world = World::new().await;
        world.append(ElectionCommand::Open { closes_at: None }).await;
        world.run().await;
        let record = world.record();
        world.begin_to_close(&record).await;
        world.append(appoint("bea")).await;
        let end = world.history().await.version().plus(1);
        if by_clock {
            assert_eq!(world.run().await, Run { closed: 1, failed: 0 });
        } else {
            assert_eq!(world.close(world.history().await, &record).await.unwrap(), end);
        }
        world.append(appoint("eve")).await;
        let closed = world.history().await;
        assert_eq!((closed.state().status, closed.version()), (Status::Closed, end.plus(1)));
        assert_eq!(world.close(closed, &record).await.unwrap(), end, "by the clock: {by_clock}");
    }
}

#[tokio::test]
async fn a_removed_administrator_may_only_finish_a_close() {
    let world = World::new().await;
    world.append(ElectionCommand::Open { closes_at: None }).await;
    world.run().await;
    world.append(appoint("eve")).await;
    let mut record = world.record();
    record.private.actor = Actor::Administrator("eve".parse().unwrap());
    let eves = world.history().await;
    let remove = || ElectionCommand::RemoveAdministrator { subject: "eve".parse().unwrap() };
    world.append(remove()).await;
    let refused = world.close(eves, &record).await.unwrap_err();
    assert!(
        matches!(refused, CloseError::Execute(ExecuteError::Rejected(ElectionRejection::NotFound))),
        "the command is decided again with the administrators of now: {refused}"
    );
    assert_eq!(world.history().await.state().status, Status::Open);

    world.append(appoint("eve")).await;
    world.begin_to_close(&record).await;
    world.append(remove()).await;
    world.close(world.history().await, &record).await.unwrap();
    assert_eq!(world.history().await.state().status, Status::Closed);
}

#[tokio::test]
async fn what_needs_no_looking_after_leaves_the_schedule() {
    let world = World::new().await;
    world.append(ElectionCommand::Open { closes_at: None }).await;
    world.append(ElectionCommand::Close).await;
    world.append(ElectionCommand::FinishClosing { casts: 0, registered: 0 }).await;
    assert_eq!(world.run().await, NOTHING);
    assert!(world.control.scheduled().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_draft_whose_deletion_broke_off_lets_nobody_in() {
    let world = World::new().await;
    world.append(ElectionCommand::Delete).await;
    assert_eq!(world.gates().await, [GateStatus::Draft]);
    assert_eq!(world.run().await, NOTHING);
    assert_eq!(world.gates().await, [GateStatus::Closed]);
    assert!(world.control.scheduled().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_election_that_lacks_a_gate_is_counted_as_failed() {
    let world = World::new().await;
    world.append(ElectionCommand::Open { closes_at: Some(Timestamp::from_millis(2_000)) }).await;
    let (client, table) = (world.engine.client(), world.engine.tables().control);
    let found = client.scan().table_name(table).send().await.unwrap().items.unwrap_or_default();
    let gate = found.into_iter().find(|item| item["sk"].as_s().unwrap() == "gate").unwrap();
    let key = ["pk", "sk"].map(|name| (name.to_owned(), gate[name].clone()));
    client.delete_item().table_name(table).set_key(Some(key.into())).send().await.unwrap();
    for now in [1_000, 3_000] {
        world.now.store(now, Ordering::SeqCst);
        assert_eq!(
            world.run().await,
            Run { closed: 0, failed: 1 },
            "what is broken off like this, Lambda counts as an error"
        );
    }
    client.put_item().table_name(table).set_item(Some(gate)).send().await.unwrap();
    assert_eq!(world.run().await, Run { closed: 1, failed: 0 });
}

#[tokio::test]
async fn closing_does_not_begin_while_a_gate_is_missing() {
    let world = World::new().await;
    world.append(ElectionCommand::Open { closes_at: Some(Timestamp::from_millis(2_000)) }).await;
    world.run().await;
    world.cast_at_gate().await;
    let table = world.engine.tables().control;
    let lost = world.engine.items(table).await.into_iter().rfind(|((_, sk), _)| sk == "gate").unwrap();
    world.engine.delete(table, &lost.0).await;
    let before = world.engine.items(table).await;
    let version = world.history().await.version();

    let log = NamedTempFile::new().unwrap();
    let writer = Arc::new(log.reopen().unwrap());
    let logging = tracing::subscriber::set_default(tracing_subscriber::fmt().json().with_writer(writer).finish());
    let refused = world.close(world.history().await, &world.record()).await.unwrap_err();
    assert!(matches!(refused, CloseError::Control(ControlError::Missing { .. })), "{refused}");
    world.now.store(2_000, Ordering::SeqCst);
    assert_eq!(world.run().await, Run { closed: 0, failed: 1 });
    drop(logging);
    let logged = std::fs::read_to_string(log.path()).unwrap();
    let alarms = logged.lines().filter(|line| line.contains("\"ERROR\"") && line.contains("\"gate_missing\""));
    assert_eq!(alarms.count(), 2, "{logged}");
    assert_eq!(world.history().await.version(), version, "nothing is appended");
    assert_eq!(world.engine.items(table).await, before, "the other gates are as they were");

    // Restored from the events, it closes by itself.
    let restored =
        photovote_restoration::restore(world.store.reader(), &world.control, [ELECTION], Which::Lacking).await.unwrap();
    assert_eq!((restored.elections, restored.unreadable), (1, 0));
    assert_eq!(world.run().await, Run { closed: 1, failed: 0 });
}
