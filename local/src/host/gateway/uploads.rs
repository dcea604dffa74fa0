//! The form that uploads a photograph, which a browser sends to S3 itself on AWS.

use std::time::Duration;

use axum::{
    Router,
    body::BodyDataStream,
    extract::{Request, State},
    http::{
        StatusCode,
        header::{CONTENT_TYPE, ETAG},
    },
    response::{IntoResponse, Response},
    routing::post,
};
use futures::StreamExt;

use crate::host::objects::{ObjectStore, Refusal, UPLOADS, XML, post_response, too_slow};

/// How long an upload may take: 40 MB arrive in this time at 45 KB/s.
const SLOWEST_UPLOAD: Duration = Duration::from_mins(15);
/// How much of a form that is refused is read. A client that is still sending reads no answer.
const READ: usize = 64 << 20;
/// How long it is read.
const LONGEST_READ: Duration = Duration::from_secs(30);

/// The route of uploads.
pub(super) fn uploads(objects: ObjectStore) -> Router {
    Router::new().route(UPLOADS, post(upload)).with_state(objects)
}

async fn upload(State(objects): State<ObjectStore>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut body = body.into_data_stream();
    let taken = objects.upload(content_type, &mut body, jiff::Timestamp::now());
    match tokio::time::timeout(SLOWEST_UPLOAD, taken).await {
        Ok(Ok((created, wants_xml))) => {
            let tag = [(ETAG, format!("\"{}\"", created.etag))];
            if wants_xml {
                (StatusCode::CREATED, tag, [(CONTENT_TYPE, XML)], post_response(&created)).into_response()
            } else {
                (StatusCode::NO_CONTENT, tag).into_response()
            }
        }
        Ok(Err(refusal)) => {
            if let Err(too_slow) = tokio::time::timeout(LONGEST_READ, read_on(body)).await {
                tracing::debug!(%too_slow, "a client still sends a form that is refused");
            }
            refused(&refusal)
        }
        Err(_too_slow) => refused(&too_slow("The form has not arrived within 15 minutes. Ask for a new one.")),
    }
}

fn refused(refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(CONTENT_TYPE, XML)], refusal.xml()).into_response()
}

/// Reads what the client still sends, and forgets it.
async fn read_on(mut body: BodyDataStream) {
    let mut length = 0;
    while let Some(Ok(bytes)) = body.next().await {
        length += bytes.len();
        if length > READ {
            break;
        }
    }
}
