//! Messages of both queues, and what becomes of the documents.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[allow(dead_code, reason = "the projector's tests use all of it")]
#[path = "../../projection/tests/world/mod.rs"]
mod world;

use aws_lambda_events::sqs::SqsEvent;
use aws_sdk_dynamodbstreams::types::ShardIteratorType;
use axum::{Json, Router, http::StatusCode, response::IntoResponse, routing::post};
use photovote_domain::ElectionId;
use photovote_dynamodb::{Endpoint, config};
use photovote_events::{Commit, StoredEvent};
use photovote_projection::CommitKeys;
use photovote_repair::{Repair, StreamReader};
use photovote_test_support::StreamName;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use world::{Missing, NOBODY, World, ballot, election, voter};

const ELECTION: ElectionId = ElectionId::from_bits(7);

fn keys(commit: &Commit) -> CommitKeys {
    CommitKeys { pk: commit.stream.partition(), sk: commit.stream.sort_key(commit.first) }
}

fn message(commit: &Commit) -> Value {
    serde_json::to_value(keys(commit)).unwrap()
}

/// The same commit with an event that no program knows.
fn poisoned(commit: &Commit) -> Commit {
    let unknown = StoredEvent { event_type: "Unheard".into(), schema_version: 1, payload: b"{}".into() };
    Commit { events: vec![unknown; commit.events.len()], ..commit.clone() }
}

fn repair(world: &World) -> Repair {
    Repair::new(world.projector.clone(), StreamReader::new(world.engine.config()))
}

/// Lets messages be worked off. The places of those that have to come again.
async fn again(repair: &Repair, messages: impl IntoIterator<Item = Value>) -> Vec<String> {
    let message = |(place, body): (usize, Value)| json!({"messageId": place.to_string(), "body": body.to_string()});
    let records: Vec<_> = messages.into_iter().enumerate().map(message).collect();
    let event: SqsEvent = serde_json::from_value(json!({"Records": records})).unwrap();
    repair.handle(event).await.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

async fn version(world: &World, id: ElectionId) -> u64 {
    world.documents.reader().election(id, true).await.unwrap().map_or(0, |document| document.version.get())
}

#[tokio::test]
async fn a_commit_that_can_be_applied_again_is_healed() {
    let world = World::new().await;
    let election = election(ELECTION, 2);
    let bad = poisoned(&election[1]);
    world.write(&[election[0].clone(), bad.clone(), election[2].clone()]).await;
    world.deliver([&election[0], &bad, &election[2]]).await;
    let sent = world.repaired();
    assert_eq!(sent, [keys(&election[1]), keys(&election[2])]);
    let messages = || sent.iter().map(|keys| serde_json::to_value(keys).unwrap());
    assert_eq!(again(&repair(&world), messages()).await, ["0", "1"]);
    assert_eq!(version(&world, ELECTION).await, 1);

    // Now the program knows the event.
    world.write(&election).await;
    assert_eq!(again(&repair(&world), messages()).await, Vec::<String>::new());
    assert_eq!(version(&world, ELECTION).await, election[3].last().get());
    assert_eq!(world.repaired(), sent, "nothing is sent to repair by repair");
}

#[tokio::test]
async fn of_a_ballot_there_is_nothing_to_repair() {
    let world = World::new().await;
    let ballot = ballot(ELECTION, 1);
    world.write(&ballot).await;
    assert_eq!(again(&repair(&world), [message(&ballot[2])]).await, Vec::<String>::new());
    assert!(world.engine.items(world.engine.tables().documents).await.is_empty());
    assert_eq!(world.told(), []);
}

#[tokio::test]
async fn the_counter_is_told_of_a_repaired_election() {
    let world = World::new().await;
    let closed = photovote_test_support::election(ELECTION, 1, Some(0));
    world.write(&closed).await;
    assert_eq!(again(&repair(&world), [message(&closed[1])]).await, Vec::<String>::new());
    assert_eq!(version(&world, ELECTION).await, closed.last().unwrap().last().get());
    assert_eq!(world.told().len(), 1);
}

#[tokio::test]
async fn a_voter_is_healed() {
    let world = World::new().await;
    let voter = voter(ELECTION, 1, false);
    world.write(&voter).await;
    assert_eq!(again(&repair(&world), [message(&voter[0])]).await, Vec::<String>::new());
    assert_eq!(world.documents.reader().voters(ELECTION, None, 10).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn a_bad_message_comes_again_and_blocks_no_other() {
    let world = World::new().await;
    let election = election(ELECTION, 0);
    world.write(&election).await;
    let missing = message(&ballot(ELECTION, 1)[2]);
    let messages = [json!("nonsense"), json!({"pk": "a", "sk": "b"}), missing, message(&election[0])];
    assert_eq!(again(&repair(&world), messages).await, ["0", "1", "2"]);
    assert_eq!(version(&world, ELECTION).await, 2);
}

#[tokio::test]
async fn repairs_come_again_while_documents_are_unreachable() {
    let world = World::new().await;
    let election = election(ELECTION, 0);
    world.write(&election).await;
    let (shard, numbers) = stream(&world).await;
    let messages = || [message(&election[0]), range(&shard, &numbers[0], &numbers[1])];
    let projector = world.projector_without(Missing::Documents);
    let out_of_reach = Repair::new(projector, StreamReader::new(world.engine.config()));
    assert_eq!(again(&out_of_reach, messages()).await, ["0", "1"]);
    assert_eq!(again(&repair(&world), messages()).await, Vec::<String>::new());
}

/// A shard of the stream, its ARN first, and the places of the records in it.
async fn stream(world: &World) -> ([String; 2], Vec<String>) {
    let client = aws_sdk_dynamodbstreams::Client::new(world.engine.config());
    let StreamName { arn, shard } = world.engine.stream();
    let iterator = client.get_shard_iterator().stream_arn(&arn).shard_id(&shard);
    let iterator = iterator.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await.unwrap();
    let records = client.get_records().shard_iterator(iterator.shard_iterator.unwrap()).send().await.unwrap();
    let number = |record: &aws_sdk_dynamodbstreams::types::Record| record.dynamodb()?.sequence_number.clone();
    ([arn, shard], records.records().iter().filter_map(number).collect())
}

/// A message of the failure queue, as Lambda sends it.
fn range([arn, shard]: &[String; 2], start: &str, end: &str) -> Value {
    json!({
        "requestContext": {
            "requestId": "316aa6d0-8154-xmpl-9af7-85d5f4a6bc81",
            "functionArn": "arn:aws:lambda:eu-central-1:000000000000:function:projector",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 11
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2026-06-21T00:13:49.717Z",
        "DDBStreamBatchInfo": {
            "shardId": shard, "startSequenceNumber": start, "endSequenceNumber": end,
            "approximateArrivalOfFirstRecord": "2026-06-21T00:13:19Z",
            "approximateArrivalOfLastRecord": "2026-06-21T00:13:19Z",
            "batchSize": 1, "streamArn": arn
        }
    })
}

#[tokio::test]
async fn exactly_the_range_of_the_stream_is_projected() {
    let world = World::new().await;
    // One commit of each of six elections.
    let elections: Vec<_> = (0..6).map(|n| election(ElectionId::from_bits(n), 0).remove(0)).collect();
    world.write(&elections).await;
    let (shard, numbers) = stream(&world).await;
    assert_eq!(numbers.len(), 6);
    let ranges = [range(&shard, &numbers[1], &numbers[2]), range(&shard, &numbers[4], &numbers[4])];
    assert_eq!(again(&repair(&world), ranges).await, Vec::<String>::new());
    let mut versions = Vec::new();
    for n in 0..6 {
        versions.push(version(&world, ElectionId::from_bits(n)).await);
    }
    assert_eq!(versions, [0, 1, 1, 0, 1, 0]);
}

#[tokio::test]
async fn a_range_that_is_gone_is_logged_and_not_repeated() {
    let (log, _guard) = logged();
    let world = World::new().await;
    world.write(&election(ELECTION, 0)).await;
    let (shard, numbers) = stream(&world).await;
    assert_eq!(again(&repair(&world), [range(&shard, &numbers[0], &numbers[1])]).await, Vec::<String>::new());
    assert_eq!(lost(&log), 0);
    let [arn, shard] = shard;
    let other_stream = [arn.replace("photovote-events", "photovote-nothing"), shard.clone()];
    assert_eq!(again(&repair(&world), [range(&other_stream, &numbers[0], &numbers[1])]).await, Vec::<String>::new());
    assert_eq!(lost(&log), 1);
    // Its end is ahead of the stream: whatever that range was, it is not there.
    let ahead = range(&[arn, shard], &numbers[1], "999999999999999999999");
    assert_eq!(again(&repair(&world), [ahead]).await, Vec::<String>::new());
    assert_eq!(lost(&log), 2);
    let trimmed = repair_with_a_stream_that_answers(&world, "TrimmedDataAccessException").await;
    assert_eq!(again(&trimmed, [range(&["arn".into(), "shard".into()], "1", "2")]).await, Vec::<String>::new());
    assert_eq!(lost(&log), 3);
}

#[tokio::test]
async fn a_range_that_cannot_be_read_now_comes_again() {
    let (log, _guard) = logged();
    let world = World::new().await;
    let message = || [range(&["arn".into(), "shard".into()], "1", "2")];
    let nobody = config(&Endpoint::Local(NOBODY.to_owned()));
    let unreachable = Repair::new(world.projector.clone(), StreamReader::new(&nobody));
    assert_eq!(again(&unreachable, message()).await, ["0"]);
    let expired = repair_with_a_stream_that_answers(&world, "ExpiredIteratorException").await;
    assert_eq!(again(&expired, message()).await, ["0"]);
    assert_eq!(lost(&log), 0);
}

/// Repair before a stream that gives iterators, and answers those with this error.
async fn repair_with_a_stream_that_answers(world: &World, error: &'static str) -> Repair {
    let answer = move |headers: axum::http::HeaderMap| async move {
        if headers["x-amz-target"].to_str().unwrap().ends_with("GetShardIterator") {
            return Json(json!({"ShardIterator": "here"})).into_response();
        }
        let body = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{error}"), "message": error});
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(answer))).await });
    let config = config(&Endpoint::Local(url));
    Repair::new(world.projector.clone(), StreamReader::new(&config))
}

/// What was logged.
type Log = std::sync::Arc<std::sync::Mutex<Vec<u8>>>;

fn logged() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let writer = Writer(log.clone());
    let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    (log, tracing::subscriber::set_default(subscriber))
}

#[derive(Clone)]
struct Writer(Log);

impl std::io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// How many ranges were reported as lost, in the words that the alarm looks for.
fn lost(log: &Log) -> usize {
    let log = log.lock().unwrap();
    let lines = log.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    lines.filter(|line| line["fields"]["event"] == "failure_range_lost" && line["level"] == "ERROR").count()
}
