//! Before the close, what a ballot says stands in events and nowhere else: two elections whose ballots differ in their ratings alone
//! leave the same documents and the same control table, byte for byte.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::Router;
use photovote_counting::Counter;
use photovote_domain::{Digest, Timestamp};
use photovote_dynamodb::Item;
use photovote_events::{Environment, Part};
use photovote_events_append::EventStore;
use photovote_functions::Wiring;
use photovote_projection::Projector;
use photovote_queues::{CountMessage, Queue};
use photovote_test_support::{Engine, Reply, Sender, send_under};
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc::UnboundedReceiver};

const ELECTION: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
const COMPETITION: &str = "01BX5ZZKBKACTAV9WEVGEMMVRZ";
const PHOTOGRAPHS: [&str; 2] = ["01BX5ZZKBKACTAV9WEVGEMMVS1", "01BX5ZZKBKACTAV9WEVGEMMVS2"];

/// Time and chance that are the same in each election.
fn environment() -> Environment {
    let (ticks, draws) = (Arc::new(AtomicU64::new(0)), AtomicU64::new(0));
    let now = move || {
        Timestamp::from_millis(1_800_000_000_000 + i64::try_from(ticks.fetch_add(1, Ordering::Relaxed)).unwrap())
    };
    Environment::new(now, move |bytes| {
        *bytes = *Digest::of(&draws.fetch_add(1, Ordering::Relaxed).to_be_bytes()).as_bytes();
    })
}

/// The functions over an engine of their own.
struct World {
    engine: Engine,
    routes: Router,
    projector: Projector,
    counter: Counter,
    asked: Mutex<UnboundedReceiver<CountMessage>>,
    store: EventStore,
    requests: AtomicU64,
}

impl World {
    async fn new() -> Self {
        let engine = Engine::start().await;
        let (client, tables) = (engine.client(), engine.tables());
        let (queue, asked) = Queue::in_process();
        let config = engine.config().clone();
        let settings = move |name: &str| tables.setting(name);
        let wiring = Wiring::new(config.clone(), config, settings)
            .with_client(client.clone())
            .with_environment(environment())
            .with_count_queue(queue)
            .with_photographs_queue(Queue::in_process().0);
        let routes = wiring.all_routes().unwrap();
        let (projector, counter) = (wiring.projector().unwrap(), wiring.counter().unwrap());
        let store = EventStore::new(client, tables.events, environment());
        Self { engine, routes, projector, counter, asked: Mutex::new(asked), store, requests: AtomicU64::new(0) }
    }

    async fn send(&self, sender: Sender<'_>, method: &str, path: &str, body: Value) -> Reply {
        let key = format!("request {}", self.requests.fetch_add(1, Ordering::Relaxed));
        let reply = send_under(&self.routes, sender, method, &format!("/v1{path}"), Some(&key), Some(&body)).await;
        assert!(reply.status < 300, "{method} {path}: {} {}", reply.status, reply.text);
        reply
    }

    async fn administer(&self, method: &str, path: &str, body: Value) -> Reply {
        self.send(Sender::Administrator("ada"), method, &format!("/elections{path}"), body).await
    }

    /// Projects all that has happened.
    async fn project(&self) {
        let page = self.store.reader().sweep(Part::Segment { number: 0, of: 1 }, None, 1_000).await.unwrap();
        let records: Vec<_> = page
            .commits
            .iter()
            .map(|commit| {
                let image = json!(serde_dynamo::Item::from(commit.to_item()));
                let keys = json!({"pk": image["pk"], "sk": image["sk"]});
                let change = json!({"Keys": keys, "NewImage": image, "SequenceNumber": "1", "SizeBytes": 1});
                json!({"eventID": "1", "eventName": "INSERT", "awsRegion": "eu-central-1", "dynamodb": change})
            })
            .collect();
        let event = serde_json::from_value(json!({"Records": records})).unwrap();
        assert!(self.projector.handle(event).await.batch_item_failures.is_empty());
    }

    /// Documents and control, whole.
    async fn tables(&self) -> [BTreeMap<(String, String), Item>; 2] {
        self.project().await;
        let tables = self.engine.tables();
        [self.engine.items(tables.documents).await, self.engine.items(tables.control).await]
    }

    /// Holds an election in which the voters give these grades. What the tables hold after each step.
    async fn hold(&self, grades: [[u8; 2]; 3]) -> Vec<[BTreeMap<(String, String), Item>; 2]> {
        let mut seen = Vec::new();
        self.administer("POST", "", json!({"id": ELECTION, "name": "Summer", "expected_voters": 200})).await;
        let competition = format!("/{ELECTION}/competitions");
        self.administer("POST", &competition, json!({"id": COMPETITION, "name": "Nature"})).await;
        for (photograph, name) in PHOTOGRAPHS.iter().zip(["Moon", "Sun"]) {
            let candidates = format!("{competition}/{COMPETITION}/candidates");
            self.administer("POST", &candidates, json!({"id": photograph, "name": name})).await;
        }
        self.administer("POST", &format!("/{ELECTION}/open"), json!({})).await;
        let mut tokens = Vec::new();
        for name in ["Ada", "Bea", "Cid"] {
            let voter = json!({"name": name, "email": format!("{name}@example.org")});
            let registered = self.administer("POST", &format!("/{ELECTION}/voters"), voter).await;
            tokens.push(registered.json["ballot_token"].as_str().unwrap().to_owned());
        }
        for (token, [moon, sun]) in tokens.iter().zip(grades) {
            let voter = Sender::Bearer(token);
            for (photograph, grade) in PHOTOGRAPHS.iter().zip([moon, sun]) {
                self.send(voter, "PUT", "/ballot/ratings", json!({"ratings": {*photograph: grade}})).await;
                seen.push(self.tables().await);
            }
            self.send(voter, "POST", "/ballot/cast", json!({})).await;
            seen.push(self.tables().await);
        }
        seen
    }

    /// Closes the election, as the clock does, and lets it be counted.
    async fn close_and_count(&self) {
        self.administer("POST", &format!("/{ELECTION}/close"), json!({})).await;
        self.project().await;
        let mut asked = self.asked.lock().await;
        while let Ok(message) = asked.try_recv() {
            self.counter.work_off(&message).await.unwrap();
        }
    }
}

#[tokio::test]
async fn before_the_close_only_events_show_the_votes() {
    let (one, other) = (World::new().await, World::new().await);
    let (of_one, of_other) = (one.hold([[5, 1], [2, 3], [4, 4]]).await, other.hold([[1, 5], [3, 3], [4, 2]]).await);
    assert_eq!(of_one.len(), 9);
    for (step, (one, other)) in of_one.iter().zip(&of_other).enumerate() {
        assert!(one == other, "after step {step}: {one:?} is not {other:?}");
    }
    // Only the casts move something: the gates' numbers.
    assert_eq!(of_one[0][0], of_one[8][0], "no document has moved since the first rating");
    assert_ne!(of_one[0][1], of_one[8][1]);
    // After the close the results differ: these tables would show it.
    one.close_and_count().await;
    other.close_and_count().await;
    let [[of_one, one_control], [of_other, other_control]] = [one.tables().await, other.tables().await];
    assert_ne!(of_one, of_other);
    assert_eq!(one_control, other_control);
}
