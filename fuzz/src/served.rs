//! The whole functions over an engine in memory: whatever comes, they answer, and never that they are at fault.

use std::sync::OnceLock;

use aws_lambda_events::{dynamodb::Event, sqs::SqsEvent};
use axum::{
    Json, Router,
    body::{Body, to_bytes},
    routing::post,
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::{Request, uri::PathAndQuery};
use photovote::{data_dir::DataDir, issuer::Issuer};
use photovote_control::{Control, ControlReader};
use photovote_document_store::{DocumentReader, DocumentStore};
use photovote_domain::Timestamp;
use photovote_dynamodb::Endpoint;
use photovote_event_store::{Commit, Environment, EventReader, EventStore};
use photovote_http::edge;
use photovote_testing::{Engine, Sender, send};
use projector::{Projector, RepairQueue};
use repair::{Repair, StreamReader};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tower::ServiceExt;

const ELECTION: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAE";
const COMPETITION: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAC";
const CANDIDATES: [&str; 2] = ["01ARZ3NDEKTSV4RRFFQ69G5FA0", "01ARZ3NDEKTSV4RRFFQ69G5FA1"];
const VOTER: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// Ada's election, open, with a voter; and all functions over it.
struct World {
    runtime: Runtime,
    engine: Engine,
    router: Router,
    projector: Projector,
    repair: Repair,
    token: String,
    issuer: Issuer,
}

impl World {
    fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let (engine, router, projector, repair, token) = runtime.block_on(async {
            let engine = Engine::start().await;
            let (client, tables) = (engine.client(), engine.tables());
            let store = || EventStore::new(client.clone(), tables.events, Environment::system());
            let control = || Control::new(client.clone(), tables.control);
            let documents = || DocumentReader::new(client.clone(), tables.documents);
            let visible = ControlReader::new(client.clone(), tables.control);
            let parts = [
                Router::from(election_commands::routes().with_state(election_commands::App::new(store(), control()))),
                Router::from(ballot_commands::routes().with_state(ballot_commands::App::new(store(), control()))),
                Router::from(election_queries::routes().with_state(election_queries::App::new(documents(), visible))),
                Router::from(ballot_queries::routes().with_state(ballot_queries::App::new(store().reader().clone()))),
                Router::from(audit_queries::routes().with_state(audit_queries::App::new(store().reader().clone()))),
                Router::from(public_queries::routes().with_state(public_queries::App::new(documents()))),
            ];
            let router = edge(parts.into_iter().fold(Router::new(), Router::merge));
            let projector = Projector::new(
                EventReader::new(client.clone(), tables.events),
                DocumentStore::new(client.clone(), tables.documents),
                queue().await,
            );
            let repair = Repair::new(projector.clone(), StreamReader::new(engine.config()));
            let token = prepare(&router).await;
            project(&engine, &projector).await;
            (engine, router, projector, repair, token)
        });
        let home = tempfile::tempdir().expect("a directory");
        let issuer = Issuer::open(&DataDir::open(home.path()).expect("a directory")).expect("an issuer");
        Self { runtime, engine, router, projector, repair, token, issuer }
    }

    fn get() -> &'static Self {
        static WORLD: OnceLock<World> = OnceLock::new();
        WORLD.get_or_init(Self::new)
    }

    /// The text with the names of what is there in the place of `{e}`, `{c}`, `{k}`, `{v}` and `{token}`.
    fn named(&self, text: &str) -> String {
        let names =
            [("{e}", ELECTION), ("{c}", COMPETITION), ("{k}", CANDIDATES[0]), ("{v}", VOTER), ("{token}", &self.token)];
        names.into_iter().fold(text.to_owned(), |text, (short, name)| text.replace(short, name))
    }

    /// Lets the functions answer an event of the gateway's. What is not an event they are never given.
    fn answer(&self, event: &[u8]) -> Option<(u16, Value)> {
        if !is_passed_on(event) {
            return None;
        }
        let request = lambda_http::request::from_reader(event).ok()?;
        Some(self.runtime.block_on(async {
            let request: Request<Body> = request.map(Body::new);
            let response = self.router.clone().oneshot(request).await.expect("a router never fails");
            let (parts, body) = response.into_parts();
            let body = to_bytes(body, usize::MAX).await.expect("the body is in memory");
            let json: Value = serde_json::from_slice(&body).unwrap_or_default();
            let status = parts.status.as_u16();
            assert!(status < 500 || parts.headers.contains_key("retry-after"), "{status}: {json}");
            assert_eq!(parts.headers["x-content-type-options"], "nosniff");
            if status >= 400 {
                assert_eq!(parts.headers["content-type"], "application/problem+json", "{status}: {json}");
                assert!(json["code"].is_string() && json["status"] == status, "{status}: {json}");
            }
            (status, json)
        }))
    }
}

/// Whether a gateway would pass the event on. Gateways refuse what is no HTTP request, and what names another host, and encode a
/// body themselves; the library that reads events takes that for granted, and panics where it does not hold.
fn is_passed_on(event: &[u8]) -> bool {
    let Ok(event) = serde_json::from_slice::<Value>(event) else { return true };
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    let target = format!("{}?{}", text("rawPath"), text("rawQueryString"));
    let headers = event["headers"].as_object().into_iter().flatten();
    let mut hosts = headers.filter(|(name, _)| name.eq_ignore_ascii_case("host"));
    let encoded = event["isBase64Encoded"] == true && STANDARD.decode(text("body")).is_err();
    !encoded
        && target.starts_with('/')
        && target.len() < 10_000
        && target.parse::<PathAndQuery>().is_ok()
        && hosts.all(|(_, host)| host == "localhost")
        && event["requestContext"]["domainName"].is_null()
}

/// A queue that takes everything and keeps nothing.
async fn queue() -> RepairQueue {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
    let url = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
    let router = Router::new().route("/", post(|| async { Json(json!({"MessageId": "1"})) }));
    tokio::spawn(async { axum::serve(listener, router).await });
    let config = photovote_dynamodb::config(&Endpoint::Local(url.clone())).await;
    RepairQueue::new(aws_sdk_sqs::Client::new(&config), format!("{url}/000000000000/photovote-repair"))
}

/// Makes the election; the voter's ballot token.
async fn prepare(router: &Router) -> String {
    let place = format!("/elections/{ELECTION}");
    let candidates = format!("{place}/competitions/{COMPETITION}/candidates");
    let steps = [
        ("/elections".to_owned(), json!({"id": ELECTION, "name": "Summer", "expected_voters": 10})),
        (format!("{place}/competitions"), json!({"id": COMPETITION, "name": "Nature"})),
        (candidates.clone(), json!({"id": CANDIDATES[0], "name": "Moon"})),
        (candidates, json!({"id": CANDIDATES[1], "name": "Sun"})),
        (format!("{place}/open"), json!({})),
        (format!("{place}/voters"), json!({"id": VOTER, "name": "Eve", "email": "eve@example.org"})),
    ];
    let mut token = String::new();
    for (path, body) in steps {
        let reply = send(router, Sender::Administrator("ada"), "POST", &format!("/v1{path}"), Some(&body)).await;
        assert!(reply.status < 300, "{path}: {}", reply.text);
        reply.json["ballot_token"].as_str().unwrap_or_default().clone_into(&mut token);
    }
    token
}

/// Brings the documents up to date.
async fn project(engine: &Engine, projector: &Projector) {
    let commits = engine.client().scan().table_name(engine.tables().events).send().await.expect("the engine answers");
    let records = commits.items.unwrap_or_default().into_iter().enumerate().map(|(number, item)| {
        let image = json!(serde_dynamo::Item::from(item));
        let change = json!({
            "Keys": {"pk": image["pk"], "sk": image["sk"]}, "NewImage": image, "SequenceNumber": number.to_string(),
            "SizeBytes": 1,
        });
        json!({"eventID": "1", "eventName": "INSERT", "awsRegion": "eu-central-1", "dynamodb": change})
    });
    let batch = json!({"Records": records.collect::<Vec<_>>()});
    let answer = projector.handle(serde_json::from_value(batch).expect("an event")).await;
    assert!(answer.batch_item_failures.is_empty(), "{answer:?}");
}

/// An event as it reaches a function, whole: JSON of the gateway's, or something else.
pub fn http_event(data: &[u8]) {
    let world = World::get();
    match std::str::from_utf8(data) {
        Ok(text) => world.answer(world.named(text).as_bytes()),
        Err(_binary) => world.answer(data),
    };
}

/// A request written down: `<caller> <method> <path>`, headers up to an empty line, and the body. The caller is `admin`, `other`,
/// `voter` or `nobody`; `{e}`, `{c}`, `{k}`, `{v}` name what is there.
pub fn request(data: &[u8]) {
    let world = World::get();
    let (head, body) = match data.windows(2).position(|pair| pair == b"\n\n") {
        Some(at) => (&data[..at], &data[at + 2..]),
        None => (data, &b""[..]),
    };
    let head = world.named(&String::from_utf8_lossy(head));
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().splitn(3, ' ');
    let (caller, method, path) =
        (words.next().unwrap_or_default(), words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (raw, query) = path.split_once('?').unwrap_or((path, ""));
    let mut headers: serde_json::Map<_, _> =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.into())).collect();
    let subject = match caller {
        "admin" => Some("ada"),
        "other" => Some("bob"),
        _ => None,
    };
    if caller == "voter" {
        headers.insert("authorization".into(), format!("Bearer {}", world.token).into());
    }
    let (body, encoded) = match std::str::from_utf8(body) {
        Ok(text) => (world.named(text), false),
        Err(_binary) => (STANDARD.encode(body), true),
    };
    let event = json!({
        "version": "2.0", "rawPath": raw, "rawQueryString": query, "headers": headers, "isBase64Encoded": encoded,
        "body": body,
        "requestContext": {
            "requestId": "r-1", "stage": "$default", "http": {"method": method, "path": raw},
            "authorizer": subject.map(|subject| json!({"jwt": {"claims": {"sub": subject}}})),
        },
    });
    if let Some((status, answer)) = world.answer(event.to_string().as_bytes())
        && matches!(caller, "other" | "nobody")
        && raw.starts_with(&format!("/v1/elections/{ELECTION}"))
    {
        assert!((400..500).contains(&status), "what is Ada's is not there for others: {answer}");
    }
}

/// A cursor, as it is and in the coding of ours: every list refuses it, or goes on within itself.
pub fn cursor(data: &[u8]) {
    let world = World::get();
    let text = world.named(&String::from_utf8_lossy(data));
    for place in
        ["/v1/elections", &format!("/v1/elections/{ELECTION}/voters"), &format!("/v1/elections/{ELECTION}/audit")]
    {
        for cursor in [text.clone(), URL_SAFE_NO_PAD.encode(&text), URL_SAFE_NO_PAD.encode(data)] {
            let event = json!({
                "version": "2.0", "rawPath": place, "rawQueryString": limited(&cursor), "headers": {},
                "isBase64Encoded": false,
                "requestContext": {
                    "requestId": "r-1", "stage": "$default", "http": {"method": "GET", "path": place},
                    "authorizer": {"jwt": {"claims": {"sub": "ada"}}},
                },
            });
            // A gateway refuses the longest.
            let Some((status, answer)) = world.answer(event.to_string().as_bytes()) else { continue };
            let code = answer["code"].as_str().unwrap_or_default();
            assert!(
                status == 200 || status == 400 && code == "malformed_cursor",
                "{place} {cursor}: {status} {answer}"
            );
            if status == 200 {
                let items = answer["items"].as_array().expect("a list has items");
                let theirs = items.iter().all(|item| {
                    let text = item.to_string();
                    let stream = item["stream"].as_str();
                    stream.map_or_else(
                        || text.contains(ELECTION) || text.contains(VOTER),
                        |stream| !stream.starts_with("election#") || stream.ends_with(ELECTION),
                    )
                });
                assert!(theirs, "{answer}");
            }
        }
    }
}

/// The query for the longest page after a cursor.
fn limited(cursor: &str) -> String {
    cursor.bytes().fold("limit=100&cursor=".to_owned(), |query, byte| format!("{query}%{byte:02X}"))
}

/// A JWT; `{jwt}`, `{head}`, `{claims}` and `{signature}` stand for a good one and its parts. Only the good one is accepted.
pub fn jwt(data: &[u8]) {
    static GOOD: OnceLock<String> = OnceLock::new();
    let world = World::get();
    let now = Timestamp::from_millis(1_700_000_000_000);
    let good = GOOD.get_or_init(|| world.issuer.token(&"ada".parse().expect("a subject"), now).expect("a token"));
    let parts: Vec<_> = good.split('.').collect();
    let mut text = String::from_utf8_lossy(data).into_owned();
    for (short, long) in [("{jwt}", &**good), ("{head}", parts[0]), ("{claims}", parts[1]), ("{signature}", parts[2])] {
        text = text.replace(short, long);
    }
    match world.issuer.verify(&text, now) {
        Ok(claims) => {
            assert_eq!(&text, good, "no other spelling of it either");
            assert_eq!(claims["sub"], "ada");
        }
        Err(_refused) => assert_ne!(&text, good),
    }
}

/// A batch of the stream. What is no commit is not applied: the documents stay as they are.
pub fn stream_event(data: &[u8]) {
    let world = World::get();
    let Ok(event) = serde_json::from_slice::<Event>(data) else { return };
    let records = event.records.len();
    let is_commit = |image: serde_dynamo::Item| Commit::from_item(image.into()).is_ok();
    let commits = event.records.iter().filter(|r| r.event_name == "INSERT" && is_commit(r.change.new_image.clone()));
    let nothing_to_apply = commits.count() == 0;
    world.runtime.block_on(async {
        let documents = || async {
            let table = world.engine.tables().documents;
            let found = world.engine.client().scan().table_name(table).consistent_read(true).send().await;
            found.expect("the engine answers").items.unwrap_or_default()
        };
        if nothing_to_apply {
            // Others may be projecting at the same time, but only commits that they brought: none of these keys.
            let before = documents().await.len();
            let answer = world.projector.handle(event).await;
            assert!(answer.batch_item_failures.len() <= records.min(1), "{answer:?}");
            assert!(documents().await.len() >= before);
        } else {
            let answer = world.projector.handle(event).await;
            assert!(answer.batch_item_failures.len() <= 1, "{answer:?}");
        }
    });
}

/// The body of a message to repair. What is not understood, or cannot be healed, comes again.
pub fn repair_message(data: &[u8]) {
    let world = World::get();
    let body = world.named(&String::from_utf8_lossy(data));
    let event = json!({"Records": [{"messageId": "m", "body": body}]});
    let event: SqsEvent = serde_json::from_value(event).expect("an event of SQS");
    let answer = world.runtime.block_on(world.repair.handle(event));
    let failed: Vec<_> = answer.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect();
    assert!(failed.is_empty() || failed == ["m"], "{failed:?}");
    let understood = serde_json::from_str::<Value>(&body).is_ok_and(|message| message.is_object());
    assert!(understood || failed == ["m"], "{body} is not understood and comes again");
}
