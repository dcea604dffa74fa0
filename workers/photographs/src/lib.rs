//! The photo-processor: the worker that turns each uploaded photograph into the files that show it. docs/photographs.md tells the
//! whole life of a photograph.
//!
//! ```text
//! upload → is it awaited? → read it → renditions, or a reason → store them → append the result → delete the upload
//! ```
//!
//! S3 reports an upload at least once, in any order. Each step can be repeated: renditions are named by their content, and a photograph
//! that is ready or refused stays so. A crash leaves the upload where it was, and the queue delivers the message again. The reconciler
//! asks the processor to look after what is lost nevertheless, election by election.

mod look;
mod message;
mod restore;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use photovote_domain::{
    Aggregate, Digest, Election, ElectionId, Photograph, PhotographId,
    photograph::{
        Context, MOST_BYTES, PhotographCommand, PhotographRejection, Pixels, Problem, Rendition, RenditionType, Status,
    },
};
use photovote_events::{Actor, CommandRecord, DecodeError, History, LoadError, Stream};
use photovote_events_append::{EventStore, ExecuteError};
use photovote_keys::objects::{incoming_key, original_key, rendition_key, renditions_of, uploaded};
use photovote_objects::{ObjectError, Objects};
use photovote_queues::{PhotographMessage, Queue, SendError};
use photovote_renditions::{MediaType, Rendered, Unusable, render};
use thiserror::Error;

use crate::message::Message;

/// Renditions never change under their names.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Nobody shows originals.
const NEVER: &str = "no-store";

/// Turns uploads into photographs.
#[derive(Debug, Clone)]
pub struct Processor {
    events: EventStore,
    originals: Objects,
    renditions: Objects,
    queue: Queue<PhotographMessage>,
}

/// Why a message has to come again.
#[derive(Debug, Error)]
enum Trouble {
    /// It is neither a message of S3 nor one of ours.
    #[error("the message is not understood: {0}")]
    Message(#[from] serde_json::Error),
    /// Objects cannot be read or written.
    #[error(transparent)]
    Objects(#[from] ObjectError),
    /// The photograph's events cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// What a photograph came to cannot be written down.
    #[error(transparent)]
    Execute(#[from] ExecuteError<PhotographRejection>),
    /// A commit is not what it should be.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The queue does not take a message.
    #[error("the queue does not take a message: {0}")]
    Queue(#[from] SendError),
}

/// A photograph whose original was uploaded.
struct Upload {
    election: ElectionId,
    photograph: PhotographId,
    history: History<Photograph>,
}

impl Processor {
    /// Reads uploads among `originals`, writes `renditions`, appends what photographs come to to `events`, and sends `queue` what comes
    /// next.
    pub const fn new(
        events: EventStore,
        originals: Objects,
        renditions: Objects,
        queue: Queue<PhotographMessage>,
    ) -> Self {
        Self { events, originals, renditions, queue }
    }

    /// Works off a batch of messages. The answer names those that have to come again. Blocks its thread for a second or two while it
    /// makes renditions: a function has a thread of its own.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        for message in event.records {
            let id = message.message_id.unwrap_or_default();
            if let Err(trouble) = self.work_off(&message.body.unwrap_or_default()).await {
                tracing::error!(event = "photograph_failed", message = id, error = %trouble, "to be tried again");
                // An unknown id would make all of them come again, and so it should.
                response.add_failure(id);
            }
        }
        response
    }

    async fn work_off(&self, body: &str) -> Result<(), Trouble> {
        match serde_json::from_str(body)? {
            Message::Asked(PhotographMessage { election, photograph: None }) => self.look_after(election).await,
            Message::Asked(PhotographMessage { election, photograph: Some(photograph) }) => {
                self.process(election, photograph).await?;
                self.restore(election, photograph).await
            }
            Message::Uploaded(notification) => {
                for key in notification.keys() {
                    let Some((election, photograph)) = uploaded(&key) else {
                        tracing::warn!(event = "photograph_unexpected", key, "this object is no upload");
                        continue;
                    };
                    self.process(election, photograph).await?;
                }
                Ok(())
            }
            Message::Test(_) => Ok(()),
        }
    }

    /// Makes of an upload what can be made of it. Of a photograph that is not there any more, nothing stays.
    async fn process(&self, election: ElectionId, photograph: PhotographId) -> Result<(), Trouble> {
        let reader = self.events.reader();
        if !reader.is_living(election).await? {
            return self.clear(election, photograph).await;
        }
        let history = reader.load::<Photograph>(Stream::Photograph(election, photograph)).await?;
        match history.state().status {
            Status::Requested | Status::Processing => {
                self.look_at(Upload { election, photograph, history }).await?;
                // What was put meanwhile, a deletion did not see.
                if !reader.is_living(election).await? {
                    self.clear(election, photograph).await?;
                }
            }
            Status::Ready => {}
            Status::Absent | Status::Refused | Status::Removed => self.clear(election, photograph).await?,
        }
        // It has come to something, or was never awaited: no function needs the upload any more.
        Ok(self.originals.delete(&incoming_key(election, photograph)).await?)
    }

    async fn look_at(&self, upload: Upload) -> Result<(), Trouble> {
        let key = incoming_key(upload.election, upload.photograph);
        let original = match self.originals.get(&key, MOST_BYTES).await {
            Ok(Some(original)) => original,
            // Another message of the same upload was faster.
            Ok(None) => return Ok(()),
            Err(ObjectError::TooLarge { .. }) => {
                return self.write_down(upload, refusal(&Unusable::TooManyBytes)).await.map(drop);
            }
            Err(error) => return Err(error.into()),
        };
        let upload = self.write_down(upload, PhotographCommand::Receive).await?;
        let command = match render(&original) {
            Err(unusable) => refusal(&unusable),
            Ok(rendered) => {
                let sha256 = Digest::of(&original);
                self.originals
                    .put(&original_key(upload.election, upload.photograph), original, "application/octet-stream", NEVER)
                    .await?;
                self.put(&upload, rendered, sha256).await?
            }
        };
        self.write_down(upload, command).await.map(drop)
    }

    /// Puts renditions where they are shown, and answers what is to be written down.
    async fn put(&self, upload: &Upload, rendered: Rendered, sha256: Digest) -> Result<PhotographCommand, Trouble> {
        let Rendered { width, height, placeholder, likeness, renditions } = rendered;
        let mut files = Vec::with_capacity(renditions.len());
        for made in renditions {
            let file = described(&made);
            self.put_rendition(upload.election, upload.photograph, &file, made.bytes).await?;
            files.push(file);
        }
        let pixels = Pixels { height, placeholder, renditions: files, sha256, width };
        Ok(PhotographCommand::Accept { pixels, likeness: likeness.bits() })
    }

    async fn put_rendition(
        &self,
        election: ElectionId,
        photograph: PhotographId,
        file: &Rendition,
        bytes: Vec<u8>,
    ) -> Result<(), Trouble> {
        let key = rendition_key(election, photograph, file);
        Ok(self.renditions.put(&key, bytes, file.media_type.media_type(), FOR_EVER).await?)
    }

    /// Writes down what a photograph has come to. If it was removed meanwhile, nothing is.
    async fn write_down(&self, upload: Upload, command: PhotographCommand) -> Result<Upload, Trouble> {
        let Upload { election, photograph, history } = upload;
        let environment = self.events.environment();
        let record = CommandRecord::once(command.name(), Actor::PhotoProcessor, environment);
        // What a photograph came to does not depend on its election.
        let any = Election::default();
        let context = Context { election: &any, id: photograph };
        let decide = |known: &Photograph| known.decide(command.clone(), &context);
        let before = history.clone();
        match self.events.execute(history, &record, |_| true, decide).await {
            Ok(done) => {
                let status = done.history.state().status;
                metrics::counter!("Photographs", "Command" => command.name()).increment(1);
                tracing::info!(event = "photograph", %election, %photograph, ?status, "a photograph moved on");
                Ok(Upload { election, photograph, history: done.history })
            }
            Err(ExecuteError::Rejected(PhotographRejection::NotFound)) => {
                self.clear(election, photograph).await?;
                Ok(Upload { election, photograph, history: before })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes what was uploaded for a photograph, and made of it.
    async fn clear(&self, election: ElectionId, photograph: PhotographId) -> Result<(), Trouble> {
        self.originals.delete(&incoming_key(election, photograph)).await?;
        self.originals.delete(&original_key(election, photograph)).await?;
        self.delete_all(&self.renditions, &renditions_of(election, photograph)).await
    }

    /// Deletes the objects whose keys begin with the prefix.
    async fn delete_all(&self, objects: &Objects, prefix: &str) -> Result<(), Trouble> {
        let mut after = None;
        loop {
            let page = objects.list(prefix, after.as_deref()).await?;
            for object in page.objects {
                objects.delete(&object.key).await?;
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

fn refusal(unusable: &Unusable) -> PhotographCommand {
    PhotographCommand::Refuse(Problem { code: unusable.code().to_owned(), detail: unusable.to_string() })
}

/// A file that was made, as history has it.
fn described(made: &photovote_renditions::Rendition) -> Rendition {
    let media_type = match made.media_type {
        MediaType::Jpeg => RenditionType::Jpeg,
        MediaType::Webp => RenditionType::Webp,
    };
    let (height, width) = (made.height, made.width);
    Rendition { bytes: made.bytes.len() as u64, height, media_type, sha256: Digest::of(&made.bytes), width }
}
