//! The photo-processor: looks at each photograph that was uploaded, and makes the files that show it.
//!
//! ```text
//! incoming/… → is it awaited? → read it → renditions, or a reason → put them → write down what it came to → delete incoming/…
//! ```
//!
//! S3 says at least once, and in no order, that an object was uploaded. Each step can be repeated: renditions are named for what
//! they hold, and a photograph that has come to something stays what it is. A crash leaves the upload where it was, and the message
//! comes again.

mod notification;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use photovote_domain::{
    Aggregate, Digest, Election, ElectionId, Photograph, PhotographId,
    photograph::{
        Context, MOST_BYTES, PhotographCommand, PhotographRejection, Pixels, Problem, Rendition, RenditionType, Status,
    },
};
use photovote_events::{Actor, CommandId, CommandRecord, History, LoadError, PrivatePart, Stream};
use photovote_events_append::{EventStore, ExecuteError};
use photovote_keys::objects::{incoming_key, original_key, rendition_key, uploaded};
use photovote_objects::{ObjectError, Objects};
use photovote_renditions::{MediaType, Rendered, Unusable, render};
use thiserror::Error;

use crate::notification::Notification;

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
}

/// Why a message has to come again.
#[derive(Debug, Error)]
enum Trouble {
    /// It is no message of S3.
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
    /// Nothing was made of the original.
    #[error("the work on an original broke off: {0}")]
    BrokenOff(#[from] tokio::task::JoinError),
}

/// A photograph whose original was uploaded.
struct Upload {
    election: ElectionId,
    photograph: PhotographId,
    history: History<Photograph>,
}

impl Processor {
    /// Reads uploads among `originals`, writes `renditions`, and appends what photographs come to to `events`.
    pub const fn new(events: EventStore, originals: Objects, renditions: Objects) -> Self {
        Self { events, originals, renditions }
    }

    /// Works off a batch of messages. The answer names those that have to come again.
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
        for key in serde_json::from_str::<Notification>(body)?.keys() {
            match uploaded(&key) {
                Some((election, photograph)) => self.process(election, photograph).await?,
                None => tracing::warn!(event = "photograph_unexpected", key, "this object is no upload"),
            }
        }
        Ok(())
    }

    /// Makes of an upload what can be made of it.
    async fn process(&self, election: ElectionId, photograph: PhotographId) -> Result<(), Trouble> {
        let key = incoming_key(election, photograph);
        if let Some(shards) = self.events.reader().shards_of(election).await? {
            let stream = Stream::photograph(election, shards, photograph);
            let history = self.events.reader().load::<Photograph>(stream).await?;
            if matches!(history.state().status, Status::Requested | Status::Processing) {
                self.look_at(Upload { election, photograph, history }).await?;
            }
        }
        // It has come to something, or was never awaited: no function needs the upload any more.
        Ok(self.originals.delete(&key).await?)
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
        let bytes = original.clone();
        let rendered = tokio::task::spawn_blocking(move || render(&bytes)).await?;
        let command = match rendered {
            Err(unusable) => refusal(&unusable),
            Ok(rendered) => {
                let sha256 = Digest::of(&original);
                self.originals.put(&original_key(upload.election, upload.photograph), original, "application/octet-stream", NEVER).await?;
                self.put(&upload, rendered, sha256).await?
            }
        };
        self.write_down(upload, command).await.map(drop)
    }

    /// Puts renditions where they are shown, and answers what is to be written down.
    async fn put(&self, upload: &Upload, rendered: Rendered, sha256: Digest) -> Result<PhotographCommand, Trouble> {
        let Rendered { width, height, placeholder, likeness, renditions } = rendered;
        let mut files = Vec::with_capacity(renditions.len());
        for photovote_renditions::Rendition { width, height, media_type, bytes } in renditions {
            let media_type = match media_type {
                MediaType::Jpeg => RenditionType::Jpeg,
                MediaType::Webp => RenditionType::Webp,
            };
            let file = Rendition { bytes: bytes.len() as u64, height, media_type, sha256: Digest::of(&bytes), width };
            let key = rendition_key(upload.election, upload.photograph, &file);
            self.renditions.put(&key, bytes, media_type.media_type(), FOR_EVER).await?;
            files.push(file);
        }
        let pixels = Pixels { height, placeholder, renditions: files, sha256, width };
        Ok(PhotographCommand::Accept { pixels, likeness: likeness.bits() })
    }

    /// Writes down what a photograph has come to. If it was removed meanwhile, nothing is.
    async fn write_down(&self, upload: Upload, command: PhotographCommand) -> Result<Upload, Trouble> {
        let Upload { election, photograph, history } = upload;
        let environment = self.events.environment();
        let random = || Digest::from_bytes(environment.random());
        let private = PrivatePart {
            actor: Actor::PhotoProcessor,
            fingerprint: random(),
            id: CommandId::new(random()),
            reason: None,
            source: None,
            time: environment.now(),
        };
        let record = CommandRecord { name: command.name(), own_id: false, private };
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

    /// Deletes what was made of a photograph that was removed.
    async fn clear(&self, election: ElectionId, photograph: PhotographId) -> Result<(), Trouble> {
        self.originals.delete(&original_key(election, photograph)).await?;
        let page = self.renditions.list(&format!("photos/{election}/{photograph}/"), None).await?;
        for object in page.objects {
            self.renditions.delete(&object.key).await?;
        }
        Ok(())
    }
}

fn refusal(unusable: &Unusable) -> PhotographCommand {
    PhotographCommand::Refuse(Problem { code: unusable.code().to_owned(), detail: unusable.to_string() })
}
