//! Messages from one function to another.

mod count;
mod imports;
mod mail;
mod photographs;

use std::{fmt, time::Duration};

use aws_sdk_sqs::{Client, error::DisplayErrorContext};
use serde::Serialize;
use thiserror::Error;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

pub use count::CountMessage;
pub use imports::ImportMessage;
pub use mail::{MailMessage, Notice, NoticeKind, TestMail};
pub use photographs::PhotographMessage;

/// The longest delay that SQS knows.
const LONGEST_DELAY: Duration = Duration::from_mins(15);

/// Why a message could not be sent.
#[derive(Debug, Error)]
pub enum SendError {
    /// It has no JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The queue did not take it.
    #[error("{0}")]
    Queue(String),
}

/// A queue of messages of one kind. A message may arrive more than once.
pub struct Queue<M>(Way<M>);

/// Where messages go.
enum Way<M> {
    /// To a queue of SQS, as JSON.
    Sqs { client: Client, url: String },
    /// To a receiver in this process, which works them off itself.
    Process(UnboundedSender<M>),
}

impl<M> Clone for Queue<M> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Way::Sqs { client, url } => Way::Sqs { client: client.clone(), url: url.clone() },
            Way::Process(sender) => Way::Process(sender.clone()),
        })
    }
}

impl<M> fmt::Debug for Queue<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Way::Sqs { url, .. } => f.debug_tuple("Queue").field(url).finish(),
            Way::Process(_) => f.write_str("Queue"),
        }
    }
}

impl<M: Serialize + Clone> Queue<M> {
    /// The queue at this URL.
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self(Way::Sqs { client, url: url.into() })
    }

    /// A queue for a program that works off its messages itself, and who receives them.
    pub fn in_process() -> (Self, UnboundedReceiver<M>) {
        let (sender, receiver) = unbounded_channel();
        (Self(Way::Process(sender)), receiver)
    }

    /// Sends a message.
    pub async fn send(&self, message: &M) -> Result<(), SendError> {
        self.send_after(message, Duration::ZERO).await
    }

    /// Sends a message that nobody receives for so many seconds, fifteen minutes at most. In a process it arrives at once.
    pub async fn send_after(&self, message: &M, delay: Duration) -> Result<(), SendError> {
        match &self.0 {
            Way::Sqs { client, url } => {
                let body = serde_json::to_string(message)?;
                let seconds = i32::try_from(delay.min(LONGEST_DELAY).as_secs()).ok().filter(|seconds| *seconds > 0);
                let send = client.send_message().queue_url(url).message_body(body).set_delay_seconds(seconds);
                send.send().await.map(drop).map_err(|error| SendError::Queue(DisplayErrorContext(error).to_string()))
            }
            Way::Process(sender) => sender.send(message.clone()).map_err(|closed| SendError::Queue(closed.to_string())),
        }
    }
}
