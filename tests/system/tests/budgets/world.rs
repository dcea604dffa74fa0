//! The functions in one process, over an engine whose calls are counted.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{
    Client,
    types::{PutRequest, WriteRequest},
};
use axum::Router;
use photovote_documents_write::DocumentStore;
use photovote_domain::{
    Aggregate, BallotToken, CandidateId, CompetitionId, Digest, Draft, Election, ElectionId, Import, ImportId,
    ShardCount, Timestamp, Version, ballot::BallotEvent, election::ElectionEvent, import::ImportCommand,
};
use photovote_dynamodb::{Calls, Endpoint};
use photovote_events::{Actor, CommandRecord, Commit, Environment, EventReader, Stream};
use photovote_events_append::EventStore;
use photovote_functions::Wiring;
use photovote_projection::{Projection, Replayed};
use photovote_queues::{CountMessage, ImportMessage, MailMessage, Queue};
use photovote_test_support::{
    Engine, Reply, Sender, following, send_under,
    units::{Contents, ReadUnits, WriteUnits},
};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

/// The administrator.
pub(crate) const OWNER: Sender<'_> = Sender::Administrator("ada");
/// The election.
pub(crate) const ELECTION: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAE";

/// What a request cost.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    /// The calls: `"PutItem, 2 Query"`.
    pub(crate) calls: String,
    /// The write units, where all writes are in transactions or none is.
    pub(crate) units: Option<usize>,
}

/// Tables, and clients that count.
pub(crate) struct World {
    pub(crate) engine: Engine,
    client: Client,
    calls: Calls,
    read: ReadUnits,
    written: WriteUnits,
    to_import: Queue<ImportMessage>,
    to_mail: Queue<MailMessage>,
    _mails: UnboundedReceiver<MailMessage>,
    _asked: UnboundedReceiver<ImportMessage>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let engine = Engine::start().await;
        let (client, calls, read, written) = engine.client_metered_for_writes();
        let (to_import, asked) = Queue::in_process();
        let (to_mail, mails) = Queue::in_process();
        Self { engine, client, calls, read, written, to_import, to_mail, _mails: mails, _asked: asked }
    }

    /// The client that counts.
    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    fn store(&self) -> EventStore {
        EventStore::new(self.client.clone(), self.engine.tables().events, Environment::system())
    }

    /// What puts functions together that have just been started, and remember nothing.
    fn wiring(&self) -> Wiring {
        let (tables, config) = (self.engine.tables(), self.engine.config().clone());
        let nobody = photovote_dynamodb::config(&Endpoint::Local("http://127.0.0.1:1".to_owned()));
        let settings = move |name: &str| match name {
            // Mails can be sent.
            "INVITES" => Some("yes".to_owned()),
            _ => tables.setting(name),
        };
        Wiring::new(config, nobody, settings)
            .with_client(self.client.clone())
            .with_import_queue(self.to_import.clone())
            .with_mail_queue(self.to_mail.clone())
    }

    /// What administrators command.
    pub(crate) fn election_commands(&self) -> Router {
        self.wiring().election_commands().unwrap()
    }

    /// What voters command.
    pub(crate) fn ballot_commands(&self) -> Router {
        self.wiring().ballot_commands().unwrap()
    }

    /// Everything that can be asked.
    pub(crate) fn queries(&self) -> Router {
        self.wiring().all_routes().unwrap()
    }

    /// Sends a request that must succeed, and forgets what it cost.
    pub(crate) async fn prepare(&self, router: &Router, sender: Sender<'_>, request: Request<'_>) -> Reply {
        let reply = request.send(router, sender).await;
        assert!(reply.status < 300, "{request:?}: {}", reply.text);
        self.calls.take();
        reply
    }

    /// Sends a request that must be answered with this status, and tells what it cost.
    pub(crate) async fn cost(&self, router: &Router, sender: Sender<'_>, request: Request<'_>, status: u16) -> Cost {
        self.metered(router, sender, request, status).await.0
    }

    /// The same with the read units, and what was answered.
    pub(crate) async fn metered(
        &self,
        router: &Router,
        sender: Sender<'_>,
        request: Request<'_>,
        status: u16,
    ) -> (Cost, usize, Reply) {
        let keys: &[&str] = &["pk", "sk"];
        let tables = &[(self.engine.tables().events, keys), (self.engine.tables().control, keys)];
        let client = self.engine.client();
        let before = Contents::of(&client, tables).await;
        let (calls, read, reply) = self.reads(router, sender, None, request, status).await;
        let units = before.units_to(&Contents::of(&client, tables).await);
        let transactions = calls.contains_key("TransactWriteItems");
        let others = calls.keys().any(|name| ["PutItem", "UpdateItem", "DeleteItem"].contains(&name.as_str()));
        let units = match (transactions, others) {
            (true, true) => None,
            // What a transaction writes costs twice as much.
            (true, false) => Some(2 * units),
            (false, _) => Some(units),
        };
        (Cost { calls: listed(calls), units }, read, reply)
    }

    /// What was called since the last time it was asked for, with the write units and the read units.
    pub(crate) fn spent(&self) -> (String, usize, usize) {
        (listed(self.calls.take()), self.written.take(), self.read.take())
    }

    /// Sends a request under an idempotency key that must be answered with this status; tells the calls and the read units.
    pub(crate) async fn reads(
        &self,
        router: &Router,
        sender: Sender<'_>,
        key: Option<&str>,
        request: Request<'_>,
        status: u16,
    ) -> (BTreeMap<String, u64>, usize, Reply) {
        self.calls.take();
        self.read.take();
        let reply = request.send_under(router, sender, key).await;
        assert_eq!(reply.status, status, "{request:?}: {}", reply.text);
        (self.calls.take(), self.read.take(), reply)
    }

    /// Carries out the importer's commands on an import, as far as they do not touch voters.
    pub(crate) async fn import(&self, import: ImportId, commands: impl IntoIterator<Item = ImportCommand>) {
        let store = self.store();
        let mut history =
            store.reader().load::<Import>(Stream::Import(ELECTION.parse().unwrap(), import)).await.unwrap();
        for command in commands {
            let actor = Actor::Importer { administrator: "ada".parse().unwrap(), import };
            let record = CommandRecord::once(command.name(), actor, store.environment());
            let decide = |known: &Import| known.decide(command.clone(), &&Election::default());
            history = store.execute(history, &record, |_| true, decide).await.unwrap().history;
        }
        self.calls.take();
    }

    /// Adds a competition of so many candidates to the election, in one commit.
    pub(crate) async fn add_candidates(&self, count: u16) -> Vec<String> {
        let id = ELECTION.parse().unwrap();
        let competition = CompetitionId::from_bits(1);
        let candidates: Vec<_> = (0..count).map(|n| CandidateId::from_bits(n.into())).collect();
        let added = |candidate: &CandidateId| ElectionEvent::CandidateAdded {
            candidate: *candidate,
            competition,
            description: None,
            image: None,
            name: candidate.to_string(),
        };
        let named = ElectionEvent::CompetitionAdded { competition, description: None, name: "Nature".into() };
        let events: Vec<_> = std::iter::once(named).chain(candidates.iter().map(added)).collect();
        let request = Digest::of(b"candidates");
        let record = CommandRecord::new("Test", Actor::Clock, request, Timestamp::from_millis(0));
        let store = self.store();
        let history = store.reader().load::<Election>(Stream::Election(id)).await.unwrap();
        store.execute(history, &record, |_| true, |_| Ok(events.clone())).await.unwrap();
        candidates.iter().map(ToString::to_string).collect()
    }

    /// Changes the election's name so many times, as if each had been decided on.
    pub(crate) async fn rename(&self, times: usize) {
        let stream = Stream::Election(ELECTION.parse().unwrap());
        let mut commits = self.store().reader().commits_after(&stream, Version::NONE).await.unwrap();
        let before = commits.len();
        for time in 0..times {
            let event = ElectionEvent::ElectionNameChanged { name: format!("Summer {time}") };
            let commit = following(&commits, &[event]);
            commits.push(commit);
        }
        self.write(&commits[before..]).await;
    }

    async fn write(&self, commits: &[Commit]) {
        for commits in commits.chunks(25) {
            let put = |commit: &Commit| PutRequest::builder().set_item(Some(commit.to_item())).build().unwrap();
            let requests = commits.iter().map(|commit| WriteRequest::builder().put_request(put(commit)).build());
            let write = self.engine.client().batch_write_item();
            write.request_items(self.engine.tables().events, requests.collect()).send().await.unwrap();
        }
    }

    /// Saves the draft that a token opens so many times, as if each had been decided on.
    pub(crate) async fn save_draft(&self, token: &str, draft: &str, times: usize) {
        let token: BallotToken = token.parse().unwrap();
        let stream = Stream::ballot(token.election, ShardCount::default(), token.ballot);
        let mut commits = self.store().reader().commits_after(&stream, Version::NONE).await.unwrap();
        let (before, draft): (_, Draft) = (commits.len(), draft.parse().unwrap());
        for saves in 1..=times {
            let event = BallotEvent::BallotSaved { draft: draft.clone(), saves, token: token.hash() };
            let commit = following(&commits[commits.len() - 1..], &[event]);
            commits.push(commit);
        }
        self.write(&commits[before..]).await;
    }

    /// What it takes to read the election's own stream from its beginning.
    pub(crate) async fn read_units_of_the_election(&self) -> usize {
        self.read.take();
        self.store().reader().load::<Election>(Stream::Election(ELECTION.parse().unwrap())).await.unwrap();
        self.read.take()
    }

    /// Counts the ballots of a closed election, and tells what write and read units that takes.
    pub(crate) async fn count(&self, election: ElectionId) -> [usize; 2] {
        let before = self.documented().await;
        self.read.take();
        let (queue, mut asked) = Queue::in_process();
        let counter = self.wiring().with_count_queue(queue).counter().unwrap();
        counter.work_off(&CountMessage::election(election, "2".parse().unwrap())).await.unwrap();
        while let Ok(message) = asked.try_recv() {
            counter.work_off(&message).await.unwrap();
        }
        let read = self.read.take();
        self.calls.take();
        [before.units_to(&self.documented().await), read]
    }

    /// Brings documents up to date with these commits.
    pub(crate) async fn replay(&self, commits: &[Commit]) {
        let events = EventReader::new(self.engine.client(), self.engine.tables().events);
        let documents = DocumentStore::new(self.engine.client(), self.engine.tables().documents);
        let replayed = Projection::new(events, documents).replay(&"2".parse().unwrap(), commits.to_vec()).await;
        assert_eq!(replayed, Replayed::default());
    }

    /// What the documents table holds.
    pub(crate) async fn documented(&self) -> Contents {
        Contents::of(&self.engine.client(), &[(self.engine.tables().documents, &["pk", "sk"])]).await
    }

    /// Brings the documents up to date with everything that has happened.
    pub(crate) async fn project(&self) {
        let (counter, _told) = Queue::in_process();
        let (photo_processor, _told) = Queue::in_process();
        let wiring = self.wiring().with_count_queue(counter).with_photographs_queue(photo_processor);
        let projector = wiring.projector().unwrap();
        let commits = self.engine.items(self.engine.tables().events).await;
        let records = commits.into_values().enumerate().map(|(number, item)| {
            let image = json!(serde_dynamo::Item::from(item));
            let keys = json!({"pk": image["pk"], "sk": image["sk"]});
            let change = json!({"Keys": keys, "NewImage": image, "SequenceNumber": number.to_string(), "SizeBytes": 1});
            json!({"eventID": "1", "eventName": "INSERT", "awsRegion": "eu-central-1", "dynamodb": change})
        });
        let batch = json!({"Records": records.collect::<Vec<_>>()});
        let answer = projector.handle(serde_json::from_value(batch).unwrap()).await;
        assert!(answer.batch_item_failures.is_empty(), "{answer:?}");
        self.calls.take();
    }
}

/// Calls as a table shows them: each operation, and how often if it is more than once.
fn listed(calls: BTreeMap<String, u64>) -> String {
    let call = |(name, count): (String, u64)| if count == 1 { name } else { format!("{count} {name}") };
    calls.into_iter().map(call).collect::<Vec<_>>().join(", ")
}

/// A request: method, path under `/v1`, body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a>(pub(crate) &'a str, pub(crate) &'a str, pub(crate) &'a Value);

impl Request<'_> {
    async fn send(&self, router: &Router, sender: Sender<'_>) -> Reply {
        self.send_under(router, sender, None).await
    }

    /// Sends it under an idempotency key.
    pub(crate) async fn send_under(&self, router: &Router, sender: Sender<'_>, key: Option<&str>) -> Reply {
        let Self(method, path, body) = *self;
        send_under(router, sender, method, &format!("/v1{path}"), key, (!body.is_null()).then_some(body)).await
    }
}
