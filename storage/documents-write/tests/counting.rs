//! What was counted: written twice it is the same, and it is public as long as the election is there.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use photovote_documents::{Changes, ElectionDocument, PublicDocument};
use photovote_documents_read::{DocumentError, Generation, PublicHeader, Released};
use photovote_documents_write::{DocumentStore, Saved};
use photovote_domain::{
    CandidateId, Digest, ElectionId, Nonce, Ratings, Receipt, Scale, Shard, ShardCount, Tally, Version,
    election::ElectionEvent as E,
};
use photovote_test_support::Engine;

const ELECTION: ElectionId = ElectionId::from_bits(7);
/// More receipts than three items have.
const BALLOTS: u16 = 400;

fn generation() -> Generation {
    "2".parse().unwrap()
}

fn shard(number: u8) -> Shard {
    Shard::new(number).unwrap()
}

/// The receipt of ballot `n`, in shard 3.
fn receipt(n: u16) -> Receipt {
    let ratings = Ratings::from([(CandidateId::from_bits(u128::from(n % 3)), 4)]);
    let mut nonce = [0; 32];
    nonce[..2].copy_from_slice(&n.to_be_bytes());
    Receipt::of(ELECTION, shard(3), &ratings, &Nonce::from_bytes(nonce))
}

fn receipts(numbers: std::ops::Range<u16>) -> Vec<Digest> {
    numbers.map(|n| *receipt(n).digest()).collect()
}

fn tally(ballots: u64) -> Tally {
    let mut tally = Tally::default();
    for _ in 0..ballots {
        tally.count(&Ratings::from([(CandidateId::from_bits(1), 4)]));
    }
    tally
}

fn store(engine: &Engine) -> DocumentStore {
    DocumentStore::new(engine.client(), engine.tables().documents)
}

/// Saves an election to which this has happened.
async fn save(store: &DocumentStore, events: &[E]) -> ElectionDocument {
    let mut document = ElectionDocument::empty(ELECTION);
    let (name, owner) = ("Autumn".into(), "ada".into());
    let (scale, shards) = (Scale::default(), ShardCount::default());
    let created = E::ElectionCreated { description: None, name, owner, scale, shards };
    document.apply(Version::new(1), &[&[created], events].concat(), &mut Changes::default());
    store.save_election(&generation(), &document, Version::NONE, &Changes::default()).await.unwrap();
    document
}

async fn items(engine: &Engine) -> BTreeMap<(String, String), photovote_dynamodb::Item> {
    engine.items(engine.tables().documents).await.into_iter().collect()
}

#[tokio::test]
async fn a_shard_counted_twice_is_stored_identically() {
    let engine = Engine::start().await;
    let store = store(&engine);
    let all = receipts(0..BALLOTS);
    store.save_shard(&generation(), ELECTION, shard(3), &tally(9), all.clone()).await.unwrap();
    let once = items(&engine).await;
    assert_eq!(once.len(), 1 + usize::from(BALLOTS).div_ceil(120), "a tally, and receipts by the hundred");
    let backwards = all.into_iter().rev().collect();
    store.save_shard(&generation(), ELECTION, shard(3), &tally(9), backwards).await.unwrap();
    assert_eq!(items(&engine).await, once);

    let counted = store.counted_shards(&generation(), ELECTION).await.unwrap();
    assert_eq!(counted.keys().collect::<Vec<_>>(), [&shard(3)]);
    assert_eq!(counted[&shard(3)].tally, tally(9));
    assert_eq!(store.receipts_of(&generation(), ELECTION, shard(3)).await, Ok(counted[&shard(3)].receipts));
    assert_eq!(store.reader().counted_so_far(ELECTION).await, Ok(9));
}

#[tokio::test]
async fn a_receipt_is_found_with_one_query_of_one_item() {
    let engine = Engine::start().await;
    store(&engine).save_shard(&generation(), ELECTION, shard(3), &tally(9), receipts(0..BALLOTS)).await.unwrap();
    let (client, calls) = engine.counting_client();
    let store = DocumentStore::new(client, engine.tables().documents);
    store.reader().generations().await.unwrap();
    calls.take();
    for n in 0..BALLOTS {
        assert_eq!(store.reader().receipt(ELECTION, &receipt(n)).await, Ok(true));
    }
    assert_eq!(calls.take(), BTreeMap::from([("Query".to_owned(), BALLOTS.into())]));
    for unknown in (BALLOTS..2 * BALLOTS).map(receipt) {
        assert_eq!(store.reader().receipt(ELECTION, &unknown).await, Ok(false));
    }
    let elsewhere: Receipt = receipt(1).to_string().replacen("3-", "4-", 1).parse().unwrap();
    assert_eq!(store.reader().receipt(ELECTION, &elsewhere).await, Ok(false));
    assert_eq!(store.reader().receipt(ElectionId::from_bits(8), &receipt(1)).await, Ok(false));
}

#[tokio::test]
async fn a_missing_block_of_receipts_is_noticed() {
    let engine = Engine::start().await;
    let store = store(&engine);
    store.save_shard(&generation(), ELECTION, shard(3), &tally(9), receipts(0..BALLOTS)).await.unwrap();
    let whole = store.receipts_of(&generation(), ELECTION, shard(3)).await.unwrap();
    let block = items(&engine).await.into_keys().find(|(pk, _)| pk.contains("#receipts#")).unwrap();
    engine.delete(engine.tables().documents, &block).await;
    assert_ne!(store.receipts_of(&generation(), ELECTION, shard(3)).await.unwrap(), whole);
}

#[tokio::test]
async fn a_count_is_public_only_until_the_deletion() {
    let engine = Engine::start().await;
    let store = store(&engine);
    let released = Released { results: "a".repeat(32), election: "b".repeat(32), digest: Some(Digest::of(b"results")) };
    let public = PublicHeader { released: Some(released.clone()) };
    let results = PublicDocument { tag: released.results.clone(), compressed: vec![7; 900_000] };
    assert_eq!(store.save_count(&generation(), ELECTION, &tally(2), &public).await, Ok(Saved::Moved), "no election");

    let mut document = save(&store, &[E::ElectionClosed { casts: 2, digest_follows: true, registered: Some(3) }]).await;
    assert_eq!(store.reader().results_input(ELECTION, true).await.unwrap(), Some((document.clone(), None)));
    store.save_public_document(&generation(), ELECTION, &results).await.unwrap();
    assert_eq!(store.reader().public(ELECTION).await, Ok(None), "what no header names is not there");
    assert_eq!(store.save_count(&generation(), ELECTION, &tally(2), &public).await, Ok(Saved::Yes));
    assert_eq!(store.reader().results_input(ELECTION, true).await.unwrap(), Some((document.clone(), Some(tally(2)))));
    assert_eq!(store.reader().public(ELECTION).await, Ok(Some(public.clone())));
    assert_eq!(store.reader().public_document(ELECTION, &released.results).await, Ok(results));

    let late = store.save_count(&generation(), ELECTION, &tally(2), &PublicHeader::default()).await;
    assert_eq!(late, Ok(Saved::Moved), "a worker who does not know of the release");

    let (before, mut changes) = (document.version, Changes::default());
    document.apply(before.plus(1), &[E::ElectionDeleted {}], &mut changes);
    assert_eq!(store.save_election(&generation(), &document, before, &changes).await, Ok(Saved::Yes));
    assert_eq!(store.reader().public(ELECTION).await, Ok(None), "from the same moment on");
    assert_eq!(store.save_count(&generation(), ELECTION, &tally(2), &public).await, Ok(Saved::Moved));
}

#[tokio::test]
async fn a_deleted_election_leaves_nothing_but_its_header() {
    let engine = Engine::start().await;
    let store = store(&engine);
    let shards = ShardCount::default();
    save(&store, &[E::ElectionDeleted {}]).await;
    let header = items(&engine).await;
    assert_eq!(store.has_left(&generation(), ELECTION, shards).await, Ok(false));
    store.save_shard(&generation(), ELECTION, shard(3), &tally(9), receipts(0..BALLOTS)).await.unwrap();
    let results = PublicDocument { tag: "a".into(), compressed: vec![7; 900] };
    store.save_public_document(&generation(), ELECTION, &results).await.unwrap();
    assert_eq!(store.has_left(&generation(), ELECTION, shards).await, Ok(true));
    assert_eq!(store.clear_page(&generation(), ELECTION, shards).await, Ok(false));
    assert_eq!(items(&engine).await, header);
    assert_eq!(store.has_left(&generation(), ELECTION, shards).await, Ok(false));
}

#[tokio::test]
async fn a_shard_can_be_counted_again() {
    let engine = Engine::start().await;
    let store = store(&engine);
    save(&store, &[E::ElectionClosed { casts: 2, digest_follows: true, registered: Some(3) }]).await;
    store.save_shard(&generation(), ELECTION, shard(3), &tally(2), receipts(0..2)).await.unwrap();
    store.save_count(&generation(), ELECTION, &tally(2), &PublicHeader::default()).await.unwrap();
    store.discard_shards(&generation(), ELECTION, [shard(3)]).await.unwrap();
    assert!(store.counted_shards(&generation(), ELECTION).await.unwrap().is_empty());
    assert_eq!(store.reader().results_input(ELECTION, true).await.unwrap().unwrap().1, None);
}

#[tokio::test]
async fn a_damaged_tally_is_named() {
    use aws_sdk_dynamodb::{
        primitives::Blob,
        types::AttributeValue::{B, S},
    };
    let engine = Engine::start().await;
    let store = store(&engine);
    save(&store, &[]).await;
    let put = engine.client().put_item().table_name(engine.tables().documents);
    let put = put.item("pk", S(format!("2#{ELECTION}"))).item("sk", S("tally".into()));
    put.item("cells", B(Blob::new([9]))).send().await.unwrap();
    let error = store.reader().results_input(ELECTION, true).await.unwrap_err();
    assert!(matches!(&error, DocumentError::Damaged { reason, .. } if reason.contains("format 9")), "{error}");
}
