//! What Lambda's event source mapping does: feeds the records of the stream to a function, in order, until it has them.

use std::{fmt::Display, sync::Arc, time::Duration};

use aws_lambda_events::{
    dynamodb::{Event, EventRecord},
    streams::DynamoDbEventResponse,
};
use serde_json::json;
use tokio::task::{JoinError, JoinHandle};

use crate::{
    checkpoint::Checkpoint,
    queues::Queue,
    sqlite::FileError,
    stop::{Stop, Stopping},
    stream::{EventStream, NotANumber, SequenceNumber, StreamError, number},
};

/// Records in one event, at most.
const LARGEST_BATCH: usize = 100;
/// How often an idle pump looks for records: a reader waits as long for their own write, at most.
const GLANCE: Duration = Duration::from_millis(5);
/// How long a function can work on one event.
const LONGEST_INVOCATION: Duration = Duration::from_mins(1);
/// How long the pump rests when the stream or the checkpoint fails it.
const REST: Duration = Duration::from_secs(1);

/// How often a record is tried before it is passed over, and how patiently.
#[derive(Debug, Clone, Copy)]
pub struct Retries {
    /// Attempts at a record that fails by itself.
    pub attempts: u32,
    /// The pause after the first failure; it doubles with each.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { attempts: 10, first_pause: Duration::from_millis(50), longest_pause: Duration::from_secs(5) }
    }
}

/// Why the pump rests.
#[derive(Debug, thiserror::Error)]
pub enum PumpError {
    /// The stream cannot be read.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The checkpoint or the failure queue cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A record has no place.
    #[error(transparent)]
    Number(#[from] NotANumber),
    /// The work was cut off.
    #[error("the pump broke off: {0}")]
    BrokenOff(#[from] JoinError),
}

/// A pump that runs.
#[derive(Debug)]
pub struct Pump {
    stop: Stop,
    running: JoinHandle<()>,
}

impl Pump {
    /// Lets it run until it is stopped. Every batch of records goes to the function, from the checkpoint on; what it cannot
    /// take at all is named in the failure queue.
    pub fn start<H, F, E>(feed: Feed<H>) -> Self
    where
        H: Fn(Event) -> F + Send + Sync + 'static,
        F: Future<Output = Result<DynamoDbEventResponse, E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        let (stop, stopping) = Stop::new();
        Self { stop, running: tokio::spawn(run(feed, stopping)) }
    }

    /// Lets the function finish what it is at, and stops.
    pub async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.running.await {
            tracing::error!(%error, "the pump broke off");
        }
    }
}

async fn run<H, F, E>(mut feed: Feed<H>, stopping: Stopping)
where
    H: Fn(Event) -> F + Send + Sync + 'static,
    F: Future<Output = Result<DynamoDbEventResponse, E>> + Send + 'static,
    E: Display + Send + 'static,
{
    while !stopping.is_now() {
        let pause = match feed.step().await {
            Ok(Step::Moved) => continue,
            Ok(Step::Idle) => GLANCE,
            Ok(Step::Failed(pause)) => pause,
            Err(error) => {
                tracing::error!(%error, "the pump rests");
                REST
            }
        };
        stopping.rest(pause).await;
    }
}

/// The way of the records from the stream to the function.
pub struct Feed<H> {
    stream: Arc<EventStream>,
    checkpoint: Arc<Checkpoint>,
    failures: Queue,
    handler: Arc<H>,
    retries: Retries,
    /// The last record that was consumed, once it was loaded.
    consumed: Option<SequenceNumber>,
    loaded: bool,
    /// How many records the next event gets: half as many after each event that failed as a whole, so that a poisoned record
    /// is alone in the end; twice as many after each success.
    batch: usize,
    /// How often the first record has failed by itself.
    failed: u32,
}

/// What became of one look at the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// There was nothing new.
    Idle,
    /// Records were consumed.
    Moved,
    /// None was; again after this pause.
    Failed(Duration),
}

/// How the function took an event.
enum Outcome {
    /// It took so many records, the first ones.
    Took(usize),
    /// It broke off, and nobody knows where.
    BrokeOff,
}

impl<H> Feed<H> {
    /// From this stream, from this checkpoint on, to this function.
    pub fn new(
        stream: Arc<EventStream>,
        checkpoint: Arc<Checkpoint>,
        failures: Queue,
        retries: Retries,
        handler: H,
    ) -> Self {
        let handler = Arc::new(handler);
        let (consumed, loaded, batch, failed) = (None, false, LARGEST_BATCH, 0);
        Self { stream, checkpoint, failures, handler, retries, consumed, loaded, batch, failed }
    }

    /// Feeds the function one event, if there is something new.
    pub async fn step<F, E>(&mut self) -> Result<Step, PumpError>
    where
        H: Fn(Event) -> F + Send + Sync + 'static,
        F: Future<Output = Result<DynamoDbEventResponse, E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        if !self.loaded {
            let checkpoint = self.checkpoint.clone();
            self.consumed = tokio::task::spawn_blocking(move || checkpoint.load()).await??;
            self.loaded = true;
        }
        let (stream, last, limit) = (self.stream.clone(), self.consumed, self.batch);
        let records = tokio::task::spawn_blocking(move || stream.after(last, limit)).await??;
        let Some(first) = records.first() else { return Ok(Step::Idle) };
        let first = number(first)?;
        let numbers = records.iter().map(number).collect::<Result<Vec<_>, _>>()?;
        match self.invoke(records, &numbers).await {
            Outcome::Took(taken) if taken > 0 => {
                self.batch = LARGEST_BATCH.min(self.batch * 2);
                self.pass(numbers[taken - 1]).await
            }
            Outcome::BrokeOff if numbers.len() > 1 => {
                self.batch = numbers.len() / 2;
                Ok(Step::Failed(self.retries.first_pause))
            }
            Outcome::Took(_) | Outcome::BrokeOff => {
                self.failed += 1;
                if self.failed >= self.retries.attempts {
                    self.give_up(first).await?;
                    return self.pass(first).await;
                }
                let doubled = self.retries.first_pause.saturating_mul(1 << (self.failed - 1).min(16));
                Ok(Step::Failed(doubled.min(self.retries.longest_pause)))
            }
        }
    }

    /// Everything up to this record is done.
    async fn pass(&mut self, last: SequenceNumber) -> Result<Step, PumpError> {
        let checkpoint = self.checkpoint.clone();
        tokio::task::spawn_blocking(move || checkpoint.save(last)).await??;
        self.consumed = Some(last);
        self.failed = 0;
        Ok(Step::Moved)
    }

    /// Names the record in the failure queue, in the words of Lambda.
    async fn give_up(&self, record: SequenceNumber) -> Result<(), PumpError> {
        tracing::error!(%record, attempts = self.failed, "a record is passed over");
        let message = json!({
            "requestContext": {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": self.failed},
            "version": "1.0",
            "timestamp": jiff::Timestamp::now().to_string(),
            "DDBStreamBatchInfo": {
                "shardId": self.stream.shard(),
                "startSequenceNumber": record.to_string(),
                "endSequenceNumber": record.to_string(),
                "batchSize": 1,
                "streamArn": self.stream.arn(),
            },
        });
        let failures = self.failures.clone();
        Ok(tokio::task::spawn_blocking(move || failures.send(&message.to_string())).await??)
    }

    /// Runs the function in a task of its own, so that a panic is its own as well.
    async fn invoke<F, E>(&self, records: Vec<EventRecord>, numbers: &[SequenceNumber]) -> Outcome
    where
        H: Fn(Event) -> F + Send + Sync + 'static,
        F: Future<Output = Result<DynamoDbEventResponse, E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        let mut event = Event::default();
        event.records = records;
        let handler = self.handler.clone();
        let mut task = tokio::spawn(async move { handler(event).await });
        match tokio::time::timeout(LONGEST_INVOCATION, &mut task).await {
            Ok(Ok(Ok(response))) => taken(&response, numbers),
            Ok(Ok(Err(error))) => {
                tracing::warn!(%error, "the function refused an event");
                Outcome::BrokeOff
            }
            Ok(Err(panic)) => {
                tracing::error!(error = %panic, "the function broke off");
                Outcome::BrokeOff
            }
            Err(too_long) => {
                tracing::error!(error = %too_long, "the function does not come to an end");
                task.abort();
                Outcome::BrokeOff
            }
        }
    }
}

/// How many records were taken, before the first that failed. A failure of something that was not sent is one of all.
fn taken(response: &DynamoDbEventResponse, numbers: &[SequenceNumber]) -> Outcome {
    let mut taken = numbers.len();
    for failure in &response.batch_item_failures {
        let failed = failure.item_identifier.as_deref().and_then(|id| id.parse::<SequenceNumber>().ok());
        match failed.and_then(|failed| numbers.iter().position(|number| *number == failed)) {
            Some(place) => taken = taken.min(place),
            None => return Outcome::BrokeOff,
        }
    }
    Outcome::Took(taken)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use aws_lambda_events::{dynamodb::StreamViewType, streams::DynamoDbBatchItemFailure};
    use aws_sdk_dynamodb::{Client, primitives::Blob, types::AttributeValue};
    use photovote_dynamodb::{Endpoint, client, config};
    use serde_json::Value;

    use super::*;
    use crate::{
        data_dir::DataDir,
        engine::{Durability, EVENTS, Engine},
        queues::Queues,
    };

    const FAILURES: &str = "failures";

    struct Fixture {
        _home: tempfile::TempDir,
        dir: DataDir,
        engine: Engine,
        client: Client,
        queues: Queues,
    }

    /// The sort keys of each event that the function was sent.
    type Seen = Arc<Mutex<Vec<Vec<String>>>>;

    impl Fixture {
        async fn new() -> Self {
            let home = tempfile::tempdir().unwrap();
            let dir = DataDir::open(home.path()).unwrap();
            let engine = Engine::start(&dir, Durability::ProcessEnd).await.unwrap();
            let client = client(&config(&Endpoint::Local(engine.endpoint().into())), None);
            let queues = Queues::start(&dir, &[FAILURES]).await.unwrap();
            Self { _home: home, dir, engine, client, queues }
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
            let stream = Arc::new(self.engine.events().unwrap());
            let checkpoint = Arc::new(Checkpoint::open(&self.dir, stream.arn()).unwrap());
            let retries = Retries { attempts: 3, first_pause: Duration::ZERO, longest_pause: Duration::ZERO };
            (seen, Feed::new(stream, checkpoint, self.queues.queue(FAILURES), retries, handler))
        }

        /// What stands in the failure queue.
        async fn failures(&self) -> Vec<Value> {
            let client = aws_sdk_sqs::Client::new(&config(&Endpoint::Local(self.queues.endpoint().into())));
            let receive = client.receive_message().queue_url(self.queues.url(FAILURES)).max_number_of_messages(10);
            let messages = receive.send().await.unwrap().messages.unwrap_or_default();
            messages.iter().map(|message| serde_json::from_str(message.body().unwrap()).unwrap()).collect()
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
    async fn a_record_arrives_as_lambda_sends_it() {
        let fixture = Fixture::new().await;
        fixture.write(0..1).await;
        fixture.write(0..1).await;
        let stream = fixture.engine.events().unwrap();
        let records = stream.after(None, 10).unwrap();
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
        assert!(fixture.failures().await.is_empty());
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
        let failures = fixture.failures().await;
        let [failure] = &failures[..] else { panic!("{failures:?}") };
        let poisoned = &fixture.engine.events().unwrap().after(None, 2).unwrap()[1];
        let info = &failure["DDBStreamBatchInfo"];
        assert_eq!(info["startSequenceNumber"].as_str(), poisoned.change.sequence_number.as_deref());
        assert_eq!(info["endSequenceNumber"], info["startSequenceNumber"]);
        assert_eq!(info["shardId"], "shardId-00000001-photovote-events");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_record_that_breaks_the_function_is_found_and_passed_over() {
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
        assert_eq!(fixture.failures().await.len(), 2);
        fixture.write(20..21).await;
        assert_eq!(drain(&mut feed).await, [Step::Moved]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_failure_of_something_else_is_one_of_the_whole_event() {
        let fixture = Fixture::new().await;
        fixture.write(0..2).await;
        let stranger = "100000000000000000001".to_owned();
        let (seen, mut feed) = fixture.feed(move |keys, _| {
            Ok(if keys.len() > 1 { failing(&[&stranger]) } else { DynamoDbEventResponse::default() })
        });
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
        let pump = Pump::start(feed);
        fixture.write(0..1).await;
        assert_eq!(arrival.recv().await.unwrap(), ["0"]);
        pump.stop().await;
        assert_eq!(arrival.recv().await, None);
    }
}
