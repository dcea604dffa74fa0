//! A draft with one photograph, its buckets, and a processor that a test invokes.

use std::{
    io,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use photovote_domain::{
    Aggregate, ElectionId, Photograph, PhotographId, Timestamp,
    election::ElectionEvent,
    photograph::{PhotographEvent, Pixels, Status},
};
use photovote_events::{Commit, Environment, Stream};
use photovote_events_append::EventStore;
use photovote_keys::objects::{incoming_key, original_key, rendition_key};
use photovote_objects::Objects;
use photovote_photographs::Processor;
use photovote_queues::{PhotographMessage, Queue};
use photovote_test_support::{Buckets, Engine, election, following, history};
use tokio::sync::{Mutex, mpsc::UnboundedReceiver};
use tracing::instrument::WithSubscriber;

pub(crate) const ELECTION: ElectionId = ElectionId::from_bits(7);
pub(crate) const PHOTOGRAPH: PhotographId = PhotographId::from_bits(1);
pub(crate) const ORIGINALS: &str = "originals";
pub(crate) const RENDITIONS: &str = "renditions";
const SHARDS: u8 = 2;
/// An hour, in milliseconds.
pub(crate) const HOUR: i64 = 3_600_000;

/// A picture of 40 × 24 pixels, a PNG.
pub(crate) fn picture() -> Vec<u8> {
    include_bytes!("../../../../tests/fuzz/corpus/photograph/rgb.png").to_vec()
}

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) buckets: Buckets,
    pub(crate) processor: Processor,
    asked: Mutex<UnboundedReceiver<PhotographMessage>>,
    clock: Arc<AtomicI64>,
    /// The election's commits.
    election: Vec<Commit>,
}

/// What was logged.
#[derive(Debug, Clone, Default)]
struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl World {
    /// A photograph was requested at the beginning of time.
    pub(crate) async fn new() -> Self {
        let (engine, buckets) = (Engine::start().await, Buckets::default());
        let election = election(ELECTION, SHARDS, None);
        engine.write(&election[..3]).await;
        let clock = Arc::new(AtomicI64::new(0));
        let time = Arc::clone(&clock);
        // 0 are the ids of what stands there already.
        let drawn = AtomicU64::new(1);
        let random = move |bytes: &mut [u8; 32]| {
            bytes[..8].copy_from_slice(&drawn.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        };
        let environment = Environment::new(move || Timestamp::from_millis(time.load(Ordering::Relaxed)), random);
        let events = EventStore::new(engine.client(), engine.tables().events, environment);
        let (queue, asked) = Queue::in_process();
        let objects = |bucket| Objects::new(&buckets.config(), bucket);
        let processor = Processor::new(events, objects(ORIGINALS), objects(RENDITIONS), queue);
        let world =
            Self { engine, buckets, processor, asked: Mutex::new(asked), clock, election: election[..3].to_vec() };
        world.request(PHOTOGRAPH).await;
        world
    }

    /// Requests a photograph.
    pub(crate) async fn request(&self, id: PhotographId) {
        let requested = PhotographEvent::PhotographRequested { bytes: 1_000, name: "a.png".into() };
        self.engine.write(&history(stream(id), Timestamp::from_millis(0), [vec![requested]])).await;
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, millis: i64) {
        let now = self.clock.fetch_add(millis, Ordering::Relaxed) + millis;
        self.buckets.set_time(Timestamp::from_millis(now));
    }

    /// Somebody uploads bytes for the photograph.
    pub(crate) fn upload(&self, bytes: impl Into<Vec<u8>>) {
        self.buckets.put(ORIGINALS, &incoming_key(ELECTION, PHOTOGRAPH), bytes);
    }

    /// S3 tells that the photograph was uploaded. Does the processor accept it?
    pub(crate) async fn tell(&self) -> bool {
        let key = incoming_key(ELECTION, PHOTOGRAPH).replace('/', "%2F");
        self.deliver(&format!(r#"{{"Records":[{{"s3":{{"object":{{"key":"{key}"}}}}}}]}}"#)).await
    }

    /// Another function asks to look after the election. Then the processor does what it asks itself for. How much was that?
    pub(crate) async fn look(&self) -> usize {
        assert!(self.ask(&PhotographMessage::election(ELECTION)).await);
        let mut asked = 0;
        while let Ok(message) = self.asked.lock().await.try_recv() {
            asked += 1;
            assert!(self.ask(&message).await);
        }
        asked
    }

    /// What the work logs.
    pub(crate) async fn logged<T>(&self, work: impl Future<Output = T>) -> String {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
        work.with_subscriber(subscriber).await;
        String::from_utf8(log.0.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap()
    }

    pub(crate) async fn ask(&self, message: &PhotographMessage) -> bool {
        self.deliver(&format!(
            r#"{{"election":"{}"{}}}"#,
            message.election,
            match message.photograph {
                Some(photograph) => format!(r#","photograph":"{photograph}""#),
                None => String::new(),
            }
        ))
        .await
    }

    /// Brings the processor a message. Is it done with it?
    pub(crate) async fn deliver(&self, body: &str) -> bool {
        let mut message = SqsMessage::default();
        (message.message_id, message.body) = (Some("1".to_owned()), Some(body.to_owned()));
        let mut event = SqsEvent::default();
        event.records = vec![message];
        self.processor.handle(event).await.batch_item_failures.is_empty()
    }

    /// The photograph, as its stream says, and its events.
    pub(crate) async fn photograph(&self) -> (Photograph, Vec<PhotographEvent>) {
        let reader = photovote_events::EventReader::new(self.engine.client(), self.engine.tables().events);
        let commits = reader.commits_after(&stream(PHOTOGRAPH), photovote_domain::Version::NONE).await.unwrap();
        let events: Vec<_> = commits.iter().flat_map(|commit| commit.decode::<Photograph>().unwrap()).collect();
        (events.iter().fold(Photograph::default(), Photograph::evolve), events)
    }

    pub(crate) async fn status(&self) -> Status {
        self.photograph().await.0.status
    }

    /// Where the files of a photograph are that is ready.
    pub(crate) async fn pixels(&self) -> (Pixels, Vec<String>) {
        let pixels = self.photograph().await.0.pixels.unwrap();
        let mut keys: Vec<_> = pixels.renditions.iter().map(|file| rendition_key(ELECTION, PHOTOGRAPH, file)).collect();
        keys.sort_unstable();
        (pixels, keys)
    }

    /// Its original, its files, and nothing else: what a photograph has that is ready.
    pub(crate) async fn is_whole(&self) -> bool {
        let (_, keys) = self.pixels().await;
        self.buckets.keys(ORIGINALS) == [original_key(ELECTION, PHOTOGRAPH)] && self.buckets.keys(RENDITIONS) == keys
    }

    /// Are the buckets empty?
    pub(crate) fn is_empty(&self) -> bool {
        self.buckets.keys(ORIGINALS).is_empty() && self.buckets.keys(RENDITIONS).is_empty()
    }

    /// Removes the photograph.
    pub(crate) async fn remove(&self) {
        let reader = photovote_events::EventReader::new(self.engine.client(), self.engine.tables().events);
        let commits = reader.commits_after(&stream(PHOTOGRAPH), photovote_domain::Version::NONE).await.unwrap();
        self.engine.write(&[following(&commits, &[PhotographEvent::PhotographRemoved {}])]).await;
    }

    /// Deletes the election.
    pub(crate) async fn delete_election(&self) {
        self.engine.write(&[following(&self.election, &[ElectionEvent::ElectionDeleted {}])]).await;
    }
}

fn stream(id: PhotographId) -> Stream {
    Stream::Photograph(ELECTION, id)
}
