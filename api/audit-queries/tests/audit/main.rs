//! The audit trail: complete, checkable from its JSON alone, and silent about how anybody voted.
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare its case has failed")]

mod names;

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use axum::Router;
use photovote_audit_queries::{App, routes};
use photovote_coordination::ControlReader;
use photovote_domain::{
    Aggregate, Ballot, BallotId, CandidateId, CompetitionId, Digest, Election, ElectionId, Nonce, Ratings, Scale,
    ShardCount, Timestamp, Voter, VoterId,
    ballot::BallotEvent,
    election::{ElectionEvent, Role},
    voter::VoterEvent,
};
use photovote_dynamodb::Calls;
use photovote_edge::edge;
use photovote_events::{
    Actor, CommandId, CommandRecord, Environment, EventReader, History, PrivatePart, Source, Stream,
};
use photovote_events_append::EventStore;
use photovote_test_support::{Engine, Reply, Sender, get};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const ELECTION: ElectionId = ElectionId::from_bits(7);
const VOTERS: u128 = 6;

/// A function with an engine of its own.
struct Archive {
    _engine: Engine,
    store: EventStore,
    router: Router,
    commands: AtomicU64,
    calls: Calls,
}

impl Archive {
    async fn new() -> Self {
        Self::with(Environment::system()).await
    }

    async fn with(environment: Environment) -> Self {
        let engine = Engine::start().await;
        let store = EventStore::new(engine.client(), engine.tables().events, environment);
        let (client, calls) = engine.counting_client();
        let router = edge(routes().with_state(App::new(
            EventReader::new(client.clone(), engine.tables().events),
            ControlReader::new(client, engine.tables().control),
        )));
        Self { _engine: engine, store, router, commands: AtomicU64::new(0), calls }
    }

    /// An open election in which some have voted.
    async fn open() -> Self {
        let archive = Self::new().await;
        let (shards, scale) = (shards(), Scale::default());
        let created = ElectionEvent::ElectionCreated {
            description: Some("\"quoted\" \u{1F4F7}".into()),
            name: "Summer".into(),
            owner: "ada".into(),
            scale,
            shards,
        };
        archive.happens(vec![created]).await;
        let competition = CompetitionId::from_bits(10);
        let added = ElectionEvent::CompetitionAdded { competition, description: None, name: "Nature".into() };
        let name = String::from("Nature and more");
        archive.happens(vec![added, ElectionEvent::CompetitionNameChanged { competition, name }]).await;
        archive.happens(vec![ElectionEvent::ElectionOpened { closes_at: None }]).await;
        for number in 0..VOTERS {
            let (voter, ballot) = (VoterId::from_bits(number), ballot_id(number));
            let registered =
                VoterEvent::VoterRegistered { ballot, email: format!("v{number}@example.org"), name: "V".into() };
            archive.append::<Voter>(Stream::voter(ELECTION, shards, voter), vec![registered]).await;
            archive.ballot_of_changes(number, 1).await;
            let (stream, candidate) = (Archive::ballot(number), CandidateId::from_bits(11));
            let (nonce, ratings) = (nonce(number), Ratings::from([(candidate, 4)]));
            archive.append::<Ballot>(stream, vec![BallotEvent::BallotCast { nonce, ratings }]).await;
        }
        archive
    }

    /// The stream of a ballot.
    fn ballot(number: u128) -> Stream {
        Stream::ballot(ELECTION, shards(), ballot_id(number))
    }

    /// A ballot that was changed so often.
    async fn ballot_of_changes(&self, number: u128, changes: usize) {
        let token = Digest::of(&number.to_be_bytes());
        self.append::<Ballot>(Self::ballot(number), vec![BallotEvent::BallotCreated { token }]).await;
        for _ in 0..changes {
            let rated = BallotEvent::BallotCandidateRated { candidate: CandidateId::from_bits(11), rating: 4 };
            self.append::<Ballot>(Self::ballot(number), vec![rated]).await;
        }
    }

    async fn close(&self) {
        let casts = u64::try_from(VOTERS).unwrap();
        self.happens(vec![ElectionEvent::ElectionClosing {}]).await;
        self.happens(vec![ElectionEvent::ElectionClosed { casts, digest_follows: true, registered: Some(casts) }])
            .await;
    }

    async fn happens(&self, events: Vec<ElectionEvent>) {
        self.append::<Election>(Stream::Election(ELECTION), events).await;
    }

    async fn append<A: Aggregate>(&self, stream: Stream, events: Vec<A::Event>) {
        let number = self.commands.fetch_add(1, Ordering::Relaxed);
        self.append_as::<A>(stream, events, Digest::of(&number.to_be_bytes())).await;
    }

    /// Appends the events of the request with this fingerprint and id.
    async fn append_as<A: Aggregate>(&self, stream: Stream, events: Vec<A::Event>, request: Digest) {
        let private = PrivatePart {
            actor: Actor::Administrator("ada".parse().unwrap()),
            fingerprint: request,
            id: CommandId::new(request),
            reason: Some("because".into()),
            source: Some(Source { address: Some("192.0.2.1".into()), user_agent: None }),
            time: Timestamp::from_millis(1_234_567),
        };
        let record = CommandRecord { name: "Test", own_id: false, private };
        let history = self.store.reader().load::<A>(stream).await.unwrap();
        self.store.execute(history, &record, |_| true, |_| Ok(events.clone())).await.unwrap();
    }

    async fn asked(&self, subject: &str, query: &str) -> Reply {
        get(&self.router, Sender::Administrator(subject), &format!("/v1/elections/{ELECTION}/audit{query}")).await
    }

    /// The whole trail, in pages of so many entries.
    async fn trail(&self, limit: usize) -> Vec<Value> {
        let pages = self.pages(limit).await;
        pages.iter().flat_map(|page| page["items"].as_array().unwrap().clone()).collect()
    }

    /// All pages of so many entries.
    async fn pages(&self, limit: usize) -> Vec<Value> {
        let mut pages: Vec<Value> = Vec::new();
        let mut query = format!("?limit={limit}");
        loop {
            let reply = self.asked("ada", &query).await;
            assert_eq!(reply.status, 200, "{}", reply.text);
            assert!(reply.json["items"].as_array().unwrap().len() <= limit);
            pages.push(reply.json.clone());
            match reply.json["next_cursor"].as_str() {
                Some(cursor) => query = format!("?limit={limit}&cursor={cursor}"),
                None => return pages,
            }
        }
    }
}

fn shards() -> ShardCount {
    ShardCount::try_from(3).unwrap()
}

fn ballot_id(number: u128) -> BallotId {
    BallotId::from_bits(number << 100 | 0x63)
}

fn nonce(number: u128) -> Nonce {
    Nonce::from_bytes([0xA0 + u8::try_from(number).unwrap(); 32])
}

/// SHA-256 over parts, each after its length, as the API document describes it.
fn hash(parts: &[&[u8]]) -> String {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    hex::encode(sha.finalize())
}

fn bytes(hexadecimal: &Value) -> Vec<u8> {
    hex::decode(hexadecimal.as_str().unwrap()).unwrap()
}

/// Checks a part, if it is shown, and answers its digest.
fn part(part: &Value) -> Result<Vec<u8>, String> {
    if let Some(data) = part["data"].as_str() {
        let digest = hash(&[b"photovote/part", &bytes(&part["salt"]), data.as_bytes()]);
        if part["digest"] != digest {
            return Err(format!("the digest is not that of {data}"));
        }
    }
    Ok(bytes(&part["digest"]))
}

/// Checks a whole trail from its JSON alone, and answers the last hash of each stream and how many entries it has.
fn verified(entries: &[Value]) -> Result<BTreeMap<String, (String, usize)>, String> {
    let mut ends: BTreeMap<String, (String, u64, usize)> = BTreeMap::new();
    for entry in entries {
        let stream = entry["stream"].as_str().unwrap().to_owned();
        match entry["kind"].as_str() {
            Some("commit") => {}
            Some("ballot") if stream.starts_with("ballot#") => {
                let end = if entry["cast"] == true { entry["hash"].as_str().unwrap() } else { "uncast" };
                if ends.insert(stream.clone(), (end.to_owned(), 0, 1)).is_some() {
                    return Err(format!("{stream} is there twice"));
                }
                continue;
            }
            _ => return Err(format!("{entry} is no entry")),
        }
        let start = hash(&[b"photovote/stream", ELECTION.to_string().as_bytes(), stream.as_bytes()]);
        let (prev, version, count) = ends.remove(&stream).unwrap_or((start, 1, 0));
        if entry["prev"] != prev || entry["version"] != version {
            return Err(format!("{stream} breaks before {version}"));
        }
        let events = entry["events"].as_array().unwrap();
        let types =
            events.iter().map(|event| format!("\"{}/{}\"", event["type"].as_str().unwrap(), event["schema_version"]));
        let types = types.collect::<Vec<_>>().join(",");
        let command = entry["command"].as_str().unwrap();
        let (form, of_command): (_, &[&str]) = match entry["form"].as_u64() {
            Some(1) => ("", &["private"]),
            Some(2) => (r#""form":2,"#, &["private", "request"]),
            _ => return Err(format!("{stream} at {version} has another form")),
        };
        let header =
            format!(r#"{{"command":"{command}","events":[{types}],{form}"stream":"{stream}","version":{version}}}"#);
        let digests = of_command.iter().map(|name| &entry[*name]).chain(events).map(part);
        let digests = digests.collect::<Result<Vec<_>, _>>()?;
        let prev = bytes(&entry["prev"]);
        let mut parts: Vec<&[u8]> = vec![b"photovote/commit", &prev, header.as_bytes()];
        parts.extend(digests.iter().map(Vec::as_slice));
        let hash = hash(&parts);
        if entry["hash"] != hash {
            return Err(format!("{stream} at {version} is not what was hashed"));
        }
        ends.insert(stream, (hash, version + events.len() as u64, count + 1));
    }
    Ok(ends.into_iter().map(|(stream, (hash, _, count))| (stream, (hash, count))).collect())
}

/// All strings of a JSON value, each with the path of keys that leads to it.
fn strings(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(entries) => {
            entries.iter().for_each(|(key, value)| strings(value, &format!("{path}/{key}"), found));
        }
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(at, value)| strings(value, &format!("{path}/{at}"), found));
        }
        Value::String(_) => found.push(path.to_owned()),
        _ => {}
    }
}

#[tokio::test]
async fn the_trail_of_a_closed_election_is_verifiable() {
    let archive = Archive::open().await;
    archive.close().await;
    for limit in [1, 4, 100] {
        let streams = verified(&archive.trail(limit).await).unwrap();
        let of_kind = |kind: &'static str| streams.iter().filter(move |(stream, _)| stream.starts_with(kind));
        let counts: [usize; 3] =
            ["election#", "voter#", "ballot#"].map(|kind| of_kind(kind).map(|(_, (_, n))| n).sum());
        assert_eq!(counts, [5, 6, 6], "in pages of {limit}");
    }
}

#[tokio::test]
async fn a_ballot_is_shown_by_its_last_hash_alone() {
    let archive = Archive::open().await;
    archive.close().await;
    let trail = archive.trail(100).await;
    let ballots: Vec<_> = trail.iter().filter(|entry| entry["kind"] == "ballot").collect();
    for number in 0..VOTERS {
        let stream = Archive::ballot(number);
        let history: History<Ballot> = archive.store.reader().load(stream).await.unwrap();
        let expected = json!({"kind": "ballot", "stream": stream.to_string(), "cast": true, "hash": history.head()});
        assert!(ballots.contains(&&expected), "{expected}");
    }
    assert_eq!(ballots.len(), 6);
}

#[tokio::test]
async fn pages_and_cursors_hide_how_often_a_ballot_changed() {
    let (quiet, busy) = (Archive::open().await, Archive::open().await);
    for (archive, changes) in [(&quiet, 1), (&busy, 300)] {
        archive.ballot_of_changes(VOTERS, changes).await;
        archive.close().await;
    }
    for limit in 1..=20 {
        let (quiet, busy, costs) = {
            let pages = (quiet.pages(limit).await, busy.pages(limit).await);
            (pages.0, pages.1, [quiet.calls.take(), busy.calls.take()])
        };
        assert_eq!(costs[0], costs[1], "in pages of {limit}");
        // Each page loads the election, and ends at most five partitions and shards with a Query that finds nothing more.
        let most = 20 + 6 * u64::try_from(busy.len()).unwrap();
        assert!(costs[0]["Query"] <= most, "{costs:?}");
        let cursors = |pages: &[Value]| pages.iter().map(|page| page["next_cursor"].clone()).collect::<Vec<_>>();
        assert_eq!(cursors(&quiet), cursors(&busy));
        let entries = |pages: &[Value]| {
            let entries = pages.iter().map(|page| page["items"].as_array().unwrap().clone());
            let ids = |entries: Vec<Value>| entries.iter().map(|e| e["stream"].clone()).collect::<Vec<_>>();
            entries.map(ids).collect::<Vec<_>>()
        };
        assert_eq!(entries(&quiet), entries(&busy));
        let head = busy.iter().flat_map(|page| page["items"].as_array().unwrap()).find(|entry| entry["cast"] == false);
        assert_eq!(head.unwrap()["stream"], format!("ballot#{}", ballot_id(VOTERS)));
    }
}

#[tokio::test]
async fn a_ballot_that_was_withdrawn_was_not_cast() {
    let archive = Archive::open().await;
    archive.ballot_of_changes(VOTERS, 2).await;
    archive.append::<Ballot>(Archive::ballot(VOTERS), vec![BallotEvent::BallotVoided {}]).await;
    archive.close().await;
    let trail = archive.trail(100).await;
    let cast: Vec<_> = trail.iter().filter(|entry| entry["kind"] == "ballot").map(|entry| &entry["cast"]).collect();
    assert_eq!(cast.iter().filter(|cast| cast == &&&json!(true)).count(), 6);
    assert_eq!(cast.len(), 7);
}

#[tokio::test]
async fn no_text_of_the_trail_can_be_changed_unnoticed() {
    let archive = Archive::open().await;
    archive.close().await;
    let trail = Value::Array(archive.trail(100).await);
    let whole = verified(trail.as_array().unwrap()).unwrap();
    let mut paths = Vec::new();
    strings(&trail, "", &mut paths);
    for path in paths {
        let mut changed = trail.clone();
        let Some(Value::String(text)) = changed.pointer_mut(&path) else { panic!("{path}") };
        let last = text.pop().unwrap();
        text.push(if last == '0' { '1' } else { '0' });
        // A chain breaks; of a ballot there is the last hash only, and whoever kept the hashes sees that it is another.
        assert_ne!(verified(changed.as_array().unwrap()).as_ref(), Ok(&whole), "{path}");
    }
}

#[tokio::test]
async fn the_trail_hides_how_and_when_somebody_voted() {
    let archive = Archive::open().await;
    archive.close().await;
    let trail = archive.trail(100).await;
    let all = Value::Array(trail.clone()).to_string();
    for number in 0..VOTERS {
        let nonce = serde_json::to_value(nonce(number)).unwrap();
        assert!(!all.contains(nonce.as_str().unwrap()));
    }
    assert!(!all.contains("rating") && !all.contains("email") && !all.contains("example.org"), "{all}");
    assert!(!all.contains(&CandidateId::from_bits(11).to_string()));

    for entry in &trail {
        let stream = entry["stream"].as_str().unwrap();
        let keys = |part: &Value| part.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
        match stream.split_once('#').unwrap().0 {
            "ballot" if entry["cast"] == true => assert_eq!(keys(entry), "cast hash kind stream"),
            "ballot" => assert_eq!(keys(entry), "cast kind stream"),
            "voter" => {
                assert_eq!(keys(&entry["private"]), "data digest salt");
                assert_eq!(keys(&entry["request"]), "digest");
                assert_eq!(keys(&entry["events"][0]), "digest schema_version type");
            }
            _ => assert_eq!(keys(&entry["events"][0]), "data digest salt schema_version type"),
        }
    }
}

#[tokio::test]
async fn the_trail_shows_actor_time_source_and_reason() {
    let archive = Archive::open().await;
    let first = archive.trail(100).await.remove(0);
    assert_eq!((&first["command"], &first["version"]), (&json!("Test"), &json!(1)));
    assert_eq!(first["stream"], format!("election#{ELECTION}"));
    let private: Value = serde_json::from_str(first["private"]["data"].as_str().unwrap()).unwrap();
    assert_eq!(private["actor"], json!({"administrator": "ada"}));
    assert_eq!((&private["time"], &private["reason"]), (&json!(1_234_567), &json!("because")));
    assert_eq!(private["source"], json!({"address": "192.0.2.1"}));
    let event = &first["events"][0];
    assert_eq!((&event["type"], &event["schema_version"]), (&json!("ElectionCreated"), &json!(1)));
    let data: Value = serde_json::from_str(event["data"].as_str().unwrap()).unwrap();
    assert_eq!((&data["name"], &data["description"]), (&json!("Summer"), &json!("\"quoted\" \u{1F4F7}")));
}

#[tokio::test]
async fn until_the_election_is_closed_no_ballot_is_listed() {
    let archive = Archive::open().await;
    let has_ballots =
        |trail: &[Value]| trail.iter().any(|entry| entry["stream"].as_str().unwrap().starts_with("ballot"));
    for limit in [1, 100] {
        let trail = archive.trail(limit).await;
        assert_eq!(trail.len(), 3 + 6);
        assert!(!has_ballots(&trail) && verified(&trail).is_ok());
    }
    archive.happens(vec![ElectionEvent::ElectionClosing {}]).await;
    assert!(!has_ballots(&archive.trail(100).await));
    archive.happens(vec![ElectionEvent::ElectionClosed { casts: 6, digest_follows: true, registered: Some(6) }]).await;
    assert!(has_ballots(&archive.trail(100).await));
}

#[tokio::test]
async fn a_list_begun_before_the_close_has_all_ballots() {
    let archive = Archive::open().await;
    let first = archive.asked("ada", "?limit=4").await.json;
    archive.close().await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = archive.asked("ada", &format!("?limit=100&cursor={cursor}")).await.json;
    let mut trail = first["items"].as_array().unwrap().clone();
    trail.extend(rest["items"].as_array().unwrap().iter().cloned());
    assert_eq!((trail.len(), &rest["next_cursor"]), (3 + 6 + 6, &Value::Null));
    verified(&trail).unwrap();
}

#[tokio::test]
async fn a_forged_cursor_shows_no_ballot_early() {
    let archive = Archive::open().await;
    archive.close().await;
    let early = Archive::open().await;
    // Genuine cursors of the same list: among the voters, at the last of them, and among the ballots.
    for (limit, voters) in [(8, 3), (11, 0), (13, 0)] {
        let reply = archive.asked("ada", &format!("?limit={limit}")).await.json;
        let cursor = reply["next_cursor"].as_str().unwrap().to_owned();
        let page = early.asked("ada", &format!("?limit=100&cursor={cursor}")).await;
        assert_eq!((page.status, &page.json["next_cursor"]), (200, &Value::Null));
        let entries = page.json["items"].as_array().unwrap();
        assert_eq!(entries.len(), voters, "{limit}");
        assert!(entries.iter().all(|entry| entry["stream"].as_str().unwrap().starts_with("voter#")));
    }
}

#[tokio::test]
async fn the_trail_is_its_administrators() {
    let archive = Archive::open().await;
    let appointed = |subject: &str| ElectionEvent::AdministratorAdded { role: Role::Observer, subject: subject.into() };
    archive.happens(vec![appointed("bea"), appointed("kim")]).await;
    archive.happens(vec![ElectionEvent::AdministratorRemoved { subject: "kim".into() }]).await;
    assert_eq!(archive.asked("bea", "").await.json, archive.asked("ada", "").await.json);
    assert_eq!(archive.asked("kim", "").await.problem(), (404, "election_not_found"), "from the next request on");
    let missing = "/v1/elections/01ARZ3NDEKTSV4RRFFQ69G5FAV/audit";
    let missing = get(&archive.router, Sender::Administrator("ada"), missing).await;
    let foreign = archive.asked("eve", "").await;
    assert_eq!(foreign.problem(), (404, "election_not_found"));
    assert_eq!((&foreign.text, &foreign.headers), (&missing.text, &missing.headers));
    assert_eq!(archive.asked("eve", "?limit=x").await.status, 404, "existence comes before form");
    assert_eq!(archive.asked("ada", "?limit=x").await.problem(), (400, "malformed_parameter"));
    assert_eq!(archive.asked("ada", "?cursor=x").await.problem(), (400, "malformed_cursor"));
    let nobody = get(&archive.router, Sender::Nobody, &format!("/v1/elections/{ELECTION}/audit")).await;
    assert_eq!(nobody.status, 401);
    let wrong = get(&archive.router, Sender::Administrator("ada"), "/v1/elections/x/audit").await;
    assert_eq!(wrong.problem(), (400, "malformed_id"));
}

#[tokio::test]
async fn a_page_never_outgrows_what_the_gateway_passes_on() {
    let archive = Archive::open().await;
    let description = Some("\"".repeat(150_000));
    for _ in 0..20 {
        archive.happens(vec![ElectionEvent::ElectionDescriptionChanged { description: description.clone() }]).await;
    }
    let page = archive.asked("ada", "?limit=100").await;
    assert!(page.text.len() < 5_000_000, "{}", page.text.len());
    assert!(page.json["next_cursor"].is_string());
    let trail = archive.trail(100).await;
    assert_eq!(trail.len(), 23 + 6);
    verified(&trail).unwrap();
}
