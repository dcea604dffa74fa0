//! Rebuilding, step by step: what comes of it, and that nothing that happens in between matters.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod fan_out;
mod world;

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use photovote_documents_read::{ChangeError, Scope};
use photovote_documents_write::DocumentStore;
use photovote_domain::{ElectionId, election::ElectionEvent};
use photovote_dynamodb::Item;
use photovote_events::Environment;
use photovote_rebuild::{Deleted, Next, Phase, Plan, RebuildError, Rebuilder, Worked};
use photovote_test_support::{ballot, election, following, voter};
use tokio::time::Instant;
use world::{CASTS, CLOSED, OPEN, PLAN, SHARDS, World, generation, killed_after};

const ONE: Plan = Plan { scope: Scope::Election(CLOSED), ..PLAN };

/// Goes on with a rebuild until it is over, one page of each part after the other.
async fn drive(world: &World, rebuilder: &Rebuilder) -> Result<(), RebuildError> {
    loop {
        world.count().await;
        match rebuilder.advance().await? {
            Next::Nothing => return Ok(()),
            Next::Wait(_) => tokio::task::yield_now().await,
            Next::Work(parts) => {
                for part in parts {
                    assert_ne!(rebuilder.work(part, Instant::now()).await?, Worked::Lost);
                }
            }
        }
    }
}

impl World {
    /// Goes on until the rebuild is over.
    async fn run(&self) -> Phase {
        drive(self, &self.rebuilder).await.unwrap();
        self.status().await.rebuild.phase
    }
}

#[tokio::test]
async fn a_rebuilt_generation_holds_the_same() {
    let world = World::new().await;
    let before = world.holds(&generation("2")).await;
    assert_eq!(before.1[&CLOSED.to_string()].ballots, u64::from(CASTS));
    let rebuild = world.rebuilder.begin(PLAN).await.unwrap();
    assert_eq!(world.run().await, Phase::Switched);
    assert_eq!(world.serving(OPEN).await, rebuild.generation);
    assert_eq!(world.holds(&rebuild.generation).await, before);
    assert_eq!(world.holds(&generation("2")).await, before);
    let status = world.status().await;
    let commits = world.commits(None).await;
    assert_eq!((status.replayed.commits, status.compared.commits), (commits, commits));
    assert_eq!((status.replayed_parts, status.counted_parts, status.compared_parts), (2, 2, 2));
    let found = (status.replayed.poisoned, status.compared.healed, status.compared.lacking, status.compared.differing);
    assert_eq!(found, (0, 0, 0, 0));
}

#[tokio::test]
async fn a_rebuild_brings_back_all_lost_documents() {
    let world = World::new().await;
    let before = world.holds(&generation("2")).await;
    for keys in world.engine.items(world.engine.tables().documents).await.keys() {
        world.engine.delete(world.engine.tables().documents, keys).await;
    }
    let rebuild = world.rebuilder.begin(PLAN).await.unwrap();
    assert_eq!(world.run().await, Phase::Switched);
    assert_eq!(world.holds(&rebuild.generation).await, before);
}

#[tokio::test]
async fn a_rebuild_that_is_killed_anywhere_goes_on() {
    let world = World::new().await;
    let before = world.holds(&generation("2")).await;
    let mut kills = 0;
    let work = async |rebuilder: &Rebuilder| {
        let rebuild = rebuilder.begin(PLAN).await?;
        drive(&world, rebuilder).await.map(|()| rebuild)
    };
    for wakings in std::iter::successors(Some(1), |wakings| Some(wakings + 1 + wakings / 12)) {
        // Whoever goes on knows nothing of whoever was killed. A rebuild that is over is not begun again.
        let status = world.rebuilder.status().await.unwrap();
        if status.is_some_and(|status| status.rebuild.phase.is_over()) {
            break;
        }
        if Box::pin(killed_after(wakings, work(&world.another()))).await.transpose().unwrap().is_none() {
            kills += 1;
        }
    }
    assert!(kills > 10, "{kills}");
    let status = world.status().await;
    assert_eq!(status.rebuild.phase, Phase::Switched);
    let commits = world.commits(None).await;
    assert_eq!((status.replayed.commits, status.compared.commits), (commits, commits));
    assert_eq!(world.holds(&status.rebuild.generation).await, before);
    assert_eq!(world.documents.generations_now().await.unwrap().active, [generation("2"), status.rebuild.generation]);
}

#[tokio::test]
async fn nobody_replays_before_every_projector_knows() {
    let world = World::new().await;
    let began = Environment::system().now().millis();
    let generation = world.rebuilder.begin(Plan { settle_seconds: 3_600, ..PLAN }).await.unwrap().generation;
    for _ in 0..2 {
        let next = world.rebuilder.advance().await.unwrap();
        assert!(matches!(next, Next::Wait(until) if until.millis() >= began + 3_600_000), "{next:?}");
        assert_eq!(world.rebuilder.work(0, Instant::now()).await.unwrap(), Worked::Lost);
    }
    assert_eq!(world.holds(&generation).await, (BTreeMap::new(), BTreeMap::new()));
    assert!(world.documents.generations_now().await.unwrap().active.contains(&generation), "they can know");
}

#[tokio::test]
async fn what_the_replay_missed_the_comparison_finds() {
    let world = World::new().await;
    let new = world.rebuilder.begin(PLAN).await.unwrap().generation;
    loop {
        match world.rebuilder.advance().await.unwrap() {
            Next::Work(_) if world.status().await.rebuild.phase == Phase::Comparing => break,
            Next::Work(parts) => {
                for part in parts {
                    world.rebuilder.work(part, Instant::now()).await.unwrap();
                }
                world.count().await;
            }
            next => assert!(matches!(next, Next::Wait(_)), "{next:?}"),
        }
    }
    // A projector that did not know of it, after all: of a voter, and the election itself.
    let n = CASTS + 90;
    let renamed = ElectionEvent::ElectionNameChanged { name: "Another".into() };
    let opened = election(OPEN, SHARDS, None);
    let renaming = following(&opened, &[renamed]);
    let late = voter(OPEN, SHARDS, n.into(), false).into_iter().chain(ballot(OPEN, SHARDS, n, true));
    let late: Vec<_> = late.chain([renaming]).collect();
    world.engine.write(&late).await;
    assert!(!World::projection(&world.engine).replay(&generation("2"), late).await.again);
    assert_eq!(world.run().await, Phase::Switched);
    assert_eq!(world.holds(&new).await, world.holds(&generation("2")).await);
    let status = world.status().await;
    assert_eq!((status.compared.healed, status.compared.lacking, status.compared.worse), (2, 0, 0));
}

#[tokio::test]
async fn two_workers_on_one_part_do_no_harm() {
    let world = World::new().await;
    let before = world.holds(&generation("2")).await;
    world.rebuilder.begin(PLAN).await.unwrap();
    assert!(matches!(world.rebuilder.advance().await.unwrap(), Next::Wait(_) | Next::Work(_)));
    while matches!(world.rebuilder.advance().await.unwrap(), Next::Wait(_)) {}
    let (one, other) = (world.another(), world.another());
    let long = Instant::now() + Duration::from_mins(1);
    let (one, other) = tokio::join!(one.work(0, long), other.work(0, long));
    let both = [one.unwrap(), other.unwrap()];
    assert!(both.contains(&Worked::Done), "{both:?}");
    assert_eq!(world.run().await, Phase::Switched);
    let status = world.status().await;
    assert_eq!(world.holds(&status.rebuild.generation).await, before);
}

#[tokio::test]
async fn a_generation_is_rolled_back_to_and_then_retired() {
    let world = World::new().await;
    let before = world.holds(&generation("2")).await;
    let new = world.rebuilder.begin(PLAN).await.unwrap().generation;
    world.run().await;
    let refused = world.rebuilder.begin(PLAN).await.unwrap_err();
    assert!(matches!(&refused, RebuildError::Change(ChangeError::Kept(kept)) if *kept == generation("2")), "{refused}");
    assert_eq!(world.rebuilder.roll_back(Scope::All).await.unwrap(), generation("2"));
    assert_eq!(world.serving(CLOSED).await, generation("2"));
    assert_eq!(world.rebuilder.roll_back(Scope::All).await.unwrap(), new);

    let retired = world.rebuilder.retire(Scope::All).await.unwrap();
    assert_eq!(retired, [generation("2")]);
    assert_eq!(world.rebuilder.retire(Scope::All).await.unwrap(), retired, "until it is deleted");
    let gone = [generation("2"), new.clone()];
    let deleted = world.rebuilder.delete(&gone, None, Instant::now() + Duration::from_mins(1)).await.unwrap();
    assert_eq!(deleted, Deleted::All);
    assert_eq!(world.holds(&generation("2")).await, (BTreeMap::new(), BTreeMap::new()));
    assert_eq!(world.holds(&new).await, before, "what is served is not deleted, whoever asks for it");
    let alone = world.rebuilder.retire(Scope::All).await.unwrap_err();
    assert!(matches!(alone, RebuildError::Change(ChangeError::Alone(_))), "{alone}");
    world.rebuilder.begin(PLAN).await.unwrap();
}

#[tokio::test]
async fn one_election_is_rebuilt_by_itself() {
    let world = World::new().await;
    let table = world.engine.tables().documents;
    let whole = world.holds(&generation("2")).await.1;
    for keys in world.engine.items(table).await.keys().filter(|(pk, _)| *pk == format!("2#{CLOSED}")) {
        if keys.1 == "tally" {
            world.engine.delete(table, keys).await;
        }
    }
    let results = async || world.documents.reader().results_input(CLOSED, true).await.unwrap().unwrap().1;
    assert_eq!(results().await, None, "the shards are counted, and their sum is lost");

    let new = world.rebuilder.begin(ONE).await.unwrap().generation;
    let busy = world.rebuilder.begin(PLAN).await.unwrap_err();
    assert!(matches!(&busy, RebuildError::Busy(generation) if *generation == new), "{busy}");
    assert_eq!(world.run().await, Phase::Switched);
    let status = world.status().await;
    assert_eq!((status.compared.differing, status.compared.lacking), (0, 0));
    assert_eq!((world.serving(CLOSED).await, world.serving(OPEN).await), (new.clone(), generation("2")));
    let (items, tallies) = world.holds(&new).await;
    assert_eq!(tallies, [(CLOSED.to_string(), whole[&CLOSED.to_string()].clone())].into());
    assert!(items.keys().all(|(pk, sk)| pk.contains(&CLOSED.to_string()) || *sk == CLOSED.to_string()));
    let reader = DocumentStore::new(world.engine.client(), table);
    assert_eq!(
        reader.reader().results_input(CLOSED, true).await.unwrap().unwrap().1.unwrap().ballots,
        u64::from(CASTS)
    );
    assert_eq!(reader.reader().voters(CLOSED, None, 100).await.unwrap().items.len(), 32);
    assert_eq!(reader.reader().elections_of(&"ada".parse().unwrap(), None, 9).await.unwrap().items.len(), 2);

    // What is rebuilt of everything knows of it, too; and what is returned to is what was served.
    let all = world.rebuilder.begin(PLAN).await.unwrap().generation;
    assert_eq!(world.run().await, Phase::Switched);
    assert_eq!(world.serving(CLOSED).await, all);
    world.rebuilder.roll_back(Scope::All).await.unwrap();
    assert_eq!(world.serving(CLOSED).await, new);
    world.rebuilder.roll_back(ONE.scope).await.unwrap();
    assert_eq!(world.serving(CLOSED).await, generation("2"));
}

#[tokio::test]
async fn what_cannot_be_applied_is_in_nobodys_way() {
    let world = World::new().await;
    let before = world.holds(&generation("2")).await;
    let events = world.engine.tables().events;
    let text = |text: &str| AttributeValue::S(text.into());
    let no_commit = Item::from([("pk".into(), text("no")), ("sk".into(), text("commit"))]);
    let put = world.engine.client().put_item().table_name(events).set_item(Some(no_commit));
    put.send().await.unwrap();
    // An event that nobody knows, at the end of the election's stream and in a ballot of its own.
    let mut strange = election(OPEN, SHARDS, Some(0)).remove(4);
    strange.events[0].event_type = "ElectionHaunted".into();
    let mut ghost = ballot(OPEN, SHARDS, 99, true).remove(2);
    ghost.events[0].event_type = "BallotHaunted".into();
    world.engine.write(&[strange, ghost]).await;

    let rebuild = world.rebuilder.begin(PLAN).await.unwrap();
    assert_eq!(world.run().await, Phase::Switched, "what is served lacks it as well");
    let status = world.status().await;
    assert_eq!((status.replayed.poisoned, status.compared.worse), (2, 0));
    assert!(status.compared.lacking >= 2, "{status:?}");
    assert_eq!(world.holds(&rebuild.generation).await, before);
}

#[tokio::test]
async fn a_generation_worse_than_the_served_one_is_refused() {
    let world = World::new().await;
    let before = world.holds(&generation("2")).await;
    // History has a hole: what is served was made before.
    let stream = election(OPEN, SHARDS, None);
    let lost = (stream[2].stream.partition(), stream[2].stream.sort_key(stream[2].first));
    world.engine.delete(world.engine.tables().events, &lost).await;
    let new = world.rebuilder.begin(PLAN).await.unwrap().generation;
    assert_eq!(world.run().await, Phase::Refused);
    assert_eq!(world.serving(OPEN).await, generation("2"));
    assert_eq!(world.holds(&generation("2")).await, before);
    let status = world.status().await;
    assert_eq!(status.compared.worse, 1, "{status:?}");
    assert_eq!(world.rebuilder.retire(Scope::All).await.unwrap(), [new]);
}

#[tokio::test]
async fn an_election_that_is_not_there_is_not_rebuilt() {
    let world = World::new().await;
    let nobody = Plan { scope: Scope::Election(ElectionId::from_bits(9)), ..PLAN };
    assert!(matches!(world.rebuilder.begin(nobody).await, Err(RebuildError::Absent(_))));
    assert_eq!(world.rebuilder.status().await.unwrap(), None);
    assert_eq!(world.documents.generations_now().await.unwrap().active, [generation("2")]);
}

#[tokio::test]
async fn a_generation_that_is_not_counted_is_not_served() {
    let world = World::new().await;
    // Something has happened to the gates since: what is served was counted before.
    world.engine.close_gate(CLOSED, 0, 1).await;
    let plan = Plan { count_seconds: 0, ..PLAN };
    world.rebuilder.begin(plan).await.unwrap();
    assert_eq!(world.run().await, Phase::Refused);
    assert_eq!(world.serving(CLOSED).await, generation("2"));
    assert!(world.status().await.compared.worse > 0);
}

#[tokio::test]
async fn the_voters_of_a_deleted_election_do_not_come_back() {
    let world = World::new().await;
    let history = world.history(CLOSED).await;
    world.engine.write(&[following(&history, &[ElectionEvent::ElectionDeleted {}])]).await;
    let new = world.rebuilder.begin(PLAN).await.unwrap().generation;
    assert_eq!(world.run().await, Phase::Switched);
    let held = world.holds(&new).await.0;
    let of_voters: Vec<_> = held.keys().filter(|(pk, _)| *pk == format!("voters#{CLOSED}")).collect();
    assert_eq!(of_voters, Vec::<&(String, String)>::new());
    assert!(held.keys().any(|(pk, _)| *pk == format!("voters#{OPEN}")), "the others are there");
}
