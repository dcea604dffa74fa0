//! What Lambda's event source mapping does: feeds the records of the stream to a function, in order, until it has them.

use std::{fmt::Display, sync::Arc, time::Duration};

use aws_lambda_events::{
    dynamodb::{Event, EventRecord},
    streams::DynamoDbEventResponse,
};
use serde_json::json;
use tokio::task::{JoinError, JoinHandle};

use crate::{
    host::checkpoint::Checkpoint,
    host::queues::Queue,
    host::stream::{EventStream, Found, NotANumber, SequenceNumber, StreamError, number},
    sqlite::FileError,
    stop::{Stop, Stopping},
    supervisor::Supervisor,
};

/// Records in one event, at most.
const LARGEST_BATCH: usize = 100;
/// How often an idle pump looks for records: a reader waits as long for their own write, at most.
const GLANCE: Duration = Duration::from_millis(5);
/// How long a function can work on one event.
const LONGEST_INVOCATION: Duration = Duration::from_mins(1);
/// How long the pump rests when the stream or the checkpoint fails it.
const REST: Duration = Duration::from_secs(1);

/// How often a record is tried before it is passed over, and how patiently.
#[derive(Debug, Clone, Copy)]
pub struct Retries {
    /// Attempts at a record that fails by itself.
    pub attempts: u32,
    /// The pause after the first failure; it doubles with each.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { attempts: 10, first_pause: Duration::from_millis(50), longest_pause: Duration::from_secs(5) }
    }
}

/// Why the pump rests.
#[derive(Debug, thiserror::Error)]
pub enum PumpError {
    /// The stream cannot be read.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The checkpoint or the failure queue cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A record has no place.
    #[error(transparent)]
    Number(#[from] NotANumber),
    /// The work was cut off.
    #[error("the pump broke off: {0}")]
    BrokenOff(#[from] JoinError),
}

/// A pump that runs.
#[derive(Debug)]
pub struct Pump {
    stop: Stop,
    running: JoinHandle<()>,
}

impl Pump {
    /// Lets it run until it is stopped. Every batch of records goes to the function, from the checkpoint on; what it cannot
    /// take at all is named in the failure queue.
    pub fn start<H, F, E>(feed: Feed<H>, supervisor: &Supervisor) -> Self
    where
        H: Fn(Event) -> F + Send + Sync + 'static,
        F: Future<Output = Result<DynamoDbEventResponse, E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        let (stop, stopping) = Stop::new();
        Self { stop, running: supervisor.start("the pump", stopping.clone(), run(feed, stopping)) }
    }

    /// Lets the function finish what it is at, and stops.
    pub async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.running.await {
            tracing::error!(%error, "the pump broke off");
        }
    }
}

async fn run<H, F, E>(mut feed: Feed<H>, stopping: Stopping)
where
    H: Fn(Event) -> F + Send + Sync + 'static,
    F: Future<Output = Result<DynamoDbEventResponse, E>> + Send + 'static,
    E: Display + Send + 'static,
{
    while !stopping.is_now() {
        let pause = match feed.step().await {
            Ok(Step::Moved) => continue,
            Ok(Step::Idle) => GLANCE,
            Ok(Step::Failed(pause)) => pause,
            Err(error) => {
                tracing::error!(%error, "the pump rests");
                REST
            }
        };
        stopping.rest(pause).await;
    }
}

/// The way of the records from the stream to the function.
pub struct Feed<H> {
    stream: Arc<EventStream>,
    checkpoint: Arc<Checkpoint>,
    failures: Queue,
    handler: Arc<H>,
    retries: Retries,
    /// The last record that was consumed, once it was loaded.
    consumed: Option<SequenceNumber>,
    loaded: bool,
    /// How many records the next event gets: half as many after each event that failed as a whole, so that a poisoned record
    /// is alone in the end; twice as many after each success.
    batch: usize,
    /// How often the first record has failed by itself.
    failed: u32,
}

/// What became of one look at the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// There was nothing new.
    Idle,
    /// Records were consumed.
    Moved,
    /// None was; again after this pause.
    Failed(Duration),
}

/// How the function took an event.
enum Outcome {
    /// It took so many records, the first ones.
    Took(usize),
    /// It broke off, and nobody knows where.
    BrokeOff,
}

impl<H> Feed<H> {
    /// From this stream, from this checkpoint on, to this function.
    pub fn new(
        stream: Arc<EventStream>,
        checkpoint: Arc<Checkpoint>,
        failures: Queue,
        retries: Retries,
        handler: H,
    ) -> Self {
        let handler = Arc::new(handler);
        let (consumed, loaded, batch, failed) = (None, false, LARGEST_BATCH, 0);
        Self { stream, checkpoint, failures, handler, retries, consumed, loaded, batch, failed }
    }

    /// Feeds the function one event, if there is something new.
    pub async fn step<F, E>(&mut self) -> Result<Step, PumpError>
    where
        H: Fn(Event) -> F + Send + Sync + 'static,
        F: Future<Output = Result<DynamoDbEventResponse, E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        if !self.loaded {
            let checkpoint = self.checkpoint.clone();
            self.consumed = tokio::task::spawn_blocking(move || checkpoint.load()).await??;
            self.loaded = true;
        }
        let (stream, last, limit) = (self.stream.clone(), self.consumed, self.batch);
        let Found { records, end } = tokio::task::spawn_blocking(move || stream.after(last, limit)).await??;
        let Some(first) = records.first() else {
            // Perhaps none of them is delivered.
            return if let Some(end) = end.filter(|_| end != last) { self.pass(end).await } else { Ok(Step::Idle) };
        };
        let first = number(first)?;
        let numbers = records.iter().map(number).collect::<Result<Vec<_>, _>>()?;
        match self.invoke(records, &numbers).await {
            Outcome::Took(taken) if taken > 0 => {
                self.batch = LARGEST_BATCH.min(self.batch * 2);
                self.pass(numbers[taken - 1]).await
            }
            Outcome::BrokeOff if numbers.len() > 1 => {
                self.batch = numbers.len() / 2;
                Ok(Step::Failed(self.retries.first_pause))
            }
            Outcome::Took(_) | Outcome::BrokeOff => {
                self.failed += 1;
                if self.failed >= self.retries.attempts {
                    self.give_up(first).await?;
                    return self.pass(first).await;
                }
                let doubled = self.retries.first_pause.saturating_mul(1 << (self.failed - 1).min(16));
                Ok(Step::Failed(doubled.min(self.retries.longest_pause)))
            }
        }
    }

    /// Everything up to this record is done.
    async fn pass(&mut self, last: SequenceNumber) -> Result<Step, PumpError> {
        let checkpoint = self.checkpoint.clone();
        tokio::task::spawn_blocking(move || checkpoint.save(last)).await??;
        self.consumed = Some(last);
        self.failed = 0;
        Ok(Step::Moved)
    }

    /// Names the record in the failure queue, in the words of Lambda.
    async fn give_up(&self, record: SequenceNumber) -> Result<(), PumpError> {
        tracing::error!(%record, attempts = self.failed, "a record is passed over");
        let message = json!({
            "requestContext": {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": self.failed},
            "version": "1.0",
            "timestamp": jiff::Timestamp::now().to_string(),
            "DDBStreamBatchInfo": {
                "shardId": self.stream.shard(),
                "startSequenceNumber": record.to_string(),
                "endSequenceNumber": record.to_string(),
                "batchSize": 1,
                "streamArn": self.stream.arn(),
            },
        });
        let failures = self.failures.clone();
        Ok(tokio::task::spawn_blocking(move || failures.send(&message.to_string())).await??)
    }

    /// Runs the function in a task of its own, so that a panic is its own as well.
    async fn invoke<F, E>(&self, records: Vec<EventRecord>, numbers: &[SequenceNumber]) -> Outcome
    where
        H: Fn(Event) -> F + Send + Sync + 'static,
        F: Future<Output = Result<DynamoDbEventResponse, E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        let mut event = Event::default();
        event.records = records;
        let handler = self.handler.clone();
        let mut task = tokio::spawn(async move { handler(event).await });
        match tokio::time::timeout(LONGEST_INVOCATION, &mut task).await {
            Ok(Ok(Ok(response))) => taken(&response, numbers),
            Ok(Ok(Err(error))) => {
                tracing::warn!(%error, "the function refused an event");
                Outcome::BrokeOff
            }
            Ok(Err(panic)) => {
                tracing::error!(error = %panic, "the function broke off");
                Outcome::BrokeOff
            }
            Err(too_long) => {
                tracing::error!(error = %too_long, "the function does not come to an end");
                task.abort();
                Outcome::BrokeOff
            }
        }
    }
}

/// How many records were taken, before the first that failed. A failure of something that was not sent is one of all.
fn taken(response: &DynamoDbEventResponse, numbers: &[SequenceNumber]) -> Outcome {
    let mut taken = numbers.len();
    for failure in &response.batch_item_failures {
        let failed = failure.item_identifier.as_deref().and_then(|id| id.parse::<SequenceNumber>().ok());
        match failed.and_then(|failed| numbers.iter().position(|number| *number == failed)) {
            Some(place) => taken = taken.min(place),
            None => return Outcome::BrokeOff,
        }
    }
    Outcome::Took(taken)
}

#[cfg(test)]
mod tests;
