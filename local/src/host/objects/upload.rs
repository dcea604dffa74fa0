//! A form that uploads an object, as S3 takes it.
//!
//! The file is the last field, so all others are known and checked before the file is read. It goes to a temporary file as it
//! arrives. S3 ignores fields after the file; here they are refused.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use aws_smithy_types::error::display::DisplayErrorContext;
use axum::{body::Bytes, http::HeaderValue};
use futures::{FutureExt, Stream};
use multer::{Field, Multipart};

use super::{
    Created, ObjectStore, ObjectsError, Shared,
    answer::Refusal,
    check_key,
    file::{Draft, Written},
    policy::{Fields, Range, check},
    sdk::UNKNOWN_MEDIA_TYPE,
};

/// The most bytes of all fields before the file, as on S3.
const LARGEST_FIELDS: usize = 20 * 1024;
/// The most bytes before the file: the fields, what is around them, and the preamble that a form can have.
const LARGEST_HEAD: u64 = 64 * 1024;
/// How many bytes the parser gets at once before the file. It takes another part whenever it is asked, also if it has all it needs.
const HEAD_AT_ONCE: usize = 1024;
/// The most bytes after the file.
const LARGEST_TAIL: u64 = 64 * 1024;
/// How many bytes are written to the disk at once.
const AT_ONCE: usize = 256 * 1024;
/// How long a client can be quiet.
const LONGEST_QUIET: Duration = Duration::from_secs(30);

impl ObjectStore {
    /// Takes a form. When this returns, the object is in its place and the listener has been told, or there is no object.
    pub(crate) async fn upload<S, E>(
        &self,
        content_type: &str,
        body: &mut S,
        now: jiff::Timestamp,
    ) -> Result<(Created, bool), Refusal>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
        E: std::error::Error + Send + Sync + 'static,
    {
        let boundary = multer::parse_boundary(content_type).map_err(malformed)?;
        let allowed = Arc::new(AtomicU64::new(LARGEST_HEAD));
        let body = Paced { body, rest: Bytes::new(), passed: 0, allowed: allowed.clone(), pause: false };
        let mut form = Multipart::new(body, boundary);
        let (fields, file) = fields(&mut form).await?;
        let range = check(&fields, &self.0.credentials, now)?;
        let key = fields.get("key").cloned().unwrap_or_default();
        check_key(&key)?;
        allowed.fetch_add(range.most.saturating_add(LARGEST_TAIL), Ordering::Relaxed);
        let media_type = fields.get("content-type").map_or(UNKNOWN_MEDIA_TYPE, String::as_str).to_owned();
        HeaderValue::from_str(&media_type)
            .map_err(|_| Refusal::new(400, "InvalidArgument", "Content-Type is not valid."))?;
        let draft = self.receive(file, range).await?;
        match timely(form.next_field()).await? {
            None => (),
            Some(second) if second.name() == Some("file") => return Err(one_file()),
            Some(_) => return Err(Refusal::new(400, "MalformedPOSTRequest", "The file must be the last field.")),
        }
        let keep = move |shared: &Shared| {
            let written = draft.end(key, media_type, None, shared.is_durable);
            let written: Written = written.map_err(|source| shared.failed(source))?;
            shared.keep_upload(written)
        };
        let created = self.on_thread(keep).await?;
        let wants_xml = fields.get("success_action_status").is_some_and(|status| status == "201");
        Ok((created, wants_xml))
    }

    /// Writes the file to a temporary file as it arrives.
    async fn receive(&self, mut file: Field<'_>, range: Range) -> Result<Draft, Refusal> {
        let mut draft = self.on_thread(Shared::begin).await?;
        let mut size = 0_u64;
        let mut waiting = Vec::new();
        loop {
            let chunk = timely(file.chunk()).await?;
            let is_end = chunk.is_none();
            let chunk = chunk.unwrap_or_default();
            size += chunk.len() as u64;
            if size > range.most {
                let message = "Your proposed upload exceeds the maximum allowed size.";
                return Err(Refusal::new(400, "EntityTooLarge", message));
            }
            waiting.extend_from_slice(&chunk);
            if waiting.len() >= AT_ONCE || is_end {
                let write = move |shared: &Shared| {
                    draft.write(&waiting).map_err(|source| shared.failed(source))?;
                    waiting.clear();
                    Ok::<_, ObjectsError>((draft, waiting))
                };
                (draft, waiting) = self.on_thread(write).await?;
            }
            if is_end {
                break;
            }
        }
        if size < range.least {
            let message = "Your proposed upload is smaller than the minimum allowed size.";
            return Err(Refusal::new(400, "EntityTooSmall", message));
        }
        Ok(draft)
    }
}

/// The fields before the file, and the file.
async fn fields<'b>(form: &mut Multipart<'b>) -> Result<(Fields, Field<'b>), Refusal> {
    let mut fields = Fields::new();
    let mut size = 0;
    loop {
        let mut field = timely(form.next_field()).await?.ok_or_else(one_file)?;
        let name = field.name().ok_or_else(|| Refusal::new(400, "MalformedPOSTRequest", "A field has no name."))?;
        let name = name.to_ascii_lowercase();
        if name == "file" {
            return Ok((fields, field));
        }
        let mut value = Vec::new();
        size += name.len();
        while let Some(chunk) = timely(field.chunk()).await? {
            size += chunk.len();
            if size > LARGEST_FIELDS {
                let message = "Your POST request fields preceding the upload file were too large.";
                return Err(Refusal::new(400, "MaxPostPreDataLengthExceeded", message));
            }
            value.extend_from_slice(&chunk);
        }
        let not_text = |_| Refusal::new(400, "MalformedPOSTRequest", "A field is not UTF-8.");
        let value = String::from_utf8(value).map_err(not_text)?;
        if fields.insert(name, value).is_some() {
            return Err(Refusal::new(400, "InvalidArgument", "A field is given twice."));
        }
    }
}

fn one_file() -> Refusal {
    Refusal::new(400, "InvalidArgument", "POST requires exactly one file upload per request.")
}

fn malformed(error: multer::Error) -> Refusal {
    tracing::debug!(error = %DisplayErrorContext(error), "a form cannot be read");
    Refusal::new(400, "MalformedPOSTRequest", "The body of your POST request is not well-formed multipart/form-data.")
}

/// The answer to a form that does not arrive.
pub(crate) fn too_slow(message: &'static str) -> Refusal {
    Refusal::new(400, "RequestTimeout", message)
}

/// What the form has next, if it comes in time.
async fn timely<T>(next: impl Future<Output = multer::Result<T>>) -> Result<T, Refusal> {
    let slow = |_| too_slow("Nothing has arrived for 30 seconds. Send the form again.");
    tokio::time::timeout(LONGEST_QUIET, next).map(|came| came.map_err(slow)?.map_err(malformed)).await
}

/// A body of which the parser gets one part at a time, and no more than is allowed. Otherwise, it would keep all that has arrived,
/// and a preamble of any length.
struct Paced<'b, S> {
    body: &'b mut S,
    rest: Bytes,
    passed: u64,
    allowed: Arc<AtomicU64>,
    pause: bool,
}

/// The form has more bytes than its policy allows.
#[derive(Debug, thiserror::Error)]
enum Broken<E: std::error::Error + 'static> {
    #[error("the form is too long")]
    TooLong,
    #[error(transparent)]
    Body(E),
}

impl<S, E> Stream for Paced<'_, S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: std::error::Error + 'static,
{
    type Item = Result<Bytes, Broken<E>>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if std::mem::take(&mut this.pause) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let allowed = this.allowed.load(Ordering::Relaxed);
        if this.passed > allowed {
            return Poll::Ready(Some(Err(Broken::TooLong)));
        }
        while this.rest.is_empty() {
            match ready!(Pin::new(&mut *this.body).poll_next(context)) {
                Some(Ok(bytes)) => this.rest = bytes,
                Some(Err(error)) => return Poll::Ready(Some(Err(Broken::Body(error)))),
                None => return Poll::Ready(None),
            }
        }
        let most = if allowed == LARGEST_HEAD { HEAD_AT_ONCE } else { usize::MAX };
        let part = this.rest.split_to(this.rest.len().min(most));
        this.passed += part.len() as u64;
        this.pause = true;
        Poll::Ready(Some(Ok(part)))
    }
}
