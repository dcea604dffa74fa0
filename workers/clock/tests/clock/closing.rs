//! The closing protocol over the engine: whatever was left half done, by whomever, is finished.

use std::sync::Arc;

use photovote_clock::{Clock, CloseError, Run, close};
use photovote_coordination::{ControlError, GateStatus};
use photovote_coordination_write::Control;
use photovote_domain::{
    ShardCount, Timestamp,
    election::{ElectionCommand, ElectionRejection, Role, Status},
};
use photovote_events::{Actor, Snapshots};
use photovote_events_append::{EventStore, ExecuteError, SnapshotStore};
use photovote_restoration::Which;
use tempfile::NamedTempFile;

use crate::world::{CLOSED, ELECTION, NOTHING, World, unheard};

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
    world.set(1_999);
    assert_eq!(world.run().await, NOTHING);
    world.set(2_000);
    assert_eq!(world.run().await, CLOSED);
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
        Clock::new(store.clone(), control.clone(), SnapshotStore::new(client.clone(), snapshots), unheard())
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
        assert_eq!(world.run().await, CLOSED);
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
    let close = |record| close(&world.store, &world.control, history.clone(), record, |_| true, ElectionCommand::Close);
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
            assert_eq!(world.run().await, CLOSED);
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
        world.set(now);
        assert_eq!(
            world.run().await,
            Run { failed: 1, ..NOTHING },
            "what is broken off like this, Lambda counts as an error"
        );
    }
    client.put_item().table_name(table).set_item(Some(gate)).send().await.unwrap();
    assert_eq!(world.run().await, CLOSED);
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
    world.set(2_000);
    assert_eq!(world.run().await, Run { failed: 1, ..NOTHING });
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
    assert_eq!(world.run().await, CLOSED);
}
