//! What the projector cannot apply, on the whole local host: it comes to a queue, blocks nobody, and is repaired once that
//! is possible.

use std::{sync::Arc, time::Duration};

use aws_lambda_events::{dynamodb::Event, sqs::SqsBatchResponse, streams::DynamoDbEventResponse};
use aws_sdk_dynamodb::{Client as DynamoDb, types::AttributeValue};
use aws_sdk_sqs::Client as Sqs;
use photovote::{
    data_dir::{DataDir, temporary},
    host::checkpoint::Checkpoint,
    host::consumer::{Consumer, Messages, Redelivery},
    host::engine::{DOCUMENTS, Durability, EVENTS, Engine},
    host::pump::{Feed, Retries, Step},
    host::queues::Queues,
    server::{DEAD_LETTERS, FAILURE_QUEUE, REPAIR_QUEUE, Server},
    supervisor::Supervisor,
};
use photovote_documents_write::DocumentStore;
use photovote_dynamodb::{Item, client};
use photovote_events::EventReader;
use photovote_projection::Projector;
use photovote_queues::Queue;
use photovote_repair::{Repair, StreamReader};
use photovote_tests::{Client, Election, administrator, serve, until};
use serde_json::{Value, json};

/// Enough for anything that comes about at all.
const PATIENCE: Duration = Duration::from_mins(1);

/// The administrator of all elections here.
fn owner(server: &Server) -> Client {
    administrator(server, "owner")
}

/// What became of an election on a server of its own, where nothing went wrong.
struct Original {
    election: Election,
    /// As it is served there.
    served: Value,
    /// Its commits, the first one first.
    commits: Vec<Item>,
}

impl Original {
    async fn new() -> Self {
        let home = temporary().unwrap();
        let server = serve(home.path(), Redelivery::default()).await;
        let election = Election::draft(owner(&server), &[2]).await;
        let document = election.get("").await.status(200).json();
        let events = client(server.dynamodb(), None).scan().table_name(EVENTS).send().await;
        let mut commits = events.unwrap().items.unwrap_or_default();
        commits.sort_by(|one, other| one["sk"].as_s().unwrap().cmp(other["sk"].as_s().unwrap()));
        assert_eq!(commits.len(), 4, "the election, its competition, and two candidates");
        server.stop().await;
        Self { election, served: document, commits }
    }

    /// The same election, asked for on this server.
    fn on(&self, server: &Server) -> Election {
        Election { owner: owner(server), ..self.election.clone() }
    }

    /// The keys of a commit, as a message names it.
    fn keys(&self, commit: usize) -> Value {
        json!({"pk": self.commits[commit]["pk"].as_s().unwrap(), "sk": self.commits[commit]["sk"].as_s().unwrap()})
    }
}

/// Writes into the events table, one after the other.
async fn write(client: &DynamoDb, items: &[Item]) {
    for item in items {
        client.put_item().table_name(EVENTS).set_item(Some(item.clone())).send().await.unwrap();
    }
}

/// The queues, looked at from outside.
struct Watched<'a>(&'a Queues);

impl Watched<'_> {
    /// How many messages a queue holds, those included that are being worked off.
    fn count(&self, queue: &'static str) -> u64 {
        self.0.queue(queue).count().unwrap()
    }

    async fn wait_for(&self, queue: &'static str, messages: u64) {
        let what = format!("{messages} messages in {queue}");
        until(&what, async || self.count(queue) == messages).await;
    }

    /// What the messages of a queue say. They are hidden for a while after that.
    fn bodies(&self, queue: &'static str) -> Vec<Value> {
        let messages = self.0.queue(queue).receive(10, 30).unwrap();
        messages.iter().map(|message| serde_json::from_str(message.body()).unwrap()).collect()
    }

    fn send(&self, queue: &'static str, body: &Value) {
        self.0.queue(queue).send(&body.to_string()).unwrap();
    }
}

/// Somebody else holds an election meanwhile: it is served, and what is cast is counted.
async fn pass_by(server: &Server) {
    let election = Election::open(owner(server), &[2]).await;
    let voter = election.voter("ada").await;
    voter.cast_with(json!({&election.candidates()[0]: 5})).await.status(200);
    let closed = election.post("/close", json!({})).await.status(200);
    let results = tokio::time::timeout(PATIENCE, election.final_results(closed.version())).await.unwrap();
    assert_eq!((&results["cast"], &results["counted"]), (&json!(1), &json!(1)));
    assert_eq!(results["competitions"][0]["candidates"][0]["sum"], 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_early_commit_blocks_nobody_and_is_repaired() {
    let original = Original::new().await;
    let home = temporary().unwrap();
    // Nothing is given up while the test takes its time.
    let server = serve(home.path(), Redelivery { receives: i64::MAX, hidden_secs: 1 }).await;
    let (events, queues) = (client(server.dynamodb(), None), Watched(server.queues()));
    let election = original.on(&server);

    write(&events, &original.commits[1..]).await;
    queues.wait_for(REPAIR_QUEUE, 3).await;
    election.get("").await.refused(404, "election_not_found");
    pass_by(&server).await;
    assert_eq!((queues.count(REPAIR_QUEUE), queues.count(DEAD_LETTERS)), (3, 0));

    // The stream, which is past the others, brings this one alone: the others, only repair can apply.
    write(&events, &original.commits[..1]).await;
    let version = original.served["version"].as_u64().unwrap();
    until("the whole election", async || {
        let answer = election.get("").await;
        answer.status == 200 && answer.version() == version
    })
    .await;
    assert_eq!(election.get("").await.json(), original.served);
    queues.wait_for(REPAIR_QUEUE, 0).await;
    assert_eq!((queues.count(FAILURE_QUEUE), queues.count(DEAD_LETTERS)), (0, 0));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hopeless_commit_waits_as_a_dead_letter() {
    let original = Original::new().await;
    let home = temporary().unwrap();
    let server = serve(home.path(), Redelivery { receives: 2, hidden_secs: 0 }).await;
    let (events, queues) = (client(server.dynamodb(), None), Watched(server.queues()));
    let election = original.on(&server);

    let text = |text: &str| AttributeValue::S(text.into());
    let no_commit = Item::from([("pk".into(), text("no")), ("sk".into(), text("commit"))]);
    write(&events, &[no_commit, original.commits[3].clone()]).await;
    queues.wait_for(DEAD_LETTERS, 2).await;
    assert_eq!(queues.count(REPAIR_QUEUE), 0);
    pass_by(&server).await;
    assert_eq!(queues.bodies(DEAD_LETTERS), [json!({"pk": "no", "sk": "commit"}), original.keys(3)]);

    // Now what was missing is there. The stream is past the last commit, and nothing happens by itself.
    write(&events, &original.commits[..3]).await;
    let version = original.served["version"].as_u64().unwrap();
    election.at(version - 1).await.status(200);
    assert_eq!(election.get("").await.version(), version - 1);
    queues.send(REPAIR_QUEUE, &original.keys(3));
    until("the whole election", async || election.get("").await.version() == version).await;
    assert_eq!(election.get("").await.json(), original.served);
    queues.wait_for(REPAIR_QUEUE, 0).await;
    assert_eq!(queues.count(DEAD_LETTERS), 2);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_break_the_projector_are_repaired() {
    let original = Original::new().await;
    let home = temporary().unwrap();
    let dir = DataDir::open(home.path()).unwrap();
    let engine = Engine::start(&dir, Durability::ProcessEnd).await.unwrap();
    let queues = Queues::open(&dir, &[REPAIR_QUEUE, FAILURE_QUEUE, DEAD_LETTERS]).await.unwrap();
    let watched = Watched(&queues);
    let events = engine.client();
    let documents = DocumentStore::new(events.clone(), DOCUMENTS);
    let repair_queue = Queue::new(Sqs::new(&queues.config()), queues.url(REPAIR_QUEUE));
    let (to_count, _asked) = Queue::in_process();
    let (to_process, _asked) = Queue::in_process();
    let reader = EventReader::new(events.clone(), EVENTS);
    let projector = Projector::new(reader, documents.clone(), repair_queue, to_count, to_process);
    let id = original.election.id.parse().unwrap();
    let version = async || documents.reader().election(id, true).await.unwrap().unwrap().version.get();

    // The projector gets everything, but breaks off where the last commit is.
    let last = original.keys(3)["sk"].clone();
    let healthy = projector.clone();
    let breaks_off = move |event: Event| {
        let (projector, last) = (healthy.clone(), last.clone());
        async move {
            for record in &event.records {
                let keys: Value = serde_dynamo::from_item(record.change.keys.clone()).unwrap();
                assert_ne!(keys["sk"], last, "it breaks off");
            }
            Ok::<DynamoDbEventResponse, String>(projector.handle(event).await)
        }
    };
    let stream = Arc::new(engine.events().unwrap());
    let checkpoint = Arc::new(Checkpoint::open(&dir, stream.arn()).unwrap());
    let retries = Retries { attempts: 2, first_pause: Duration::ZERO, longest_pause: Duration::ZERO };
    let mut feed = Feed::new(stream, checkpoint, queues.queue(FAILURE_QUEUE), retries, breaks_off);
    write(&events, &original.commits).await;
    while feed.step().await.unwrap() != Step::Idle {}
    let whole = original.served["version"].as_u64().unwrap();
    assert_eq!(version().await, whole - 1, "all before it is applied");
    assert_eq!((watched.count(FAILURE_QUEUE), watched.count(REPAIR_QUEUE)), (1, 0));

    let repair = Repair::new(projector, StreamReader::new(engine.config()));
    let work_off = move |event| {
        let repair = repair.clone();
        async move { Ok::<SqsBatchResponse, String>(repair.handle(event).await) }
    };
    let (sources, dead_letters) = (vec![queues.queue(FAILURE_QUEUE)], queues.queue(DEAD_LETTERS));
    let consumer =
        Consumer::start(Messages::new(sources, dead_letters, Redelivery::default(), work_off), &Supervisor::new());
    watched.wait_for(FAILURE_QUEUE, 0).await;
    assert_eq!(version().await, whole);
    assert_eq!((watched.count(REPAIR_QUEUE), watched.count(DEAD_LETTERS)), (0, 0));
    consumer.stop().await;
    engine.stop().await;
}
