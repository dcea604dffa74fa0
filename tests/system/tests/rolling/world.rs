//! One set of tables, and programs of two releases that work on it.

use std::sync::{Arc, Mutex, PoisonError};

use aws_lambda_events::{dynamodb::Event, sqs::SqsEvent};
use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use photovote_closing::Closer;
use photovote_coordination::{Control, ControlReader};
use photovote_counting::Counter;
use photovote_document_store::{DocumentReader, DocumentStore};
use photovote_documents::ElectionDocument;
use photovote_domain::ElectionId;
use photovote_dynamodb::{Endpoint, Item};
use photovote_edge::edge;
use photovote_events::{Environment, EventReader, EventStore, Snapshots, rehearsal::Release};
use photovote_projection::{Projector, RepairQueue};
use photovote_queues::{CountMessage, Queue};
use photovote_repair::{Repair, StreamReader};
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
        Self { engine, messages, queue, queue_url, delivered: Mutex::default(), to_count, asked: Turn::new(asked) }
    }

    /// All functions of a release, warm, with caches of their own.
    pub(crate) fn program(&self, release: Release) -> Program<'_> {
        let (client, tables) = (self.engine.client(), self.engine.tables());
        let store = EventStore::new(client.clone(), tables.events, Environment::system());
        let control = Control::new(client.clone(), tables.control);
        // Of streams that are short, so that there are some.
        let snapshots = || Snapshots::new(&store, tables.control).of_streams_longer_than(2);
        let documents = DocumentReader::new(client.clone(), tables.documents);
        let turnout = ControlReader::new(client.clone(), tables.control);
        let elections = photovote_election_queries::App::new(documents.clone(), turnout);
        let routes = photovote_election_queries::routes()
            .with_state(elections)
            .merge(photovote_ballot_queries::routes().with_state(photovote_ballot_queries::App::new(
                store.reader().clone(),
                snapshots(),
                Environment::system(),
            )))
            .merge(
                photovote_audit_queries::routes().with_state(photovote_audit_queries::App::new(store.reader().clone())),
            )
            .merge(photovote_public_queries::routes().with_state(photovote_public_queries::App::new(documents)))
            .merge(photovote_election_commands::routes().with_state(photovote_election_commands::App::new(
                store.clone(),
                control.clone(),
                snapshots(),
            )))
            .merge(photovote_ballot_commands::routes().with_state(photovote_ballot_commands::App::new(
                store.clone(),
                control.clone(),
                snapshots(),
            )));
        let config = photovote_dynamodb::config(&Endpoint::Local(self.queue_url.clone()));
        let queue = RepairQueue::new(aws_sdk_sqs::Client::new(&config), format!("{}/1/repair", self.queue_url));
        let events = EventReader::new(client.clone(), tables.events);
        let documents = DocumentStore::new(client, tables.documents);
        let to_count = self.to_count.clone();
        let gates = ControlReader::new(self.engine.client(), tables.control);
        let counter = Counter::new(store.clone(), gates, documents.clone(), to_count.clone());
        let projector = Projector::new(events, documents, queue, to_count);
        let repair = Repair::new(projector.clone(), StreamReader::new(self.engine.config()));
        let closer = Closer::new(store.clone(), control, snapshots());
        Program { world: self, release, routes: edge(routes), projector, counter, repair, closer }
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
    closer: Closer,
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
        self.release.play(self.closer.run()).await.unwrap().failed
    }
}
