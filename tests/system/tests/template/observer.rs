//! What a function asks of AWS, seen by whoever stands between its clients and the engine.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use photovote_domain::{ElectionId, ShardCount};
use photovote_test_support::Buckets;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use super::reading::narrowed;

/// A resource as a request names it, and the action that AWS has to allow on it.
pub(crate) type Asked = (String, String);

/// All that is asked of a stream, by whatever name: the events table has the only one.
pub(crate) const STREAM: &str = "the stream";

/// The identity of SES that a mail comes from, and the configuration set that it names.
pub(crate) const SENDER: &str = "the sender of mails";
pub(crate) const CONFIGURATION_SET: &str = "the configuration set of mails";

/// The kinds of items that somebody may be bound to: snapshots, what lies in an election's shards, photographs, mails, what the
/// invitations have followed, and imports.
const KINDS: [&[&str]; 6] =
    [&["*#snapshot"], &["*#?", "*#??"], &["*#photographs"], &["*#mail"], &["*#followed#invitations"], &["*#imports"]];
/// The keys of elections' own streams: a function may be bound to read these or to append to them.
pub(crate) const OWN: [&str; 1] = ["??????????????????????????"];

/// What all of these services speak.
const JSON: &str = "application/x-amz-json-1.0";

/// A server that passes requests on to the engine and the buckets, and remembers what was asked. It takes messages for any queue and
/// mails itself, and answers for any key.
pub(crate) struct Observer {
    pub(crate) url: String,
    seen: Arc<Mutex<Seen>>,
    server: JoinHandle<()>,
}

/// What was asked, and the messages that were sent.
#[derive(Default)]
struct Seen {
    asked: BTreeSet<Asked>,
    /// The partition keys, each with the operation.
    keys: BTreeSet<(String, String)>,
    /// The messages that were sent, each with the name of its queue.
    messages: VecDeque<(String, String)>,
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Observer {
    /// Stands before the engine at this URL, and before these buckets.
    pub(crate) async fn before(engine: &str, buckets: &Buckets) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Seen>>::default();
        let router =
            Router::new().fallback(observe).with_state((engine.to_owned(), buckets.clone(), Arc::clone(&seen)));
        let server = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        Self { url, seen, server }
    }

    /// Everything that was asked so far.
    pub(crate) fn seen(&self) -> BTreeSet<Asked> {
        self.seen.lock().unwrap().asked.clone()
    }

    /// The partitions that were asked about so far, each with the action.
    pub(crate) fn keys(&self) -> BTreeSet<(String, String)> {
        self.seen.lock().unwrap().keys.clone()
    }

    /// The first message to this queue that was not taken yet.
    pub(crate) fn message(&self, queue: &str) -> Option<String> {
        let messages = &mut self.seen.lock().unwrap().messages;
        let place = messages.iter().position(|(of, _)| of == queue)?;
        messages.remove(place).map(|(_, message)| message)
    }
}

async fn observe(
    State((engine, buckets, seen)): State<(String, Buckets, Arc<Mutex<Seen>>)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if uri.path() == "/v2/email/outbound-emails" {
        seen.lock().unwrap().asked.extend(asked_of_ses(&serde_json::from_slice(&body).unwrap()));
        return Json(json!({"MessageId": "1"})).into_response();
    }
    let Some(target) = headers.get("x-amz-target") else {
        seen.lock().unwrap().asked.insert(asked_of_s3(&method, uri.path()));
        return answer_of_s3(&buckets, &method, &uri, &body);
    };
    let target = target.to_str().unwrap();
    let request: Value = serde_json::from_slice(&body).unwrap();
    seen.lock().unwrap().asked.extend(asked(target, &request));
    if let (Some((_, operation)), Some(key)) = (target.split_once('.'), partition(&request)) {
        seen.lock().unwrap().keys.insert((format!("dynamodb:{operation}"), key.to_owned()));
    }
    if target.starts_with("AmazonSQS.") {
        let queue = request["QueueUrl"].as_str().and_then(|url| url.rsplit('/').next()).unwrap_or_default();
        let message = request["MessageBody"].as_str().map(|body| (queue.to_owned(), body.to_owned()));
        seen.lock().unwrap().messages.extend(message);
        return Json(json!({"MessageId": "1"})).into_response();
    }
    if target == "TrentService.GenerateMac" {
        // 32 bytes.
        let mac = format!("{}=", "A".repeat(43));
        return Json(json!({"KeyId": request["KeyId"], "Mac": mac, "MacAlgorithm": "HMAC_SHA_256"})).into_response();
    }
    let (status, answer) = send(&engine, target, body).await;
    (status, [("content-type", JSON)], answer).into_response()
}

/// Sends a request to the engine.
pub(crate) async fn send(engine: &str, target: &str, body: impl Into<reqwest::Body>) -> (StatusCode, Bytes) {
    // No signature is checked, only that there is one.
    let authorization = "AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=none";
    let headers = [("content-type", JSON), ("x-amz-target", target), ("authorization", authorization), ("date", "now")];
    let request = reqwest::Client::new().post(engine).body(body);
    let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    let answer = request.send().await.unwrap();
    (answer.status(), answer.bytes().await.unwrap())
}

/// What S3 asks a role for before it carries out a request.
fn asked_of_s3(method: &Method, path: &str) -> Asked {
    let (bucket, key) = path.trim_start_matches('/').split_once('/').unwrap_or_default();
    let action = match (method.as_str(), key) {
        (_, "") => return (format!("{bucket}.Arn"), "s3:ListBucket".to_owned()),
        ("GET" | "HEAD", _) => "s3:GetObject",
        ("PUT", _) => "s3:PutObject",
        ("DELETE", _) => "s3:DeleteObject",
        _ => panic!("{method} {path}"),
    };
    // A function may be bound to keys that begin alike.
    (format!("${{{bucket}.Arn}}/{}/*", key.split('/').next().unwrap_or_default()), action.to_owned())
}

/// What SES asks a role for before it sends a message as it is: both actions, on the sender and on the configuration set.
fn asked_of_ses(request: &Value) -> Vec<Asked> {
    assert!(request["Content"]["Raw"]["Data"].is_string(), "{request}");
    let set = request.get("ConfigurationSetName").map(|_| CONFIGURATION_SET);
    let resources = [Some(SENDER), set].into_iter().flatten();
    let actions = ["ses:SendEmail", "ses:SendRawEmail"];
    resources.flat_map(|resource| actions.map(|action| (resource.to_owned(), action.to_owned()))).collect()
}

fn answer_of_s3(buckets: &Buckets, method: &Method, uri: &Uri, body: &[u8]) -> Response {
    let (status, headers, body) = buckets.answer(method.as_str(), &uri.to_string(), |_| None, body);
    let answer = headers
        .into_iter()
        .fold(Response::builder().status(status), |answer, (name, value)| answer.header(name, value));
    answer.body(body.into()).unwrap()
}

/// What AWS asks a role for before it carries out a request. A transaction is asked for as its parts are.
fn asked(target: &str, body: &Value) -> Vec<Asked> {
    let (service, operation) = target.split_once('.').unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let dynamodb = |action: &str| format!("dynamodb:{action}");
    if service == "AmazonSQS" {
        let url = text(&body["QueueUrl"]);
        return vec![(url.rsplit('/').next().unwrap_or_default().to_owned(), format!("sqs:{operation}"))];
    }
    if service == "TrentService" {
        return vec![(text(&body["KeyId"]), format!("kms:{operation}"))];
    }
    if service.starts_with("DynamoDBStreams_") {
        return vec![(STREAM.to_owned(), dynamodb(operation))];
    }
    if let Some(parts) = body["TransactItems"].as_array() {
        let parts = parts.iter().flat_map(|part| part.as_object().unwrap());
        let asked = |(verb, part): (&String, &Value)| {
            (text(&part["TableName"]), of_keys(&dynamodb(&format!("{verb}Item")), part))
        };
        return parts.map(asked).collect();
    }
    if let Some(tables) = body["RequestItems"].as_object() {
        // A batch of writes is asked for as a whole.
        let keys = |table: &Value| table["Keys"].as_array().cloned().unwrap_or_else(|| vec![Value::Null]);
        let items = tables.iter().flat_map(|(name, table)| keys(table).into_iter().map(move |key| (name, key)));
        return items.map(|(name, key)| (name.clone(), of_keys(&dynamodb(operation), &json!({"Key": key})))).collect();
    }
    vec![(text(&body["TableName"]), of_keys(&dynamodb(operation), body))]
}

/// The action, narrowed to the keys that the request is about if these are of a kind that somebody may be bound to.
fn of_keys(action: &str, request: &Value) -> String {
    let key = partition(request).unwrap_or_default();
    let appends = (action == "dynamodb:PutItem").then_some(&OWN[..]);
    let mut kinds = KINDS.into_iter().chain(appends);
    let kind = kinds.find(|kind| kind.iter().any(|pattern| like(pattern, key)));
    kind.map_or_else(|| action.to_owned(), |kind| narrowed(action, kind))
}

/// The partition that a request for one item or one partition is about.
fn partition(request: &Value) -> Option<&str> {
    let key = [&request["Key"]["pk"], &request["Item"]["pk"], &request["ExpressionAttributeValues"][":pk"]];
    key.into_iter().find_map(|pk| pk["S"].as_str())
}

/// Is a text like a pattern of IAM's, in which `*` stands for any characters and `?` for one?
pub(crate) fn like(pattern: &str, text: &str) -> bool {
    match pattern.split_at_checked(1) {
        None => text.is_empty(),
        Some(("*", rest)) => (0..=text.len()).any(|skipped| text.get(skipped..).is_some_and(|text| like(rest, text))),
        Some((letter, rest)) => {
            let mut letters = text.chars();
            letters.next().is_some_and(|first| letter == "?" || letter.starts_with(first))
                && like(rest, letters.as_str())
        }
    }
}

#[test]
fn items_of_shards_are_told_from_all_others() {
    let kind = |key: &str| KINDS.iter().position(|kind| kind.iter().any(|pattern| like(pattern, key)));
    let election = ElectionId::from_bits(u128::MAX);
    let shards = ShardCount::try_from(ShardCount::MAX).unwrap();
    for shard in shards.shards() {
        assert_eq!(kind(&format!("{election}#{shard}")), Some(1), "{shard}");
        assert_eq!(kind(&format!("{election}#{shard}#mail")), Some(3), "{shard}");
        assert_eq!(kind(&format!("{election}#{shard}#followed#invitations")), Some(4), "{shard}");
    }
    assert_eq!(kind(&format!("{election}#snapshot")), Some(0));
    assert_eq!(kind(&format!("{election}#photographs")), Some(2));
    assert_eq!(kind(&format!("{election}#followed#invitations")), Some(4));
    for key in [election.to_string().as_str(), "schedule", "counting", "generations", ""] {
        assert_eq!(kind(key), None, "{key}");
    }
}

#[test]
fn each_part_of_a_request_is_asked_for_by_itself() {
    let body = json!({"TransactItems": [
        {"Put": {"TableName": "a"}}, {"Update": {"TableName": "b"}}, {"Delete": {"TableName": "b"}},
        {"ConditionCheck": {"TableName": "c"}},
    ]});
    let pair = |(resource, action): (&str, &str)| (resource.to_owned(), action.to_owned());
    let parts = [("a", "PutItem"), ("b", "UpdateItem"), ("b", "DeleteItem"), ("c", "ConditionCheckItem")];
    let parts = parts.map(|(table, action)| pair((table, &format!("dynamodb:{action}"))));
    assert_eq!(asked("DynamoDB_20120810.TransactWriteItems", &body), parts);
    #[rustfmt::skip]
    let others = [
        ("DynamoDB_20120810.Query",             json!({"TableName": "a"}),                   ("a", "dynamodb:Query")),
        ("DynamoDB_20120810.BatchGetItem",      json!({"RequestItems": {"a": {"Keys": [{}]}}}), ("a", "dynamodb:BatchGetItem")),
        ("DynamoDBStreams_20120810.GetRecords", json!({"ShardIterator": "i"}),               (STREAM, "dynamodb:GetRecords")),
        ("AmazonSQS.SendMessage",               json!({"QueueUrl": "http://localhost/1/q"}), ("q", "sqs:SendMessage")),
        ("TrentService.GenerateMac",            json!({"KeyId": "k"}),                       ("k", "kms:GenerateMac")),
    ];
    for (target, body, expected) in others {
        assert_eq!(asked(target, &body), [pair(expected)], "{target}");
    }
}
