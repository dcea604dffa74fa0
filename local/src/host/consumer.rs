//! What Lambda's event source mapping does for queues: brings their messages to a function until they are worked off.

use std::{fmt::Display, sync::Arc, time::Duration};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use tokio::{
    sync::watch,
    task::{JoinError, JoinHandle},
};

use crate::{
    host::queues::{Message, Queue},
    sqlite::FileError,
    stop::{Stop, Stopping},
    supervisor::Supervisor,
};

/// Messages in one event, at most.
const LARGEST_BATCH: usize = 10;
/// How often idle queues are looked at, and how long the consumer rests when they fail it.
const GLANCE: Duration = Duration::from_secs(1);
/// How long a function can work on one event.
const LONGEST_INVOCATION: Duration = Duration::from_mins(1);

/// How often a message is received before it is put away, and how long it is hidden each time.
#[derive(Debug, Clone, Copy)]
pub struct Redelivery {
    /// Receives.
    pub receives: i64,
    /// Seconds.
    pub hidden_secs: i64,
}

impl Default for Redelivery {
    fn default() -> Self {
        Self { receives: 5, hidden_secs: 90 }
    }
}

/// Why the consumer rests.
#[derive(Debug, thiserror::Error)]
pub enum ConsumerError {
    /// The queues cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The work was cut off.
    #[error("the consumer broke off: {0}")]
    BrokenOff(#[from] JoinError),
}

/// A consumer that runs.
#[derive(Debug)]
pub struct Consumer {
    stop: Stop,
    running: JoinHandle<()>,
}

impl Consumer {
    /// Lets it run until it is stopped.
    pub fn start<H, F, E>(messages: Messages<H>, supervisor: &Supervisor) -> Self
    where
        H: Fn(SqsEvent) -> F + Send + Sync + 'static,
        F: Future<Output = Result<SqsBatchResponse, E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        let (stop, stopping) = Stop::new();
        Self { stop, running: supervisor.start("the consumer", stopping.clone(), run(messages, stopping)) }
    }

    /// Lets the function finish what it is at, and stops.
    pub async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.running.await {
            tracing::error!(%error, "the consumer broke off");
        }
    }
}

async fn run<H, F, E>(messages: Messages<H>, stopping: Stopping)
where
    H: Fn(SqsEvent) -> F + Send + Sync + 'static,
    F: Future<Output = Result<SqsBatchResponse, E>> + Send + 'static,
    E: Display + Send + 'static,
{
    let mut news = messages.queues.first().map(Queue::news);
    while !stopping.is_now() {
        if let Some(news) = &mut news {
            news.mark_unchanged();
        }
        match messages.step().await {
            Ok(0) => rest(&stopping, news.as_mut()).await,
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, "the consumer rests");
                stopping.rest(GLANCE).await;
            }
        }
    }
}

/// Rests until a message is sent, and not for longer than a glance: one that was hidden may be visible again.
async fn rest(stopping: &Stopping, news: Option<&mut watch::Receiver<u64>>) {
    let sent = async {
        let Some(news) = news else { return std::future::pending().await };
        if news.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = stopping.rest(GLANCE) => {}
        () = sent => {}
    }
}

/// The way of messages from queues to a function, and of those that it never works off to a queue of their own.
pub struct Messages<H> {
    queues: Vec<Queue>,
    dead_letters: Queue,
    redelivery: Redelivery,
    handler: Arc<H>,
}

impl<H, F, E> Messages<H>
where
    H: Fn(SqsEvent) -> F + Send + Sync + 'static,
    F: Future<Output = Result<SqsBatchResponse, E>> + Send + 'static,
    E: Display + Send + 'static,
{
    /// From these queues to this function.
    pub fn new(queues: Vec<Queue>, dead_letters: Queue, redelivery: Redelivery, handler: H) -> Self {
        Self { queues, dead_letters, redelivery, handler: Arc::new(handler) }
    }

    /// Receives once from each queue. Answers how many messages there were.
    async fn step(&self) -> Result<usize, ConsumerError> {
        let mut received = 0;
        for queue in &self.queues {
            let (source, redelivery) = (queue.clone(), self.redelivery);
            let receive = move || source.receive(LARGEST_BATCH, redelivery.hidden_secs);
            let messages = tokio::task::spawn_blocking(receive).await??;
            received += messages.len();
            let (fresh, spent): (Vec<_>, Vec<_>) =
                messages.into_iter().partition(|message| message.receives <= redelivery.receives);
            let done = if fresh.is_empty() { Vec::new() } else { self.invoke(queue, fresh).await };
            let (queue, dead_letters) = (queue.clone(), self.dead_letters.clone());
            let settle = move || {
                done.iter().try_for_each(|message| queue.delete(message))?;
                spent.iter().try_for_each(|message| {
                    tracing::error!(event = "dead_letter", queue = queue.name(), body = message.body, "put away");
                    queue.put_away(message, &dead_letters)
                })
            };
            tokio::task::spawn_blocking(settle).await??;
        }
        Ok(received)
    }

    /// Runs the function in a task of its own, so that a panic is its own as well. The messages that it worked off.
    async fn invoke(&self, queue: &Queue, messages: Vec<Message>) -> Vec<Message> {
        let mut event = SqsEvent::default();
        event.records = messages.iter().map(|message| as_sent(queue, message)).collect();
        let handler = self.handler.clone();
        let mut task = tokio::spawn(async move { handler(event).await });
        match tokio::time::timeout(LONGEST_INVOCATION, &mut task).await {
            Ok(Ok(Ok(response))) => worked_off(messages, &response),
            Ok(Ok(Err(error))) => {
                tracing::warn!(%error, "the function refused an event");
                Vec::new()
            }
            Ok(Err(panic)) => {
                tracing::error!(error = %panic, "the function broke off");
                Vec::new()
            }
            Err(too_long) => {
                tracing::error!(error = %too_long, "the function does not come to an end");
                task.abort();
                Vec::new()
            }
        }
    }
}

/// All but those that failed. A failure of something that was not sent is one of all.
fn worked_off(mut messages: Vec<Message>, response: &SqsBatchResponse) -> Vec<Message> {
    for failure in &response.batch_item_failures {
        let sent = messages.len();
        messages.retain(|message| message.id.to_string() != failure.item_identifier);
        if messages.len() == sent {
            return Vec::new();
        }
    }
    messages
}

fn as_sent(queue: &Queue, message: &Message) -> SqsMessage {
    let mut sent = SqsMessage::default();
    sent.message_id = Some(message.id.to_string());
    sent.receipt_handle = Some(message.receipt.clone());
    sent.body = Some(message.body.clone());
    sent.attributes = [("ApproximateReceiveCount".to_owned(), message.receives.to_string())].into();
    sent.event_source = Some("aws:sqs".to_owned());
    sent.event_source_arn = Some(format!("arn:aws:sqs:us-east-1:000000000000:{}", queue.name()));
    sent.aws_region = Some("us-east-1".to_owned());
    sent
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, sync::Mutex};

    use super::*;
    use crate::{
        data_dir::{DataDir, temporary},
        host::queues::Queues,
    };

    const NAMES: [&str; 3] = ["repair", "failures", "dead-letters"];

    struct Fixture {
        _home: tempfile::TempDir,
        queues: Queues,
    }

    /// The bodies of each event that the function was sent.
    type Seen = Arc<Mutex<Vec<Vec<String>>>>;

    type Answered = std::future::Ready<Result<SqsBatchResponse, &'static str>>;

    impl Fixture {
        async fn new() -> Self {
            let home = temporary().unwrap();
            let queues = Queues::open(&DataDir::open(home.path()).unwrap(), &NAMES).await.unwrap();
            Self { _home: home, queues }
        }

        fn send(&self, queue: &'static str, bodies: &[&str]) {
            for body in bodies {
                self.queues.queue(queue).send(body).unwrap();
            }
        }

        /// What stands in a queue; it is received once more by this.
        fn rest(&self, queue: &'static str) -> Vec<String> {
            let messages = self.queues.queue(queue).receive(10, 0).unwrap();
            messages.into_iter().map(|message| message.body).collect()
        }

        /// Messages whose function answers what `answer` makes of an event. They are visible again at once.
        fn messages<A>(&self, answer: A) -> (Seen, Messages<impl Fn(SqsEvent) -> Answered + Send + Sync + 'static>)
        where
            A: Fn(&[SqsMessage]) -> Result<SqsBatchResponse, &'static str> + Send + Sync + 'static,
        {
            let seen = Seen::default();
            let log = seen.clone();
            let handler = move |event: SqsEvent| {
                let bodies = event.records.iter().map(|message| message.body.clone().unwrap()).collect();
                log.lock().unwrap().push(bodies);
                std::future::ready(answer(&event.records))
            };
            let queues = vec![self.queues.queue("repair"), self.queues.queue("failures")];
            let redelivery = Redelivery { receives: 3, hidden_secs: 0 };
            (seen, Messages::new(queues, self.queues.queue("dead-letters"), redelivery, handler))
        }
    }

    fn failing(messages: &[SqsMessage], bodies: &[&str]) -> SqsBatchResponse {
        let failed = messages.iter().filter(|message| bodies.contains(&message.body.as_deref().unwrap()));
        let mut response = SqsBatchResponse::default();
        response.set_failures(failed.map(|message| message.message_id.clone().unwrap()));
        response
    }

    #[tokio::test]
    async fn messages_come_as_from_lambda_and_go_once_handled() {
        let fixture = Fixture::new().await;
        fixture.send("repair", &["a"]);
        fixture.send("failures", &["b"]);
        let sources = Arc::new(Mutex::new(BTreeSet::new()));
        let log = sources.clone();
        let (seen, messages) = fixture.messages(move |messages| {
            log.lock().unwrap().extend(messages.iter().filter_map(|message| message.event_source_arn.clone()));
            assert_eq!(messages[0].attributes["ApproximateReceiveCount"], "1");
            Ok(SqsBatchResponse::default())
        });
        assert_eq!((messages.step().await.unwrap(), messages.step().await.unwrap()), (2, 0));
        assert_eq!(*seen.lock().unwrap(), [["a"], ["b"]]);
        let arn = |name| format!("arn:aws:sqs:us-east-1:000000000000:{name}");
        assert_eq!(*sources.lock().unwrap(), [arn("repair"), arn("failures")].into());
    }

    #[tokio::test]
    async fn only_the_message_that_failed_comes_again() {
        let fixture = Fixture::new().await;
        fixture.send("repair", &["a", "b", "c"]);
        let (seen, messages) =
            fixture.messages(|messages| Ok(failing(messages, if messages.len() == 3 { &["b"] } else { &[] })));
        while messages.step().await.unwrap() > 0 {}
        assert_eq!(*seen.lock().unwrap(), [vec!["a", "b", "c"], vec!["b"]]);
        assert!(fixture.rest("repair").is_empty() && fixture.rest("dead-letters").is_empty());
    }

    #[tokio::test]
    async fn a_message_that_always_fails_is_put_away() {
        let fixture = Fixture::new().await;
        fixture.send("repair", &["a", "b"]);
        let (seen, messages) = fixture.messages(|messages| Ok(failing(messages, &["b"])));
        while messages.step().await.unwrap() > 0 {}
        assert_eq!(*seen.lock().unwrap(), [vec!["a", "b"], vec!["b"], vec!["b"]]);
        assert_eq!(fixture.rest("dead-letters"), ["b"]);
    }

    #[tokio::test]
    async fn an_event_that_breaks_the_function_comes_again() {
        let fixture = Fixture::new().await;
        fixture.send("repair", &["a"]);
        let (seen, messages) = fixture.messages(|messages| {
            assert_ne!(messages[0].attributes["ApproximateReceiveCount"], "1", "it breaks off");
            if messages[0].attributes["ApproximateReceiveCount"] == "2" {
                return Err("it refuses");
            }
            Ok(SqsBatchResponse::default())
        });
        while messages.step().await.unwrap() > 0 {}
        assert_eq!(*seen.lock().unwrap(), [["a"], ["a"], ["a"]]);
        assert!(fixture.rest("dead-letters").is_empty());
    }

    #[tokio::test]
    async fn an_unknown_message_failure_fails_the_whole_batch() {
        let fixture = Fixture::new().await;
        fixture.send("repair", &["a", "b"]);
        let (_, messages) = fixture.messages(|_| {
            let mut response = SqsBatchResponse::default();
            response.add_failure("stranger");
            Ok(response)
        });
        messages.step().await.unwrap();
        assert_eq!(fixture.rest("repair"), ["a", "b"]);
    }

    #[tokio::test]
    async fn a_running_consumer_consumes_by_itself_and_stops() {
        let fixture = Fixture::new().await;
        fixture.send("failures", &["a"]);
        let (arrived, mut arrival) = tokio::sync::mpsc::unbounded_channel();
        let (_, messages) = fixture.messages(move |messages| {
            arrived.send(messages[0].body.clone().unwrap()).unwrap();
            Ok(SqsBatchResponse::default())
        });
        let consumer = Consumer::start(messages, &Supervisor::new());
        assert_eq!(arrival.recv().await.unwrap(), "a");
        consumer.stop().await;
        assert_eq!(arrival.recv().await, None);
    }
}
