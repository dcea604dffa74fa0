//! Answers whose lengths tell nothing. TLS hides what an answer says and not how long it is.

use axum::{
    body::{Body, to_bytes},
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue,
    header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG},
};
use serde::Serialize;

use crate::{
    etag::DraftTag,
    problem::{Answer, Problem},
    status,
};

/// Everything that voters may call stands here, and nothing else does.
pub const VOTERS: &str = "/v1/ballot";

/// The length of an answer to a voter is a multiple of this.
pub const STEP: usize = 1_024;

/// Does a voter call this route?
pub(crate) fn is_voters(route: &str) -> bool {
    route.strip_prefix(VOTERS).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// An answer about a ballot, with the tag of its draft if it is one. Spaces make it as long as the longest answer could be.
///
/// # Errors
/// The body has no JSON.
pub fn as_long_as(longest: &impl Serialize, tag: Option<&DraftTag>, body: &impl Serialize) -> Answer {
    let length = text(longest)?.len();
    let mut text = text(body)?;
    text.resize(length.max(text.len()), b' ');
    let headers: HeaderMap = tag.map(|tag| (ETAG, tag.etag())).into_iter().collect();
    let json = HeaderValue::from_static("application/json");
    Ok((status::DONE, [(CONTENT_TYPE, json)], headers, text).into_response())
}

fn text(body: &impl Serialize) -> Answer<Vec<u8>> {
    serde_json::to_vec(body).map_err(|error| {
        tracing::error!(%error, "an answer has no JSON");
        Problem::internal()
    })
}

/// The answer, with spaces after its JSON text up to the next multiple of [`STEP`].
pub(crate) async fn padded(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    // The body is in memory already.
    match to_bytes(body, usize::MAX).await {
        Ok(bytes) => {
            let mut text = bytes.to_vec();
            text.resize(text.len().next_multiple_of(STEP), b' ');
            parts.headers.remove(CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(text))
        }
        Err(error) => {
            tracing::error!(%error, "an answer broke off");
            Problem::internal().into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::{Json, Router, routing::get};
    use serde_json::{Value, json};
    use tower::ServiceExt;

    use super::*;
    use crate::edge;

    async fn answered(path: &str) -> (u16, Vec<u8>) {
        let routes = Router::new()
            .route("/ballot", get(|| async { Json(json!({"a": 1})) }))
            .route("/ballot/exact", get(|| async { Json("x".repeat(STEP - 2)) }))
            .route("/ballot/longer", get(|| async { Json("x".repeat(STEP - 1)) }))
            .route("/ballot/long", get(|| async { as_long_as(&"x".repeat(2 * STEP), None, &json!({"a": 1})) }))
            .route("/ballot/problem", get(|| async { Problem::internal() }))
            .route("/ballots", get(|| async { Json(1) }));
        let request = http::Request::get(format!("/v1{path}")).body(Body::empty()).unwrap();
        let response = edge(routes).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        (status, to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec())
    }

    #[tokio::test]
    async fn answers_to_voters_are_padded_to_whole_kilobytes() {
        for (path, status, steps) in [
            ("/ballot", 200, 1),
            ("/ballot/exact", 200, 1),
            ("/ballot/longer", 200, 2),
            ("/ballot/long", 200, 3),
            ("/ballot/problem", 500, 1),
        ] {
            let (answered, body) = answered(path).await;
            assert_eq!((answered, body.len()), (status, steps * STEP), "{path}");
            let _: Value = serde_json::from_slice(&body).expect("spaces after a JSON text change nothing");
        }
        assert_eq!(answered("/ballots").await, (200, b"1".to_vec()));
    }
}
