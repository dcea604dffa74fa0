//! Durable queues, which speak as much of SQS as PhotoVote does: send, receive, delete, and ask how many there are.

mod store;

use std::{io, net::Ipv4Addr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::post,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    task::{JoinError, JoinHandle},
    time::Instant,
};

use self::store::Store;
use crate::{data_dir::DataDir, sqlite::FileError, stop::Stop};

pub use store::Message;

/// How long a received message is hidden from others, if the receiver does not say.
const HIDDEN_SECS: i64 = 30;
/// The longest body that SQS takes, in bytes.
const LONGEST_BODY: usize = 1 << 20;
/// The longest that a receiver can wait, as in SQS.
const LONGEST_WAIT_SECS: u64 = 20;
/// How often a receiver that waits looks by itself.
const GLANCE: Duration = Duration::from_secs(1);
/// How long a stop waits for answers that are under way.
const LONGEST_STOP: Duration = Duration::from_secs(2);

/// Why there are no queues.
#[derive(Debug, thiserror::Error)]
pub enum QueuesError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// No port on the loopback interface.
    #[error("the queues cannot listen on the loopback interface: {0}")]
    Listen(io::Error),
    /// The work was cut off.
    #[error("the queues broke off: {0}")]
    BrokenOff(#[from] JoinError),
}

/// The queues, as they are served on a loopback port.
#[derive(Debug)]
pub struct Queues {
    endpoint: String,
    store: Arc<Store>,
    stop: Stop,
    served: JoinHandle<()>,
}

/// One queue, used without the detour over HTTP.
#[derive(Debug, Clone)]
pub struct Queue {
    store: Arc<Store>,
    name: &'static str,
}

impl Queues {
    /// Serves the queues of these names. What they hold has stayed in the data directory.
    pub async fn start(dir: &DataDir, names: &[&'static str]) -> Result<Self, QueuesError> {
        let (file, names) = (dir.file("local.db"), names.to_vec());
        let store = tokio::task::spawn_blocking(move || Store::open(file, names)).await??;
        let store = Arc::new(store);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(QueuesError::Listen)?;
        let endpoint = format!("http://{}", listener.local_addr().map_err(QueuesError::Listen)?);
        let router = Router::new().route("/", post(answer)).with_state((store.clone(), endpoint.clone()));
        let (stop, stopping) = Stop::new();
        let served = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stopping.wait()).await {
                tracing::error!(%error, "the queues stopped serving");
            }
        });
        Ok(Self { endpoint, store, stop, served })
    }

    /// Where the SDK finds them.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The address of the queue of this name.
    pub fn url(&self, name: &str) -> String {
        queue_url(&self.endpoint, name)
    }

    /// The queue of this name.
    pub fn queue(&self, name: &'static str) -> Queue {
        Queue { store: self.store.clone(), name }
    }

    /// Answers what is under way, and stops.
    pub async fn stop(self) {
        drop(self.stop);
        let mut served = self.served;
        if tokio::time::timeout(LONGEST_STOP, &mut served).await.is_err() {
            served.abort();
        }
    }
}

impl Queue {
    /// Sends a message: when this returns, it is on the disk. Blocks the thread.
    pub fn send(&self, body: &str) -> Result<(), FileError> {
        self.store.send(self.name, body, now(), 0)?;
        self.store.sent.notify_waiters();
        Ok(())
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// Receives at most so many messages, and hides them from others for a while. Blocks the thread.
    pub(crate) fn receive(&self, most: usize, hidden_secs: i64) -> Result<Vec<Message>, FileError> {
        self.store.receive(self.name, most, now(), hidden_secs)
    }

    /// Deletes a message, if nobody has received it since. Blocks the thread.
    pub(crate) fn delete(&self, message: &Message) -> Result<(), FileError> {
        self.store.delete(self.name, &message.receipt)
    }

    /// Moves a message to another queue of the same store, if nobody has received it since. Blocks the thread.
    pub(crate) fn put_away(&self, message: &Message, to: &Self) -> Result<(), FileError> {
        self.store.put_away(self.name, &message.receipt, to.name, now())
    }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn queue_url(endpoint: &str, name: &str) -> String {
    format!("{endpoint}/000000000000/{name}")
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Send {
    queue_url: String,
    message_body: String,
    #[serde(default)]
    delay_seconds: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Receive {
    queue_url: String,
    max_number_of_messages: Option<usize>,
    visibility_timeout: Option<i64>,
    #[serde(default)]
    wait_time_seconds: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Delete {
    queue_url: String,
    receipt_handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct About {
    queue_url: String,
}

/// What SQS would refuse.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("there is no such queue")]
    NoQueue,
    #[error("{0}")]
    Invalid(String),
    #[error("this queue does not know that operation")]
    UnknownOperation,
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the queue broke off: {0}")]
    BrokenOff(#[from] JoinError),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, query_code) = match &self {
            Self::NoQueue => {
                (StatusCode::BAD_REQUEST, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue;Sender")
            }
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, "InvalidParameterValue", "InvalidParameterValue;Sender"),
            Self::UnknownOperation => (StatusCode::BAD_REQUEST, "UnknownOperation", "UnknownOperation;Sender"),
            Self::File(_) | Self::BrokenOff(_) => {
                tracing::error!(error = %self, "a queue failed");
                (StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "InternalError;Receiver")
            }
        };
        let body = json!({"__type": format!("com.amazonaws.sqs#{code}"), "message": self.to_string()});
        let query_error = (HeaderName::from_static("x-amzn-query-error"), HeaderValue::from_static(query_code));
        (status, [query_error], amz_json(&body)).into_response()
    }
}

fn amz_json(body: &Value) -> Response {
    ([(CONTENT_TYPE, "application/x-amz-json-1.0")], body.to_string()).into_response()
}

async fn answer(
    State((store, endpoint)): State<(Arc<Store>, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let answer = match target.strip_prefix("AmazonSQS.").unwrap_or_default() {
        "SendMessage" => send(store, &endpoint, parse(&body)?).await?,
        "ReceiveMessage" => receive(store, &endpoint, parse(&body)?).await?,
        "DeleteMessage" => {
            let Delete { queue_url, receipt_handle } = parse(&body)?;
            let queue = known(&store, &endpoint, &queue_url)?;
            tokio::task::spawn_blocking(move || store.delete(queue, &receipt_handle)).await??;
            json!({})
        }
        "GetQueueAttributes" => {
            let About { queue_url } = parse(&body)?;
            let queue = known(&store, &endpoint, &queue_url)?;
            let (visible, hidden) = tokio::task::spawn_blocking(move || store.count(queue, now())).await??;
            json!({"Attributes": {
                "ApproximateNumberOfMessages": visible.to_string(),
                "ApproximateNumberOfMessagesNotVisible": hidden.to_string(),
            }})
        }
        _ => return Err(Refusal::UnknownOperation),
    };
    Ok(amz_json(&answer))
}

async fn send(store: Arc<Store>, endpoint: &str, request: Send) -> Result<Value, Refusal> {
    let queue = known(&store, endpoint, &request.queue_url)?;
    if request.message_body.is_empty() || request.message_body.len() > LONGEST_BODY {
        return Err(Refusal::Invalid(format!("a message has 1 to {LONGEST_BODY} bytes")));
    }
    if !(0..=900).contains(&request.delay_seconds) {
        return Err(Refusal::Invalid("a message can be delayed by 0 to 900 seconds".into()));
    }
    let digest = digest(&request.message_body);
    let writer = store.clone();
    let id =
        tokio::task::spawn_blocking(move || writer.send(queue, &request.message_body, now(), request.delay_seconds))
            .await??;
    store.sent.notify_waiters();
    Ok(json!({"MessageId": id.to_string(), "MD5OfMessageBody": digest}))
}

async fn receive(store: Arc<Store>, endpoint: &str, request: Receive) -> Result<Value, Refusal> {
    let queue = known(&store, endpoint, &request.queue_url)?;
    let most = request.max_number_of_messages.unwrap_or(1);
    let hidden = request.visibility_timeout.unwrap_or(HIDDEN_SECS);
    if !(1..=10).contains(&most) || !(0..=43_200).contains(&hidden) {
        return Err(Refusal::Invalid("1 to 10 messages can be received, hidden for 0 to 43200 seconds".into()));
    }
    let deadline = Instant::now() + Duration::from_secs(request.wait_time_seconds.min(LONGEST_WAIT_SECS));
    let messages = loop {
        let sent = store.sent.notified();
        let reader = store.clone();
        let messages = tokio::task::spawn_blocking(move || reader.receive(queue, most, now(), hidden)).await??;
        if !messages.is_empty() || Instant::now() >= deadline {
            break messages;
        }
        // Nobody says when a hidden message comes into sight.
        tokio::time::timeout_at(deadline.min(Instant::now() + GLANCE), sent).await.ok();
    };
    let messages: Vec<_> = messages
        .iter()
        .map(|message| {
            json!({
                "MessageId": message.id.to_string(), "ReceiptHandle": message.receipt,
                "MD5OfBody": digest(&message.body), "Body": message.body,
                "Attributes": {"ApproximateReceiveCount": message.receives.to_string()},
            })
        })
        .collect();
    Ok(json!({"Messages": messages}))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::Invalid(error.to_string()))
}

/// The name of the queue at this address.
fn known(store: &Store, endpoint: &str, url: &str) -> Result<&'static str, Refusal> {
    store.names.iter().copied().find(|name| queue_url(endpoint, name) == url).ok_or(Refusal::NoQueue)
}

/// The digest that SQS answers with, for clients to compare.
fn digest(body: &str) -> String {
    format!("{:x}", md5::compute(body))
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::{Client, types::QueueAttributeName};
    use photovote_dynamodb::{Endpoint, config};

    use super::*;

    const REPAIR: &str = "repair";

    struct Fixture {
        _home: tempfile::TempDir,
        dir: DataDir,
        queues: Queues,
        client: Client,
    }

    async fn fixture() -> Fixture {
        let home = tempfile::tempdir().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        let (queues, client) = start(&dir).await;
        Fixture { _home: home, dir, queues, client }
    }

    async fn start(dir: &DataDir) -> (Queues, Client) {
        let queues = Queues::start(dir, &[REPAIR, "failures"]).await.unwrap();
        let client = Client::new(&config(&Endpoint::Local(queues.endpoint().into())));
        (queues, client)
    }

    async fn send(client: &Client, url: &str, body: &str) -> aws_sdk_sqs::operation::send_message::SendMessageOutput {
        client.send_message().queue_url(url).message_body(body).send().await.unwrap()
    }

    /// What is received, and whether its digest is right.
    async fn receive(client: &Client, url: &str, hidden_secs: i32) -> Vec<aws_sdk_sqs::types::Message> {
        let request = client.receive_message().queue_url(url).max_number_of_messages(10);
        let messages = request.visibility_timeout(hidden_secs).send().await.unwrap().messages.unwrap_or_default();
        for message in &messages {
            assert_eq!(message.md5_of_body().unwrap(), digest(message.body().unwrap()));
        }
        messages
    }

    fn bodies(messages: &[aws_sdk_sqs::types::Message]) -> Vec<&str> {
        messages.iter().map(|message| message.body().unwrap()).collect()
    }

    #[tokio::test]
    async fn what_is_sent_is_received_in_order_and_then_hidden() {
        let Fixture { queues, client, .. } = fixture().await;
        let url = queues.url(REPAIR);
        let sent = send(&client, &url, "hello world").await;
        assert_eq!(sent.md5_of_message_body(), Some("5eb63bbbe01eeed093cb22bb8f5acdc3"));
        send(&client, &url, "{\"pk\": \"é\"}").await;
        assert_eq!(bodies(&receive(&client, &url, 30).await), ["hello world", "{\"pk\": \"é\"}"]);
        assert!(receive(&client, &url, 30).await.is_empty());
        assert!(receive(&client, &queues.url("failures"), 30).await.is_empty());
    }

    #[tokio::test]
    async fn a_message_comes_again_until_it_is_deleted() {
        let Fixture { queues, client, .. } = fixture().await;
        let url = queues.url(REPAIR);
        send(&client, &url, "a").await;
        for _ in 0..2 {
            let again = receive(&client, &url, 0).await;
            assert_eq!(bodies(&again), ["a"]);
        }
        let last = receive(&client, &url, 30).await.pop().unwrap();
        assert_eq!(last.attributes.unwrap().values().next().unwrap(), "3");
        let delete = client.delete_message().queue_url(&url).receipt_handle(last.receipt_handle.unwrap());
        delete.send().await.unwrap();
        let about = client.get_queue_attributes().queue_url(&url).attribute_names(QueueAttributeName::All);
        let attributes = about.send().await.unwrap().attributes.unwrap();
        assert_eq!(attributes[&QueueAttributeName::ApproximateNumberOfMessages], "0");
        assert_eq!(attributes[&QueueAttributeName::ApproximateNumberOfMessagesNotVisible], "0");
    }

    #[tokio::test]
    async fn an_old_receipt_deletes_nothing() {
        let Fixture { queues, client, .. } = fixture().await;
        let url = queues.url(REPAIR);
        send(&client, &url, "a").await;
        let first = receive(&client, &url, 0).await.pop().unwrap();
        let second = receive(&client, &url, 0).await.pop().unwrap();
        assert_ne!(first.receipt_handle, second.receipt_handle);
        let delete = client.delete_message().queue_url(&url).receipt_handle(first.receipt_handle.unwrap());
        delete.send().await.unwrap();
        assert_eq!(bodies(&receive(&client, &url, 30).await), ["a"]);
    }

    #[tokio::test]
    async fn messages_outlive_the_server() {
        let Fixture { _home, dir, queues, client } = fixture().await;
        send(&client, &queues.url(REPAIR), "a").await;
        queues.queue(REPAIR).send("b").unwrap();
        queues.stop().await;
        let (queues, client) = start(&dir).await;
        assert_eq!(bodies(&receive(&client, &queues.url(REPAIR), 30).await), ["a", "b"]);
    }

    #[tokio::test]
    async fn who_waits_gets_the_message_that_is_sent_meanwhile() {
        let Fixture { queues, client, .. } = fixture().await;
        let url = queues.url(REPAIR);
        let waiting = client.receive_message().queue_url(&url).wait_time_seconds(20).send();
        let (received, _sent) = tokio::join!(waiting, send(&client, &url, "a"));
        assert_eq!(bodies(received.unwrap().messages()), ["a"]);
    }

    #[tokio::test]
    async fn an_unknown_queue_and_bad_parameters_are_refused() {
        let Fixture { queues, client, .. } = fixture().await;
        let unknown = client.send_message().queue_url(queues.url("others")).message_body("a").send().await;
        assert!(unknown.unwrap_err().into_service_error().is_queue_does_not_exist());
        let too_many = client.receive_message().queue_url(queues.url(REPAIR)).max_number_of_messages(11);
        too_many.send().await.unwrap_err();
        let too_long = client.send_message().queue_url(queues.url(REPAIR)).message_body("x".repeat(LONGEST_BODY + 1));
        too_long.send().await.unwrap_err();
        let empty = client.send_message().queue_url(queues.url(REPAIR)).message_body("");
        empty.send().await.unwrap_err();
    }
}
