//! The whole functions over an engine in memory: whatever comes, they answer, and never that they are at fault.

use std::sync::OnceLock;

use aws_lambda_events::{dynamodb::Event, sqs::SqsEvent};
use axum::{Json, Router, routing::post};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use lambda_http::LambdaEvent;
use photovote::{
    data_dir::{DataDir, temporary},
    host::issuer::Issuer,
};
use photovote_domain::Timestamp;
use photovote_dynamodb::Endpoint;
use photovote_edge::invoke;
use photovote_events::Commit;
use photovote_functions::Wiring;
use photovote_projection::Projector;
use photovote_queues::Queue;
use photovote_repair::Repair;
use photovote_test_support::{Engine, Sender, send};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const ELECTION: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAE";
const COMPETITION: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAC";
const CANDIDATES: [&str; 2] = ["01ARZ3NDEKTSV4RRFFQ69G5FA0", "01ARZ3NDEKTSV4RRFFQ69G5FA1"];
const VOTER: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
/// Another election of Ada's, and its voter.
const SECOND: [&str; 2] = ["01ARZ3NDEKTSV4RRFFQ69G5FB2", "01ARZ3NDEKTSV4RRFFQ69G5FW2"];
/// An election of somebody else, and its voter.
const OTHERS: [&str; 2] = ["01ARZ3NDEKTSV4RRFFQ69G5FB3", "01ARZ3NDEKTSV4RRFFQ69G5FW3"];
/// Somebody else: no input names them, and so none gives them a role.
const OTHER: &str = "3b1f64c09d5e4a7f8a52c7706f0d9e11";

/// Ada's election, open, with a voter; two more; and all functions over them.
struct World {
    runtime: Runtime,
    engine: Engine,
    router: Router,
    projector: Projector,
    repair: Repair,
    token: String,
    /// The records of the stream that have been projected.
    records: Vec<Value>,
    /// Ids of what belongs to no list of Ada's first election: her second election's, and somebody else's.
    elsewhere: [[String; 3]; 2],
    issuer: Issuer,
}

impl World {
    fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let (engine, router, projector, repair, token, records, elsewhere) = runtime.block_on(async {
            let engine = Engine::start().await;
            let (client, tables) = (engine.client(), engine.tables());
            let config = engine.config().clone();
            let queue = photovote_dynamodb::config(&Endpoint::Local(queue().await));
            let settings = move |name: &str| tables.setting(name);
            let wiring = Wiring::new(config, queue, settings)
                .with_client(client)
                .with_count_queue(Queue::in_process().0)
                .with_photographs_queue(Queue::in_process().0);
            let router = wiring.all_routes().expect("the settings are there");
            let projector = wiring.projector().expect("the settings are there");
            let repair = wiring.repair().expect("the settings are there");
            let token = prepare(&router).await;
            let elsewhere = [prepare_more(&router, "ada", SECOND).await, prepare_more(&router, OTHER, OTHERS).await];
            let records = project(&engine, &projector).await;
            (engine, router, projector, repair, token, records, elsewhere)
        });
        let home = temporary().expect("a directory");
        let issuer = Issuer::open(&DataDir::open(home.path()).expect("a directory")).expect("an issuer");
        Self { runtime, engine, router, projector, repair, token, records, elsewhere, issuer }
    }

    fn get() -> &'static Self {
        static WORLD: OnceLock<World> = OnceLock::new();
        WORLD.get_or_init(Self::new)
    }

    /// The text with the names of what is there in the place of `{e}`, `{c}`, `{k}`, `{v}` and `{token}`; `{e2}`, `{v2}`, `{b2}` are
    /// the second election with its voter and ballot, `{e3}`, `{v3}`, `{b3}` somebody else's.
    fn named(&self, text: &str) -> String {
        let names =
            [("{e}", ELECTION), ("{c}", COMPETITION), ("{k}", CANDIDATES[0]), ("{v}", VOTER), ("{token}", &self.token)];
        let text = names.into_iter().fold(text.to_owned(), |text, (short, name)| text.replace(short, name));
        let more = ["{e2}", "{v2}", "{b2}", "{e3}", "{v3}", "{b3}"].into_iter().zip(self.elsewhere.as_flattened());
        more.fold(text, |text, (short, name)| text.replace(short, name))
    }

    /// Lets the functions answer an event of the gateway's. What is not an event they are never given.
    fn answer(&self, event: &[u8]) -> Option<(u64, Value)> {
        let event = LambdaEvent::new(serde_json::from_slice(event).ok()?, lambda_http::Context::default());
        let Ok(answer) = self.runtime.block_on(invoke(self.router.clone(), event));
        let answer = serde_json::to_value(answer).expect("an answer is JSON");
        let (status, headers) = (answer["statusCode"].as_u64().expect("a status"), &answer["headers"]);
        let json: Value = serde_json::from_str(answer["body"].as_str().unwrap_or_default()).unwrap_or_default();
        assert!(status < 500 || headers["retry-after"].is_string(), "{status}: {json}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        if status >= 400 {
            assert_eq!(headers["content-type"], "application/problem+json", "{status}: {json}");
            assert!(json["code"].is_string() && json["status"] == status, "{status}: {json}");
        }
        Some((status, json))
    }
}

/// A queue that takes everything and keeps nothing.
/// Starts a queue that takes every message, and answers its address.
async fn queue() -> String {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
    let url = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
    let router = Router::new().route("/", post(|| async { Json(json!({"MessageId": "1"})) }));
    tokio::spawn(async { axum::serve(listener, router).await });
    url
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

/// Makes one more election with a voter; its id, the voter's and their ballot's.
async fn prepare_more(router: &Router, owner: &str, [election, voter]: [&str; 2]) -> [String; 3] {
    let owner = Sender::Administrator(owner);
    let body = json!({"id": election, "name": "Winter", "expected_voters": 10});
    let reply = send(router, owner, "POST", "/v1/elections", Some(&body)).await;
    assert!(reply.status < 300, "{}", reply.text);
    let body = json!({"id": voter, "name": "Mallory", "email": "eve@example.org"});
    let reply = send(router, owner, "POST", &format!("/v1/elections/{election}/voters"), Some(&body)).await;
    let ballot = reply.json["ballot_token"].as_str().and_then(|token| token.split('_').nth(2)).expect("a ballot token");
    [election, voter, ballot].map(str::to_owned)
}

/// Brings the documents up to date; the records of the stream with which it did.
async fn project(engine: &Engine, projector: &Projector) -> Vec<Value> {
    let commits = engine.client().scan().table_name(engine.tables().events).send().await.expect("the engine answers");
    let records = commits.items.unwrap_or_default().into_iter().enumerate().map(|(number, item)| {
        let image = json!(serde_dynamo::Item::from(item));
        let change = json!({
            "Keys": {"pk": image["pk"], "sk": image["sk"]}, "NewImage": image, "SequenceNumber": number.to_string(),
            "SizeBytes": 1,
        });
        json!({"eventID": "1", "eventName": "INSERT", "awsRegion": "eu-central-1", "dynamodb": change})
    });
    let records: Vec<_> = records.collect();
    let batch = json!({"Records": records});
    let answer = projector.handle(serde_json::from_value(batch).expect("an event")).await;
    assert!(answer.batch_item_failures.is_empty(), "{answer:?}");
    records
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
        "other" => Some(OTHER),
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
            let (status, answer) = world.answer(event.to_string().as_bytes()).expect("this is an event");
            let code = answer["code"].as_str().unwrap_or_default();
            assert!(
                status == 200 || status == 400 && ["malformed_cursor", "malformed_parameter"].contains(&code),
                "{place} {cursor}: {status} {answer}"
            );
            if status == 200 {
                assert!(answer["items"].is_array(), "a list has items: {answer}");
                let items = answer["items"].to_string();
                let [second, others] = &world.elsewhere;
                assert!(!others.iter().any(|id| items.contains(id)), "{place} {cursor}: {answer}");
                let all_of_ada = *place == *"/v1/elections";
                assert!(all_of_ada || !second.iter().any(|id| items.contains(id)), "{place} {cursor}: {answer}");
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

/// A batch of the stream, in which a number stands for a record that has been projected. What is no commit is not applied, and no
/// commit is twice: the documents stay as they are.
pub fn stream_event(data: &[u8]) {
    let world = World::get();
    let Ok(mut event) = serde_json::from_slice::<Value>(data) else { return };
    for record in event["Records"].as_array_mut().into_iter().flatten() {
        if let Some(number) = record.as_u64() {
            let known = usize::try_from(number).unwrap_or(usize::MAX) % world.records.len();
            world.records[known].clone_into(record);
        }
    }
    let Ok(event) = serde_json::from_value::<Event>(event) else { return };
    let records = event.records.len();
    let projected = |image: &Value| world.records.iter().any(|record| record["dynamodb"]["NewImage"] == *image);
    let is_new =
        |image: &serde_dynamo::Item| !projected(&json!(image)) && Commit::from_item(image.clone().into()).is_ok();
    let nothing_to_apply =
        !event.records.iter().any(|record| record.event_name == "INSERT" && is_new(&record.change.new_image));
    world.runtime.block_on(async {
        let documents = || async {
            let table = world.engine.tables().documents;
            let found = world.engine.client().scan().table_name(table).consistent_read(true).send().await;
            found.expect("the engine answers").items.unwrap_or_default()
        };
        if nothing_to_apply {
            let before = documents().await;
            let answer = world.projector.handle(event).await;
            assert!(answer.batch_item_failures.len() <= records.min(1), "{answer:?}");
            assert_eq!(documents().await, before);
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
