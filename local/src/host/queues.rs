//! Durable queues, to which the functions send messages by the SDK, as they do to SQS.

mod store;

use std::sync::Arc;

use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_types::SdkConfig;
use photovote_dynamodb::{Answer, Endpoint, Request, answered_by, config};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinError};

use self::store::Store;
use crate::{data_dir::DataDir, sqlite::FileError};

pub use store::Message;

/// The longest body that SQS takes, in bytes.
const LONGEST_BODY: usize = 1 << 20;
/// The URL of a queue is this and its name.
const URL: &str = "http://localhost/000000000000/";

/// Why there are no queues.
#[derive(Debug, thiserror::Error)]
pub enum QueuesError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The work was cut off.
    #[error("the queues broke off: {0}")]
    BrokenOff(#[from] JoinError),
}

/// The queues of a data directory.
#[derive(Debug)]
pub struct Queues {
    store: Arc<Store>,
}

/// One queue.
#[derive(Debug, Clone)]
pub struct Queue {
    store: Arc<Store>,
    name: &'static str,
}

impl Queues {
    /// Opens the queues of these names. What they hold has stayed in the data directory. Messages that a killed server was working
    /// on can be received at once.
    pub async fn open(dir: &DataDir, names: &[&'static str]) -> Result<Self, QueuesError> {
        let (file, names) = (dir.file("local.db"), names.to_vec());
        let store = tokio::task::spawn_blocking(move || Store::open(file, names)).await??;
        Ok(Self { store: Arc::new(store) })
    }

    /// The SDK's configuration for clients that send messages to these queues. They can do nothing else.
    pub fn config(&self) -> SdkConfig {
        let store = self.store.clone();
        config(&Endpoint::Client(answered_by(move |request| answer(store.clone(), request))))
    }

    /// The URL of the queue of this name, for the SDK.
    pub fn url(&self, name: &str) -> String {
        format!("{URL}{name}")
    }

    /// The queue of this name.
    pub fn queue(&self, name: &'static str) -> Queue {
        Queue { store: self.store.clone(), name }
    }
}

impl Queue {
    /// Sends a message: when this returns, it is on the disk. Blocks the thread.
    pub fn send(&self, body: &str) -> Result<(), FileError> {
        self.store.send(self.name, body, now()).map(drop)
    }

    /// Waits until a message is sent to any of the queues after this was asked for.
    pub(crate) fn news(&self) -> watch::Receiver<u64> {
        self.store.news()
    }

    /// How many messages there are, those included that are being worked off. Blocks the thread.
    pub fn count(&self) -> Result<u64, FileError> {
        self.store.count(self.name)
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// Receives at most so many messages, and hides them from others for a while. Blocks the thread.
    pub fn receive(&self, most: usize, hidden_secs: i64) -> Result<Vec<Message>, FileError> {
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

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Send {
    queue_url: String,
    message_body: String,
    #[serde(default)]
    delay_seconds: u16,
}

/// Why a message is not sent.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("there is no such queue")]
    NoQueue,
    #[error("a message has 1 to {LONGEST_BODY} bytes")]
    Length,
    #[error("the request is not understood: {0}")]
    Request(#[from] serde_json::Error),
    #[error("PhotoVote does not use that operation")]
    UnknownOperation,
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the queue broke off: {0}")]
    BrokenOff(#[from] JoinError),
}

/// Answers a request of the SDK as SQS would.
async fn answer(store: Arc<Store>, request: Request) -> Result<Answer, ConnectorError> {
    let (status, body) = match send(store, &request).await {
        Ok(id) => (200, json!({"MessageId": id.to_string()})),
        Err(refusal) => (status(&refusal), problem(&refusal)),
    };
    Ok(Answer { status, body: body.to_string().into_bytes() })
}

fn status(refusal: &Refusal) -> u16 {
    match refusal {
        Refusal::NoQueue | Refusal::Length | Refusal::Request(_) | Refusal::UnknownOperation => 400,
        Refusal::File(_) | Refusal::BrokenOff(_) => 500,
    }
}

fn problem(refusal: &Refusal) -> Value {
    let code = match refusal {
        Refusal::NoQueue => "QueueDoesNotExist",
        Refusal::Length | Refusal::Request(_) => "InvalidParameterValue",
        Refusal::UnknownOperation => "UnknownOperation",
        Refusal::File(_) | Refusal::BrokenOff(_) => "InternalError",
    };
    json!({"__type": format!("com.amazonaws.sqs#{code}"), "message": refusal.to_string()})
}

async fn send(store: Arc<Store>, request: &Request) -> Result<i64, Refusal> {
    if request.target() != "AmazonSQS.SendMessage" {
        return Err(Refusal::UnknownOperation);
    }
    let Send { queue_url, message_body, delay_seconds } = serde_json::from_slice(request.body())?;
    let is_named = |name: &&&'static str| queue_url.strip_prefix(URL) == Some(**name);
    let queue = *store.names.iter().find(is_named).ok_or(Refusal::NoQueue)?;
    if message_body.is_empty() || message_body.len() > LONGEST_BODY {
        return Err(Refusal::Length);
    }
    let visible_at = now() + i64::from(delay_seconds) * 1_000;
    Ok(tokio::task::spawn_blocking(move || store.send(queue, &message_body, visible_at)).await??)
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::{Client, error::ProvideErrorMetadata};

    use super::*;
    use crate::data_dir::temporary;

    const REPAIR: &str = "repair";

    struct Fixture {
        _home: tempfile::TempDir,
        dir: DataDir,
        queues: Queues,
    }

    impl Fixture {
        async fn new() -> Self {
            let home = temporary().unwrap();
            let dir = DataDir::open(home.path()).unwrap();
            let queues = open(&dir).await;
            Self { _home: home, dir, queues }
        }

        fn queue(&self) -> Queue {
            self.queues.queue(REPAIR)
        }
    }

    async fn open(dir: &DataDir) -> Queues {
        Queues::open(dir, &[REPAIR, "failures"]).await.unwrap()
    }

    fn bodies(queue: &Queue, hidden_secs: i64) -> Vec<String> {
        let messages = queue.receive(10, hidden_secs).unwrap();
        messages.iter().map(|message| message.body().to_owned()).collect()
    }

    #[tokio::test]
    async fn sdk_messages_are_received_in_order_and_then_hidden() {
        let fixture = Fixture::new().await;
        let client = Client::new(&fixture.queues.config());
        for body in ["hello world", "{\"pk\": \"é\"}"] {
            client.send_message().queue_url(fixture.queues.url(REPAIR)).message_body(body).send().await.unwrap();
        }
        let queue = fixture.queue();
        assert_eq!(bodies(&queue, 30), ["hello world", "{\"pk\": \"é\"}"]);
        assert!(bodies(&queue, 30).is_empty());
        assert_eq!(queue.count().unwrap(), 2);
        assert_eq!(fixture.queues.queue("failures").count().unwrap(), 0);
    }

    #[tokio::test]
    async fn a_message_is_received_after_its_delay() {
        let fixture = Fixture::new().await;
        let client = Client::new(&fixture.queues.config());
        for (body, delay) in [("late", 600), ("now", 0)] {
            let send = client.send_message().queue_url(fixture.queues.url(REPAIR)).message_body(body);
            send.delay_seconds(delay).send().await.unwrap();
        }
        assert_eq!(bodies(&fixture.queue(), 30), ["now"]);
        assert_eq!(fixture.queue().count().unwrap(), 2);
    }

    #[tokio::test]
    async fn a_message_comes_again_until_it_is_deleted() {
        let queue = Fixture::new().await.queue();
        queue.send("a").unwrap();
        assert_eq!((bodies(&queue, 0), bodies(&queue, 0)), (vec!["a".into()], vec!["a".into()]));
        let last = queue.receive(10, 30).unwrap().pop().unwrap();
        assert_eq!(last.receives, 3);
        queue.delete(&last).unwrap();
        assert_eq!(queue.count().unwrap(), 0);
    }

    #[tokio::test]
    async fn an_old_receipt_deletes_nothing() {
        let queue = Fixture::new().await.queue();
        queue.send("a").unwrap();
        let first = queue.receive(10, 0).unwrap().pop().unwrap();
        let second = queue.receive(10, 0).unwrap().pop().unwrap();
        assert_ne!(first.receipt, second.receipt);
        queue.delete(&first).unwrap();
        assert_eq!(bodies(&queue, 30), ["a"]);
    }

    #[tokio::test]
    async fn messages_outlive_the_server() {
        let fixture = Fixture::new().await;
        fixture.queue().send("a").unwrap();
        let Fixture { _home, dir, queues } = fixture;
        drop(queues);
        assert_eq!(bodies(&open(&dir).await.queue(REPAIR), 30), ["a"]);
    }

    #[tokio::test]
    async fn a_start_releases_what_was_being_worked_on() {
        let fixture = Fixture::new().await;
        let client = Client::new(&fixture.queues.config());
        let late = client.send_message().queue_url(fixture.queues.url(REPAIR)).message_body("late");
        late.delay_seconds(600).send().await.unwrap();
        fixture.queue().send("a").unwrap();
        assert_eq!(bodies(&fixture.queue(), 600), ["a"]);
        let Fixture { _home, dir, queues } = fixture;
        drop(queues);
        assert_eq!(bodies(&open(&dir).await.queue(REPAIR), 600), ["a"]);
    }

    #[tokio::test]
    async fn only_many_kills_of_the_server_spend_a_message() {
        let Fixture { _home, dir, queues } = Fixture::new().await;
        queues.queue(REPAIR).send("a").unwrap();
        drop(queues);
        let mut receives = Vec::new();
        for _ in 0..13 {
            // A start after which nothing is received before the next one changes nothing.
            drop(open(&dir).await);
            receives.push(open(&dir).await.queue(REPAIR).receive(10, 600).unwrap().pop().unwrap().receives);
        }
        assert_eq!(receives, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3]);
    }

    #[tokio::test]
    async fn messages_of_an_earlier_release_are_received() {
        let home = temporary().unwrap();
        let dir = DataDir::open(home.path()).unwrap();
        let file = crate::sqlite::open(&dir.file("local.db")).unwrap();
        file.execute_batch(
            "CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, body TEXT NOT NULL,
                visible_at INTEGER NOT NULL, receipt TEXT, receives INTEGER NOT NULL DEFAULT 0);
             INSERT INTO messages (queue, body, visible_at, receipt, receives) VALUES ('repair', 'a', 9e12, '1-3', 3);",
        )
        .unwrap();
        drop(file);
        let message = open(&dir).await.queue(REPAIR).receive(10, 600).unwrap().pop().unwrap();
        assert_eq!((message.body(), message.receives), ("a", 3));
    }

    #[tokio::test]
    async fn unknown_queues_and_bad_requests_are_refused() {
        let Fixture { queues, _home, .. } = Fixture::new().await;
        let client = Client::new(&queues.config());
        let send = |url: String, body: String| client.send_message().queue_url(url).message_body(body).send();
        let unknown = send(queues.url("others"), "a".into()).await.unwrap_err();
        assert_eq!(unknown.into_service_error().message(), Some("there is no such queue"));
        send(queues.url(REPAIR), "x".repeat(LONGEST_BODY + 1)).await.unwrap_err();
        send(queues.url(REPAIR), String::new()).await.unwrap_err();
        client.purge_queue().queue_url(queues.url(REPAIR)).send().await.unwrap_err();
        assert_eq!(queues.queue(REPAIR).count().unwrap(), 0);
    }
}
