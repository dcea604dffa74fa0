//! Requests as API Gateway passes them on.

use axum::{
    Router,
    body::{Body, to_bytes},
};
use http::{HeaderMap, Request};
use serde_json::{Value, json};
use tower::ServiceExt;

/// Who sends a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender<'a> {
    /// Somebody without a credential.
    Nobody,
    /// An administrator of this subject, whom the gateway has authenticated.
    Administrator(&'a str),
    /// Whoever bears this token.
    Bearer(&'a str),
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub text: String,
    /// Its body as JSON; null if it is none.
    pub json: Value,
}

impl Reply {
    /// The header of this name; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a header is text"))
    }

    /// The status, and the code of the problem.
    pub fn problem(&self) -> (u16, &str) {
        (self.status, self.json["code"].as_str().unwrap_or_default())
    }
}

/// What a function's router answers to a GET of this path, which may have a query.
pub async fn get(router: &Router, sender: Sender<'_>, path: &str) -> Reply {
    send(router, sender, "GET", path, None).await
}

/// What a function's router answers to a request of this method to this path, which may have a query, with a JSON body if
/// there is one.
pub async fn send(router: &Router, sender: Sender<'_>, method: &str, path: &str, body: Option<&Value>) -> Reply {
    send_under(router, sender, method, path, None, body).await
}

/// The same under an `Idempotency-Key`, if there is one.
pub async fn send_under(
    router: &Router,
    sender: Sender<'_>,
    method: &str,
    path: &str,
    key: Option<&str>,
    body: Option<&Value>,
) -> Reply {
    let key = key.map(|key| ("idempotency-key", key));
    send_with(router, sender, method, path, key.as_slice(), body).await
}

/// The same with these headers.
pub async fn send_with(
    router: &Router,
    sender: Sender<'_>,
    method: &str,
    path: &str,
    more: &[(&str, &str)],
    body: Option<&Value>,
) -> Reply {
    let (raw, query) = path.split_once('?').unwrap_or((path, ""));
    let mut headers = json!({"host": "localhost"});
    let mut authorizer = Value::Null;
    match sender {
        Sender::Nobody => {}
        Sender::Administrator(subject) => authorizer = json!({"jwt": {"claims": {"sub": subject}}}),
        Sender::Bearer(token) => headers["authorization"] = format!("Bearer {token}").into(),
    }
    for (name, value) in more {
        headers[*name] = (*value).into();
    }
    let body = body.map(|body| {
        headers["content-type"] = "application/json".into();
        body.to_string()
    });
    let event = json!({
        "version": "2.0", "rawPath": raw, "rawQueryString": query, "headers": headers, "isBase64Encoded": false,
        "body": body,
        "requestContext": {
            "requestId": "r-1", "stage": "$default", "authorizer": authorizer, "http": {"method": method, "path": raw},
        },
    });
    let request: Request<Body> =
        lambda_http::request::from_str(&event.to_string()).expect("this is a gateway's event").map(Body::new);
    let response = router.clone().oneshot(request).await.expect("a router never fails");
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("the body is in memory");
    // What is compressed is no text, and nobody looks at it.
    let text = String::from_utf8_lossy(&body).into_owned();
    let json = serde_json::from_str(&text).unwrap_or_default();
    Reply { status: parts.status.as_u16(), headers: parts.headers, text, json }
}
