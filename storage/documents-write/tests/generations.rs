//! Generations: which documents are served, and which are written.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue::{L, S};
use photovote_documents::{Changes, ElectionDocument};
use photovote_documents_read::Scope;
use photovote_documents_read::{DocumentError, Generation};
use photovote_documents_write::DocumentStore;
use photovote_domain::{ElectionId, Scale, ShardCount, Version, election::ElectionEvent};
use photovote_test_support::Engine;

const ELECTION: ElectionId = ElectionId::from_bits(7);

fn generation(name: &str) -> Generation {
    name.parse().unwrap()
}

async fn point(engine: &Engine, serving: &str, active: &[&str]) {
    let put = engine.client().put_item().table_name(engine.tables().documents);
    let put = put.item("pk", S("generations".into())).item("sk", S("form-2".into()));
    let put = put.item("serving", S(serving.into()));
    let active = active.iter().map(|name| S((*name).into())).collect();
    put.item("active", L(active)).send().await.unwrap();
}

async fn save(store: &DocumentStore, generation: &Generation, name: &str) {
    let mut document = ElectionDocument::empty(ELECTION);
    let (name, owner) = (name.into(), "ada".into());
    let (scale, shards) = (Scale::default(), ShardCount::default());
    let created = ElectionEvent::ElectionCreated { description: None, name, owner, scale, shards };
    document.apply(Version::new(1), &[created], &mut Changes::default());
    store.save_election(generation, &document, Version::NONE, &Changes::default()).await.unwrap();
}

/// Lets time pass, while nothing waits for it.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn the_tables_are_born_with_a_generation() {
    let engine = Engine::start().await;
    let store = DocumentStore::new(engine.client(), engine.tables().documents);
    let generations = store.reader().generations().await.unwrap();
    assert_eq!((generations.serving, generations.active), (generation("2"), vec![generation("2")]));
}

#[tokio::test]
async fn another_generation_is_served_within_five_seconds() {
    let engine = Engine::start().await;
    let store = DocumentStore::new(engine.client(), engine.tables().documents);
    save(&store, &generation("2"), "old").await;
    save(&store, &generation("3"), "new").await;
    let served = async || store.reader().election(ELECTION, true).await.unwrap().unwrap().election.name;
    assert_eq!(served().await, "old");

    point(&engine, "3", &["2", "3"]).await;
    pass(Duration::from_secs(1)).await;
    assert_eq!(served().await, "old", "remembered");
    pass(Duration::from_secs(4)).await;
    assert_eq!(served().await, "new");
    assert_eq!(store.reader().generations().await.unwrap().active, ["2", "3"].map(generation));
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_at_once_are_all_made() {
    let engine = Engine::start().await;
    let change = async |n: u128| {
        let store = DocumentStore::new(engine.client(), engine.tables().documents);
        let own = generation(&format!("own-{n}"));
        store.register(Scope::Election(ElectionId::from_bits(n)), &own).await.unwrap();
    };
    tokio::join!(change(1), change(2), change(3), change(4), change(5), change(6));
    let store = DocumentStore::new(engine.client(), engine.tables().documents);
    let own = store.generations_now().await.unwrap().own;
    assert_eq!(own.len(), 6, "{own:?}");
}

#[tokio::test]
async fn a_pointer_that_makes_no_sense_is_refused() {
    let engine = Engine::start().await;
    for (serving, active) in [("3", &["2"][..]), ("", &["2"]), ("2#3", &["2#3"]), ("2", &[])] {
        point(&engine, serving, active).await;
        let store = DocumentStore::new(engine.client(), engine.tables().documents);
        let refused = store.reader().generations().await.unwrap_err();
        assert!(matches!(refused, DocumentError::Damaged { .. }), "{serving} {active:?}: {refused}");
    }
}

#[test]
fn a_generation_has_a_plain_name() {
    for name in ["", "a#b", "a b", "ä", &"x".repeat(33)] {
        assert!(name.parse::<Generation>().is_err(), "{name}");
    }
    assert_eq!(generation("2027-01").to_string(), "2027-01");
}
