//! The rebuild over its queue: many workers at once, messages that come twice or again, and workers that are killed.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_dynamodb::types::AttributeValue;
use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use photovote_documents_read::Generation;
use photovote_documents_read::Scope;
use photovote_domain::{ElectionId, Tally};
use photovote_dynamodb::{Endpoint, Item, config};
use photovote_events::Environment;
use photovote_rebuild::{Event, Message, Phase, Plan, Worker};
use photovote_test_support::{ballot, voter};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::world::{CASTS, CLOSED, OPEN, PLAN, SHARDS, World, generation, killed_after};

/// How many workers there are at once.
const WORKERS: usize = 6;
/// Many parts of few pages.
const MANY: Plan = Plan { segments: 8, page: 8, ..PLAN };

/// A queue that does no more than SQS promises: a message comes at least once, in no order, and again if whoever took it
/// is gone. What is sent with a delay comes too early.
struct Queue {
    state: Arc<Mutex<Messages>>,
    server: JoinHandle<()>,
    url: String,
}

/// What is in the queue, and what became of what was.
#[derive(Debug, Default)]
struct Messages {
    waiting: VecDeque<String>,
    at_work: usize,
    most_at_work: usize,
    delivered: u32,
    twice: u32,
    killed: u32,
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take_in(State(state): State<Arc<Mutex<Messages>>>, body: String) -> (StatusCode, Json<Value>) {
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    match body["MessageBody"].as_str() {
        Some(message) => {
            state.lock().unwrap().waiting.push_back(message.to_owned());
            (StatusCode::OK, Json(json!({"MessageId": "1"})))
        }
        None => (StatusCode::BAD_REQUEST, Json(json!({"__type": "InvalidMessageContents"}))),
    }
}

impl Queue {
    async fn start() -> Self {
        let state = Arc::<Mutex<Messages>>::default();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", post(take_in)).with_state(Arc::clone(&state));
        let server = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        Self { state, server, url }
    }

    /// A worker that remembers nothing, and goes on for one page.
    fn worker(&self, world: &World) -> Worker {
        let sqs = aws_sdk_sqs::Client::new(&config(&Endpoint::Local(self.url.clone())));
        let queue = photovote_queues::Queue::new(sqs, format!("{}/000000000000/photovote-rebuild", self.url));
        Worker::new(world.another(), queue, Environment::system(), Duration::ZERO)
    }

    fn send(&self, message: &Message) {
        self.state.lock().unwrap().waiting.push_back(serde_json::to_string(message).unwrap());
    }

    /// The next message and its number, if there is one. Some messages stay for another worker.
    fn take(&self) -> Taken {
        let mut state = self.state.lock().unwrap();
        let Some(body) = state.waiting.pop_front() else {
            return if state.at_work == 0 { Taken::Nothing } else { Taken::NothingYet };
        };
        state.delivered += 1;
        state.at_work += 1;
        state.most_at_work = state.most_at_work.max(state.at_work);
        if state.delivered.is_multiple_of(4) {
            state.twice += 1;
            state.waiting.push_back(body.clone());
        }
        Taken::Message(body, state.delivered)
    }

    /// Works off all there is, and what comes of it. Of the messages some come twice, and some of those who take one are
    /// killed with it.
    async fn work_off(&self, world: &World) {
        let workers = (0..WORKERS).map(|_| async {
            loop {
                let (body, number) = match self.take() {
                    Taken::Message(body, number) => (body, number),
                    Taken::NothingYet => {
                        tokio::task::yield_now().await;
                        continue;
                    }
                    Taken::Nothing => return,
                };
                let worker = self.worker(world);
                let event = json!({"Records": [{"messageId": "1", "body": body}]});
                let work = worker.handle(serde_json::from_value(event).unwrap());
                let wakings = if number.is_multiple_of(5) { number * 7 % 13 } else { u32::MAX };
                let answer = Box::pin(killed_after(wakings, work)).await;
                world.count().await;
                let mut state = self.state.lock().unwrap();
                state.at_work -= 1;
                state.killed += u32::from(answer.is_none());
                let done = answer.is_some_and(|answer| answer.unwrap()["batchItemFailures"] == json!([]));
                if !done {
                    state.waiting.push_back(body);
                }
            }
        });
        futures::future::join_all(workers).await;
    }
}

/// What a worker is given.
enum Taken {
    Message(String, u32),
    /// Others are at work, and may send something.
    NothingYet,
    Nothing,
}

/// How often the pointer to the generations was changed.
async fn revision(world: &World) -> AttributeValue {
    let items = world.engine.items(world.engine.tables().documents).await;
    items[&("generations".to_owned(), "form-2".to_owned())]["version"].clone()
}

fn number(n: u32) -> AttributeValue {
    AttributeValue::N(n.to_string())
}

type Held = (BTreeMap<(String, String), Item>, BTreeMap<String, Tally>);

/// Do two generations hold the same? What differs is said, not all there is.
fn assert_same(one: &Held, other: &Held) {
    let keys = |held: &Held| held.0.keys().cloned().collect::<BTreeSet<_>>();
    let only: Vec<_> = keys(one).symmetric_difference(&keys(other)).cloned().collect();
    assert!(only.is_empty(), "in one of them only: {only:?}");
    for (key, item) in &one.0 {
        assert_eq!(item, &other.0[key], "{key:?}");
    }
    assert_eq!(one.1, other.1);
}

/// What is about one election.
fn about(election: ElectionId, held: &Held) -> Held {
    let id = election.to_string();
    let items = held.0.iter().filter(|((pk, sk), _)| pk.contains(&id) || pk.starts_with("owner#") && *sk == id);
    let tallies = held.1.iter().filter(|(of, _)| **of == id);
    (items.map(|(k, v)| (k.clone(), v.clone())).collect(), tallies.map(|(k, v)| (k.clone(), v.clone())).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_workers_build_the_same_and_switch_once() {
    for plan in [MANY, Plan { scope: Scope::Election(CLOSED), ..MANY }] {
        let (world, queue) = (World::new().await, Queue::start().await);
        let all = world.holds(&generation("2")).await;
        let (before, commits) = match plan.scope {
            Scope::All => (all.clone(), world.commits(None).await),
            Scope::Election(id) => (about(id, &all), world.commits(Some(id)).await),
        };
        queue.worker(&world).handle(Event::Direct(Message::Begin(plan))).await.unwrap();
        queue.work_off(&world).await;

        let status = world.status().await;
        let new = status.rebuild.generation.clone();
        assert_eq!(status.rebuild.phase, Phase::Switched);
        assert_eq!(world.serving(CLOSED).await, new);
        assert_same(&world.holds(&new).await, &before);
        assert_same(&world.holds(&generation("2")).await, &all);
        assert_eq!((status.replayed.commits, status.compared.commits), (commits, commits), "{status:?}");
        let found = (status.compared.healed, status.compared.lacking, status.compared.differing);
        assert_eq!(found, (0, 0, 0));
        assert_eq!(revision(&world).await, number(3), "registered, and switched once");
        {
            let messages = queue.state.lock().unwrap();
            assert!(messages.most_at_work > 2 && messages.twice > 10 && messages.killed > 3, "{messages:?}");
        }

        // Whatever comes late changes nothing, least of all what an operator has done since.
        world.rebuilder.roll_back(plan.scope).await.unwrap();
        for part in 0..status.rebuild.parts {
            queue.send(&Message::Work { part });
        }
        queue.send(&Message::Advance {});
        queue.work_off(&world).await;
        assert_eq!((world.serving(CLOSED).await, revision(&world).await), (generation("2"), number(4)));
        assert_eq!(world.status().await, status);

        // More than one page of the table holds.
        for n in 0..5 {
            let (pk, sk) = (AttributeValue::S(format!("{new}#large")), AttributeValue::S(n.to_string()));
            let put = world.engine.client().put_item().table_name(world.engine.tables().documents);
            let put = put.item("pk", pk).item("sk", sk).item("holds", AttributeValue::S("x".repeat(300_000)));
            put.send().await.unwrap();
        }
        queue.worker(&world).handle(Event::Direct(Message::Retire { scope: plan.scope })).await.unwrap();
        queue.work_off(&world).await;
        assert_eq!(world.holds(&new).await, Held::default());
        assert_same(&world.holds(&generation("2")).await, &all);
        assert_eq!(world.documents.generations_now().await.unwrap().retired, Vec::<Generation>::new());
    }
}

#[tokio::test]
async fn a_message_that_fails_comes_again() {
    let (world, queue) = (World::new().await, Queue::start().await);
    queue.worker(&world).handle(Event::Direct(Message::Begin(MANY))).await.unwrap();
    let nobody = config(&Endpoint::Local("http://127.0.0.1:1".to_owned()));
    let lost =
        photovote_queues::Queue::new(aws_sdk_sqs::Client::new(&nobody), "http://127.0.0.1:1/0/photovote-rebuild");
    let cut_off = Worker::new(world.another(), lost, Environment::system(), Duration::ZERO);
    let records = [json!({"advance": {}}).to_string(), "nonsense".to_owned(), json!({"status": {}}).to_string()];
    let records: Vec<_> =
        records.iter().zip(1..).map(|(body, id)| json!({"messageId": id.to_string(), "body": body})).collect();
    let event = serde_json::from_value(json!({"Records": records})).unwrap();
    let answer = cut_off.handle(event).await.unwrap();
    let failures = json!([{"itemIdentifier": "1"}, {"itemIdentifier": "2"}]);
    assert_eq!(answer["batchItemFailures"], failures, "what comes next could not be sent");
    // Whoever gets it again can send.
    queue.work_off(&world).await;
    assert_eq!(world.status().await.rebuild.phase, Phase::Switched);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cast_during_a_rebuild_is_in_both_generations() {
    let (world, queue) = (World::new().await, Queue::start().await);
    queue.worker(&world).handle(Event::Direct(Message::Begin(MANY))).await.unwrap();
    let casts = async {
        for n in (CASTS + 10)..(CASTS + 50) {
            let commits: Vec<_> =
                voter(OPEN, SHARDS, n.into(), false).into_iter().chain(ballot(OPEN, SHARDS, n, true)).collect();
            world.engine.write(&commits).await;
            // As a projector that knows the generations: the events stand before it asks.
            for active in world.documents.generations_now().await.unwrap().active_of(OPEN) {
                assert!(!World::projection(&world.engine).replay(&active, commits.clone()).await.again);
            }
        }
    };
    tokio::join!(queue.work_off(&world), casts);
    let status = world.status().await;
    assert_eq!((status.rebuild.phase, status.compared.lacking), (Phase::Switched, 0));
    let held = world.holds(&generation("2")).await;
    assert_eq!(held.1.keys().collect::<Vec<_>>(), [&CLOSED.to_string()], "of an open election nothing is counted");
    assert_same(&world.holds(&status.rebuild.generation).await, &held);
    assert_eq!(revision(&world).await, number(3));
}
