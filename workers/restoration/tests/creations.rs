//! The counters of creations, made from the events again while elections are created.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
};

use photovote_coordination_write::{Control, Creations};
use photovote_domain::{
    Digest, ElectionId, Scale, ShardCount, Subject, Timestamp,
    election::{ElectionEvent, ElectionRejection},
};
use photovote_events::{Actor, CommandRecord, Environment, History, Stream};
use photovote_events_append::{EventStore, ExecuteError};
use photovote_restoration::{RestoreError, elections, restore_creations};
use photovote_test_support::Engine;

struct World {
    engine: Engine,
    store: EventStore,
    control: Control,
}

impl World {
    async fn new() -> Self {
        let engine = Engine::start().await;
        let store = EventStore::new(engine.client(), engine.tables().events, Environment::system());
        let control = Control::new(engine.client(), engine.tables().control);
        Self { engine, store, control }
    }

    /// Creates an election, as `election-commands` does. May it be created?
    async fn create(&self, owner: &str, number: u128, most: u32) -> bool {
        let subject: Subject = owner.parse().unwrap();
        let digest = Digest::from_bytes(self.store.environment().random());
        let actor = Actor::Administrator(subject.clone());
        let record = CommandRecord::new("CreateElection", actor, digest, Timestamp::from_millis(0));
        let created = ElectionEvent::ElectionCreated {
            description: None,
            name: "Summer".into(),
            owner: owner.into(),
            scale: Scale::default(),
            shards: ShardCount::default(),
        };
        let history = History::<photovote_domain::Election>::empty(Stream::Election(ElectionId::from_bits(number)));
        let most = NonZeroU32::new(most).unwrap();
        let decide = |_: &_| Ok::<_, ElectionRejection>(vec![created.clone()]);
        let counted = |_: &_| Ok(vec![self.control.count_creation(&subject, most)?]);
        match self.store.execute_with(history, &record, |_| true, decide, counted).await {
            Ok(_) => true,
            Err(ExecuteError::Blocked(_)) => false,
            Err(error) => panic!("{error}"),
        }
    }

    async fn counters(&self) -> Creations {
        self.control.creations().await.unwrap()
    }

    async fn lose(&self, subject: &str) {
        let place = ("creations".to_owned(), subject.to_owned());
        self.engine.delete(self.engine.tables().control, &place).await;
    }
}

fn counters(of: &[(&str, u64)]) -> Creations {
    of.iter().map(|(subject, count)| (subject.parse().unwrap(), *count)).collect()
}

#[tokio::test]
async fn concurrent_creations_do_not_exceed_the_limit() {
    let world = World::new().await;
    assert!(world.create("bea", 100, 3).await);
    let created = futures::future::join_all((0..12).map(|number| world.create("ada", number, 3))).await;
    assert_eq!(created.into_iter().filter(|created| *created).count(), 3);
    assert_eq!(world.counters().await, counters(&[("ada", 3), ("bea", 1)]));
    assert!(world.create("ada", 50, 4).await, "the operator allows more");
}

#[tokio::test]
async fn counters_that_are_lost_or_wrong_come_back() {
    let world = World::new().await;
    for (owner, number) in [("ada", 1), ("ada", 2), ("bea", 3)] {
        assert!(world.create(owner, number, 10).await);
    }
    let right = counters(&[("ada", 2), ("bea", 1)]);
    let list = async || Ok::<_, RestoreError>(elections(world.store.reader()).await?);
    assert_eq!(restore_creations(world.store.reader(), &world.control, list).await.unwrap().written, 0);
    world.lose("ada").await;
    let wrong = counters(&[("bea", 7), ("kim", 2)]);
    world.control.restore_creations(&counters(&[("bea", 1)]), &wrong).await.unwrap().unwrap();
    assert_eq!(world.counters().await, wrong);
    assert_eq!(restore_creations(world.store.reader(), &world.control, list).await.unwrap().written, 3);
    assert_eq!(world.counters().await, [right, counters(&[("kim", 0)])].into_iter().flatten().collect());
}

#[tokio::test]
async fn elections_created_during_a_recount_are_counted() {
    let world = World::new().await;
    assert!(world.create("ada", 1, 10).await && world.create("ada", 2, 10).await);
    world.lose("ada").await;
    let looks = AtomicU32::new(0);
    // After the list, two more: by one whose counter is lost, and by one who creates the first.
    let list = async || {
        let listed = elections(world.store.reader()).await?;
        if looks.fetch_add(1, Ordering::SeqCst) == 0 {
            assert!(world.create("ada", 3, 10).await && world.create("bea", 4, 10).await);
        }
        Ok::<_, RestoreError>(listed)
    };
    restore_creations(world.store.reader(), &world.control, list).await.unwrap();
    assert_eq!(looks.load(Ordering::SeqCst), 2, "all is counted again");
    assert_eq!(world.counters().await, counters(&[("ada", 3), ("bea", 1)]));
}
