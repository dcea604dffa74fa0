//! Streams that are read from their ends: what that reads, and that it says what the whole stream says.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use photovote_domain::{
    Ballot, BallotId, CandidateId, Digest, ElectionId, Nonce, Ratings, Receipt, Shard, ShardCount, Timestamp, Version,
    ballot::{BallotEvent, Status},
};
use photovote_events::{Actor, CommandRecord, Environment, EventReader, History, Known, LoadError, Stream, verify};
use photovote_events_append::EventStore;
use photovote_test_support::{Engine, units::ReadUnits};

const ELECTION: ElectionId = ElectionId::from_bits(7);
/// The most candidates that an election has.
const CANDIDATES: usize = 2_000;
/// How many commands a function that appends knows.
const KNOWN: u16 = 100;

fn stream() -> Stream {
    Stream::ballot(ELECTION, ShardCount::default(), BallotId::from_bits(8))
}

fn token(number: u8) -> Digest {
    Digest::of(&[number])
}

fn created() -> BallotEvent {
    BallotEvent::BallotCreated { token: token(1) }
}

fn saved(saves: usize) -> BallotEvent {
    let draft = "a".repeat(CANDIDATES).parse().unwrap();
    BallotEvent::BallotSaved { draft, saves, token: token(1) }
}

fn rated(number: usize) -> BallotEvent {
    BallotEvent::BallotCandidateRated { candidate: CandidateId::from_bits(number as u128), rating: 3 }
}

fn cast(candidates: usize) -> BallotEvent {
    let ratings = (0..candidates).map(|number| (CandidateId::from_bits(number as u128), 10)).collect();
    BallotEvent::BallotCast { nonce: Nonce::from_bytes([1; 32]), ratings }
}

fn sealed() -> BallotEvent {
    let receipt = Receipt::of(ELECTION, Shard::new(7).unwrap(), &Ratings::new(), &Nonce::from_bytes([1; 32]));
    BallotEvent::BallotSealed { receipt, token: token(1) }
}

fn record(id: usize) -> CommandRecord {
    let digest = Digest::of(&id.to_be_bytes());
    CommandRecord::new("RateCandidates", Actor::Voter, digest, Timestamp::from_millis(1_790_000_000_000))
}

/// A store whose reading is metered, and a ballot with these events, each by a command of its own.
async fn ballot(events: impl IntoIterator<Item = BallotEvent>) -> (Engine, EventStore, ReadUnits, History<Ballot>) {
    let engine = Engine::start().await;
    let (client, _, read) = engine.metered_client();
    let store = EventStore::new(client, engine.tables().events, Environment::system());
    let mut history = History::empty(stream());
    for (number, event) in events.into_iter().enumerate() {
        history = store.execute(history, &record(number), |_| true, |_| Ok(vec![event.clone()])).await.unwrap().history;
    }
    read.take();
    (engine, store, read, history)
}

async fn end(reader: &EventReader) -> History<Ballot> {
    reader.load_end(stream()).await.unwrap()
}

#[tokio::test]
async fn a_draft_of_any_length_is_read_for_one_unit() {
    for count in [0, 1, 150] {
        let events = std::iter::once(created()).chain((1..=count).map(saved));
        let (_engine, store, read, whole) = ballot(events).await;
        let end = end(store.reader()).await;
        assert_eq!(read.take(), 1, "{count} saves");
        assert_eq!((&end.state(), end.version(), end.head()), (&whole.state(), whole.version(), whole.head()));
    }
}

#[tokio::test]
async fn the_last_hundred_commands_cost_at_most_80_units() {
    let events = std::iter::once(created()).chain((1..=150).map(saved));
    let (_engine, store, read, _) = ballot(events).await;
    let mut history = end(store.reader()).await;
    store.reader().know_commands(&mut history, KNOWN).await.unwrap();
    let units = read.take();
    assert!(units <= 80, "{units}");
    let known = |number: usize| history.known(&record(number));
    assert_eq!(known(150), Known::Done(Version::new(151)));
    assert_eq!(known(51), Known::Done(Version::new(52)));
    assert_eq!(known(50), Known::No);
    assert_eq!(
        history.hash_at(Version::new(52)),
        store.reader().commits_after(&stream(), Version::new(51)).await.unwrap().first().map(|c| c.hash)
    );
    // What is known already is not read again, nor is what is not there.
    read.take();
    store.reader().know_commands(&mut history, KNOWN).await.unwrap();
    assert_eq!(read.take(), 0);
    let (_engine, store, read, _) = ballot([created(), saved(1)]).await;
    let mut history = end(store.reader()).await;
    store.reader().know_commands(&mut history, KNOWN).await.unwrap();
    assert_eq!((history.commands(), read.take()), (2, 1 + 1));
}

#[tokio::test]
async fn a_cast_ballot_is_read_for_at_most_two_units() {
    // A small one says all but the token, which stands in the commit before.
    let (_engine, store, read, whole) = ballot([created(), saved(1), cast(100)]).await;
    let history = end(store.reader()).await;
    assert_eq!((&history.state(), read.take()), (&whole.state(), 2));
    assert_eq!((history.state().status, history.state().token), (Status::Cast, Some(token(1))));
    assert!(history.ends_with(record(2).private.id) && !history.ends_with(record(1).private.id));

    // A large one has a seal, which is a commit of its own.
    let (_engine, store, read, draft) = ballot([created(), saved(1)]).await;
    let decide = |_: &Ballot| Ok(vec![cast(CANDIDATES), sealed()]);
    let done = store.execute(draft, &record(2), |_| true, decide).await.unwrap();
    read.take();
    let history = end(store.reader()).await;
    assert_eq!(read.take(), 1);
    assert_eq!((&history.state(), history.head()), (&done.history.state(), done.history.head()));
    assert_eq!((history.state().status, history.state().token), (Status::Cast, Some(token(1))));
    assert!(history.state().ratings.is_empty() && history.ends_with(record(2).private.id));
    let commits = store.reader().commits_after(&stream(), Version::NONE).await.unwrap();
    assert_eq!(commits.iter().map(|commit| commit.events.len()).collect::<Vec<_>>(), [1; 4]);
    verify(&commits).unwrap();
    assert_eq!(store.reader().load::<Ballot>(stream()).await.unwrap().state(), history.state());
}

#[tokio::test]
async fn a_draft_of_single_ratings_is_read_to_its_beginning() {
    let events = || std::iter::once(created()).chain((0..20).map(rated));
    for last in [rated(3), cast(20), BallotEvent::BallotRatingCleared { candidate: CandidateId::from_bits(3) }] {
        let (_engine, store, _, whole) = ballot(events().chain([last])).await;
        let mut history = end(store.reader()).await;
        assert_eq!((&history.state(), history.version(), history.commands()), (&whole.state(), whole.version(), 22));
        store.reader().know_commands(&mut history, KNOWN).await.unwrap();
        assert_eq!(history.commands(), 22);
    }
    let (_engine, store, _, whole) = ballot([]).await;
    assert_eq!(end(store.reader()).await.state(), whole.state(), "nothing is there");
}

#[tokio::test]
async fn an_end_goes_on_like_the_whole_stream() {
    let (_engine, store, _, _) = ballot([created(), saved(1)]).await;
    let (one, other) = (end(store.reader()).await, end(store.reader()).await);
    let save = |number| move |_: &Ballot| Ok(vec![saved(number)]);
    let done = store.execute(one, &record(7), |_| true, save(2)).await.unwrap();
    assert_eq!(done.history.hash_at(done.version), Some(done.history.head()));
    // This one is behind, and reads what is new.
    let done = store.execute(other, &record(8), |_| true, save(3)).await.unwrap();
    assert_eq!((done.version, done.history.state().saves), (Version::new(4), 3));
    verify(&store.reader().commits_after(&stream(), Version::NONE).await.unwrap()).unwrap();
}

#[tokio::test]
async fn a_missing_commit_before_the_end_is_noticed() {
    let events = std::iter::once(created()).chain((1..=3).map(saved));
    let (engine, store, _, _) = ballot(events).await;
    let mut history = end(store.reader()).await;
    let keys = (stream().partition(), stream().sort_key(Version::new(3)));
    engine.delete(engine.tables().events, &keys).await;
    let known = store.reader().know_commands(&mut history, KNOWN).await;
    assert!(matches!(known, Err(LoadError::Broken { version, .. }) if version == Version::new(3)), "{known:?}");
}
