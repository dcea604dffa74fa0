//! One set of tables, and programs of two releases that work on it.

use std::sync::{Arc, Mutex, PoisonError};

use aws_lambda_events::{dynamodb::Event, sqs::SqsEvent};
use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use photovote_clock::Clock;
use photovote_counting::Counter;
use photovote_documents::ElectionDocument;
use photovote_documents_read::DocumentReader;
use photovote_domain::ElectionId;
use photovote_dynamodb::{Endpoint, Item};
use photovote_events::rehearsal::Release;
use photovote_functions::Wiring;
use photovote_projection::Projector;
use photovote_queues::{CountMessage, PhotographMessage, Queue};
use photovote_repair::Repair;
use photovote_test_support::{Engine, Reply, Sender, send};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{Mutex as Turn, mpsc::UnboundedReceiver},
    task::JoinHandle,
};

/// The administrator.
pub(crate) const OWNER: Sender<'_> = Sender::Administrator("ada");

type Messages = Arc<Mutex<Vec<String>>>;

/// The tables, and the repair queue.
pub(crate) struct World {
    engine: Engine,
    messages: Messages,
    queue: JoinHandle<()>,
    queue_url: String,
    delivered: Mutex<Vec<Item>>,
    to_count: Queue<CountMessage>,
    asked: Turn<UnboundedReceiver<CountMessage>>,
    to_process: Queue<PhotographMessage>,
    /// Nobody works them off: no photograph is uploaded.
    #[expect(dead_code, reason = "the queue is there as long as its receiver is")]
    asked_for_photographs: UnboundedReceiver<PhotographMessage>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.queue.abort();
    }
}

async fn take_message(State(messages): State<Messages>, body: String) -> (StatusCode, Json<Value>) {
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    let message = body["MessageBody"].as_str().unwrap_or_default().to_owned();
    messages.lock().unwrap_or_else(PoisonError::into_inner).push(message);
    (StatusCode::OK, Json(json!({"MessageId": "1"})))
}

impl World {
    pub(crate) async fn new() -> Self {
        let engine = Engine::start().await;
        let messages = Messages::default();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let queue_url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", post(take_message)).with_state(messages.clone());
        let queue = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        let (to_count, asked) = Queue::in_process();
        let (to_process, asked_for_photographs) = Queue::in_process();
        Self {
            engine,
            messages,
            queue,
            queue_url,
            delivered: Mutex::default(),
            to_count,
            asked: Turn::new(asked),
            to_process,
            asked_for_photographs,
        }
    }

    /// All functions of a release, warm, with caches of their own.
    pub(crate) fn program(&self, release: Release) -> Program<'_> {
        let tables = self.engine.tables();
        let settings = move |name: &str| tables.setting(name);
        let queues = photovote_dynamodb::config(&Endpoint::Local(self.queue_url.clone()));
        let wiring = Wiring::new(self.engine.config().clone(), queues, settings)
            .with_client(self.engine.client())
            .with_count_queue(self.to_count.clone())
            .with_photographs_queue(self.to_process.clone())
            // Of streams that are short, so that there are some.
            .with_snapshots_of_streams_longer_than(2);
        Program {
            world: self,
            release,
            routes: wiring.all_routes().unwrap(),
            projector: wiring.projector().unwrap(),
            counter: wiring.counter().unwrap(),
            repair: wiring.repair().unwrap(),
            clock: wiring.clock().unwrap(),
        }
    }

    /// The messages in the repair queue, which are taken out of it.
    pub(crate) fn repairs(&self) -> Vec<String> {
        std::mem::take(&mut *self.messages.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// An election's document.
    pub(crate) async fn document(&self, election: &str) -> ElectionDocument {
        let documents = DocumentReader::new(self.engine.client(), self.engine.tables().documents);
        let id: ElectionId = election.parse().unwrap();
        documents.election(id, true).await.unwrap().unwrap()
    }

    /// The schema versions in which the events of a type are stored.
    pub(crate) async fn stored_versions(&self, event_type: &str) -> Vec<String> {
        let events = self.commits().await.into_iter().flat_map(|item| item["events"].as_l().unwrap().clone());
        let versions = events.filter_map(|event| {
            let event = event.as_m().unwrap();
            (event["t"].as_s().unwrap() == event_type).then(|| event["v"].as_n().unwrap().clone())
        });
        versions.collect()
    }

    async fn commits(&self) -> Vec<Item> {
        let scan = self.engine.client().scan().table_name(self.engine.tables().events).send().await.unwrap();
        scan.items.unwrap_or_default()
    }

    /// The stream's records of what was written since this was asked last.
    async fn news(&self) -> Event {
        let commits = self.commits().await;
        let mut delivered = self.delivered.lock().unwrap_or_else(PoisonError::into_inner);
        let news: Vec<_> = commits.into_iter().filter(|commit| !delivered.contains(commit)).collect();
        delivered.extend(news.iter().cloned());
        let records = news.into_iter().enumerate().map(|(number, item)| {
            let image = json!(serde_dynamo::Item::from(item));
            let keys = json!({"pk": image["pk"], "sk": image["sk"]});
            let change = json!({"Keys": keys, "NewImage": image, "SequenceNumber": number.to_string(), "SizeBytes": 1});
            json!({"eventID": "1", "eventName": "INSERT", "awsRegion": "eu-central-1", "dynamodb": change})
        });
        serde_json::from_value(json!({"Records": records.collect::<Vec<_>>()})).unwrap()
    }
}

/// The functions of one release.
pub(crate) struct Program<'a> {
    world: &'a World,
    release: Release,
    routes: Router,
    projector: Projector,
    counter: Counter,
    repair: Repair,
    clock: Clock,
}

impl Program<'_> {
    /// Answers a request: method and path under `/v1`.
    pub(crate) async fn ask(&self, sender: Sender<'_>, method: &str, path: &str, body: Value) -> Reply {
        let path = format!("/v1{path}");
        let body = (!body.is_null()).then_some(&body);
        self.release.play(send(&self.routes, sender, method, &path, body)).await
    }

    /// Answers a request that must succeed.
    pub(crate) async fn done(&self, sender: Sender<'_>, method: &str, path: &str, body: Value) -> Value {
        let reply = self.ask(sender, method, path, body).await;
        assert!(reply.status < 300, "{:?}: {method} {path}: {} {}", self.release, reply.status, reply.text);
        reply.json
    }

    /// Is called with what was written since somebody was called last. It must not want anything of it again.
    pub(crate) async fn project(&self) {
        let event = self.world.news().await;
        let answer = self.release.play(self.projector.handle(event)).await;
        assert!(answer.batch_item_failures.is_empty(), "{:?}: {answer:?}", self.release);
        self.count().await;
    }

    /// Counts what the projector and repair have asked for.
    async fn count(&self) {
        let mut asked = self.world.asked.lock().await;
        let mut failed = Vec::new();
        while let Ok(message) = asked.try_recv() {
            if Box::pin(self.release.play(self.counter.work_off(&message))).await.is_err() {
                failed.push(message);
            }
        }
        // What it cannot count stays in the queue, which programs of both releases work off.
        for message in failed {
            self.world.to_count.send(&message).await.unwrap();
        }
    }

    /// Is called with a message of the repair queue. Is the stream healed?
    pub(crate) async fn repairs(&self, message: &str) -> bool {
        let event: SqsEvent =
            serde_json::from_value(json!({"Records": [{"messageId": "1", "body": message}]})).unwrap();
        let healed = Box::pin(self.release.play(self.repair.handle(event))).await.batch_item_failures.is_empty();
        self.count().await;
        healed
    }

    /// Looks after the schedule. How many elections it could not look after.
    pub(crate) async fn look_after(&self) -> usize {
        self.release.play(self.clock.run()).await.unwrap().failed
    }
}
