//! Counting: every ballot once, whoever counts it and however often.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{
    primitives::Blob,
    types::AttributeValue::{B, N, S},
};
use photovote_document_store::{DocumentError, DocumentStore, Generation};
use photovote_domain::{
    CandidateId, ElectionId, Histogram, Nonce, Ratings, Receipt, Scale, Shard, ShardCount, Tally, Version,
    election::ElectionEvent,
};
use photovote_projections::{CastBallot, Changes, ElectionDocument};
use photovote_testing::Engine;

const ELECTION: ElectionId = ElectionId::from_bits(7);

fn generation() -> Generation {
    "1".parse().unwrap()
}

/// Ballot `n` of the election: it rates one of three candidates.
fn ballot(n: u16) -> CastBallot {
    let ratings = Ratings::from([(CandidateId::from_bits(u128::from(n % 3)), u8::try_from(n % 5).unwrap() + 1)]);
    let mut nonce = [0; 32];
    nonce[..2].copy_from_slice(&n.to_be_bytes());
    let shard = Shard::new(u8::try_from(n % 16).unwrap()).unwrap();
    CastBallot { receipt: Receipt::of(ELECTION, shard, &ratings, &Nonce::from_bytes(nonce)), ratings }
}

fn ballots(range: std::ops::Range<u16>) -> Vec<CastBallot> {
    range.map(ballot).collect()
}

fn sum(ballots: &[CastBallot]) -> Tally {
    let mut tally = Tally::default();
    for ballot in ballots {
        tally.count(&ballot.ratings);
    }
    tally
}

/// A store with an election in it, so that its results can be asked for.
async fn store(engine: &Engine) -> DocumentStore {
    let store = DocumentStore::new(engine.client(), engine.tables().documents);
    let mut document = ElectionDocument::empty(ELECTION);
    let (name, owner) = ("Autumn".into(), "ada".into());
    let (scale, shards) = (Scale::default(), ShardCount::default());
    let created = ElectionEvent::ElectionCreated { description: None, name, owner, scale, shards };
    document.apply(Version::new(1), &[created], &mut Changes::default());
    store.save_election(&generation(), &document, Version::NONE, &Changes::default()).await.unwrap();
    store
}

async fn counted(store: &DocumentStore) -> Tally {
    store.results_input(ELECTION, false).await.unwrap().unwrap().1
}

#[tokio::test]
async fn ballots_are_counted_within_the_budget() {
    let engine = Engine::start().await;
    let (client, calls) = engine.counting_client();
    let counting = DocumentStore::new(client, engine.tables().documents);
    for (n, transactions) in [(0..1, 1), (1..99, 1), (99..198, 2), (198..500, 4)] {
        counting.count(&generation(), ELECTION, ballots(n)).await.unwrap();
        let budget = [("GetItem".to_owned(), 1), ("TransactWriteItems".to_owned(), transactions)];
        assert_eq!(calls.take(), BTreeMap::from(budget));
    }
    assert_eq!(counted(&store(&engine).await).await, sum(&ballots(0..500)));
    counting.count(&generation(), ELECTION, []).await.unwrap();
    assert_eq!(calls.take(), BTreeMap::new());
}

#[tokio::test]
async fn a_ballot_that_comes_again_is_not_counted_again() {
    let engine = Engine::start().await;
    let store = store(&engine).await;
    let twice = [ballots(0..120), ballots(60..130)].concat();
    store.count(&generation(), ELECTION, twice).await.unwrap();
    assert_eq!(counted(&store).await, sum(&ballots(0..130)));
    store.count(&generation(), ELECTION, ballots(0..130)).await.unwrap();
    // Old and new ones, mixed in every transaction.
    store.count(&generation(), ELECTION, ballots(50..300)).await.unwrap();
    assert_eq!(counted(&store).await, sum(&ballots(0..300)));
}

#[tokio::test]
async fn a_count_that_broke_off_is_finished_by_the_next() {
    let engine = Engine::start().await;
    let store = store(&engine).await;
    let all = ballots(0..300);
    // What a crash after the first transaction leaves: the receipts of one chunk, in the order of the receipts.
    let mut sorted = all.clone();
    sorted.sort_by_key(|ballot| ballot.receipt);
    store.count(&generation(), ELECTION, sorted[..98].to_vec()).await.unwrap();
    store.count(&generation(), ELECTION, all.clone()).await.unwrap();
    assert_eq!(counted(&store).await, sum(&all));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ballots_that_many_count_at_once_are_counted_once() {
    let engine = Engine::start().await;
    let store = store(&engine).await;
    let counters = (0..6).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { store.count(&generation(), ELECTION, ballots(n * 40..n * 40 + 200)).await })
    });
    for counter in counters.collect::<Vec<_>>() {
        counter.await.unwrap().unwrap();
    }
    assert_eq!(counted(&store).await, sum(&ballots(0..400)));
}

#[tokio::test]
async fn a_receipt_is_there_once_its_ballot_is_counted() {
    let engine = Engine::start().await;
    let (client, calls) = engine.counting_client();
    let store = DocumentStore::new(client, engine.tables().documents);
    store.generations().await.unwrap();
    store.count(&generation(), ELECTION, [ballot(1)]).await.unwrap();
    calls.take();
    assert_eq!(store.receipt(ELECTION, &ballot(1).receipt).await, Ok(true));
    assert_eq!(calls.take(), BTreeMap::from([("GetItem".to_owned(), 1)]));
    assert_eq!(store.receipt(ELECTION, &ballot(2).receipt).await, Ok(false));
    assert_eq!(store.receipt(ElectionId::from_bits(8), &ballot(1).receipt).await, Ok(false));
}

#[tokio::test]
async fn elections_are_counted_apart() {
    let engine = Engine::start().await;
    let store = store(&engine).await;
    store.count(&generation(), ElectionId::from_bits(8), ballots(0..10)).await.unwrap();
    assert_eq!(counted(&store).await, Tally::default());
    store.count(&generation(), ELECTION, [ballot(0)]).await.unwrap();
    let cells = counted(&store).await.candidates;
    assert_eq!(cells, [(CandidateId::from_bits(0), Histogram([0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]))].into());
}

#[tokio::test]
async fn a_damaged_tally_is_not_counted_on() {
    let engine = Engine::start().await;
    let store = store(&engine).await;
    for part in 0..8 {
        let put = engine.client().put_item().table_name(engine.tables().documents);
        let put = put.item("pk", S(format!("1#{ELECTION}"))).item("sk", S(format!("tally#{part}")));
        put.item("version", N("1".into())).item("cells", B(Blob::new([9]))).send().await.unwrap();
    }
    let error = store.count(&generation(), ELECTION, [ballot(1)]).await.unwrap_err();
    assert!(matches!(&error, DocumentError::Damaged { reason, .. } if reason.contains("format 9")), "{error}");
    assert_eq!(store.receipt(ELECTION, &ballot(1).receipt).await, Ok(false));
}
