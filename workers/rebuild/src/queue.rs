//! The rebuild as a function: each message does a piece of it, and sends what comes next.

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use photovote_events::Environment;
use photovote_queues::{Queue, SendError};
use serde_json::{Value, json};
use thiserror::Error;
use tokio::time::Instant;

use crate::{Deleted, Event, Message, Next, Plan, RebuildError, Rebuilder, Worked};

/// How long the counter has before it is looked at again.
const COUNTING: Duration = Duration::from_secs(5);

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
    #[error(transparent)]
    Send(#[from] SendError),
}

/// Works off messages.
#[derive(Debug, Clone)]
pub struct Worker {
    rebuilder: Rebuilder,
    queue: Queue<Message>,
    environment: Environment,
    time: Duration,
}

impl Worker {
    /// Spends about so much time on each message.
    pub const fn new(rebuilder: Rebuilder, queue: Queue<Message>, environment: Environment, time: Duration) -> Self {
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
                self.queue.send(&Message::Advance {}).await?;
                Ok(serde_json::to_value(rebuild)?)
            }
            Message::Advance {} => {
                match self.rebuilder.advance().await? {
                    Next::Nothing => {}
                    Next::Work(parts) => {
                        for part in parts {
                            self.queue.send(&Message::Work { part }).await?;
                        }
                    }
                    Next::Wait(until) => {
                        let rest = until.millis().saturating_sub(self.environment.now().millis());
                        // A second more, so that it is not a moment too early.
                        let rest = Duration::from_millis(u64::try_from(rest).unwrap_or_default().saturating_add(1_000));
                        self.queue.send_after(&Message::Advance {}, rest).await?;
                    }
                }
                Ok(json!({}))
            }
            Message::Work { part } => {
                match self.rebuilder.work(part, until).await? {
                    Worked::More => self.queue.send(&Message::Work { part }).await?,
                    Worked::Waits => self.queue.send_after(&Message::Work { part }, COUNTING).await?,
                    // Only the last one has to see to what comes next.
                    Worked::Done if self.rebuilder.is_phase_over().await? => {
                        self.queue.send(&Message::Advance {}).await?;
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
                self.queue.send_after(&delete, Plan::default().settle()).await?;
                Ok(json!({ "retired": generations }))
            }
            Message::Delete { generations, from } => {
                if let Deleted::More(next) = self.rebuilder.delete(&generations, from, until).await? {
                    self.queue.send(&Message::Delete { generations, from: Some(next) }).await?;
                }
                Ok(json!({}))
            }
        }
    }
}
