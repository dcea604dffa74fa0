//! The event store over the engine: appending, conflicts, repeated commands, lost answers, long streams.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use aws_sdk_dynamodb::{
    Client,
    error::{BoxError, ProvideErrorMetadata},
    types::AttributeValue,
};
use aws_smithy_runtime_api::{
    client::{
        interceptors::{Intercept, context::BeforeDeserializationInterceptorContextMut, dyn_dispatch_hint},
        orchestrator::Metadata,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::{body::SdkBody, config_bag::ConfigBag};
use photovote_coordination_write::Control;
use photovote_domain::{
    Aggregate, Ballot, BallotId, CandidateId, Digest, Election, ElectionId, Links, Nonce, Ratings, Shard, ShardCount,
    Timestamp, Version,
    ballot::{BallotEvent, BallotRejection, Status},
    election::{Context, ElectionCommand, ElectionEvent, ElectionRejection, NewElection},
};
use photovote_events::{Actor, CommandRecord, Commit, Environment, History, LoadError, Snapshot, Stream, verify};
use photovote_events_append::{AppendError, Done, EventStore, ExecuteError};
use photovote_test_support::Engine;

const ELECTION: ElectionId = ElectionId::from_bits(7);
const BALLOT: BallotId = BallotId::from_bits(8);

fn stream() -> Stream {
    Stream::ballot(ELECTION, ShardCount::default(), BALLOT)
}

fn store(engine: &Engine, client: Client) -> EventStore {
    EventStore::new(client, engine.tables().events, Environment::system())
}

/// A command of this name, id and fingerprint.
fn record(id: &str, request: &str) -> CommandRecord {
    let mut record = CommandRecord::new("Test", Actor::Voter, Digest::of(id.as_bytes()), Timestamp::from_millis(1));
    record.private.fingerprint = Digest::of(request.as_bytes());
    record
}

fn rated(candidate: u128, rating: u8) -> BallotEvent {
    BallotEvent::BallotCandidateRated { candidate: CandidateId::from_bits(candidate), rating }
}

type Answer = Result<Done<Ballot>, ExecuteError<BallotRejection>>;

/// Appends these events with a command of its own.
async fn append(store: &EventStore, history: History<Ballot>, id: &str, events: Vec<BallotEvent>) -> Answer {
    store.execute(history, &record(id, id), |_| true, |_| Ok(events.clone())).await
}

#[tokio::test]
async fn what_is_appended_is_loaded() {
    let engine = Engine::start().await;
    let store = store(&engine, engine.client());
    let created = BallotEvent::BallotCreated { token: Digest::of(b"token") };
    let done = append(&store, History::empty(stream()), "create", vec![created]).await.unwrap();
    assert_eq!(done.version, Version::new(1));
    let done = append(&store, done.history, "rate", vec![rated(1, 3), rated(2, 5)]).await.unwrap();
    assert_eq!(done.version, Version::new(3));

    let loaded: History<Ballot> = store.reader().load(stream()).await.unwrap();
    assert_eq!(loaded.version(), Version::new(3));
    assert_eq!(loaded.state(), done.history.state());
    assert_eq!(loaded.head(), done.history.head());
    assert_eq!(loaded.state().ratings, Ratings::from([(CandidateId::from_bits(1), 3), (CandidateId::from_bits(2), 5)]));
    verify(&store.reader().commits_after(&stream(), Version::NONE).await.unwrap()).unwrap();
}

#[tokio::test]
async fn a_command_without_events_writes_nothing() {
    let engine = Engine::start().await;
    let (client, calls) = engine.counting_client();
    let done = append(&store(&engine, client), History::empty(stream()), "nothing", Vec::new()).await.unwrap();
    assert_eq!((done.version, done.repeated), (Version::NONE, false));
    assert!(calls.take().is_empty());
}

#[tokio::test]
async fn a_commit_can_insist_that_another_stream_is_still() {
    let engine = Engine::start().await;
    let store = store(&engine, engine.client());
    let other = Stream::Ballot(ELECTION, Shard::new(0).unwrap(), BallotId::from_bits(99));
    let seen = append(&store, History::empty(other), "first", vec![rated(1, 3)]).await.unwrap().history;
    let insist = async |id: &str, on: &History<Ballot>, version: Version| {
        let history = store.reader().load::<Ballot>(stream()).await.unwrap();
        let still = |_: &Commit| Ok(vec![store.unmoved(on)?]);
        let done = store.execute_with(history, &record(id, id), |_| true, |_| Ok(vec![rated(2, 4)]), still).await;
        let blocked = matches!(&done, Err(ExecuteError::Blocked(reasons)) if reasons[0].is_condition());
        assert_eq!(store.reader().load::<Ballot>(stream()).await.unwrap().version(), version);
        blocked
    };
    assert!(!insist("still", &seen, Version::new(1)).await);
    let moved = append(&store, seen.clone(), "second", vec![rated(2, 5)]).await.unwrap().history;
    assert!(insist("moved", &seen, Version::new(1)).await, "something has happened to it");
    assert!(!insist("again", &moved, Version::new(2)).await);
}

#[tokio::test]
async fn the_second_of_two_writers_decides_again() {
    let engine = Engine::start().await;
    let store = store(&engine, engine.client());
    append(&store, History::empty(stream()), "first", vec![rated(1, 3)]).await.unwrap();
    // This one has not seen the first.
    let mut seen = Vec::new();
    let decide = |ballot: &Ballot| {
        seen.push(ballot.ratings.len());
        Ok(vec![rated(2, 4)])
    };
    let done = store.execute(History::empty(stream()), &record("b", "b"), |_| true, decide).await.unwrap();
    assert_eq!(seen, [0, 1]);
    assert_eq!(done.version, Version::new(2));
    assert_eq!(done.history.state().ratings.len(), 2);
}

#[tokio::test]
async fn many_writers_at_once_lose_nothing() {
    let engine = Engine::start().await;
    let store = store(&engine, engine.client());
    let writers = (1..=8).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            let id = format!("writer {n}");
            while let Err(error) = append(&store, History::empty(stream()), &id, vec![rated(n, 1)]).await {
                assert!(matches!(error, ExecuteError::Conflict), "{error}");
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let loaded: History<Ballot> = store.reader().load(stream()).await.unwrap();
    assert_eq!((loaded.version(), loaded.state().ratings.len()), (Version::new(8), 8));
}

#[tokio::test]
async fn a_repeated_command_is_answered_and_not_carried_out() {
    let engine = Engine::start().await;
    let store = store(&engine, engine.client());
    append(&store, History::empty(stream()), "a", vec![rated(1, 3)]).await.unwrap();
    append(&store, store.reader().load(stream()).await.unwrap(), "b", vec![rated(2, 3)]).await.unwrap();
    let again = append(&store, store.reader().load(stream()).await.unwrap(), "a", vec![rated(1, 3)]).await.unwrap();
    assert_eq!((again.version, again.repeated), (Version::new(1), true));
    assert_eq!(again.history.version(), Version::new(2));
    // Also by somebody whose history does not reach that far.
    let again = append(&store, History::empty(stream()), "a", vec![rated(1, 3)]).await.unwrap();
    assert_eq!((again.version, again.repeated), (Version::new(1), true));
}

#[tokio::test]
async fn a_command_id_belongs_to_one_request() {
    let engine = Engine::start().await;
    let store = store(&engine, engine.client());
    append(&store, History::empty(stream()), "a", vec![rated(1, 3)]).await.unwrap();
    for history in [History::empty(stream()), store.reader().load(stream()).await.unwrap()] {
        let other = record("a", "another request");
        let answer: Answer = store.execute(history, &other, |_| true, |_| Ok(vec![rated(1, 4)])).await;
        assert!(matches!(answer, Err(ExecuteError::KeyReused)));
    }
    let loaded: History<Ballot> = store.reader().load(stream()).await.unwrap();
    assert_eq!(loaded.version(), Version::new(1));
}

#[tokio::test]
async fn a_precondition_is_asked_for_what_is_new_only() {
    let engine = Engine::start().await;
    let store = store(&engine, engine.client());
    let history = append(&store, History::empty(stream()), "a", vec![rated(1, 3)]).await.unwrap().history;
    let expected = |seen: &Snapshot<Ballot>| seen.version == Version::NONE;
    let new = store.execute(history.clone(), &record("b", "b"), expected, |_| Ok(vec![rated(2, 3)])).await;
    assert!(matches!(new, Err(ExecuteError::Precondition(version)) if version == Version::new(1)));
    let known = store.execute(history, &record("a", "a"), expected, |_| Ok(vec![rated(1, 3)])).await.unwrap();
    assert!(known.repeated);
}

/// Turns the answers of writes that took effect into failures of the server, so many times.
#[derive(Debug, Clone)]
struct LoseAnswers(Arc<AtomicU32>);

#[dyn_dispatch_hint]
impl Intercept for LoseAnswers {
    fn name(&self) -> &'static str {
        "LoseAnswers"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let write =
            config.load::<Metadata>().is_some_and(|call| ["PutItem", "TransactWriteItems"].contains(&call.name()));
        let lose = |left: u32| left.checked_sub(1);
        if write && self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, lose).is_ok() {
            let response = context.response_mut();
            *response.status_mut() = StatusCode::try_from(500)?;
            *response.body_mut() = SdkBody::from(r#"{"__type":"com.amazonaws.dynamodb#InternalServerError"}"#);
        }
        Ok(())
    }
}

fn losing(engine: &Engine, answers: u32) -> EventStore {
    let config = aws_sdk_dynamodb::config::Builder::from(engine.config());
    let config = config.interceptor(LoseAnswers(Arc::new(AtomicU32::new(answers))));
    store(engine, Client::from_conf(config.build()))
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_ours() {
    let engine = Engine::start().await;
    let store = losing(&engine, 1);
    let done = append(&store, History::empty(stream()), "a", vec![rated(1, 3)]).await.unwrap();
    assert_eq!((done.version, done.repeated), (Version::new(1), false), "it is this very call's");
    let loaded: History<Ballot> = store.reader().load(stream()).await.unwrap();
    assert_eq!((loaded.version(), loaded.head()), (Version::new(1), done.history.head()));
}

#[tokio::test]
async fn a_retry_finds_the_write_whose_answers_were_lost() {
    let engine = Engine::start().await;
    let store = losing(&engine, 4);
    let lost = append(&store, History::empty(stream()), "a", vec![rated(1, 3)]).await;
    assert!(matches!(lost, Err(ExecuteError::Append(AppendError::Storage(error))) if error.is_transient()));
    let done = append(&store, store.reader().load(stream()).await.unwrap(), "a", vec![rated(1, 3)]).await.unwrap();
    assert_eq!((done.version, done.repeated), (Version::new(1), true));
}

#[tokio::test]
async fn a_commit_too_large_for_an_item_is_never_sent() {
    let engine = Engine::start().await;
    let (client, calls) = engine.counting_client();
    let store = store(&engine, client);
    let ratings: Ratings = (0..14_000).map(|n| (CandidateId::from_bits(n), 1)).collect();
    let cast = BallotEvent::BallotCast { nonce: Nonce::from_bytes([1; 32]), ratings };
    let answer = append(&store, History::empty(stream()), "large", vec![cast]).await;
    assert!(matches!(answer, Err(ExecuteError::Append(AppendError::TooLarge(bytes))) if bytes > 400 * 1024));
    assert!(calls.take().is_empty());
}

#[tokio::test]
async fn the_largest_commit_that_is_allowed_is_stored() {
    let engine = Engine::start().await;
    let store = store(&engine, engine.client());
    // 31 bytes for each rating in the payload.
    let cast = |n| BallotEvent::BallotCast {
        nonce: Nonce::from_bytes([1; 32]),
        ratings: (0..n).map(|n| (CandidateId::from_bits(n), 1)).collect(),
    };
    let fits = |n| store.commit(&History::<Ballot>::empty(stream()), &[cast(n)], &record("a", "a")).is_ok();
    let most = (13_000..13_500).rev().find(|n| fits(*n)).unwrap();
    let done = append(&store, History::empty(stream()), "a", vec![cast(most)]).await.unwrap();
    assert_eq!(done.version, Version::new(1));
}

#[tokio::test]
async fn a_stream_over_a_megabyte_loads_whole_and_goes_on() {
    let engine = Engine::start().await;
    let (client, calls) = engine.counting_client();
    let store = store(&engine, client);
    let mut history = History::empty(stream());
    for n in 0..5 {
        let events = (0..2_500).map(|i| rated(i, n)).collect();
        history = append(&store, history, &n.to_string(), events).await.unwrap().history;
    }
    calls.take();
    let loaded: History<Ballot> = store.reader().load(stream()).await.unwrap();
    assert_eq!(loaded.version(), Version::new(12_500));
    assert_eq!(loaded.state(), history.state());
    assert!(calls.take()["Query"] > 1, "it took more than one page");
    append(&store, loaded, "after", vec![rated(1, 1)]).await.unwrap();
}

#[tokio::test]
async fn a_tampered_or_missing_commit_is_noticed() {
    let engine = Engine::start().await;
    let store = store(&engine, engine.client());
    let mut history = History::empty(stream());
    for n in 1..=3 {
        history = append(&store, history, &n.to_string(), vec![rated(n, 1)]).await.unwrap().history;
    }
    let commits = store.reader().commits_after(&stream(), Version::NONE).await.unwrap();
    let mut changed = commits.clone();
    changed[1].events[0].payload = changed[0].events[0].payload.clone();
    assert!(verify(&changed).is_err());
    let mut changed = commits.clone();
    changed[2].private[0] ^= 1;
    assert!(verify(&changed).is_err());
    let mut changed = commits.clone();
    changed[2].request = changed[1].request.clone();
    assert!(verify(&changed).is_err());
    assert!(verify(&commits[1..]).is_err());

    let client = engine.client();
    let delete = client.delete_item().table_name(engine.tables().events);
    let delete = delete.key("pk", AttributeValue::S(stream().partition()));
    delete.key("sk", AttributeValue::S(stream().sort_key(Version::new(2)))).send().await.unwrap();
    let loaded = store.reader().load::<Ballot>(stream()).await;
    assert!(matches!(loaded, Err(LoadError::Broken { version, .. }) if version == Version::new(3)));
}

#[tokio::test]
async fn a_failing_storage_is_told_apart() {
    let engine = Engine::start().await;
    let nowhere = EventStore::new(engine.client(), "photovote-nowhere", Environment::system());
    let error = nowhere.reader().load::<Ballot>(stream()).await.unwrap_err();
    assert!(matches!(&error, LoadError::Storage(storage) if !storage.is_transient()), "{error}");
    let bare = engine.client().get_item().table_name("photovote-nowhere").key("pk", AttributeValue::S("x".into()));
    assert_eq!(bare.send().await.unwrap_err().code(), Some("ResourceNotFoundException"));
}

/// Creating an election: one transaction of the commit and the gates, on a table that may know the id already.
async fn create(
    engine: &Engine,
    store: &EventStore,
    record: &CommandRecord,
    name: &str,
) -> Result<Done<Election>, ExecuteError<ElectionRejection>> {
    let control = Control::new(engine.client(), engine.tables().control);
    let shards = ShardCount::default();
    let command = ElectionCommand::Create(NewElection::new("ada".parse().unwrap(), name.parse().unwrap()));
    let context = Context { now: Timestamp::from_millis(1), by: None };
    let decide = |election: &Election| election.decide(command.clone(), &context);
    let gates = |_: &_| control.create_gates(ELECTION, shards, Links::default());
    store.execute_with(History::empty(Stream::Election(ELECTION)), record, |_| true, decide, gates).await
}

#[tokio::test]
async fn a_creation_happens_once() {
    let engine = Engine::start().await;
    let (client, calls) = engine.counting_client();
    let store = store(&engine, client);
    let done = create(&engine, &store, &record("a", "a"), "Summer").await.unwrap();
    assert!(!done.repeated);
    assert_eq!(calls.take(), [("TransactWriteItems".to_owned(), 1)].into());
    assert!(create(&engine, &store, &record("a", "a"), "Summer").await.unwrap().repeated, "the same key");
    let mut own_id = record("b", "a");
    own_id.own_id = true;
    assert!(create(&engine, &store, &own_id, "Summer").await.unwrap().repeated, "the same request, no key");
    let taken = create(&engine, &store, &record("c", "c"), "Winter").await;
    assert!(matches!(taken, Err(ExecuteError::Rejected(ElectionRejection::IdTaken))));
    let loaded: History<Election> = store.reader().load(Stream::Election(ELECTION)).await.unwrap();
    assert_eq!((loaded.version(), loaded.state().name.as_str()), (Version::new(1), "Summer"));
}

#[tokio::test]
async fn a_transaction_whose_answer_was_lost_is_ours() {
    let engine = Engine::start().await;
    // The SDK sends it again under the same client token; after four lost answers the next attempt has another.
    for answers in [1, 4] {
        let store = losing(&engine, answers);
        let done = match create(&engine, &store, &record("a", "a"), "Summer").await {
            Err(ExecuteError::Append(AppendError::Storage(error))) => {
                assert!(error.is_transient());
                create(&engine, &store, &record("a", "a"), "Summer").await.unwrap()
            }
            done => done.unwrap(),
        };
        assert_eq!(done.version, Version::new(1));
    }
}

#[tokio::test]
async fn a_cast_is_written_only_through_an_open_gate() {
    let engine = Engine::start().await;
    let store = store(&engine, engine.client());
    let control = Control::new(engine.client(), engine.tables().control);
    let shards = ShardCount::default();
    create(&engine, &store, &record("a", "a"), "Summer").await.unwrap();
    let shard = shards.shard_of(&BALLOT.to_string());
    let cast = |id: &'static str, now: i64| {
        let (store, control) = (store.clone(), control.clone());
        async move {
            let events = vec![BallotEvent::BallotCast {
                nonce: Nonce::from_bytes([1; 32]),
                ratings: Ratings::from([(CandidateId::from_bits(1), 3)]),
            }];
            let decide = |ballot: &Ballot| match ballot.status {
                Status::Cast => Err(BallotRejection::CastAlready),
                _ => Ok(events.clone()),
            };
            let pass = |_: &_| Ok(vec![control.pass_cast(ELECTION, shard, Timestamp::from_millis(now))?]);
            let history = store.reader().load(stream()).await.unwrap();
            store.execute_with(history, &record(id, id), |_| true, decide, pass).await
        }
    };
    let casts = || async { control.reader().turnout(ELECTION, shards).await.unwrap().cast };

    assert!(matches!(cast("draft", 5).await, Err(ExecuteError::Blocked(_))));
    control.open_gates(ELECTION, shards, Some(Timestamp::from_millis(10))).await.unwrap();
    assert!(matches!(cast("too late", 10).await, Err(ExecuteError::Blocked(_))));
    assert_eq!(casts().await, 0);
    control.extend_gates(ELECTION, shards, Timestamp::from_millis(20)).await.unwrap();
    control.extend_gates(ELECTION, shards, Timestamp::from_millis(15)).await.unwrap();
    assert!(!cast("in time", 19).await.unwrap().repeated);
    assert_eq!(casts().await, 1);
    assert_eq!(control.close_gates(ELECTION, shards).await.unwrap().cast, 1);
    // A closed gate never opens again, whoever was slow.
    control.open_gates(ELECTION, shards, None).await.unwrap();
    control.extend_gates(ELECTION, shards, Timestamp::from_millis(99)).await.unwrap();
    assert_eq!(control.close_gates(ELECTION, shards).await.unwrap().cast, 1);
    assert!(cast("in time", 19).await.unwrap().repeated, "the cast that passed is still answered");
    let late = cast("late", 19).await;
    assert!(matches!(late, Err(ExecuteError::Rejected(BallotRejection::CastAlready))));
}

#[tokio::test]
async fn a_stored_election_event_is_the_one_decided() {
    let engine = Engine::start().await;
    let store = store(&engine, engine.client());
    create(&engine, &store, &record("a", "a"), "Summer").await.unwrap();
    let commits = store.reader().commits_after(&Stream::Election(ELECTION), Version::NONE).await.unwrap();
    let events = commits[0].decode::<Election>().unwrap();
    assert!(matches!(&events[..], [ElectionEvent::ElectionCreated { name, .. }] if name == "Summer"));
    assert_eq!(commits[0].private_part().unwrap(), record("a", "a").private);
}
