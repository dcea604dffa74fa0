use std::sync::Mutex;

use aws_lambda_events::{dynamodb::StreamViewType, streams::DynamoDbBatchItemFailure};
use aws_sdk_dynamodb::{Client, primitives::Blob, types::AttributeValue};
use serde_json::Value;

use super::*;
use crate::{
    data_dir::{DataDir, temporary},
    host::engine::{Durability, EVENTS, Engine},
    host::queues::Queues,
};

const FAILURES: &str = "failures";

struct Fixture {
    _home: tempfile::TempDir,
    dir: DataDir,
    engine: Engine,
    client: Client,
    queues: Queues,
    /// How the sort keys begin that are delivered; all are if nothing is said.
    sort_keys: &'static [&'static str],
}

/// The sort keys of each event that the function was sent.
type Seen = Arc<Mutex<Vec<Vec<String>>>>;

impl Fixture {
    async fn new() -> Self {
        let home = temporary().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        let engine = Engine::start(&dir, Durability::ProcessEnd).await.unwrap();
        let client = engine.client();
        let queues = Queues::open(&dir, &[FAILURES]).await.unwrap();
        Self { _home: home, dir, engine, client, queues, sort_keys: &[] }
    }

    async fn write(&self, range: std::ops::Range<u32>) {
        for number in range {
            let item = self.client.put_item().table_name(EVENTS).item("pk", AttributeValue::S("a".into()));
            let item = item.item("sk", AttributeValue::S(number.to_string()));
            item.item("data", AttributeValue::B(Blob::new([0, 159, 255]))).send().await.unwrap();
        }
    }

    /// A feed whose function answers what `answer` makes of the sort keys and numbers of an event.
    fn feed<A>(&self, answer: A) -> (Seen, Feed<impl Fn(Event) -> Answered + Send + Sync + 'static>)
    where
        A: Fn(&[String], &[String]) -> Result<DynamoDbEventResponse, &'static str> + Send + Sync + 'static,
    {
        let seen = Seen::default();
        let log = seen.clone();
        let handler = move |event: Event| {
            let keys: Vec<_> = event.records.iter().map(key).collect();
            let numbers: Vec<_> = event.records.iter().map(|record| number(record).unwrap().to_string()).collect();
            log.lock().unwrap().push(keys.clone());
            std::future::ready(answer(&keys, &numbers))
        };
        let stream = Arc::new(self.engine.events().unwrap().with_sort_keys(self.sort_keys));
        let checkpoint = Arc::new(Checkpoint::open(&self.dir, stream.arn()).unwrap());
        let retries = Retries { attempts: 3, first_pause: Duration::ZERO, longest_pause: Duration::ZERO };
        (seen, Feed::new(stream, checkpoint, self.queues.queue(FAILURES), retries, handler))
    }

    /// What stands in the failure queue.
    fn failures(&self) -> Vec<Value> {
        let messages = self.queues.queue(FAILURES).receive(10, 30).unwrap();
        messages.iter().map(|message| serde_json::from_str(message.body()).unwrap()).collect()
    }
}

type Answered = std::future::Ready<Result<DynamoDbEventResponse, &'static str>>;

fn key(record: &EventRecord) -> String {
    let keys: Value = serde_dynamo::from_item(record.change.keys.clone()).unwrap();
    keys["sk"].as_str().unwrap().to_owned()
}

fn keys(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

fn failing(numbers: &[&String]) -> DynamoDbEventResponse {
    let mut response = DynamoDbEventResponse::default();
    for number in numbers {
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = Some((*number).clone());
        response.batch_item_failures.push(failure);
    }
    response
}

/// Steps until there is nothing new; the steps before that.
async fn drain<H>(feed: &mut Feed<H>) -> Vec<Step>
where
    H: Fn(Event) -> Answered + Send + Sync + 'static,
{
    let mut steps = Vec::new();
    loop {
        match feed.step().await.unwrap() {
            Step::Idle => return steps,
            step => steps.push(step),
        }
        assert!(steps.len() < 1_000, "it never ends");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_delivered_is_passed_over() {
    let fixture = Fixture { sort_keys: &["1", "9"], ..Fixture::new().await };
    fixture.write(0..250).await;
    let failed = Mutex::new(false);
    let (seen, mut feed) = fixture.feed(move |keys, numbers| {
        // Once, a record in the middle fails.
        let place =
            keys.iter().position(|key| key == "110").filter(|_| !std::mem::replace(&mut failed.lock().unwrap(), true));
        Ok(place.map_or_else(DynamoDbEventResponse::default, |place| failing(&[&numbers[place]])))
    });
    drain(&mut feed).await;
    let expected: Vec<_> =
        keys(0..250).into_iter().filter(|key| key.starts_with('1') || key.starts_with('9')).collect();
    let all: Vec<_> = seen.lock().unwrap().concat();
    let again = all.iter().position(|key| key == "110").unwrap();
    assert_eq!(all.iter().filter(|key| **key == "110").count(), 2);
    // What follows a failure comes again with it.
    let mut once = all.clone();
    let end = again + once[again + 1..].iter().position(|key| key == "110").unwrap() + 1;
    once.drain(again..end);
    assert_eq!(once, expected);
    // The place is that of the last record, though it was not delivered.
    let stream = fixture.engine.events().unwrap();
    let last = stream.after(None, 1_000).unwrap().end;
    assert_eq!(Checkpoint::open(&fixture.dir, stream.arn()).unwrap().load().unwrap(), last);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_arrives_as_lambda_sends_it() {
    let fixture = Fixture::new().await;
    fixture.write(0..1).await;
    fixture.write(0..1).await;
    let stream = fixture.engine.events().unwrap();
    let records = stream.after(None, 10).unwrap().records;
    let [insert, modify] = &records[..] else { panic!("{records:?}") };
    assert_eq!((&*insert.event_name, &*modify.event_name), ("INSERT", "MODIFY"));
    assert_eq!(insert.event_source.as_deref(), Some("aws:dynamodb"));
    let arn = insert.event_source_arn.as_deref().unwrap();
    assert!(arn.contains(":table/photovote-events/stream/"), "{arn}");
    assert!(!insert.event_id.is_empty() && insert.event_id != modify.event_id);
    assert_eq!(insert.change.stream_view_type, Some(StreamViewType::NewAndOldImages));
    assert!(insert.change.size_bytes > 0 && insert.change.approximate_creation_date_time.timestamp() > 0);
    assert!(insert.change.old_image.is_empty() && !modify.change.old_image.is_empty());
    assert_eq!(insert.change.new_image.get("data"), Some(&serde_dynamo::AttributeValue::B(vec![0, 159, 255])));
    assert_eq!(insert.change.sequence_number.as_ref().unwrap().len(), 21);
    assert_eq!(number(insert).unwrap().to_string(), *insert.change.sequence_number.as_ref().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn records_arrive_in_order_and_once() {
    let fixture = Fixture::new().await;
    fixture.write(0..130).await;
    let (seen, mut feed) = fixture.feed(|_, _| Ok(DynamoDbEventResponse::default()));
    assert_eq!(drain(&mut feed).await, [Step::Moved, Step::Moved]);
    fixture.write(130..133).await;
    drain(&mut feed).await;
    assert_eq!(*seen.lock().unwrap(), [keys(0..100), keys(100..130), keys(130..133)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_it_goes_on_where_it_was() {
    let fixture = Fixture::new().await;
    fixture.write(0..3).await;
    let (_, mut before) = fixture.feed(|_, _| Ok(DynamoDbEventResponse::default()));
    drain(&mut before).await;
    fixture.write(3..5).await;
    let (seen, mut after) = fixture.feed(|_, _| Ok(DynamoDbEventResponse::default()));
    drain(&mut after).await;
    assert_eq!(*seen.lock().unwrap(), [keys(3..5)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_before_the_first_failure_is_done() {
    let fixture = Fixture::new().await;
    fixture.write(0..5).await;
    let first = std::sync::atomic::AtomicBool::new(true);
    let (seen, mut feed) = fixture.feed(move |_, numbers| {
        let fails = first.swap(false, std::sync::atomic::Ordering::Relaxed);
        Ok(if fails { failing(&[&numbers[4], &numbers[2]]) } else { DynamoDbEventResponse::default() })
    });
    drain(&mut feed).await;
    assert_eq!(*seen.lock().unwrap(), [keys(0..5), keys(2..5)]);
    assert!(fixture.failures().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_always_reported_is_passed_over() {
    let fixture = Fixture::new().await;
    fixture.write(0..4).await;
    let (seen, mut feed) = fixture.feed(|keys, numbers| {
        let poisoned = keys.iter().position(|key| key == "1");
        Ok(poisoned.map_or_else(DynamoDbEventResponse::default, |place| failing(&[&numbers[place]])))
    });
    drain(&mut feed).await;
    assert_eq!(*seen.lock().unwrap(), [keys(0..4), keys(1..4), keys(1..4), keys(1..4), keys(2..4)]);
    let failures = fixture.failures();
    let [failure] = &failures[..] else { panic!("{failures:?}") };
    let poisoned = &fixture.engine.events().unwrap().after(None, 2).unwrap().records[1];
    let info = &failure["DDBStreamBatchInfo"];
    assert_eq!(info["startSequenceNumber"].as_str(), poisoned.change.sequence_number.as_deref());
    assert_eq!(info["endSequenceNumber"], info["startSequenceNumber"]);
    assert_eq!(info["shardId"], "shardId-00000001-photovote-events");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisonous_record_is_isolated_and_passed_over() {
    let fixture = Fixture::new().await;
    fixture.write(0..20).await;
    let (seen, mut feed) = fixture.feed(|keys, _| {
        assert!(!keys.contains(&"3".to_owned()), "poison");
        if keys.contains(&"11".to_owned()) { Err("poison") } else { Ok(DynamoDbEventResponse::default()) }
    });
    drain(&mut feed).await;
    let seen = seen.lock().unwrap().clone();
    for (poison, healthy) in [("3", false), ("11", false), ("2", true), ("4", true), ("19", true)] {
        let alone = seen.iter().filter(|keys| **keys == [poison]).count();
        let times = seen.iter().filter(|keys| keys.iter().any(|key| key == poison)).count();
        assert!(times >= 1 && (healthy || alone == 3), "{poison}: {times}, {alone} alone: {seen:?}");
    }
    assert_eq!(fixture.failures().len(), 2);
    fixture.write(20..21).await;
    assert_eq!(drain(&mut feed).await, [Step::Moved]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_record_failure_fails_the_whole_batch() {
    let fixture = Fixture::new().await;
    fixture.write(0..2).await;
    let stranger = "100000000000000000001".to_owned();
    let (seen, mut feed) = fixture
        .feed(move |keys, _| Ok(if keys.len() > 1 { failing(&[&stranger]) } else { DynamoDbEventResponse::default() }));
    drain(&mut feed).await;
    assert_eq!(*seen.lock().unwrap(), [keys(0..2), keys(0..1), keys(1..2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pauses_grow_up_to_a_limit() {
    let fixture = Fixture::new().await;
    fixture.write(0..1).await;
    let (_, mut feed) = fixture.feed(|_, numbers| Ok(failing(&[&numbers[0]])));
    let millis = Duration::from_millis;
    feed.retries = Retries { attempts: 5, first_pause: millis(10), longest_pause: millis(35) };
    let failed = |pause| Step::Failed(millis(pause));
    assert_eq!(drain(&mut feed).await, [failed(10), failed(20), failed(35), failed(35), Step::Moved]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_pump_feeds_by_itself_and_stops() {
    let fixture = Fixture::new().await;
    let (arrived, mut arrival) = tokio::sync::mpsc::unbounded_channel();
    let (_, feed) = fixture.feed(move |keys, _| {
        arrived.send(keys.to_vec()).unwrap();
        Ok(DynamoDbEventResponse::default())
    });
    let pump = Pump::start(feed, &Supervisor::new());
    fixture.write(0..1).await;
    assert_eq!(arrival.recv().await.unwrap(), ["0"]);
    pump.stop().await;
    assert_eq!(arrival.recv().await, None);
}
