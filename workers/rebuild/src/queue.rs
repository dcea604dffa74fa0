//! The rebuild as a function: each message does a piece of it, and sends what comes next.

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use aws_sdk_sqs::{Client, error::DisplayErrorContext};
use photovote_events::Environment;
use serde_json::{Value, json};
use thiserror::Error;
use tokio::time::Instant;

use crate::{Deleted, Event, Message, Next, Plan, RebuildError, Rebuilder, Worked};

/// How long the counter has before it is looked at again.
const COUNTING: Duration = Duration::from_secs(5);
/// The longest delay that a message can have.
const LONGEST_DELAY: Duration = Duration::from_mins(15);

/// Why a message was not worked off.
#[derive(Debug, Error)]
pub enum QueueError {
    /// It is not understood, or has no JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The rebuild does not go on.
    #[error(transparent)]
    Rebuild(#[from] RebuildError),
    /// The queue did not take what comes next.
    #[error("{0}")]
    Send(String),
}

/// The queue of what is to be done next.
#[derive(Debug, Clone)]
pub struct RebuildQueue {
    client: Client,
    url: String,
}

impl RebuildQueue {
    /// The queue at this URL.
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }

    async fn send(&self, message: &Message, delay: Duration) -> Result<(), QueueError> {
        let body = serde_json::to_string(message)?;
        let delay = i32::try_from(delay.min(LONGEST_DELAY).as_secs()).unwrap_or_default();
        let send = self.client.send_message().queue_url(&self.url).message_body(body).delay_seconds(delay);
        send.send().await.map(drop).map_err(|error| QueueError::Send(DisplayErrorContext(error).to_string()))
    }
}

/// Works off messages.
#[derive(Debug, Clone)]
pub struct Worker {
    rebuilder: Rebuilder,
    queue: RebuildQueue,
    environment: Environment,
    time: Duration,
}

impl Worker {
    /// Spends about so much time on each message.
    pub const fn new(rebuilder: Rebuilder, queue: RebuildQueue, environment: Environment, time: Duration) -> Self {
        Self { rebuilder, queue, environment, time }
    }

    /// Does what an invocation asks for. The answer is for whoever called: the operator, or the queue.
    pub async fn handle(&self, event: Event) -> Result<Value, QueueError> {
        match event {
            Event::Direct(message) => self.work_off(message).await,
            Event::Queue(messages) => Ok(serde_json::to_value(self.batch(messages).await)?),
        }
    }

    async fn batch(&self, event: SqsEvent) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        for message in event.records {
            let id = message.message_id.unwrap_or_default();
            let done = match serde_json::from_str(&message.body.unwrap_or_default()) {
                Ok(message) => self.work_off(message).await.map(drop),
                Err(error) => Err(error.into()),
            };
            if let Err(error) = done {
                tracing::error!(event = "rebuild_failed", message = id, %error, "to be tried again");
                response.add_failure(id);
            }
        }
        response
    }

    async fn work_off(&self, message: Message) -> Result<Value, QueueError> {
        let until = Instant::now() + self.time;
        match message {
            Message::Begin(plan) => {
                let rebuild = self.rebuilder.begin(plan).await?;
                self.queue.send(&Message::Advance {}, Duration::ZERO).await?;
                Ok(serde_json::to_value(rebuild)?)
            }
            Message::Advance {} => {
                match self.rebuilder.advance().await? {
                    Next::Nothing => {}
                    Next::Work(parts) => {
                        for part in parts {
                            self.queue.send(&Message::Work { part }, Duration::ZERO).await?;
                        }
                    }
                    Next::Wait(until) => {
                        let rest = until.millis().saturating_sub(self.environment.now().millis());
                        // A second more, so that it is not a moment too early.
                        let rest = Duration::from_millis(u64::try_from(rest).unwrap_or_default().saturating_add(1_000));
                        self.queue.send(&Message::Advance {}, rest).await?;
                    }
                }
                Ok(json!({}))
            }
            Message::Work { part } => {
                match self.rebuilder.work(part, until).await? {
                    Worked::More => self.queue.send(&Message::Work { part }, Duration::ZERO).await?,
                    Worked::Waits => self.queue.send(&Message::Work { part }, COUNTING).await?,
                    // Only the last one has to see to what comes next.
                    Worked::Done if self.rebuilder.is_phase_over().await? => {
                        self.queue.send(&Message::Advance {}, Duration::ZERO).await?;
                    }
                    Worked::Done | Worked::Lost => {}
                }
                Ok(json!({}))
            }
            Message::Status {} => Ok(serde_json::to_value(self.rebuilder.status().await?)?),
            Message::RollBack { scope } => {
                let serving = self.rebuilder.roll_back(scope).await?;
                Ok(json!({ "serving": serving }))
            }
            Message::Retire { scope } => {
                let generations = self.rebuilder.retire(scope).await?;
                let delete = Message::Delete { generations: generations.clone(), from: None };
                self.queue.send(&delete, Plan::default().settle()).await?;
                Ok(json!({ "retired": generations }))
            }
            Message::Delete { generations, from } => {
                if let Deleted::More(next) = self.rebuilder.delete(&generations, from, until).await? {
                    self.queue.send(&Message::Delete { generations, from: Some(next) }, Duration::ZERO).await?;
                }
                Ok(json!({}))
            }
        }
    }
}
