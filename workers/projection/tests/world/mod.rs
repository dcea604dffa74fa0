//! A world for the projector: the tables, a repair queue, and histories to be delivered.

use std::sync::{Arc, Mutex};

use aws_lambda_events::dynamodb::Event;
use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use photovote_documents_write::DocumentStore;
use photovote_domain::{
    BallotId, CandidateId, CompetitionId, Digest, ElectionId, Scale, ShardCount, Timestamp, Version, VoterId,
    election::ElectionEvent, voter::VoterEvent,
};
use photovote_dynamodb::{Calls, Endpoint};
use photovote_events::{Actor, CommandRecord, Commit, EventReader, Stream, first_link};
use photovote_projection::{CommitKeys, Projector};
use photovote_queues::{CountMessage, PhotographMessage, Queue};
use photovote_test_support::Engine;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc::UnboundedReceiver, task::JoinHandle};

/// Nobody listens there: the port is reserved, and never given to anyone who asks for a free one.
pub(crate) const NOBODY: &str = "http://127.0.0.1:1";

/// The messages that a queue took.
type Messages = Arc<Mutex<Vec<CommitKeys>>>;

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) calls: Calls,
    pub(crate) documents: DocumentStore,
    pub(crate) projector: Projector,
    repaired: Messages,
    queue: JoinHandle<()>,
    queue_url: String,
    counter: Queue<CountMessage>,
    told: Mutex<UnboundedReceiver<CountMessage>>,
    photo_processor: Queue<PhotographMessage>,
    told_of_photographs: Mutex<UnboundedReceiver<PhotographMessage>>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.queue.abort();
    }
}

async fn take_message(State(messages): State<Messages>, body: String) -> (StatusCode, Json<Value>) {
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    let keys = body["MessageBody"].as_str().and_then(|body| serde_json::from_str(body).ok());
    match keys {
        Some(keys) => {
            messages.lock().unwrap().push(keys);
            (StatusCode::OK, Json(json!({"MessageId": "1"})))
        }
        None => (StatusCode::BAD_REQUEST, Json(json!({"__type": "InvalidMessageContents"}))),
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        let engine = Engine::start().await;
        let messages = Messages::default();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let queue_url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", post(take_message)).with_state(Arc::clone(&messages));
        let queue = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        let (client, calls) = engine.counting_client();
        let documents = DocumentStore::new(client.clone(), engine.tables().documents);
        let events = EventReader::new(client, engine.tables().events);
        let (counter, told) = Queue::in_process();
        let (photo_processor, told_of_photographs) = Queue::in_process();
        let repair = repair_queue(&queue_url);
        let projector = Projector::new(events, documents.clone(), repair, counter.clone(), photo_processor.clone());
        Self {
            engine,
            calls,
            documents,
            projector,
            repaired: messages,
            queue,
            queue_url,
            counter,
            told: Mutex::new(told),
            photo_processor,
            told_of_photographs: Mutex::new(told_of_photographs),
        }
    }

    /// A projector of this world whose documents, events or repair queue are out of reach.
    pub(crate) fn projector_without(&self, missing: Missing) -> Projector {
        let nobody = photovote_dynamodb::config(&Endpoint::Local(NOBODY.to_owned()));
        let client = |without| {
            if missing == without { photovote_dynamodb::client(&nobody, None) } else { self.engine.client() }
        };
        let events = EventReader::new(client(Missing::Events), self.engine.tables().events);
        let documents = DocumentStore::new(client(Missing::Documents), self.engine.tables().documents);
        let url = if missing == Missing::Queue { NOBODY } else { &self.queue_url };
        let counter = if missing == Missing::Counter { Queue::in_process().0 } else { self.counter.clone() };
        let photo_processor =
            if missing == Missing::PhotoProcessor { Queue::in_process().0 } else { self.photo_processor.clone() };
        Projector::new(events, documents, repair_queue(url), counter, photo_processor)
    }

    /// What was sent to the repair queue so far: sort keys, less the ids.
    pub(crate) fn repaired(&self) -> Vec<CommitKeys> {
        self.repaired.lock().unwrap().clone()
    }

    /// What the counter was told since this was asked last.
    pub(crate) fn told(&self) -> Vec<CountMessage> {
        let mut told = self.told.lock().unwrap();
        std::iter::from_fn(|| told.try_recv().ok()).collect()
    }

    /// What the photo-processor was told since this was asked last.
    pub(crate) fn told_of_photographs(&self) -> Vec<PhotographMessage> {
        let mut told = self.told_of_photographs.lock().unwrap();
        std::iter::from_fn(|| told.try_recv().ok()).collect()
    }

    /// Writes commits to the events table.
    pub(crate) async fn write(&self, commits: &[Commit]) {
        for commit in commits {
            let put = self.engine.client().put_item().table_name(self.engine.tables().events);
            put.set_item(Some(commit.to_item())).send().await.unwrap();
        }
    }

    /// Delivers these commits as one batch; the sequence number of each is its place, from 0. Answers the one that the
    /// batch is to be taken up from again.
    pub(crate) async fn deliver<'a>(&self, commits: impl IntoIterator<Item = &'a Commit>) -> Option<String> {
        failure(&self.projector, commits.into_iter().map(inserted)).await
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Documents,
    Events,
    Queue,
    Counter,
    PhotoProcessor,
}

fn repair_queue(url: &str) -> Queue<CommitKeys> {
    let config = photovote_dynamodb::config(&Endpoint::Local(url.to_owned()));
    Queue::new(aws_sdk_sqs::Client::new(&config), format!("{url}/000000000000/photovote-repair"))
}

/// Lets a projector handle a batch of records. The failure it reports, if any.
pub(crate) async fn failure(projector: &Projector, records: impl IntoIterator<Item = Value>) -> Option<String> {
    let numbered = records.into_iter().enumerate().map(|(index, mut record)| {
        record["dynamodb"]["SequenceNumber"] = index.to_string().into();
        record
    });
    let event: Event = serde_json::from_value(json!({"Records": numbered.collect::<Vec<_>>()})).unwrap();
    let mut failures = projector.handle(event).await.batch_item_failures;
    assert!(failures.len() <= 1, "{failures:?}");
    failures.pop().map(|failure| failure.item_identifier.unwrap())
}

/// The stream record of a commit.
pub(crate) fn inserted(commit: &Commit) -> Value {
    record("INSERT", commit)
}

/// The stream record of something that happened to a commit.
pub(crate) fn record(event_name: &str, commit: &Commit) -> Value {
    let image = serde_dynamo::Item::from(commit.to_item());
    let keys = json!({"pk": {"S": commit.stream.partition()}, "sk": {"S": commit.stream.sort_key(commit.first)}});
    json!({
        "eventID": "1", "eventName": event_name, "awsRegion": "eu-central-1",
        "dynamodb": {"Keys": keys, "NewImage": image, "SizeBytes": 1, "StreamViewType": "NEW_IMAGE"},
    })
}

/// The commits that a stream with these events consists of.
pub(crate) fn history<E: Serialize>(stream: Stream, commits: impl IntoIterator<Item = Vec<E>>) -> Vec<Commit> {
    let digest = Digest::from_bytes([0; 32]);
    let record = CommandRecord::new("Test", Actor::Voter, digest, Timestamp::from_millis(0));
    let (mut version, mut prev) = (Version::NONE, first_link(&stream));
    let next = |events: Vec<E>| {
        let commit = Commit::new(stream, version, prev, &events, &record, [0; 32]).unwrap();
        (version, prev) = (commit.last(), commit.hash);
        commit
    };
    commits.into_iter().map(next).collect()
}

/// An election: created, given `competitions` one by one, opened.
pub(crate) fn election(id: ElectionId, competitions: u128) -> Vec<Commit> {
    let (name, owner) = ("Autumn".into(), "ada".into());
    let (scale, shards) = (Scale::default(), ShardCount::default());
    let created = ElectionEvent::ElectionCreated { description: None, name, owner, scale, shards };
    let added = |n| {
        let (competition, candidate) = (CompetitionId::from_bits(n), CandidateId::from_bits(n));
        vec![
            ElectionEvent::CompetitionAdded { competition, description: None, name: n.to_string() },
            ElectionEvent::CandidateAdded {
                candidate,
                competition,
                description: None,
                image: None,
                name: n.to_string(),
            },
        ]
    };
    let opened = vec![ElectionEvent::ElectionOpened { closes_at: None }];
    history(Stream::Election(id), [vec![created]].into_iter().chain((0..competitions).map(added)).chain([opened]))
}

/// A voter who registered and, if so said, was removed.
pub(crate) fn voter(election: ElectionId, n: u128, removed: bool) -> Vec<Commit> {
    let (ballot, id) = (BallotId::from_bits(n), VoterId::from_bits(n));
    let registered =
        VoterEvent::VoterRegistered { ballot, email: format!("{n}@example.org"), name: format!("voter {n}") };
    let removal = removed.then(|| vec![VoterEvent::VoterRemoved {}]);
    let stream = Stream::voter(election, ShardCount::default(), id);
    history(stream, [vec![registered]].into_iter().chain(removal))
}

/// A ballot that was created, filled in and cast.
pub(crate) fn ballot(election: ElectionId, n: u16) -> Vec<Commit> {
    photovote_test_support::ballot(election, ShardCount::default().get(), n.into(), true)
}
